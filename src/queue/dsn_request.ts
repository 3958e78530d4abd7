/**
 * What a sender asked for with the parameters of DSN, as it is kept with each recipient. RFC 3461 4
 *
 * @module
 */

/** What was asked for a message and one of its recipients. */
export interface DsnRequest {
  /** Whether a notice of failure brings the message or its header only. RFC 3461 4.3 */
  readonly ret: "FULL" | "HDRS" | null;
  /** As sent, still encoded. RFC 3461 4.4 */
  readonly envid: string | null;
  /** As sent: `NEVER`, or some of `SUCCESS`, `FAILURE`, `DELAY`. RFC 3461 4.1 */
  readonly notify: string | null;
  /** As sent, still encoded. RFC 3461 4.2 */
  readonly orcpt: string | null;
}

const nothing: DsnRequest = { ret: null, envid: null, notify: null, orcpt: null };

/** As `queue.dsn` holds it: empty if nothing was asked for. */
export function printDsnRequest(request: DsnRequest): string {
  const asked = Object.entries(request).filter(([, value]) => value !== null);
  return asked.length === 0 ? "" : JSON.stringify(Object.fromEntries(asked));
}

/** The inverse. @throws {SyntaxError} If it is nothing that we wrote. */
export function parseDsnRequest(text: string): DsnRequest {
  return text === "" ? nothing : { ...nothing, ...JSON.parse(text) as Partial<DsnRequest> };
}

/** When a sender wants to be told. */
export type Notice = "SUCCESS" | "FAILURE" | "DELAY";

/** Whether a notice is wanted. Without NOTIFY, of failures and delays. RFC 3461 4.1, 5.2.1 */
export function wants(notify: string | null, notice: Notice): boolean {
  if (notify === null) return notice !== "SUCCESS";
  return notify.toUpperCase().split(",").includes(notice);
}
