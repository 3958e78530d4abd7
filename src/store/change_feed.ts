/**
 * Who is told of changes: after each commit, every listener of the accounts that it touched.
 *
 * A listener that does not keep up costs no memory: what it has not taken is merged into one change.
 *
 * Who uses a mailbox of another account watches it ({@link ChangeFeed.watch}) and is told of that mailbox alone. When rights
 * to it change, or it goes, its watchers are told once more, with `list`, and then nothing, until they watch it again: whoever
 * makes them watch checks whether they may.
 *
 * @module
 */

/** What listeners are told; the `AccountChange` of the accounts' contract. */
export interface Change {
  /** Counts up by commit, for the whole store and over restarts. */
  readonly commit: number;
  /** Mailboxes whose messages or flags changed. */
  readonly mailboxes: readonly number[];
  /** Whether mailboxes were made, deleted or renamed, subscriptions changed, or rights to another's mailbox. */
  readonly list: boolean;
  /** Annotations that others changed; `mailbox` 0 is the server. */
  readonly annotations: readonly AnnotationChange[];
}

/** An annotation that was set or taken away. */
export interface AnnotationChange {
  readonly mailbox: number;
  readonly entry: string;
}

/** Mailboxes of others that one listener watches at most; of more, those it has watched for longest are left out. */
export const maxWatched = 1000;

/** Annotations that wait for one listener at most; of more it hears nothing. */
export const maxToldAnnotations = 1000;

/** Who changed an annotation: a listener is not told of its own doing. 0 stands for several. */
export type Origin = number;

/** What a unit, a group, or a slow listener's backlog changed in one account. */
export interface AccountTouched {
  readonly mailboxes: Set<number>;
  list: boolean;
  /** Mailboxes to which rights changed, or that are gone; null for none. */
  access: Set<number> | null;
  /** `mailbox entry` of changed annotations; null for none. */
  annotations: Map<string, Origin> | null;
}

/** Changes by account. */
export type Touched = Map<number, AccountTouched>;

/** Nothing yet. */
export function untouched(): AccountTouched {
  return { mailboxes: new Set(), list: false, access: null, annotations: null };
}

/** Notes that an annotation was changed. */
export function touchAnnotation(
  touched: AccountTouched,
  mailbox: number,
  entry: string,
  origin: Origin,
): void {
  addAnnotation(touched, `${mailbox} ${entry}`, origin);
}

function addAnnotation(touched: AccountTouched, key: string, origin: Origin): void {
  const all = touched.annotations ??= new Map();
  const known = all.get(key);
  if (known === undefined && all.size >= maxToldAnnotations) return;
  all.set(key, known === undefined || known === origin ? origin : 0);
}

function merge(to: AccountTouched, from: AccountTouched): void {
  for (const mailbox of from.mailboxes) to.mailboxes.add(mailbox);
  to.list ||= from.list;
  if (from.access !== null) to.access = (to.access ?? new Set<number>()).union(from.access);
  for (const [key, origin] of from.annotations ?? []) addAnnotation(to, key, origin);
}

/** Adds what `from` holds to `to`. */
export function mergeTouched(to: Touched, from: Touched): void {
  for (const [account, change] of from) {
    let known = to.get(account);
    if (known === undefined) to.set(account, known = untouched());
    merge(known, change);
  }
}

/** Hands out changes by account. */
export class ChangeFeed {
  readonly #listeners = new Map<number, Set<ChangeListener>>();
  /** By mailbox. */
  readonly #watchers = new Map<number, Set<ChangeListener>>();
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
  listen(account: number, origin: Origin = 0): ChangeListener {
    const listener = new ChangeListener(this.#commit, () => {
      const all = this.#listeners.get(account);
      all?.delete(listener);
      if (all?.size === 0) this.#listeners.delete(account);
      for (const mailbox of listener.watched) this.#unwatch(mailbox, listener);
    }, origin);
    const all = this.#listeners.get(account) ?? new Set();
    all.add(listener);
    this.#listeners.set(account, all);
    return listener;
  }

  /** From now on the listener is told of a mailbox that is not its account's, too. */
  watch(mailbox: number, listener: ChangeListener): void {
    if (listener.ended) return;
    const { watched } = listener;
    watched.delete(mailbox); // To the end of the order.
    const [oldest] = watched;
    if (oldest !== undefined && watched.size >= maxWatched) this.#unwatch(oldest, listener);
    watched.add(mailbox);
    const all = this.#watchers.get(mailbox) ?? new Set();
    all.add(listener);
    this.#watchers.set(mailbox, all);
  }

  /** Tells of a commit. */
  publish(commit: number, touched: Touched): void {
    this.#commit = commit;
    for (const [account, change] of touched) {
      for (const listener of this.#listeners.get(account) ?? []) listener.tell(commit, change);
      if (this.#watchers.size > 0) this.#tellWatchers(commit, change);
    }
  }

  #tellWatchers(commit: number, change: AccountTouched): void {
    const shared = sharedAnnotations(change);
    const mailboxes = new Set([...change.mailboxes, ...change.access ?? [], ...shared.keys()]);
    for (const mailbox of mailboxes) {
      const watchers = this.#watchers.get(mailbox);
      if (watchers === undefined) continue;
      const ends = change.access?.has(mailbox) === true;
      const told = untouched();
      if (ends || change.mailboxes.has(mailbox)) told.mailboxes.add(mailbox);
      told.list = ends; // So that they see anew what they may watch.
      told.annotations = ends ? null : shared.get(mailbox) ?? null;
      for (const listener of [...watchers]) {
        listener.tell(commit, told);
        if (ends) this.#unwatch(mailbox, listener);
      }
    }
  }

  #unwatch(mailbox: number, listener: ChangeListener): void {
    listener.watched.delete(mailbox);
    const all = this.#watchers.get(mailbox);
    all?.delete(listener);
    if (all?.size === 0) this.#watchers.delete(mailbox);
  }

  /** Ends every listener, after what it has still to take. */
  close(): void {
    for (const all of [...this.#listeners.values()]) {
      for (const listener of [...all]) listener.end();
    }
  }
}

/** Annotations that are not somebody's own, by mailbox. */
function sharedAnnotations(change: AccountTouched): Map<number, Map<string, Origin>> {
  const found = new Map<number, Map<string, Origin>>();
  for (const [key, origin] of change.annotations ?? []) {
    const { mailbox, entry } = annotationOf(key);
    if (!entry.startsWith("/shared/")) continue;
    const all = found.get(mailbox) ?? new Map<string, Origin>();
    found.set(mailbox, all.set(key, origin));
  }
  return found;
}

function annotationOf(key: string): AnnotationChange {
  const space = key.indexOf(" ");
  return { mailbox: Number(key.slice(0, space)), entry: key.slice(space + 1) };
}

/** One listener's changes, in order, merged while it is busy elsewhere. */
export class ChangeListener implements AsyncIterableIterator<Change, undefined> {
  /** Mailboxes of others that it is told of, by when that began. The feed's. */
  readonly watched = new Set<number>();
  readonly #stop: () => void;
  readonly #origin: Origin;
  #commit: number;
  #backlog: AccountTouched | null = untouched();
  #ended = false;
  #waiting: ((result: IteratorResult<Change, undefined>) => void)[] = [];

  /** @param origin Whose changes of annotations it is not told of; 0 for none. */
  constructor(commit: number, stop: () => void, origin: Origin = 0) {
    this.#commit = commit;
    this.#stop = stop;
    this.#origin = origin;
  }

  /** Whether nothing more will be told. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Takes a change in; called by the feed. */
  tell(commit: number, change: AccountTouched): void {
    this.#commit = commit;
    this.#backlog ??= untouched();
    merge(this.#backlog, change);
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
    const annotations: AnnotationChange[] = [];
    for (const [key, origin] of backlog.annotations ?? []) {
      if (origin === 0 || origin !== this.#origin) annotations.push(annotationOf(key));
    }
    return { commit: this.#commit, mailboxes: [...backlog.mailboxes], list: backlog.list, annotations };
  }
}
