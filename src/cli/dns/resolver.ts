/**
 * What all commands that ask the DNS share: their options, and a resolver made of them.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { silentLog } from "../../base/log.ts";
import { readDnsServer } from "../../config/dns_config.ts";
import type { Answer } from "../../dns/resolver.ts";
import { printData } from "../../dns/rdata_text.ts";
import { parseAnchors, type TrustAnchor, trusted } from "../../dns/trust_anchors.ts";
import {
  configuredResolver,
  type ExplainingResolver,
  trustedByPlace,
} from "../../net/configured_resolver.ts";
import { parseResolvConf, upstreamServers } from "../../net/resolv_conf.ts";
import { systemClock } from "../../net/system_clock.ts";
import { fileProblem } from "../../server/file_problem.ts";
import { type Arguments, type Option, UsageError } from "../command.ts";
import { CommandError } from "../command_error.ts";
import { systemServersFile } from "../network.ts";

/** The options of every command that asks the DNS. */
export const dnsOptions = {
  dns: { type: "string", value: "ADDRESS:PORT", doc: "the server to ask; else those of /etc/resolv.conf" },
  mode: {
    type: "string",
    value: "MODE",
    doc: "validate: check signatures here; trustAd: believe a server on this machine; off: do not check",
    default: "validate",
  },
  anchors: {
    type: "string",
    value: "FILE",
    doc: "begin chains of trust with these DS and DNSKEY records, one a line, and not with the root's",
  },
  json: { type: "boolean", doc: "print the result as JSON" },
} as const satisfies Record<string, Option>;

/** Makes a resolver of the options, hands it on, and closes it. */
export async function withResolver<T>(
  args: Arguments,
  use: (resolver: ExplainingResolver) => Promise<T>,
): Promise<T> {
  const named = args.text("dns");
  const resolver = configuredResolver({
    mode: modeOf(args.text("mode") ?? ""),
    servers: named === undefined ? await systemServers() : trustedByPlace([serverOf(named)]),
    // Who names a server wants to know what that one says.
    direct: named === undefined,
    anchors: await anchorsOf(args.text("anchors")),
    clock: systemClock,
    log: silentLog,
  });
  try {
    return await use(resolver);
  } finally {
    await resolver.close();
  }
}

function modeOf(text: string): "validate" | "trustAd" | "off" {
  if (text === "validate" || text === "trustAd" || text === "off") return text;
  throw new UsageError(`there is no mode '${text}': say validate, trustAd or off`);
}

function serverOf(text: string) {
  const server = readDnsServer(text);
  if (server === null) {
    throw new UsageError(`'${text}' is no server: say 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53`);
  }
  return server;
}

async function systemServers() {
  const text = await Deno.readTextFile(systemServersFile).catch(() => "");
  return upstreamServers(parseResolvConf(text));
}

async function anchorsOf(file: string | undefined): Promise<TrustAnchor[] | undefined> {
  if (file === undefined) return undefined;
  const text = await readFile(file);
  try {
    return trusted(parseAnchors(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw new CommandError(`${file}: ${error.message}`);
    throw error;
  }
}

/** A file's text, or a plain word why not. */
export async function readFile(path: string): Promise<string> {
  return await Deno.readTextFile(path).catch((error) => {
    throw new CommandError(`${path} cannot be read: ${readProblem(error)}`);
  });
}

/** Why a file that a command was given cannot be read. */
export function readProblem(error: unknown): string {
  return error instanceof Deno.errors.NotCapable // `network.ts` had nothing to grant.
    ? "there is no plain file of this name, or a comma stands in it"
    : fileProblem(error);
}

/** An absolute name of what somebody typed. */
export function absolute(name: string): string {
  return name.endsWith(".") ? name : `${name}.`;
}

/** An answer as JSON has it: records as in a zone file. */
export function answerJson(answer: Answer): Record<string, unknown> {
  const { records, ...rest } = answer;
  return { ...rest, records: records.map((data) => printData(answer.type, data)) };
}
