/**
 * Messages in the queue of a store, for tests.
 *
 * @module
 */
import { utf8 } from "../../base/bytes.ts";
import { insertBody } from "../bodies.ts";
import { addQueued, maxQueued, type NewQueueRow } from "../queue_rows.ts";
import type { Store } from "../store.ts";

/** Adds one message for some recipients, `local@domain` each. Returns the ids of their rows. */
export async function enqueue(
  store: Store,
  recipients: readonly string[],
  change: Partial<NewQueueRow> = {},
  limit: number = maxQueued,
): Promise<number[]> {
  const content = utf8("From: a@example.org\r\n\r\ntext\r\n");
  const body = await store.bodies.ready({ content, spool: null }, store.spools.forOwner());
  try {
    return await store.writer.run(function* (tx) {
      const bodyId = yield* insertBody(body);
      const rows = recipients.map((recipient) => ({
        account_id: 1,
        body_id: bodyId,
        size: content.length,
        prefix: new Uint8Array(),
        sender: "a@example.org",
        recipient,
        domain: recipient.slice(recipient.lastIndexOf("@") + 1),
        submitted: tx.now,
        due: tx.now,
        max_attempts: 8,
        hold: 0,
        transport: "",
        require_tls: null,
        traits: 0,
        message_id: "1@example.org",
        subject: "s",
        from_id: "",
        dsn: "",
        release: "",
        ...change,
      }));
      return yield* addQueued(rows, limit);
    });
  } finally {
    body.release();
  }
}
