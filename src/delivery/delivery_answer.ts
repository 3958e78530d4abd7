/**
 * What became of a delivery, as it is kept for who asks again: a word for each recipient, the message's id or, behind
 * `!`, the reason of its refusal.
 *
 * @module
 */
import type { Reason } from "../base/errors.ts";
import type { DeliveryResult } from "./deliver.ts";

/** Writes an answer. */
export function printAnswer(results: readonly DeliveryResult[]): string {
  return results.map((result) => result.kind === "delivered" ? result.id : `!${result.reason}`).join(" ");
}

/** Reads what {@link printAnswer} wrote. */
export function parseAnswer(text: string): DeliveryResult[] {
  return text.split(" ").map((word) =>
    word.startsWith("!")
      ? { kind: "refused", reason: word.slice(1) as Reason } // Nobody else writes this.
      : { kind: "delivered", id: word }
  );
}
