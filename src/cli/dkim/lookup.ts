/**
 * `dkim lookup`: the published key of a selector.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { fromLatin1 } from "../../base/bytes.ts";
import { type ReadRecord, readRecord } from "../../dkim/public_key.ts";
import { keyName } from "../../dkim/tag_values.ts";
import type { Command } from "../command.ts";
import { CommandError } from "../command_error.ts";
import { dnsOptions, withResolver } from "../dns/resolver.ts";
import { selectorAndDomain } from "./key_file.ts";

export const command: Command = {
  words: "dkim lookup",
  arguments: "SELECTOR DOMAIN",
  count: 2,
  network: true,
  summary: "look up the published DKIM key of a selector",
  help: `
Looks up the TXT record at SELECTOR._domainkey.DOMAIN and says whether it is a key that signatures can be verified with.
Exit code 1 if it is not.`,
  options: dnsOptions,
  async run(args, output) {
    const [selector, domain] = selectorAndDomain(args.positionals[0] ?? "", args.positionals[1] ?? "");
    const name = keyName(selector, domain);
    const answer = await withResolver(args, (resolver) => resolver.lookup(name, "TXT"));
    if (answer.status === "failed") throw new CommandError(`${name}: ${answer.why}`);
    const texts = new Set(
      answer.records.map(({ strings }) => strings.map((each) => fromLatin1(each)).join("")),
    );
    const all = [...texts].map((text) => described(text));
    // What is no key record does not count beside one that is. RFC 6376 6.1.2
    const keys = all.filter(({ kind }) => kind !== "malformed");
    const [shown = all[0], ...others] = keys;
    if (shown === undefined) throw new CommandError(`${name} has no TXT record`);
    if (args.is("json")) {
      output.out(JSON.stringify({ name, ...shown, security: answer.security, others }));
    } else {
      for (const { text, kind, problem, bits } of [shown, ...others]) {
        output.out(text);
        output.out(
          `${kind === "key" ? "a" : kind}${bits === null ? "" : ` key of ${bits} bits`}, ${answer.security}${
            problem === null ? "" : `: ${problem}`
          }`,
        );
      }
      if (others.length > 0) {
        output.out(
          "There should be one record (RFC 6376 3.6.2.2): some verifiers take any of these, others none.",
        );
      }
    }
    return keys.length > 0 && keys.every(({ kind }) => kind === "key") ? 0 : 1;
  },
};

interface Described {
  readonly text: string;
  readonly kind: ReadRecord["kind"];
  readonly problem: string | null;
  readonly bits: number | null;
}

function described(text: string): Described {
  const read = readRecord(text);
  const problem = read.kind === "malformed" || read.kind === "useless" ? read.problem : null;
  return { text, kind: read.kind, problem, bits: read.kind === "key" ? read.key.bits : null };
}
