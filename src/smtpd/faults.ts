/**
 * Failures on request, for those who test their programs against localserve: an address says how to fail.
 *
 * | end of the localpart | what happens |
 * | --- | --- |
 * | `temperror` | 451 |
 * | `permerror` | 550 |
 * | `timeout` | an hour passes, then 451 |
 * | three digits, 400 to 600 | that code |
 *
 * At its beginning, `mailfrom` (of a sender) and `rcptto` (of a recipient) have that command fail; else the
 * message does, once it is sent.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
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

/** How a message to these recipients shall fail, or null: the first that asks for it decides, for all. */
export function messageFault(recipients: readonly { readonly address: Address }[]): Fault | null {
  for (const { address } of recipients) {
    const fault = faultOf(address.local);
    if (fault !== null) return fault;
  }
  return null;
}

function faultOf(local: string): Fault | null {
  if (local.endsWith("temperror")) {
    return { waitMs: 0, reply: reply(451, "temporary failure, as the address asks for") };
  }
  if (local.endsWith("permerror")) {
    return { waitMs: 0, reply: reply(550, "permanent failure, as the address asks for") };
  }
  if (local.endsWith("timeout")) {
    return { waitMs: hourMs, reply: reply(451, "an hour has passed, as the address asks for") };
  }
  const digits = /[0-9]{3}$/.exec(local);
  const code = Number(digits?.[0] ?? 0);
  if (code < 400 || code > 600) return null;
  return { waitMs: 0, reply: reply(code, `failure with code ${code}, as the address asks for`) };
}

function reply(code: number, text: string): Reply {
  return { code, enhanced: code < 500 ? "4.0.0" : "5.0.0", text };
}
