/**
 * `dmarc verify`: what DMARC says of a message.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { DkimVerifier } from "../../dkim/verifier.ts";
import { verifyDmarc } from "../../dmarc/verify.ts";
import { Indexer } from "../../message/indexer.ts";
import { checkHost } from "../../spf/check_host.ts";
import type { Command } from "../command.ts";
import { CommandError } from "../command_error.ts";
import { dnsOptions, withResolver } from "../dns/resolver.ts";
import { ipOf } from "../iprev.ts";
import { readMessage } from "../message_file.ts";
import { domainOf } from "./lookup.ts";

export const command: Command = {
  words: "dmarc verify",
  arguments: "IP MAILFROM HELO FILE|-",
  count: 4,
  network: true,
  summary: "say what DMARC makes of a message that came from an address",
  help: `
Reads a message from a file, or standard input for -, checks SPF for mail from IP with that MAIL FROM (an address, or <> for
none) and EHLO name, verifies DKIM, and evaluates DMARC for the domain in its From field (RFC 9989). Exit code 0 for pass.`,
  options: dnsOptions,
  async run(args, output) {
    const [ipText = "", from = "", helo = "", file = ""] = args.positionals;
    const ip = ipOf(ipText);
    const at = from.lastIndexOf("@");
    const domain = at === -1 ? helo : from.slice(at + 1);
    const message = await readMessage(file);
    const indexer = new Indexer();
    indexer.write(message);
    const { fromAddress } = indexer.end();
    if (fromAddress === null) throw new CommandError(`${file} has no From field of exactly one address`);
    const author = domainOf(fromAddress.slice(fromAddress.lastIndexOf("@") + 1));
    const now = Date.now();
    const result = await withResolver(args, async (resolver) => {
      const verifier = new DkimVerifier({ resolver, now });
      verifier.write(message);
      const local = at === -1 ? null : from.slice(0, at);
      const request = { ip, domain, local, helo, receiver: "localhost" };
      const [spf, dkim] = await Promise.all([checkHost(request, { resolver, now }), verifier.finish()]);
      const signed = dkim.map(({ status, signature, lengthLimited }) => ({
        status,
        domain: signature?.domain ?? null,
        lengthLimited,
      }));
      const dmarc = await verifyDmarc(author, { status: spf.status, domain }, signed, resolver);
      return { dmarc, spf: spf.status, dkim: signed };
    });
    const { dmarc } = result;
    if (args.is("json")) output.out(JSON.stringify(result));
    else {output.out(
        `dmarc: ${dmarc.status}, policy ${dmarc.policy} (${dmarc.security ?? "not asked"}): ${dmarc.why}`,
      );}
    return dmarc.status === "pass" ? 0 : 1;
  },
};
