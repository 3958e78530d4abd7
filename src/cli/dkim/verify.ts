/**
 * `dkim verify`: the signatures of a message.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { DkimVerifier } from "../../dkim/verifier.ts";
import type { Command } from "../command.ts";
import { dnsOptions, withResolver } from "../dns/resolver.ts";
import { readMessage } from "../message_file.ts";

export const command: Command = {
  words: "dkim verify",
  arguments: "FILE|-",
  count: 1,
  network: true,
  summary: "verify the DKIM signatures of a message",
  help: `
Reads a message from a file, or standard input for -, and verifies its DKIM signatures (RFC 6376) as the server does, each
by itself. Exit code 0 if at least one passes.`,
  options: dnsOptions,
  async run(args, output) {
    const message = await readMessage(args.positionals[0] ?? "");
    const results = await withResolver(args, (resolver) => {
      const verifier = new DkimVerifier({ resolver, now: Date.now() });
      verifier.write(message);
      return verifier.finish();
    });
    const shown = results.map(({ status, signature, keyBits, security, testing, why }) => ({
      status,
      domain: signature?.domain ?? null,
      selector: signature?.selector ?? null,
      algorithm: signature?.algorithm ?? null,
      bodyLength: signature?.bodyLength ?? null,
      keyBits,
      security,
      testing,
      why,
    }));
    if (args.is("json")) output.out(JSON.stringify(shown));
    else {
      for (const { status, domain, selector, algorithm, keyBits, security, testing, why } of shown) {
        const who = domain === null ? "" : ` ${domain}, selector ${selector}, ${algorithm}`;
        output.out(
          `dkim: ${status}${who}${keyBits === null ? "" : ` ${keyBits} bits`} (${security ?? "not asked"}${
            testing ? ", test mode" : ""
          }): ${why}`,
        );
      }
    }
    return results.some(({ status }) => status === "pass") ? 0 : 1;
  },
};
