/**
 * The commands that ask the DNS, as they are typed, against a server on loopback: their words, exit codes and JSON.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { DataByType, RecordType } from "../../src/dns/record.ts";
import { typeNumbers } from "../../src/dns/record.ts";
import { makeWorld } from "../../src/dns/testing/signed_world.ts";
import { recurse } from "../../src/dns/testing/zone_servers.ts";
import { txt } from "../../src/dns/testing/zone_resolver.ts";
import { printAnchors } from "../../src/dns/trust_anchors.ts";
import { type DnsServer, record, soa, startDnsServer } from "../support/dns_server.ts";
import { mailden } from "../support/server.ts";
import { run } from "../support/scenario.ts";

/** Names without final dot. */
type Records = Readonly<Record<string, { readonly [T in RecordType]?: readonly DataByType[T][] }>>;

/** A recursive server of a few names, unsigned. */
function serverOf(records: Records): Promise<DnsServer> {
  return startDnsServer(({ name, type }) => {
    const entry = records[name.toLowerCase().slice(0, -1)];
    if (entry === undefined) return { rcode: 3, authorities: [soa("example.")] };
    const answers = (Object.keys(entry) as RecordType[]).filter((each) => typeNumbers[each] === type)
      .flatMap((each) => (entry[each] ?? []).map((data) => record(name, each, data)));
    return answers.length > 0 ? { answers } : { authorities: [soa("example.")] };
  });
}

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("dns lookup proves what is secure, insecure and bogus, and shows the chain", async () => {
  const world = makeWorld(Date.now());
  const server = await startDnsServer(({ name, type }) => recurse(world.zones, name, type));
  const dns = `${server.address}:${server.port}`;
  await withFolder(async (folder) => {
    const anchors = `${folder}/anchors`;
    await Deno.writeTextFile(anchors, printAnchors({ digests: world.anchors, keys: [] }));
    const lookup = (...args: string[]) =>
      mailden("dns", "lookup", "--dns", dns, `--anchors=${anchors}`, ...args);
    const [secure, insecure, bogus] = await Promise.all([
      lookup("--verbose", "MX", "nsec.test"),
      lookup("A", "mx.plaintop"),
      lookup("--json", "A", "expired.faults.test"),
    ]);
    assert.equal(secure.code, 0, secure.stderr);
    assert.match(secure.stdout, /^nsec\.test\. MX: secure, \d+ s\n {2}10 mx\.nsec\.test\.\n/);
    assert.match(secure.stdout, /^secure +zone \./m);
    assert.match(secure.stdout, /^secure +zone test\./m);
    assert.match(secure.stdout, /signed by \d+ ECDSAP256SHA256, \d{4}-\d\d-\d\d to/);
    assert.equal(insecure.code, 0, insecure.stderr);
    assert.match(insecure.stdout, /^mx\.plaintop\. A: insecure, /);
    assert.equal(bogus.code, 1);
    const { security, status, records, why } = JSON.parse(bogus.stdout);
    assert.deepEqual([security, status, records], ["bogus", "failed", []], why);
    assert.match(why, /expired/);
  });
  await server.close();
});

const records: Records = {
  "example.org": {
    TXT: txt("v=spf1 ip4:192.0.2.0/28 exp=why.example.org -all"),
    MX: [{ preference: 5, exchange: "." }],
  },
  "why.example.org": { TXT: txt("not from %{i}") },
  "evil.example.org": { TXT: txt("v=spf1 \x1b]0;owned\x07 -all") },
  "_dmarc.example.org": { TXT: txt("v=DMARC1; p=reject; rua=mailto:d@example.net") },
  "example.org._report._dmarc.example.net": { TXT: txt("v=DMARC1;") },
  "1.2.0.192.in-addr.arpa": { PTR: [{ target: "mx.example.org." }] },
  "mx.example.org": { A: [{ address: "192.0.2.1" }] },
  "2.0.0.127.bl.example": { A: [{ address: "127.0.0.2" }] },
  "9.2.0.192.bl.example": { A: [{ address: "127.0.0.4" }], TXT: txt("a bad neighbourhood") },
};

const calls: [args: string[], code: number, out: RegExp][] = [
  [["dns", "lookup", "MX", "example.org"], 0, /^example\.org\. MX: indeterminate, \d+ s\n {2}5 \.\n/],
  [["dns", "lookup", "A", "nobody.example"], 1, /^nobody\.example\. A: indeterminate, no such name\n/],
  [
    ["spf", "check", "a@example.org", "192.0.2.1"],
    0,
    /^spf: pass .*ip4:192\.0\.2\.0\/28 of example\.org matches\nReceived-SPF: pass/,
  ],
  [
    ["spf", "check", "example.org", "192.0.2.99"],
    1,
    /^spf: fail .*\nexample\.org explains: not from 192\.0\.2\.99\n/,
  ],
  [["spf", "lookup", "example.org"], 0, /^v=spf1 ip4:192\.0\.2\.0\/28 exp=why\.example\.org -all/],
  [["spf", "lookup", "mx.example.org"], 1, /^$/],
  [["spf", "lookup", "evil.example.org"], 1, /^v=spf1 \\u001b\]0;owned\\u0007 -all/],
  [
    ["dmarc", "lookup", "a.example.org"],
    0,
    /^v=DMARC1; ?p=reject.*\n.*\norganizational domain: example\.org/,
  ],
  [["dmarc", "checkreportaddrs", "example.org"], 0, /^rua=mailto:d@example\.net: authorized/],
  [["iprev", "192.0.2.1"], 0, /^iprev: pass/],
  [["iprev", "192.0.2.2"], 1, /^iprev: permerror/],
  [
    ["dnsbl", "check", "bl.example", "192.0.2.9"],
    1,
    /listed: .*127\.0\.0\.4.*\nbl\.example says: a bad neighbourhood/,
  ],
  [["dnsbl", "check", "bl.example", "192.0.2.1"], 0, /notListed/],
  [["dnsbl", "checkhealth", "bl.example"], 0, /healthy/],
  [["dnsbl", "checkhealth", "no.example"], 1, /broken/],
];

Deno.test("spf, dmarc, iprev and dnsbl say what they found, with exit codes and JSON", async () => {
  const server = await serverOf(records);
  const options = ["--mode", "off", "--dns", `${server.address}:${server.port}`];
  for (const [args, code, out] of calls) {
    const ran = await mailden(...args, ...options);
    assert.equal(ran.code, code, `${args.join(" ")}: ${ran.stdout}${ran.stderr}`);
    assert.match(ran.stdout, out, args.join(" "));
  }
  const { stdout } = await mailden("spf", "check", "--json", "example.org", "192.0.2.1", ...options);
  assert.equal(JSON.parse(stdout).status, "pass");
  await server.close();
});

Deno.test("a message is signed with a new key, verified by its published record, and judged by DMARC", async () => {
  await withFolder(async (folder) => {
    const key = `${folder}/a.key`;
    const message = `${folder}/a.eml`;
    const text = "From: <a@example.org>\nTo: <b@example.net>\nSubject: x\n\ntext\n";
    await Deno.writeTextFile(key, (await mailden("dkim", "gened25519")).stdout);
    const { stdout } = await mailden("dkim", "txt", "--json", "sel", "example.org", key);
    await Deno.writeTextFile(message, text);
    const signed = await mailden("dkim", "sign", "sel", "example.org", key, message);
    assert.match(signed.stdout, /^DKIM-Signature: v=1; /, signed.stderr);
    assert.doesNotMatch(signed.stdout, /\r/);
    await Deno.writeTextFile(message, text.replaceAll("\n", "\r\n"));
    const inCrlf = await mailden("dkim", "sign", "sel", "example.org", key, message);
    assert.doesNotMatch(inCrlf.stdout, /[^\r]\n/); // The line ends of the file that it goes in front of.
    await Deno.writeTextFile(message, signed.stdout + text);
    const server = await serverOf({
      ...records,
      "sel._domainkey.example.org": { TXT: txt(JSON.parse(stdout).text) },
      "tried._domainkey.example.org": { TXT: txt(`${JSON.parse(stdout).text}; t=y`) },
      "two._domainkey.example.org": {
        TXT: txt("v=spf1 -all", JSON.parse(stdout).text, `n=x; ${JSON.parse(stdout).text.slice(9)}`),
      },
    });
    const options = ["--mode", "off", "--dns", `${server.address}:${server.port}`];
    assert.match(
      (await mailden("dkim", "lookup", "sel", "example.org", ...options)).stdout,
      /a key of 256 bits/,
    );
    const several = await mailden("dkim", "lookup", "two", "example.org", ...options);
    assert.deepEqual([several.code, /a key of 256 bits[^]*should be one record/.test(several.stdout)], [
      0,
      true,
    ]);
    assert.doesNotMatch(several.stdout, /spf1/); // What is no key does not count beside one.
    const verified = await mailden("dkim", "verify", message, ...options);
    assert.match(verified.stdout, /^dkim: pass example\.org, selector sel, ed25519-sha256/, verified.stderr);
    const dmarc = await mailden(
      "dmarc",
      "verify",
      "198.51.100.1",
      "x@example.com",
      "mx.example.com",
      message,
      ...options,
    );
    assert.match(dmarc.stdout, /^dmarc: pass/, dmarc.stderr);
    assert.match((await mailden("arc", "verify", message, ...options)).stdout, /^arc: none/);
    await Deno.writeTextFile(message, signed.stdout + text.replace("text", "changed"));
    const changed = await mailden("dkim", "verify", message, ...options);
    assert.deepEqual([changed.code, changed.stdout.slice(0, 10)], [1, "dkim: fail"]);
    await Deno.writeTextFile(message, text);
    const tried = await mailden("dkim", "sign", "tried", "example.org", key, message);
    await Deno.writeTextFile(message, tried.stdout + text);
    const inTest = await mailden("dkim", "verify", message, ...options);
    assert.match(inTest.stdout, /^dkim: pass example\.org, selector tried, .*\(indeterminate, test mode\)/);
    const asJson = await mailden("dkim", "verify", message, "--json", ...options);
    assert.equal(JSON.parse(asJson.stdout)[0].testing, true);
    await server.close();
  });
});

Deno.test("that nobody answers is not told as that there is nothing", async () => {
  const server = await startDnsServer(() => ({ rcode: 2 }));
  const options = ["--mode", "off", "--dns", `${server.address}:${server.port}`];
  const { code, stderr } = await mailden("dmarc", "checkreportaddrs", "example.org", ...options);
  assert.deepEqual(
    [code, /^Nobody knows whether example\.org has a DMARC record/m.test(stderr)],
    [1, true],
    stderr,
  );
  await server.close();
});

const wrong: [args: string[], says: RegExp][] = [
  [["dns", "lookup", "MOO", "example.org"], /there is no type 'MOO': known are A, NS/],
  [["dns", "lookup", "A", "a..b"], /'a\.\.b' is no name/],
  [["dns", "lookup", "A", "example.org", "--dns", "localhost"], /'localhost' is no server: say 192\.0\.2\.1/],
  [["dns", "lookup", "A", "example.org", "--mode", "x"], /there is no mode 'x'/],
  [["spf", "parse", "v=spf1 moo"], /this is no SPF record: .*"moo"/],
  [["spf", "check", "example.org", "192.0.2"], /'192\.0\.2' is no IP address/],
  [["iprev", "localhost"], /is no IP address: write it as/],
  [
    ["dkim", "txt", "sel", "example.org", "/nowhere/a.key"],
    /\/nowhere\/a\.key cannot be read: there is no such file/,
  ],
  [["dkim", "verify", "/nowhere/a.eml"], /\/nowhere\/a\.eml cannot be read: there is no plain file/],
  [["dnsbl", "check", "bl", "192.0.2.1"], /'bl' is no domain of a list/],
];

Deno.test("wrong arguments are named with a remedy", async () => {
  for (const [args, says] of wrong) {
    const { code, stderr } = await mailden(...args);
    assert.ok(code > 0, args.join(" "));
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /\.ts:\d+/);
  }
});

Deno.test("a command that asks the network may neither write nor run anything, nor read what it was not given", async () => {
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const server = await startDnsServer(async () => {
    asked.resolve();
    await answered.promise;
    return { rcode: 3, authorities: [soa("example.")] };
  });
  const asking = mailden(
    "dns",
    "lookup",
    "A",
    "example.org",
    "--mode",
    "off",
    "--dns",
    `127.0.0.1:${server.port}`,
  );
  await asked.promise;
  // While it waits, what it was started with stands in the process table.
  const { stdout } = await run("ps", ["-eo", "args"]);
  answered.resolve();
  await asking;
  await server.close();
  const line = stdout.split("\n").find((each) =>
    each.includes("--allow-net") && each.includes(String(server.port))
  );
  assert.match(line ?? "", / --allow-net --allow-read=\/etc\/resolv\.conf \S*main\.ts /);
  assert.doesNotMatch(line ?? "", /--allow-(write|run|env|ffi|sys|all)|-A /);
});
