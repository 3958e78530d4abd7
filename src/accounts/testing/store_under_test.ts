/**
 * The mail of a new account in a store of its own, for the conformance tests: at hand, or at the other end of something.
 *
 * @module
 */
import type { Bytes } from "../../base/bytes.ts";
import { addMessages, prepareEmail } from "../../store/add_message.ts";
import { checkIndex } from "../../store/check_index.ts";
import type { Work } from "../../store/query.ts";
import { tempStore } from "../../store/testing/temp_store.ts";
import { ensureAccount } from "../accounts.ts";
import { ensureMailbox } from "../mail_mailboxes.ts";
import { StoreMail } from "../mail_store.ts";
import type { BuiltMessage } from "./built_message.ts";

/** As `MailUnderTest`, with the class itself. */
export interface StoreUnderTest {
  readonly mail: StoreMail;
  deliver(mailbox: string, message: BuiltMessage, prefix?: Bytes): Promise<number>;
  /** Runs a unit of the writer. */
  run<T>(unit: () => Work<T>): Promise<T>;
  /** Ends it; fails if the data are not consistent. */
  close(): Promise<void>;
}

/** Makes a store with one account. */
export async function storeUnderTest(): Promise<StoreUnderTest> {
  const temp = tempStore();
  const { store } = temp;
  const accountId = await ensureAccount(store, { name: "ann", maxBytes: null });
  const mail = new StoreMail(store, accountId);
  return {
    mail,
    async deliver(mailbox, { content, index }, prefix = new Uint8Array()) {
      const body = await store.bodies.ready({ content, spool: null }, store.spools.forOwner());
      const email = prepareEmail(body, checkIndex(index, content.length));
      const added = await store.writer.run(function* (tx) {
        const { id } = yield* ensureMailbox({ accountId, tx }, mailbox);
        const addition = { email, prefix, bits: 0, keywords: [], internalDate: store.clock.now() };
        return yield* addMessages(tx, accountId, id, [addition]);
      });
      body.release();
      return added.messages[0]?.uid ?? 0;
    },
    run: (unit) => store.writer.run(unit),
    async close() {
      await mail.close();
      await temp.close();
    },
  };
}
