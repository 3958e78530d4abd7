/**
 * The octets of a message in the queue.
 *
 * Tested by `src/queue/queue_desk_test.ts`.
 *
 * @module
 */
import { type Bytes, MiB } from "../base/bytes.ts";
import { turn } from "../store/connection.ts";
import type { QueueRow } from "../store/queue_rows.ts";
import type { Store } from "../store/store.ts";

/** Octets of one piece. */
export const pieceBytes = MiB;

/** The message as it is sent, prefix first. @throws {Refused} `damaged` */
export async function* messagePieces(
  store: Store,
  { prefix, body_id }: Pick<QueueRow, "prefix" | "body_id">,
): AsyncGenerator<Bytes, void, undefined> {
  if (prefix.length > 0) yield prefix;
  const body = store.read(store.bodies.open(body_id));
  for (let at = 0; at < body.size; at += pieceBytes) {
    yield body.slice(at, Math.min(at + pieceBytes, body.size));
    await turn();
  }
}
