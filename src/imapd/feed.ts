/**
 * Hears of changes to an account while one of its mailboxes is selected.
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { AccountChange, Mail } from "../accounts/mail.ts";
import { Refused } from "../base/errors.ts";

/** One subscription to {@link Mail.listen}. */
export class AccountFeed {
  readonly #changes: AsyncIterator<AccountChange>;
  #stopped = false;

  /**
   * Begins to listen, and resolves when every change from now on will be heard.
   *
   * @param changed Called for each change, in order.
   * @param failed Called once if the feed ends by itself: the store has gone away.
   */
  static async start(
    mail: Pick<Mail, "listen">,
    changed: (change: AccountChange) => void,
    failed: (error: unknown) => void,
  ): Promise<AccountFeed> {
    const feed = new AccountFeed(mail);
    const first = await feed.#changes.next();
    if (first.done === true) throw new Refused("tryLater", "the change feed ended at its beginning");
    void feed.#run(changed, failed);
    return feed;
  }

  private constructor(mail: Pick<Mail, "listen">) {
    this.#changes = mail.listen({})[Symbol.asyncIterator]();
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    // Whether the other side was told in time is its own matter: nothing is heard any more either way.
    this.#changes.return?.().catch(() => {});
  }

  async #run(changed: (change: AccountChange) => void, failed: (error: unknown) => void): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#changes.next();
        if (this.#stopped) return;
        if (done === true) throw new Error("the change feed ended");
        changed(value);
      }
    } catch (error) {
      if (!this.#stopped) failed(error);
    }
  }
}
