/**
 * DNS blocklists: is an address listed, why, and can the list be believed? RFC 5782
 *
 * A `Blocklists` looks addresses up in lists whose test entries are right; `lookupList()` and `checkHealth()` are its
 * two halves, for who asks once. What comes back is a value, never an error: a list that is slow, dead or out of its
 * mind must not keep anybody's mail.
 *
 * ```ts ignore
 * const lists = new Blocklists({ resolver, clock });
 * const { status, text } = await lists.lookup(ip, "bl.example.org", signal);
 * if (status === "listed") note(text);
 * ```
 *
 * @module
 */
export * from "./blocklists.ts";
export * from "./health.ts";
export * from "./lookup.ts";
