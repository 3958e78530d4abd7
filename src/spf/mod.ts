/**
 * SPF: may this host send mail for this domain (RFC 7208, RFC 8616)? And iprev: does the host's name lead back to its
 * address (RFC 8601 3)?
 *
 * Nothing here opens a socket or looks at a clock: a `Resolver` answers, an `AbortSignal` ends the wait.
 *
 * ```ts ignore
 * const { domain, local } = identityOf(mailFrom, helo);
 * const result = await checkHost({ ip, domain, local, helo, receiver: "mx.example.org" }, { resolver, now, signal });
 * if (result.status === "fail") refuse(result.explanation ?? result.why);
 * ```
 *
 * `parseRecord()` and `printRecord()` are for those who show or check records, `printReceivedSpf()` writes the field
 * that tells later readers of the message.
 *
 * @module
 */
export * from "./check_host.ts";
export * from "./identity.ts";
export * from "./iprev.ts";
export { maxLookups, maxMxHosts, maxPtrNames, maxVoidLookups } from "./lookups.ts";
export * from "./macro.ts";
export * from "./received_spf.ts";
export * from "./record.ts";
export * from "./reverse_name.ts";
