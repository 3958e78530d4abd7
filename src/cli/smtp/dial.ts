/**
 * `smtp dial`: a look at an SMTP server.
 *
 * Tested by `tests/scenarios/tls_commands_test.ts`.
 *
 * @module
 */
import { asciiDomain } from "../../address/domain.ts";
import type { ClientTls } from "../../net/client_tls.ts";
import type { DialedTransport } from "../../net/client.ts";
import { systemClock } from "../../net/system_clock.ts";
import type { Resolver } from "../../dns/resolver.ts";
import type { Offers } from "../../smtp/client_offers.ts";
import { type Arguments, type Command, type Option, type Output, UsageError } from "../command.ts";
import { CommandError } from "../command_error.ts";
import { dnsOptions, readFile, withResolver } from "../dns/resolver.ts";
import { mailHosts } from "../mail_hosts.ts";
import {
  addressesOf,
  type HostPort,
  hostPortOf,
  reach,
  reachOptions,
  type ReachSettings,
  reachSettings,
  shownAddress,
} from "../reach.ts";
import { type ShownTls, shownTls, tlsLines, trustedBy, trustOption } from "../trust.ts";
import { interact } from "./interact.ts";
import { ehloOf, ehloOption, SmtpDialogue } from "./dialogue.ts";

const tlsOptions = {
  tls: {
    type: "string",
    value: "MODE",
    doc: "auto: at once on port 465, else STARTTLS where it is offered; starttls: or nothing; implicit; none",
    default: "auto",
  },
  verify: {
    type: "boolean",
    doc: "fail unless the certificate proves the name by an authority that is trusted",
  },
  servername: {
    type: "string",
    value: "NAME",
    doc: "ask for this name in TLS, and compare the certificate with it",
  },
  minversion: { type: "string", value: "VERSION", doc: "TLSv1.2 or TLSv1.3" },
  maxversion: { type: "string", value: "VERSION", doc: "TLSv1.2 or TLSv1.3" },
  alpn: { type: "string", value: "NAMES", doc: "offer these application protocols, with commas between" },
  ...trustOption,
} as const satisfies Record<string, Option>;

export const command: Command = {
  words: "smtp dial",
  arguments: "HOST[:PORT]|DOMAIN",
  count: 1,
  network: true,
  summary: "look at an SMTP server: its greeting, TLS, certificate and extensions",
  help: `
Connects to an SMTP server and shows the dialogue: greeting, EHLO, STARTTLS, the certificates that it shows, and EHLO
again. With a port the host itself is called; without one, the hosts of the domain's MX records on port 25, until one
answers, or the host itself if there are none.

A certificate that proves nothing is shown and told of, and is no failure: most mail goes to such hosts, encrypted for
nobody in particular. --verify makes it one, as an MTA-STS policy would; 'mailden dane dialmx' looks at it as DANE does.

With --user one signs in, with the password in a file, which is told only to a server that TLS has proved, or in a way that
does not show it. With --interactive, lines of standard input are sent as they are
typed. Exit code 0 if the server could now take mail.`,
  options: {
    ...tlsOptions,
    ...ehloOption,
    user: { type: "string", value: "NAME", doc: "sign in with this name" },
    "password-file": {
      type: "string",
      value: "FILE",
      doc: "with the password on the first line of this file",
    },
    interactive: { type: "boolean", doc: "then send the lines of standard input" },
    ...reachOptions,
    ...dnsOptions,
  },
  async run(args, output) {
    const target = hostPortOf(args.positionals[0] ?? "");
    const wish = await wishOf(args);
    const json = args.is("json");
    if (json && wish.interactive) throw new UsageError("--interactive is for people: leave --json out");
    const seen: Seen = { ...nothingSeen, transcript: [] };
    const show = (line: string) => {
      if (!json) output.out(line);
      if (/^[CS]: /.test(line)) seen.transcript.push(line);
    };
    try {
      await withResolver(args, (resolver) => look(target, wish, resolver, seen, show));
      seen.ok = true;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      seen.why = error.message;
      if (!json) output.error(error.message);
    }
    // RFC 1870 4: no fixed limit is written as 0.
    if (json) output.out(JSON.stringify(seen, (_key, value) => value === Infinity ? 0 : value));
    else if (seen.ok) summary(seen, output);
    return seen.ok ? 0 : 1;
  },
};

/** What was asked for. */
interface Wish {
  readonly mode: "auto" | "starttls" | "implicit" | "none";
  readonly tls: Omit<ClientTls, "serverName">;
  readonly serverName: string | undefined;
  readonly verify: boolean;
  readonly ehlo: string;
  readonly credentials: { readonly username: string; readonly password: string } | null;
  readonly interactive: boolean;
  readonly reach: ReachSettings;
}

/** What was seen, as far as it came. */
interface Seen {
  ok: boolean;
  why: string | null;
  host: string | null;
  remote: string | null;
  local: string | null;
  transcript: string[];
  tls: ShownTls | null;
  offers: Offers | null;
  signedInWith: string | null;
}

const nothingSeen: Seen = {
  ok: false,
  why: null,
  host: null,
  remote: null,
  local: null,
  transcript: [],
  tls: null,
  offers: null,
  signedInWith: null,
};

async function wishOf(args: Arguments): Promise<Wish> {
  const mode = args.text("tls");
  if (mode !== "auto" && mode !== "starttls" && mode !== "implicit" && mode !== "none") {
    throw new UsageError(`there is no mode '${mode}' of TLS: say auto, starttls, implicit or none`);
  }
  const trusted = await trustedBy(args);
  const [min, max] = [versionOf(args.text("minversion")), versionOf(args.text("maxversion"))];
  const alpn = args.text("alpn")?.split(",");
  return {
    mode,
    tls: {
      unverified: true,
      ...(trusted === undefined ? {} : { trusted }),
      ...(min === undefined ? {} : { minVersion: min }),
      ...(max === undefined ? {} : { maxVersion: max }),
      ...(alpn === undefined ? {} : { alpn }),
    },
    serverName: args.text("servername"),
    verify: args.is("verify"),
    ehlo: ehloOf(args),
    credentials: await credentialsOf(args),
    interactive: args.is("interactive"),
    reach: reachSettings(args),
  };
}

function versionOf(text: string | undefined): "TLSv1.2" | "TLSv1.3" | undefined {
  if (text === undefined || text === "TLSv1.2" || text === "TLSv1.3") return text;
  throw new UsageError(`'${text}' is no version of TLS that is known here: say TLSv1.2 or TLSv1.3`);
}

async function credentialsOf(args: Arguments): Promise<Wish["credentials"]> {
  const [username, file] = [args.text("user"), args.text("password-file")];
  if ((username === undefined) !== (file === undefined)) {
    throw new UsageError("--user and --password-file go together: a password has no place on a command line");
  }
  if (username === undefined || file === undefined) return null;
  return { username, password: (await readFile(file)).split(/\r?\n/, 1)[0] ?? "" };
}

/** @throws {CommandError} */
async function look(
  target: HostPort,
  wish: Wish,
  resolver: Resolver,
  seen: Seen,
  show: (line: string) => void,
) {
  const { transport, host } = await connect(target, wish, resolver, show);
  try {
    seen.host = host;
    seen.remote = shownAddress(transport.remote.address, transport.remote.port);
    seen.local = transport.local.address;
    show(`connected to ${host} at ${seen.remote}, from ${seen.local}`);
    const dialogue = new SmtpDialogue(transport, show, wish.reach.timeoutMs);
    const secured = () => {
      if (transport.tls === null) return;
      seen.tls = shownTls(transport.tls, transport.serverProof);
      for (const line of tlsLines(seen.tls, systemClock.now())) show(line);
      if (wish.verify && seen.tls.problem !== null) {
        throw new CommandError(`TLS proves nothing: ${seen.tls.problem}`);
      }
    };
    secured();
    const greeting = await dialogue.reply();
    if (greeting.code !== 220) throw new CommandError("the server takes no mail now");
    seen.offers = await dialogue.hello(wish.ehlo);
    if (transport.tls === null && wish.mode !== "none") {
      if (seen.offers.startTls) {
        await dialogue.startTls(clientTls(wish, host));
        secured();
        seen.offers = await dialogue.hello(wish.ehlo); // RFC 3207 4.2: what it said before counts no more.
      } else if (wish.mode === "starttls" || wish.verify) {
        throw new CommandError("the server does not offer STARTTLS");
      }
    }
    if (wish.credentials !== null) {
      const isProved = seen.tls?.problem === null;
      seen.signedInWith = await dialogue.signIn(wish.credentials, seen.offers, isProved);
    }
    if (wish.interactive) await interact(dialogue, Deno.stdin.readable);
    await dialogue.quit();
  } finally {
    transport.destroy();
  }
}

/** To the host itself, or to the first of a domain's hosts that answers. @throws {CommandError} */
async function connect(
  target: HostPort,
  wish: Wish,
  resolver: Resolver,
  show: (line: string) => void,
): Promise<{ transport: DialedTransport; host: string }> {
  const port = target.port ?? 25;
  const implicit = wish.mode === "implicit" || wish.mode === "auto" && port === 465;
  let hosts = [target.host];
  if (target.port === null && !target.isAddress) {
    const found = await mailHosts(target.host, resolver);
    if (found.hosts.length === 0) throw new CommandError(found.why);
    show(found.why);
    hosts = [...found.hosts];
  }
  let last: CommandError | null = null;
  for (const host of hosts) {
    const { addresses, why } = await addressesOf({ host, isAddress: target.isAddress }, resolver);
    show(why);
    if (addresses.length === 0) {
      last = new CommandError(why);
      continue;
    }
    try {
      const tls = implicit ? clientTls(wish, host) : undefined;
      return { transport: await reach(addresses, port, wish.reach, tls, show), host };
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      last = error;
    }
  }
  throw last ?? new CommandError("there is no host");
}

function clientTls({ tls, serverName }: Wish, host: string): ClientTls {
  return { ...tls, serverName: serverName ?? asciiDomain(host) };
}

function summary({ host, tls, offers, signedInWith }: Seen, output: Output): void {
  const words = offers === null ? [] : extensions(offers);
  const secured = tls === null
    ? "without TLS"
    : tls.problem === null
    ? "over TLS that proves who it is"
    : "over TLS that does not prove who it is";
  const as = signedInWith === null ? "" : `, signed in with ${signedInWith}`;
  output.out(
    `${host} takes mail ${secured}${as}; it offers ${
      words.length === 0 ? "no extensions" : words.join(", ")
    }`,
  );
}

function extensions(offers: Offers): string[] {
  const { size, mechanisms, limits } = offers;
  const words: [boolean, string][] = [
    [offers.pipelining, "PIPELINING"],
    [size !== null, size === Infinity ? "SIZE" : `messages of up to ${size} octets (SIZE)`],
    [offers.eightBit, "8BITMIME"],
    [offers.smtpUtf8, "SMTPUTF8"],
    [offers.chunking, "CHUNKING"],
    [offers.dsn, "DSN"],
    [offers.requireTls, "REQUIRETLS"],
    [offers.startTls, "STARTTLS"],
    [mechanisms.length > 0, `signing in with ${mechanisms.join(" ")} (AUTH)`],
    [Object.values(limits).some((one) => one !== null), "LIMITS"],
  ];
  return words.filter(([isOffered]) => isOffered).map(([, word]) => word);
}
