/**
 * `dane dial`: is the server at a port the one that its TLSA records name?
 *
 * Tested by `tests/scenarios/tls_commands_test.ts`.
 *
 * @module
 */
import { type Command, UsageError } from "../command.ts";
import { dnsOptions, withResolver } from "../dns/resolver.ts";
import { hostPortOf, reachOptions, reachSettings } from "../reach.ts";
import { ehloOf, ehloOption } from "../smtp/dialogue.ts";
import { checkHost, usagesOf, usagesOption, verdictLine } from "./check_host.ts";

/** Ports of SMTP, where TLS begins with STARTTLS. */
const startTlsPorts: ReadonlySet<number> = new Set([25, 587]);

export const command: Command = {
  words: "dane dial",
  arguments: "HOST:PORT",
  count: 1,
  network: true,
  summary: "connect to a server with TLS, and verify it with its TLSA records",
  help: `
Looks up the addresses and the TLSA records (_PORT._tcp.HOST) of a server, connects with TLS, on the ports 25 and 587 or
with --starttls after SMTP's STARTTLS, and compares the certificate with the records (RFC 6698, RFC 7672). Only what DNSSEC
proves counts: records and addresses must be signed, and verified from the root's keys on. Prints the record that the
server matched. Exit code 1 if it matched none, or if there are none.`,
  options: {
    ...usagesOption,
    starttls: { type: "boolean", doc: "ask for TLS with SMTP's STARTTLS, whatever the port" },
    ...ehloOption,
    ...reachOptions,
    ...dnsOptions,
  },
  async run(args, output) {
    const text = args.positionals[0] ?? "";
    const { host, isAddress, port } = hostPortOf(text);
    if (port === null) throw new UsageError(`'${text}' has no port: write it as mx.example.org:25`);
    const json = args.is("json");
    const wish = {
      startTls: args.is("starttls") || startTlsPorts.has(port),
      ehlo: ehloOf(args),
      usages: usagesOf(args.text("usages")),
      reach: reachSettings(args),
    };
    const found = await withResolver(args, (resolver) => {
      const route = { nextHop: host, expandedNextHop: host, mx: null, port };
      return checkHost(
        { host, isAddress },
        route,
        wish,
        resolver,
        json ? () => {} : (line) => output.out(line),
      );
    });
    output.out(json ? JSON.stringify(found) : verdictLine(found));
    return found.verified ? 0 : 1;
  },
};
