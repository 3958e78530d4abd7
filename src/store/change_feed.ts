/**
 * Who is told of changes: after each commit, every listener of the accounts that it touched.
 *
 * A listener that does not keep up costs no memory: what it has not taken is merged into one change.
 *
 * @module
 */

/** What listeners are told; the `AccountChange` of the accounts' contract. */
export interface Change {
  /** Counts up by commit, for the whole store and over restarts. */
  readonly commit: number;
  /** Mailboxes whose messages or flags changed. */
  readonly mailboxes: readonly number[];
  /** Whether mailboxes were made, deleted or renamed, or subscriptions changed. */
  readonly list: boolean;
}

/** What a unit, a group, or a slow listener's backlog changed in one account. */
export interface AccountTouched {
  readonly mailboxes: Set<number>;
  list: boolean;
}

/** Changes by account. */
export type Touched = Map<number, AccountTouched>;

/** Adds what `from` holds to `to`. */
export function mergeTouched(to: Touched, from: Touched): void {
  for (const [account, change] of from) {
    const known = to.get(account);
    if (known === undefined) to.set(account, { mailboxes: new Set(change.mailboxes), list: change.list });
    else {
      for (const mailbox of change.mailboxes) known.mailboxes.add(mailbox);
      known.list ||= change.list;
    }
  }
}

/** Hands out changes by account. */
export class ChangeFeed {
  readonly #listeners = new Map<number, Set<ChangeListener>>();
  #commit: number;

  /** @param commit The number of the last commit. */
  constructor(commit: number) {
    this.#commit = commit;
  }

  /** The number of the last commit that was made known. */
  get commit(): number {
    return this.#commit;
  }

  /**
   * Every change of an account from now on. The first item carries only the commit number. Ends with its
   * `return()` (leaving the loop) or with {@link close}.
   */
  listen(account: number): ChangeListener {
    const listener = new ChangeListener(this.#commit, () => {
      const all = this.#listeners.get(account);
      all?.delete(listener);
      if (all?.size === 0) this.#listeners.delete(account);
    });
    const all = this.#listeners.get(account) ?? new Set();
    all.add(listener);
    this.#listeners.set(account, all);
    return listener;
  }

  /** Tells of a commit. */
  publish(commit: number, touched: Touched): void {
    this.#commit = commit;
    for (const [account, change] of touched) {
      for (const listener of this.#listeners.get(account) ?? []) listener.tell(commit, change);
    }
  }

  /** Ends every listener, after what it has still to take. */
  close(): void {
    for (const all of [...this.#listeners.values()]) {
      for (const listener of [...all]) listener.end();
    }
  }
}

/** One listener's changes, in order, merged while it is busy elsewhere. */
export class ChangeListener implements AsyncIterableIterator<Change, undefined> {
  readonly #stop: () => void;
  #commit: number;
  #backlog: AccountTouched | null = { mailboxes: new Set(), list: false };
  #ended = false;
  #waiting: ((result: IteratorResult<Change, undefined>) => void)[] = [];

  constructor(commit: number, stop: () => void) {
    this.#commit = commit;
    this.#stop = stop;
  }

  /** Takes a change in; called by the feed. */
  tell(commit: number, change: AccountTouched): void {
    this.#commit = commit;
    this.#backlog ??= { mailboxes: new Set(), list: false };
    for (const mailbox of change.mailboxes) this.#backlog.mailboxes.add(mailbox);
    this.#backlog.list ||= change.list;
    const wake = this.#waiting.shift();
    if (wake !== undefined) wake({ done: false, value: this.#take(this.#backlog) });
  }

  next(): Promise<IteratorResult<Change, undefined>> {
    if (this.#backlog !== null) return Promise.resolve({ done: false, value: this.#take(this.#backlog) });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<Change, undefined>> {
    this.#backlog = null;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** No more changes; those not yet taken remain to be taken. */
  end(): void {
    this.#ended = true;
    this.#stop();
    for (const wake of this.#waiting.splice(0)) wake({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(backlog: AccountTouched): Change {
    this.#backlog = null;
    return { commit: this.#commit, mailboxes: [...backlog.mailboxes], list: backlog.list };
  }
}
