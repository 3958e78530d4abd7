/**
 * What became of a delivery, as it is kept for who asks again: a word for each recipient, the message's id or, behind
 * `!`, the reason of its refusal. Where some were refused, the message's id is followed by `=` and its body's SHA-256.
 *
 * @module
 */
import type { Reason } from "../base/errors.ts";
import type { DeliveryResult } from "./deliver.ts";

/** Writes an answer. */
export function printAnswer(results: readonly DeliveryResult[]): string {
  return results.map((result) => result.kind === "delivered" ? delivered(result) : `!${result.reason}`).join(
    " ",
  );
}

function delivered({ id, body }: Extract<DeliveryResult, { kind: "delivered" }>): string {
  return body === undefined ? id : `${id}=${body}`;
}

/** Reads what {@link printAnswer} wrote. */
export function parseAnswer(text: string): DeliveryResult[] {
  return text.split(" ").map((word) => {
    if (word.startsWith("!")) return { kind: "refused", reason: word.slice(1) as Reason }; // Nobody else writes this.
    const [id = "", body] = word.split("=");
    return body === undefined ? { kind: "delivered", id } : { kind: "delivered", id, body };
  });
}
