/**
 * TLS reports: telling domains how TLS with their mail servers went. RFC 8460
 *
 * ```ts ignore
 * results = addSession(results, { policy, failures }); // For each session; kept as plain data.
 * const { status, record } = await lookupRecord(results.domain, resolver); // When the day is over.
 * if (status === "found") send(printReport(results, reporter), reportNames(results, reporter), record.destinations);
 * ```
 *
 * @module
 */
export * from "./lookup.ts";
export * from "./record.ts";
export * from "./report.ts";
export * from "./results.ts";
