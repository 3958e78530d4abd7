/**
 * A mailbox with many messages, for benchmarks and tests of what large mailboxes cost.
 *
 * @module
 */
import { addMessages, prepareEmail } from "../../store/add_message.ts";
import { checkIndex } from "../../store/check_index.ts";
import type { Store } from "../../store/store.ts";
import { turn } from "../../store/connection.ts";
import { ensureMailbox } from "../mail_mailboxes.ts";
import { textMessage } from "./built_message.ts";

/** Messages of one unit of the writer. */
const chunk = 500;

/** Adds `count` messages of about `bytes` octets to a mailbox, which is made if it is missing; returns its id. */
export async function fillMailbox(
  store: Store,
  accountId: number,
  name: string,
  count: number,
  bytes: number,
): Promise<number> {
  const spools = store.spools.forOwner();
  let id = 0;
  for (let from = 0; from < count; from += chunk) {
    const additions = await Promise.all(
      Array.from({ length: Math.min(chunk, count - from) }, async (_, i) => {
        const { content, index } = sample(from + i, bytes);
        const body = await store.bodies.ready({ content, spool: null }, spools);
        const email = prepareEmail(body, checkIndex(index, content.length));
        return {
          email,
          prefix: new Uint8Array(200).fill(65),
          bits: (from + i) % 3 === 0 ? 0 : 1,
          keywords: [],
          internalDate: Date.UTC(2026, 0, 1) + from + i,
        };
      }),
    );
    await store.writer.run(function* (tx) {
      id = (yield* ensureMailbox({ accountId, tx }, name)).id;
      yield* addMessages(tx, accountId, id, additions);
    });
    await turn();
  }
  return id;
}

function sample(i: number, bytes: number) {
  const header = [
    `From: Sender ${i % 100} <sender${i % 100}@example.org>`,
    "To: Ann <ann@example.org>",
    `Subject: message number ${i}`,
    `Message-ID: <${i}@example.org>`,
    "Date: Thu, 1 Jan 2026 12:00:00 +0000",
  ];
  const line = "The quick brown fox jumps over the lazy dog, again and again.\r\n";
  const message = textMessage(line.repeat(Math.ceil(bytes / line.length)), header, {
    subject: `message number ${i}`,
    baseSubject: `message number ${i}`,
    messageId: `${i}@example.org`,
    from: `Sender ${i % 100} <sender${i % 100}@example.org>`,
    to: "Ann <ann@example.org>",
    date: Date.UTC(2026, 0, 1, 12),
  });
  const structure = new TextEncoder().encode(
    `("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "8BIT" ${bytes} 30 NIL NIL NIL NIL)${" ".repeat(100)}`,
  );
  const envelope = new TextEncoder().encode(
    `("Thu, 1 Jan 2026 12:00:00 +0000" "message number ${i}" (("Sender" NIL "sender" "example.org")) ` +
      `(("Sender" NIL "sender" "example.org")) (("Sender" NIL "sender" "example.org")) (("Ann" NIL "ann" "example.org")) NIL NIL NIL "<${i}@example.org>")`,
  );
  return {
    content: message.content,
    index: { ...message.index, envelope, body: structure, bodyStructure: structure },
  };
}
