/**
 * `dkim lookup`: the published key of a selector.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { fromLatin1 } from "../../base/bytes.ts";
import { readRecord } from "../../dkim/public_key.ts";
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
    const [strings] = answer.records.map((record) => record.strings);
    if (strings === undefined) throw new CommandError(`${name} has no TXT record`);
    const text = strings.map((each) => fromLatin1(each)).join("");
    const read = readRecord(text);
    const problem = read.kind === "malformed" || read.kind === "useless" ? read.problem : null;
    const bits = read.kind === "key" ? read.key.bits : null;
    if (args.is("json")) {
      output.out(JSON.stringify({ name, text, kind: read.kind, problem, bits, security: answer.security }));
    } else {
      output.out(text);
      output.out(
        `${read.kind === "key" ? "a" : read.kind}${
          bits === null ? "" : ` key of ${bits} bits`
        }, ${answer.security}${problem === null ? "" : `: ${problem}`}`,
      );
    }
    return read.kind === "key" ? 0 : 1;
  },
};
