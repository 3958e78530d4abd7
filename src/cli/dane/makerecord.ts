/**
 * `dane makerecord`: the TLSA record of a certificate or key.
 *
 * Tested by `tests/scenarios/tls_commands_test.ts`.
 *
 * @module
 */
import { asciiDomain } from "../../address/domain.ts";
import { makeRecord, readPublished } from "../../dane/make_record.ts";
import { matchingTypes, problemOf, selectors, tlsaText, usages } from "../../dane/records.ts";
import { type Command, UsageError } from "../command.ts";
import { CommandError } from "../command_error.ts";
import { domainOf } from "../dmarc/lookup.ts";
import { readFile } from "../dns/resolver.ts";
import { portOf } from "../reach.ts";

/** What each number is called. RFC 7218 2 */
const words = {
  usage: {
    "pkix-ta": usages.pkixTa,
    "pkix-ee": usages.pkixEe,
    "dane-ta": usages.daneTa,
    "dane-ee": usages.daneEe,
  },
  selector: { "cert": selectors.certificate, "spki": selectors.publicKey },
  match: { "full": matchingTypes.full, "sha2-256": matchingTypes.sha256, "sha2-512": matchingTypes.sha512 },
} as const satisfies Readonly<Record<string, Readonly<Record<string, number>>>>;

export const command: Command = {
  words: "dane makerecord",
  arguments: "USAGE SELECTOR MATCH CERTFILE",
  count: 4,
  summary: "make the TLSA record of a certificate or key, to be published in the DNS",
  help: `
Prints the data of a TLSA record (RFC 6698) for a PEM file with a certificate, a public key, or a private key, of which only
the public part is taken; with --host, the whole line for a zone file. In words or numbers:

  USAGE     dane-ee (3): the server's own certificate or key; dane-ta (2): that of the authority that signed it.
            pkix-ee (1) and pkix-ta (0) count for nothing between mail servers (RFC 7672 section 3.1.3).
  SELECTOR  spki (1): the public key, which may outlive certificates; cert (0): the whole certificate.
  MATCH     sha2-256 (1), sha2-512 (2): a digest; full (0): all of it.

'dane-ee spki sha2-256' is what nearly everybody needs: it stays right when a certificate is renewed with the same key.
Publish the record of a new key at least two days before it is used, and in a zone that is signed: others ignore it
elsewhere. 'mailden dane dialmx DOMAIN' then tells whether it works.`,
  options: {
    host: { type: "string", value: "HOST", doc: "print the whole line, for this server" },
    port: { type: "string", value: "PORT", doc: "with --host: the server's port", default: "25" },
    json: { type: "boolean", doc: "print the result as JSON" },
  },
  async run(args, output) {
    const [usage = "", selector = "", match = "", file = ""] = args.positionals;
    const kind = {
      usage: numberOf("usage", usage),
      selector: numberOf("selector", selector),
      matchingType: numberOf("match", match),
    };
    const host = args.text("host");
    const name = host === undefined
      ? null
      : `_${portOf(args.text("port") ?? "")}._tcp.${asciiDomain(domainOf(host))}.`;
    const record = made(kind, await readFile(file), file);
    const problem = problemOf(record);
    const data = tlsaText(record);
    if (args.is("json")) output.out(JSON.stringify({ name, ...kind, data, problem }));
    else {
      output.out(name === null ? data : `${name} IN TLSA ${data}`);
      if (problem !== null) output.error(`mail servers will ignore it: ${problem}`);
    }
    return 0;
  },
};

/** @throws {UsageError} */
function numberOf(what: keyof typeof words, text: string): number {
  const known: Readonly<Record<string, number>> = words[what];
  for (const [word, number] of Object.entries(known)) {
    if (text.toLowerCase() === word || text === String(number)) return number;
  }
  const choices = Object.entries(known).map(([word, number]) => `${word} (${number})`).join(", ");
  throw new UsageError(`'${text}' is no ${what}: say one of ${choices}`);
}

/** @throws {CommandError} */
function made(kind: Parameters<typeof makeRecord>[0], pem: string, file: string) {
  try {
    return makeRecord(kind, readPublished(pem));
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof RangeError)) throw error;
    throw new CommandError(`${file}: ${error.message}`);
  }
}
