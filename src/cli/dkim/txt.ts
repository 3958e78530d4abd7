/**
 * `dkim txt`: the record that publishes a key.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { recordOf, zoneRecord } from "../../dkim/keys.ts";
import type { Command } from "../command.ts";
import { readKey, selectorAndDomain } from "./key_file.ts";

export const command: Command = {
  words: "dkim txt",
  arguments: "SELECTOR DOMAIN KEYFILE",
  count: 3,
  summary: "print the DNS record for a DKIM key",
  help: `
Reads a private key and prints the TXT record that publishes its public half, as it stands in a zone file. With --json, the
record's name and text.`,
  options: { json: { type: "boolean", doc: "print name and text as JSON" } },
  async run(args, output) {
    const [selectorText = "", domainText = "", file = ""] = args.positionals;
    const [selector, domain] = selectorAndDomain(selectorText, domainText);
    const text = recordOf(await readKey(file));
    if (args.is("json")) output.out(JSON.stringify({ selector, domain, text }));
    else output.out(zoneRecord(selector, domain, text));
    return 0;
  },
};
