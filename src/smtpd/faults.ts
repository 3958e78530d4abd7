/**
 * Failures on request, for those who test their programs against localserve: an address says how to fail, see
 * `fault_pattern.ts`. Where nobody answers, an hour passes.
 *
 * At its beginning, `mailfrom` (of a sender) and `rcptto` (of a recipient) have that command fail, and `queue` (of a
 * recipient of a submission) the delivery, after the message was taken (`queue/local_fault.ts`); else the message does,
 * once it is sent.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { askedFault } from "../delivery/fault_pattern.ts";
import { localFault } from "../queue/local_fault.ts";
import type { Reply } from "../smtp/reply.ts";

/** How to fail. */
export interface Fault {
  readonly waitMs: number;
  readonly reply: Reply;
}

const hourMs = 3_600_000;

/** How MAIL with this sender shall fail, or null. */
export function senderFault(from: Address | null): Fault | null {
  return from !== null && from.local.startsWith("mailfrom") ? faultOf(from.local) : null;
}

/** How RCPT with this recipient shall fail, or null. */
export function recipientFault(to: Address): Fault | null {
  return to.local.startsWith("rcptto") ? faultOf(to.local) : null;
}

/**
 * How a message to these recipients shall fail, or null: the first that asks for it decides, for all.
 *
 * @param queued Whether it goes through the queue, as submissions do: there others fail.
 */
export function messageFault(
  recipients: readonly { readonly address: Address }[],
  queued: boolean,
): Fault | null {
  for (const { address } of recipients) {
    const fault = queued && localFault(address) !== null ? null : faultOf(address.local);
    if (fault !== null) return fault;
  }
  return null;
}

function faultOf(local: string): Fault | null {
  const asked = askedFault(local);
  if (asked === null) return null;
  if (asked.kind === "timeout") {
    return { waitMs: hourMs, reply: reply(451, "an hour has passed, as the address asks for") };
  }
  const { code } = asked;
  if (local.endsWith("temperror")) {
    return { waitMs: 0, reply: reply(code, "temporary failure, as the address asks for") };
  }
  if (local.endsWith("permerror")) {
    return { waitMs: 0, reply: reply(code, "permanent failure, as the address asks for") };
  }
  return { waitMs: 0, reply: reply(code, `failure with code ${code}, as the address asks for`) };
}

function reply(code: number, text: string): Reply {
  return { code, enhanced: code < 500 ? "4.0.0" : "5.0.0", text };
}
