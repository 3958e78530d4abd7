/**
 * Reports as they come in, from a peer that is not believed more than it has to be.
 *
 * Tested by `src/queue/queue_desk_test.ts`.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import type { QueueRow } from "../store/queue_rows.ts";
import { maxDialed } from "./attempt_records.ts";
import { maxResultText, type QueueReport } from "./queue.ts";

/** Words of a bounded length: the other end wrote some of them, and they are kept. */
export function bounded(report: QueueReport): QueueReport {
  return {
    ...report,
    dialed: report.dialed.slice(-maxDialed).map((address) => String(address).slice(0, maxAddressText)),
    results: report.results.map((result) => ({
      ...result,
      status: result.status.slice(0, maxStatusText),
      text: result.text.slice(0, maxResultText).toWellFormed(),
      remote: result.remote === null ? null : {
        host: String(result.remote.host).slice(0, maxHostText),
        address: String(result.remote.address).slice(0, maxAddressText),
      },
    })),
  };
}

/** Characters of an enhanced code, of an address, of a host's name that are kept. */
const maxStatusText = 12;
const maxAddressText = 64;
const maxHostText = 255;

/** A report is of its own job, and of each recipient once. */
export function checkReport(rows: readonly QueueRow[], { results, startedAt, ms }: QueueReport): void {
  const ids = new Set(rows.map(({ id }) => id));
  if (!Number.isFinite(ms) || Number.isNaN(new Date(startedAt).getTime())) {
    throw new Refused("badRequest", "a report without a time");
  }
  for (const { id, outcome, code, status, text } of results) {
    if (!ids.delete(id)) throw new Refused("badRequest", "a result for a recipient that is not of this job");
    const known = outcome === "delivered" || outcome === "temporary" || outcome === "permanent";
    if (!known || !Number.isInteger(code) || typeof text !== "string" || typeof status !== "string") {
      throw new Refused("badRequest", "not a result");
    }
  }
}
