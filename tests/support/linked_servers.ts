/**
 * Servers that know each other by a DNS of signed zones: whole installations as `serve` runs them, each with a domain, a
 * certificate and a loopback address of its own, and what it takes to see from outside what became of mail.
 *
 * All take mail on the same port, each on its own address; users' services are on 127.0.0.1. The supervisor reads the
 * trust anchor where an administrator would put one: in `anchors.txt` of the data folder.
 *
 * @module
 */
import { createPrivateKey } from "node:crypto";
import { generateKey, recordOf } from "../../src/dkim/keys.ts";
import { makeRecord, readPublished } from "../../src/dane/make_record.ts";
import type { DataByType } from "../../src/dns/record.ts";
import { SignedZone } from "../../src/dns/testing/signed_zone.ts";
import { txt } from "../../src/dns/testing/zone_resolver.ts";
import { recurse } from "../../src/dns/testing/zone_servers.ts";
import { printAnchors } from "../../src/dns/trust_anchors.ts";
import { createSelfSigned, type PemPair } from "../../src/tls/self_signed.ts";
import { type DnsServer, startDnsServer } from "./dns_server.ts";
import { imap } from "./line_client.ts";
import { signedIn } from "./scenario.ts";
import { freePorts, makeFolder, type Ports, removeFolder, startServer, type TestServer } from "./server.ts";

/** One of them, before it runs. */
export interface LinkedServer {
  /** Of its domain: `alpha` is for alpha.test. */
  readonly name: string;
  readonly domain: string;
  /** Its only user. */
  readonly user: string;
  /** The name of its mail exchanger. */
  readonly host: string;
  readonly folder: string;
  readonly ports: Ports;
  readonly zone: SignedZone;
  /** The TLSA record that is right. */
  readonly tlsa: DataByType["TLSA"];
  /** Where TLSA records are. */
  readonly tlsaName: string;
}

/** The world that they live in. */
export interface LinkedWorld {
  readonly dns: DnsServer;
  /** Where all of them take mail. */
  readonly smtpPort: number;
  close(): Promise<void>;
}

/** What a test is called, and whether it can be: not every system has all of 127.0.0.0/8. */
export function linked(name: string): { readonly name: string; readonly ignore: boolean } {
  try {
    Deno.listen({ hostname: "127.0.0.2", port: 0 }).close();
    return { name, ignore: false };
  } catch {
    return { name: `${name} (skipped: 127.0.0.2 is no address of this machine)`, ignore: true };
  }
}

const day = 24 * 3600_000;

/** Seconds for which anybody keeps records that a test changes. */
const shortTtl = 1;

/** A certificate for a name. */
export function certificateFor(name: string): PemPair {
  return createSelfSigned({
    names: [name],
    notBefore: Date.now() - day,
    notAfter: Date.now() + day,
    serial: crypto.getRandomValues(new Uint8Array(8)).fill(1, 0, 1),
  });
}

const limits = `connectionsPerMinute = [1000000, 1000000, 1000000]
openConnections = [2000, 2000, 2000]
`;

/** A listener for mail from other servers. */
export function mailListener(name: string, address: string, port: number, more = ""): string {
  return `
[listeners.${name}]
addresses = ["${address}"]

[listeners.${name}.tls]
keyCerts = [{ certFile = "mx.crt", keyFile = "mx.key" }]

[listeners.${name}.smtp]
port = ${port}
${more}${limits}`;
}

function staticFile(host: string, address: string, dns: DnsServer, smtpPort: number, ports: Ports): string {
  return `hostname = "${host}"
dataDir = "data"
logLevel = "info"

[dns]
mode = "validate"
servers = ["${dns.address}:${dns.port}"]

[queue]
port = ${smtpPort}
privateAddresses = true
maxAttempts = 30
${mailListener("public", address, smtpPort)}
[listeners.users]
addresses = ["127.0.0.1"]

[listeners.users.tls]
keyCerts = [{ certFile = "localhost.crt", keyFile = "localhost.key" }]

[listeners.users.submission]
port = ${ports.submission}
noRequireStartTls = true
${limits}
[listeners.users.submissions]
port = ${ports.submissions}
${limits}
[listeners.users.imap]
port = ${ports.imap}
noRequireStartTls = true
${limits}`;
}

function domainsFile(domain: string): string {
  return `[domains."${domain}"]

[domains."${domain}".dkim]
sign = ["s"]

[domains."${domain}".dkim.selectors.s]
privateKeyFile = "s.key"

[accounts.mailden]
domain = "${domain}"

[accounts.mailden.destinations]
"you@${domain}" = {}
`;
}

/** Makes a world with these servers, which do not run yet, by names and addresses. */
export async function makeLinkedServers<N extends string>(
  addresses: Readonly<Record<N, string>>,
): Promise<{ readonly world: LinkedWorld; readonly servers: Readonly<Record<N, LinkedServer>> }> {
  const now = Date.now();
  const root = new SignedZone(".", { now, server: "198.51.100.1" });
  const test = new SignedZone("test.", { now, server: "198.51.100.2" });
  root.delegate(test);
  const zones = [root, test];
  const dns = await startDnsServer(({ name, type }) => recurse(zones, name, type));
  const [smtpPort = 0] = freePorts(1);
  const anchors = printAnchors({ digests: root.ds().map((ds) => ({ zone: ".", ds })), keys: [] });
  const make = async ([name, address]: [string, string]): Promise<[string, LinkedServer]> => {
    const domain = `${name}.test`;
    const host = `mx.${domain}`;
    const zone = new SignedZone(`${domain}.`, { now, server: address });
    const made = await makeFolder();
    const pair = certificateFor(host);
    const key = generateKey("ed25519");
    const tlsa = makeRecord({ usage: 3, selector: 1, matchingType: 1 }, readPublished(pair.chainPem));
    const tlsaName = `_${smtpPort}._tcp.mx`;
    const text = (value: string) => txt(value)[0] ?? { strings: [] };
    zone.add("@", "MX", { preference: 10, exchange: zone.absolute("mx") })
      .add("mx", "A", { address })
      .add(tlsaName, "TLSA", tlsa, shortTtl)
      // Linux comes to all of loopback from 127.0.0.1, gVisor from the address that it goes to.
      .add("@", "TXT", text("v=spf1 ip4:127.0.0.0/8 -all"))
      .add("s._domainkey", "TXT", text(recordOf(createPrivateKey(key))))
      .add("_dmarc", "TXT", text("v=DMARC1; p=reject"));
    zones.push(zone);
    test.delegate(zone);
    // Which gives the account its well-known password.
    await (await startServer("localserve", made)).stop();
    const write = (file: string, content: string, mode = 0o600) =>
      Deno.writeTextFile(`${made.folder}/${file}`, content, { mode });
    await Promise.all([
      write("mx.crt", pair.chainPem),
      write("mx.key", pair.keyPem),
      write("data/dkim/s.key", key),
      write("data/anchors.txt", anchors),
      write("mailden.toml", staticFile(host, address, dns, smtpPort, made.ports)),
      write("domains.toml", domainsFile(domain)),
    ]);
    return [name, { ...made, name, domain, user: `you@${domain}`, host, zone, tlsa, tlsaName }];
  };
  const made = await Promise.all(Object.entries<string>(addresses).map(make));
  const close = async () => {
    await dns.close();
    for (const [, { folder }] of made) await removeFolder(folder);
  };
  return {
    world: { dns, smtpPort, close },
    servers: Object.fromEntries(made) as Record<N, LinkedServer>, // One for each name.
  };
}

/** Looks again and again until there is something to see. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null> | T | null,
  ms = 15_000,
): Promise<T> {
  for (const end = performance.now() + ms;;) {
    const seen = await look();
    if (seen !== null) return seen;
    if (performance.now() > end) throw new Error(`it never came to ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The messages of a user's inbox whose text holds all of these words, as they are. */
export async function found(server: LinkedServer, ...words: readonly string[]): Promise<string[]> {
  const client = await signedIn(server, server.user);
  try {
    await imap(client, "s", "EXAMINE INBOX");
    const fetched = await imap(client, "f", "UID FETCH 1:* (BODY.PEEK[])");
    return fetched.filter((line) => line.startsWith("* ") && / FETCH \(/.test(line))
      .map((line) => line.slice(line.indexOf("\r\n") + 2, line.lastIndexOf(")")))
      .filter((text) => words.every((word) => text.includes(word)));
  } finally {
    client.close();
  }
}

/** The first message that {@link found} finds, as soon as there is one. */
export async function arrived(
  server: LinkedServer,
  running: TestServer,
  ...words: readonly string[]
): Promise<string> {
  try {
    return await until(`a message with ${words}`, async () => (await found(server, ...words))[0] ?? null);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}:\n${running.printed()}`);
  }
}
