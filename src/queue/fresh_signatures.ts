/**
 * Signatures that are good for a while when a message leaves, however long it was on hold. RFC 6376 3.5 (`x=`)
 *
 * A message is signed when it is submitted, with an end: who copies it later shall not be able to send it to the world. One
 * that an administrator held by hand, or put off, or that waited for a server that was down, would leave with signatures that
 * have expired, and DMARC would have it refused. A longer life for all would undo what the end is for, and signing at
 * release would not know of the other ways to wait. So it is signed anew when it is handed out to be sent, if half of the
 * time is over: in the time of the usual attempts that is never.
 *
 * Only what was signed is: its first fields are our signatures for its author's domain, and for that author the store has
 * checked the account when it was submitted.
 *
 * @module
 */
import { type Bytes, concat, utf8 } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { asciiLower } from "../base/scanner.ts";
import { authorOf, cut, headerOf } from "../delivery/author.ts";
import type { Signing } from "../delivery/signing.ts";
import { parseSignature, type Signature } from "../dkim/signature.ts";
import { headerFields } from "../message/headers.ts";
import type { QueueRow } from "../store/queue_rows.ts";
import type { Store } from "../store/store.ts";
import { pieceBytes } from "./message_pieces.ts";

/** The prefix with which a message is sent now: as it is, or with new signatures. Never throws. */
export function freshPrefix(
  { store, signing }: { readonly store: Store; readonly signing: Signing },
  row: Pick<QueueRow, "id" | "account_id" | "prefix" | "body_id">,
): Bytes {
  const { prefix } = row;
  const now = store.clock.now();
  const signed = signedPart(prefix);
  if (row.account_id === 0 || !signed.signatures.some((signature) => isOld(signature, now))) return prefix;
  try {
    const body = store.read(store.bodies.open(row.body_id));
    const pieces = function* () {
      for (let at = 0; at < body.size; at += pieceBytes) {
        yield body.slice(at, Math.min(at + pieceBytes, body.size));
      }
    };
    const header = headerOf(pieces());
    const fromDomain = authorOf(header)?.domain ?? "";
    if (!signed.signatures.every(({ domain }) => domain === fromDomain)) return prefix;
    const rest = prefix.subarray(signed.end);
    const fields = signing.sign({
      fromDomain,
      header: concat([rest, header]),
      body: cut(pieces(), header.length, body.size),
      now,
    });
    return fields === "" ? prefix : concat([utf8(fields), rest]); // Its keys may be gone.
  } catch (error) {
    store.log.warn("a message is sent with old signatures", { queueId: row.id, error: asError(error) });
    return prefix;
  }
}

/** The signatures with which a prefix begins, and where they end. */
function signedPart(prefix: Bytes): { readonly signatures: readonly Signature[]; readonly end: number } {
  const signatures: Signature[] = [];
  let end = 0;
  for (const field of headerFields(prefix)) {
    if (asciiLower(field.name) !== "dkim-signature") break;
    try {
      signatures.push(parseSignature(field.value));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      break; // None of ours.
    }
    end = field.end;
  }
  return { signatures, end };
}

/** Whether half of its time is over. */
function isOld({ timestamp, expiration }: Signature, now: Millis): boolean {
  return timestamp !== null && expiration !== null && now / 1000 > (timestamp + expiration) / 2;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
