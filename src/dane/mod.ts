/**
 * DANE for SMTP: certificates published in the DNS, and proved by DNSSEC. RFC 6698, RFC 7671, RFC 7672
 *
 * `planDane` says how to connect to a host, `verifyDane` whether who is there is who should be, and `makeRecord` makes
 * what to publish.
 *
 * ```ts ignore
 * const plan = await planDane({ nextHop, expandedNextHop, mx, host, port: 25 }, { a, aaaa }, resolver);
 * if (plan.kind === "later") tryNextHost(plan.why);
 * // "authenticated" and "encrypted": STARTTLS or nothing. Then:
 * if (plan.kind === "authenticated") {
 *   const verdict = verifyDane(chain, plan, now);
 *   if (!verdict.ok) tryNextHost(verdict.why);
 * }
 * ```
 *
 * @module
 */
export * from "./make_record.ts";
export * from "./plan.ts";
export * from "./records.ts";
export * from "./verify.ts";
