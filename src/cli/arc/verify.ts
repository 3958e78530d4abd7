/**
 * `arc verify`: the chain of those who passed a message on.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { ArcVerifier } from "../../arc/verify.ts";
import type { Command } from "../command.ts";
import { dnsOptions, withResolver } from "../dns/resolver.ts";
import { readMessage } from "../message_file.ts";

export const command: Command = {
  words: "arc verify",
  arguments: "FILE|-",
  count: 1,
  network: true,
  summary: "verify the ARC chain of a message",
  help: `
Reads a message from a file, or standard input for -, and verifies the seals and signatures of those who passed it on (RFC
8617). Exit code 0 if the chain is whole.`,
  options: dnsOptions,
  async run(args, output) {
    const message = await readMessage(args.positionals[0] ?? "");
    const result = await withResolver(args, (resolver) => {
      const verifier = new ArcVerifier({ resolver, now: Date.now() });
      verifier.write(message);
      return verifier.finish();
    });
    if (args.is("json")) output.out(JSON.stringify(result));
    else output.out(`arc: ${result.status} (${result.security ?? "not asked"}): ${result.why}`);
    return result.status === "pass" ? 0 : 1;
  },
};
