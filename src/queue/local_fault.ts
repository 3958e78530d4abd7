/**
 * Bounces on request, for those who test their programs against localserve: `queuepermerror@`, `queue450@` and so on are
 * taken, wait in the queue, and fail there as the end of the localpart says (`delivery/fault_pattern.ts`).
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { askedFault } from "../delivery/fault_pattern.ts";
import type { QueueResult } from "./queue.ts";

/** How an attempt fails. */
export interface LocalFault {
  /** How long nobody answers, first. */
  readonly waitMs: number;
  readonly result: Omit<QueueResult, "id">;
}

/** As long as connecting may take. */
export const faultTimeoutMs = 30_000;

/** How delivery to this address shall fail, or null. */
export function localFault({ local }: Address): LocalFault | null {
  const asked = local.startsWith("queue") ? askedFault(local) : null;
  if (asked === null) return null;
  if (asked.kind === "timeout") {
    return {
      waitMs: faultTimeoutMs,
      result: failed("temporary", 0, "", `nobody answered in ${faultTimeoutMs / 1000} seconds`),
    };
  }
  const { code } = asked;
  const outcome = code < 500 ? "temporary" : "permanent";
  const status = `${code < 500 ? 4 : 5}.0.0`;
  return { waitMs: 0, result: failed(outcome, code, status, `${code} ${status} failure with code ${code}`) };
}

/** Without a remote host: nothing is to be learned of the address. */
function failed(
  outcome: QueueResult["outcome"],
  code: number,
  status: string,
  what: string,
): Omit<QueueResult, "id"> {
  return { outcome, code, status, text: `${what}, as the address asks for`, remote: null, relaysDsn: false };
}
