/**
 * Against servers that others wrote: an authoritative one (NSD) with a signed zone, a recursive one that validates
 * (Unbound), and what `dig` reads of the same answers. Skipped where one of them is not
 * installed, or Unbound does not start.
 *
 * @module
 */
import assert from "node:assert/strict";
import { hex } from "../base/bytes.ts";
import { silentLog } from "../base/log.ts";
import { writeData } from "../dns/rdata.ts";
import { parseData } from "../dns/rdata_text.ts";
import { type RecordType, typeNumbers } from "../dns/record.ts";
import type { Answer } from "../dns/resolver.ts";
import { freePorts } from "../../tests/support/server.ts";
import { findUnbound, listens } from "../../tests/support/unbound.ts";
import { makeResolver } from "./resolver.ts";
import { systemClock } from "./system_clock.ts";

const tools = ["nsd", "unbound", "dig", "ldns-keygen", "ldns-signzone"];
const missing = tools.filter((tool) => !isInstalled(tool));
const unboundHere = missing.length === 0 ? await findUnbound() : null;
const ready = unboundHere !== null && unboundHere.program !== null;
const reason = unboundHere?.why ?? `${missing.join(", ")} not installed`;
const why = ready ? "" : ` (skipped: ${reason})`;

function isInstalled(tool: string): boolean {
  const folders = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];
  return folders.some((folder) => {
    try {
      return Deno.statSync(`${folder}/${tool}`).isFile;
    } catch {
      return false;
    }
  });
}

const long = "x".repeat(255);
const records = `
@ SOA ns hostmaster 1 3600 600 86400 300
@ NS ns
@ MX 10 mail
@ MX 0 .
@ TXT "v=spf1 -all" "second \\"string\\" \\\\ \\195\\164\\000"
@ CAA 128 issue "ca.example; policy=ev"
ns A 127.0.0.1
mail A 192.0.2.1
mail AAAA 2001:db8::1
mail AAAA ::ffff:192.0.2.1
_25._tcp.mail TLSA 3 1 1 0d6fce3f0d6fce3f0d6fce3f0d6fce3f0d6fce3f0d6fce3f0d6fce3f0d6fce3f
_imaps._tcp SRV 0 1 993 mail
www HTTPS 1 . alpn=h2,http/1.1 port=8443 ipv4hint=192.0.2.1
alias CNAME alias2
alias2 CNAME mail
away DNAME there
x.there A 192.0.2.2
*.wild A 192.0.2.3
a\\.b A 192.0.2.4
\\195\\164 PTR mail
sub NS ns.sub
sub DS 60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118
ns.sub A 192.0.2.5
long TXT ${Array.from({ length: 12 }, () => `"${long}"`).join(" ")}
`;

async function run(folder: string, command: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, cwd: folder }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${text.decode(stderr)}`);
  return text.decode(stdout);
}

interface Peers extends AsyncDisposable {
  readonly folder: string;
  readonly nsd: number;
  readonly unbound: number;
}

/** The second is signed by another key than is trusted, the third by none. */
const zones = ["signed", "forged", "plain"];

/** Writes and signs the zones; the trust anchors that a validating server is to have. */
async function writeZones(folder: string): Promise<string[]> {
  const anchors: string[] = [];
  for (const zone of zones) {
    await Deno.writeTextFile(`${folder}/${zone}`, `$ORIGIN ${zone}.example.\n$TTL 300\n${records}`);
    if (zone === "plain") continue;
    const key = (await run(folder, "ldns-keygen", "-a", "ECDSAP256SHA256", "-k", `${zone}.example`)).trim();
    await run(folder, "ldns-signzone", zone, key);
    await Deno.rename(`${folder}/${zone}.signed`, `${folder}/${zone}`);
    const ds = await Deno.readTextFile(`${folder}/${key}.ds`);
    anchors.push(zone === "signed" ? ds.trim() : `${zone}.example. DS 1 13 2 ${"ab".repeat(32)}`);
  }
  return anchors.map((anchor) => anchor.replace(/\s+/g, " "));
}

const nsdSettings = (folder: string, port: number) =>
  `server:
  ip-address: 127.0.0.1@${port}
  username: ""
  zonesdir: "${folder}"
  database: ""
  pidfile: ""
  xfrdfile: "${folder}/xfrd"
  xfrdir: "${folder}"
  zonelistfile: "${folder}/zones"
  server-count: 1
remote-control:
  control-enable: no
${zones.map((zone) => `zone:\n  name: ${zone}.example\n  zonefile: ${zone}\n`).join("")}`;

const unboundSettings = (folder: string, port: number, nsd: number, anchors: readonly string[]) =>
  `server:
  interface: 127.0.0.1@${port}
  port: ${port}
  username: ""
  chroot: ""
  pidfile: ""
  directory: "${folder}"
  use-syslog: no
  do-not-query-localhost: no
  ede: yes
  num-threads: 1
${anchors.map((anchor) => `  trust-anchor: "${anchor}"\n`).join("")}remote-control:
  control-enable: no
${zones.map((zone) => `stub-zone:\n  name: ${zone}.example\n  stub-addr: 127.0.0.1@${nsd}\n`).join("")}`;

async function startPeers(): Promise<Peers> {
  const folder = await Deno.makeTempDir({ prefix: "mailden-test-" });
  const anchors = await writeZones(folder);
  const [nsd = 0, unbound = 0] = freePorts(2);
  await Deno.writeTextFile(`${folder}/nsd.conf`, nsdSettings(folder, nsd));
  await Deno.writeTextFile(`${folder}/unbound.conf`, unboundSettings(folder, unbound, nsd, anchors));
  const processes = ["nsd", "unbound"].map((name) => {
    const args = ["-d", "-c", `${name}.conf`];
    return new Deno.Command(name, { args, cwd: folder, stdout: "null", stderr: "null" }).spawn();
  });
  for (const [i, port] of [nsd, unbound].entries()) {
    const process = processes[i];
    assert.ok(process !== undefined && await listens(port, process), `${port} is not listened on`);
    // Where nobody listens, all of dig's tries are over at once.
    await run(folder, "dig", ...digArgs(port), "+tries=20", "+time=1", "signed.example.", "SOA");
  }
  return {
    folder,
    nsd,
    unbound,
    [Symbol.asyncDispose]: async () => {
      for (const process of processes) process.kill("SIGTERM");
      await Promise.all(processes.map((process) => process.status));
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const digArgs = (
  port: number,
) => ["@127.0.0.1", "-p", `${port}`, "+noall", "+answer", "+ttlid", "+norecurse"];

/** What dig reads: the data of each record of that type, as octets and as text. */
async function dig(
  peers: Peers,
  name: string,
  type: RecordType,
): Promise<[octets: string[], texts: string[]]> {
  const lines = async (...more: string[]) => {
    const text = await run(peers.folder, "dig", ...digArgs(peers.nsd), ...more, name, type);
    const fields = text.split("\n").filter((line) => line !== "").map((line) => line.split(/\s+/));
    const ours = fields.filter(([, , , its]) => its === type || its === `TYPE${typeNumbers[type]}`);
    return ours.map((line) => line.slice(4));
  };
  const octets = (await lines("+unknownformat")).map((words) => words.slice(2).join("").toLowerCase());
  return [octets.sort(), (await lines()).map((words) => words.join(" "))];
}

const questions: [name: string, type: RecordType][] = [
  ["signed.example.", "SOA"],
  ["signed.example.", "NS"],
  ["signed.example.", "MX"],
  ["signed.example.", "TXT"],
  ["signed.example.", "CAA"],
  ["signed.example.", "DNSKEY"],
  ["signed.example.", "RRSIG"],
  ["signed.example.", "NSEC"],
  ["mail.signed.example.", "A"],
  ["mail.signed.example.", "AAAA"],
  ["_25._tcp.mail.signed.example.", "TLSA"],
  ["_imaps._tcp.signed.example.", "SRV"],
  ["www.signed.example.", "HTTPS"],
  ["alias.signed.example.", "CNAME"],
  ["away.signed.example.", "DNAME"],
  ["a\\.b.signed.example.", "A"],
  ["\\195\\164.signed.example.", "PTR"],
  ["any.wild.signed.example.", "A"],
  ["sub.signed.example.", "DS"],
  ["long.signed.example.", "TXT"],
];

async function readLikeDig(peers: Peers): Promise<void> {
  const servers = [{ address: "127.0.0.1", port: peers.nsd, trusted: false }];
  const resolver = makeResolver({ servers, mode: "trust-ad", clock: systemClock, log: silentLog });
  for (const [name, type] of questions) {
    const answer: Answer = await resolver.lookup(name, type);
    assert.equal(answer.status, "found", `${name} ${type}: ${answer.why}`);
    const ours = answer.records.map((data) => hex(writeData(type, data)));
    const [octets, texts] = await dig(peers, name, type);
    assert.deepEqual(ours.toSorted(), octets, `${name} ${type}`);
    if (type === "HTTPS") continue; // Of parameters, only numbers are read.
    const read = texts.map((text) => hex(writeData(type, parseData(type, text))));
    assert.deepEqual(read.toSorted(), octets, `${name} ${type} as text`);
  }
  await resolver.close();
}

const outcomes: [name: string, type: RecordType, status: string, canonicalName: string, security: string][] =
  [
    ["mail.signed.example.", "A", "found", "mail.signed.example.", "secure"],
    ["alias.signed.example.", "A", "found", "mail.signed.example.", "secure"],
    ["x.away.signed.example.", "A", "found", "x.there.signed.example.", "secure"],
    ["any.wild.signed.example.", "A", "found", "any.wild.signed.example.", "secure"],
    ["mail.signed.example.", "MX", "noData", "mail.signed.example.", "secure"],
    ["nobody.signed.example.", "A", "noSuchDomain", "nobody.signed.example.", "secure"],
    ["long.signed.example.", "TXT", "found", "long.signed.example.", "secure"],
    ["mail.plain.example.", "A", "found", "mail.plain.example.", "insecure"],
    ["nobody.plain.example.", "A", "noSuchDomain", "nobody.plain.example.", "insecure"],
    ["mail.forged.example.", "A", "failed", "mail.forged.example.", "bogus"],
  ];

async function trustUnbound(peers: Peers): Promise<void> {
  const servers = [{ address: "127.0.0.1", port: peers.unbound, trusted: true }];
  const resolver = makeResolver({ servers, mode: "trust-ad", clock: systemClock, log: silentLog });
  for (const [name, type, ...expected] of outcomes) {
    const { status, canonicalName, security, why } = await resolver.lookup(name, type);
    assert.deepEqual([status, canonicalName, security], expected, `${name} ${type}: ${why}`);
  }
  await resolver.close();
}

Deno.test({
  name: `other people's servers are read like dig reads them, and their AD bit is understood${why}`,
  ignore: !ready,
  fn: async (t) => {
    await using peers = await startPeers();
    await t.step("an authoritative server, every type", () => readLikeDig(peers));
    await t.step("a recursive server that validates", () => trustUnbound(peers));
  },
});
