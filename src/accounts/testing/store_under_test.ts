/**
 * The mail of a new account in a store of its own, for the conformance tests: at hand, or at the other end of something.
 *
 * @module
 */
import type { Bytes } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { addMessages, prepareEmail } from "../../store/add_message.ts";
import { checkIndex } from "../../store/check_index.ts";
import type { Work } from "../../store/query.ts";
import type { Store } from "../../store/store.ts";
import { openTexts, type TextIndexer } from "../../store/text_indexer.ts";
import { tempStore } from "../../store/testing/temp_store.ts";
import { ensureAccount } from "../accounts.ts";
import { ensureMailbox } from "../mail_mailboxes.ts";
import { StoreMail } from "../mail_store.ts";
import type { BuiltMessage } from "./built_message.ts";
import { type ParserHere, parserHere } from "./text_parser_here.ts";

/** As `MailUnderTest`, with the class itself. */
export interface StoreUnderTest {
  readonly mail: StoreMail;
  readonly store: Store;
  readonly parser: ParserHere;
  readonly indexer: TextIndexer | null;
  readonly accountId: number;
  readonly folder: string;
  deliver(mailbox: string, message: BuiltMessage, prefix?: Bytes): Promise<number>;
  /** Runs a unit of the writer. */
  run<T>(unit: () => Work<T>): Promise<T>;
  /** Ends it; fails if the data are not consistent. */
  close(): Promise<void>;
}

/**
 * Makes a store with one account.
 *
 * @param settings `texts`: whether it has a parser and an index; nothing is in the index until somebody puts it there.
 */
export async function storeUnderTest(
  { texts = false, clock }: { texts?: boolean; clock?: Clock } = {},
): Promise<StoreUnderTest> {
  const temp = tempStore(clock === undefined ? {} : { clock });
  const { store } = temp;
  const parser = parserHere();
  const indexer = texts ? openTexts(store, temp.folder, parser) : null;
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
    store,
    parser,
    indexer,
    accountId,
    folder: temp.folder,
    async close() {
      await mail.close();
      await indexer?.stop();
      await temp.close();
    },
  };
}
