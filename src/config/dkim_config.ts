/**
 * The part of `domains.toml` about signing a domain's outgoing mail. RFC 6376
 *
 * Tested by `src/config/load_test.ts`.
 *
 * @module
 */
import { duration, flag, list, map, table, text, type Value } from "./schema.ts";

/** Fields that servers on the way add or take away: a signature of them is soon broken. RFC 6376 5.4.1, 3.5 */
const passing = new Set([
  "return-path",
  "delivered-to",
  "received",
  "dkim-signature",
  "authentication-results",
]);

function headerFault(name: string): string | null {
  // RFC 5322 2.2 lets a semicolon into a name, which h= cannot hold.
  if (!/^[!-9<-~]{1,100}$/.test(name)) return "is no name of a header field";
  return passing.has(name.toLowerCase()) ? "is a field that changes on the way: leave it out" : null;
}

const selector = table({
  privateKeyFile: text({
    doc: "The private key: PEM (PKCS#8) of RSA or Ed25519, a file below the data folder's folder `dkim`.",
    check: (value) =>
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/.test(value)
        ? null
        : "is no file name: letters, digits, dots, - and _ only, without a folder",
  }),
  headers: list(text({ doc: "", check: headerFault }), {
    doc: "Fields to sign, From among them; none: the usual ones.",
  }),
  dontSealHeaders: flag({ doc: "Allow that fields of these names are added later.", default: false }),
  relaxedHeader: flag({ doc: "Sign so that refolded header fields still verify.", default: true }),
  relaxedBody: flag({ doc: "Sign so that changed white space in the body still verifies.", default: true }),
  expiration: duration({
    doc: "How long after it was made a signature is good.",
    default: 72 * 3_600_000,
    min: 3_600_000, // Mail is tried again for days; and x= must be later than t= (RFC 6376 3.5).
  }),
}, "A selector: a key, and how it signs. Its record is at SELECTOR._domainkey.DOMAIN.");

/** `[domains."example.org".dkim]`. */
export const dkim = table({
  selectors: map(selector, {
    doc: "Selectors, by name.",
    sample: "2026a",
    checkKey: (key) =>
      /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/.test(key)
        ? null
        : "use lower-case letters, digits, - and dots for selectors",
  }),
  sign: list(text({ doc: "" }), {
    doc: "Selectors that sign outgoing mail, each with a signature of its own.",
  }),
}, "Signatures of outgoing mail (RFC 6376).");

export type DkimConfig = Value<typeof dkim>;

/** Selectors that are to sign and are not there, or do not sign what every signature must. */
export function checkDkim(config: DkimConfig, path: string): { path: string; message: string }[] {
  const authorless = Object.entries(config.selectors).filter(([, { headers }]) =>
    headers.length > 0 && !headers.some((name) => name.toLowerCase() === "from") // RFC 6376 5.4
  ).map(([name]) => ({
    path: `${path}.selectors.${name}.headers`,
    message: "From is not among the fields to sign: add it",
  }));
  const missing = config.sign.filter((name) => !Object.hasOwn(config.selectors, name)).map((name) => ({
    path: `${path}.sign`,
    message: `there is no selector ${JSON.stringify(name)}: write [${path}.selectors.${
      JSON.stringify(name)
    }]`,
  }));
  return [...authorless, ...missing];
}
