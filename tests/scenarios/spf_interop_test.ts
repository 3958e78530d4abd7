/**
 * SPF with pyspf: records, networks and macros made by chance, of which both must say the same.
 *
 * Left out is what pyspf does otherwise than RFC 7208: it lets no modifier come twice, counts a `redirect` that it does
 * not follow and each void question, keeps delimiters of macros but `l` and `s`, and makes errors of a `ptr` errors of
 * the check. Skipped where Debian's python3-spf is absent.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseIp } from "../../src/base/ip_address.ts";
import { txt, type Zone, ZoneResolver } from "../../src/dns/testing/zone_resolver.ts";
import { checkHost } from "../../src/spf/check_host.ts";
import { reverseName } from "../../src/spf/reverse_name.ts";
import { fromFileUrl } from "../support/paths.ts";

const python = "/usr/bin/python3";

async function hasSpf(): Promise<boolean> {
  try {
    const args = ["-c", "import spf"];
    return (await new Deno.Command(python, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

const ready = await hasSpf();
const name = "pyspf says the same of SPF records made by chance";

interface Host {
  readonly TXT: readonly string[];
  readonly A: readonly string[];
  readonly AAAA: readonly string[];
  readonly MX: readonly (readonly [preference: number, exchange: string])[];
  readonly PTR: readonly string[];
}

interface Case {
  readonly ip: string;
  readonly from: string;
  readonly helo: string;
  readonly zone: Readonly<Record<string, Partial<Host>>>;
}

const ipv4 = ["192.0.2.1", "192.0.2.2", "198.51.100.7", "203.0.113.200"];
const ipv6 = ["2001:db8::1", "2001:db8:0:1::9", "2001:db8:ffff::1"];
const hosts = Array.from({ length: 6 }, (_, i) => `d${i}.example.org`);
const host = fc.constantFrom(...hosts);
const bits = fc.constantFrom("", "", "/0", "/8", "/24", "/31", "/32");
const bits6 = fc.constantFrom("", "", "/0", "/32", "/64", "/127", "/128");
const bothBits = fc.tuple(bits, bits6).map(([four, six]) => six === "" ? four : `${four}/${six}`);
/** Each address has a name, which may lead back to it. */
const names = Object.fromEntries([...ipv4, ...ipv6].map((address, i) => {
  const ip = parseIp(address) ?? assert.fail();
  return [reverseName(ip).slice(0, -1), { PTR: [hosts[i % hosts.length] ?? ""] }];
}));
const target = fc.oneof(
  fc.constantFrom(...hosts.map((each) => `:${each}`)),
  fc.constantFrom("", ":%{d}", ":%{o}"),
);

/** Terms of a host, which lead to hosts after it and so to an end. */
function term(index: number): fc.Arbitrary<string> {
  const later = hosts.slice(index + 1);
  const terms = [
    fc.tuple(fc.constantFrom(...ipv4, "10.0.0.0"), bits).map((each) => `ip4:${each.join("")}`),
    fc.tuple(fc.constantFrom(...ipv6, "::"), bits6).map((each) => `ip6:${each.join("")}`),
    fc.tuple(fc.constantFrom("a", "mx", "A"), target, bothBits).map((each) => each.join("")),
    fc.constantFrom(
      "all",
      "ptr",
      "exists:%{d}",
      "a:example.123",
      "a/33",
      "ip4:192.0.2",
      "moo",
      "include",
    ),
    ...(later.length === 0 ? [] : [fc.constantFrom(...later).map((each) => `include:${each}`)]),
  ];
  const qualifier = fc.constantFrom("", "-", "~", "?", "+");
  return fc.tuple(qualifier, fc.oneof(...terms)).map((each) => each.join(""));
}

function record(index: number): fc.Arbitrary<string> {
  const next = hosts[index + 1];
  const ends = ["", " -all", " ~all ", "  -all", ...(next === undefined ? [] : [` redirect=${next}`])];
  return fc.tuple(fc.array(term(index), { maxLength: 3 }), fc.constantFrom(...ends))
    .map(([terms, end]) => `${["v=spf1", ...terms].join(" ")}${end} exp=why.example.org`);
}

const macro = fc.oneof(
  fc.tuple(
    fc.constantFrom(..."lsLS"),
    fc.constantFrom("", "1", "2"),
    fc.constantFrom("", "r", "-", "r+", "=-"),
  ),
  fc.tuple(fc.constantFrom(..."odihvcrODIH"), fc.constantFrom("", "1", "2", "200"), fc.constantFrom("", "r")),
).map((each) => `%{${each.join("")}}`);
const explanation = fc.array(fc.oneof(macro, fc.constantFrom(" is ", "%_", "%-", ", no.")), { maxLength: 6 })
  .map((each) => `Why: ${each.join("")}.`);

const world = fc.tuple(
  explanation,
  ...hosts.map((_, index) =>
    fc.record({
      TXT: record(index).map((text) => [text]),
      A: fc.array(fc.constantFrom(...ipv4), { minLength: 1, maxLength: 2 }),
      AAAA: fc.array(fc.constantFrom(...ipv6), { minLength: 1, maxLength: 2 }),
      MX: fc.array(fc.tuple(fc.nat(9), host), { minLength: 1, maxLength: 3 }),
    })
  ),
).map(([why, ...all]) => ({
  ...names,
  "why.example.org": { TXT: [why] },
  ...Object.fromEntries(all.map((each, i) => [hosts[i], each])),
}));
const sender = fc.tuple(fc.constantFrom("", "a-b-c@", "x+y=z@"), host)
  .map(([local, domain]) => local === "" ? "" : local + domain);
const anyCase: fc.Arbitrary<Case> = fc.record({
  ip: fc.constantFrom(...ipv4, ...ipv6),
  from: sender,
  helo: host,
  zone: world,
});

async function ours({ ip: text, from, helo, zone: hosts }: Case): Promise<[string, string | null]> {
  const zone: Zone = Object.fromEntries(
    Object.entries(hosts).map(([name, { TXT = [], A = [], AAAA = [], MX = [], PTR = [] }]) => [name, {
      records: {
        TXT: txt(...TXT),
        A: A.map((address) => ({ address })),
        AAAA: AAAA.map((address) => ({ address })),
        MX: MX.map(([preference, exchange]) => ({ preference, exchange: `${exchange}.` })),
        PTR: PTR.map((target) => ({ target: `${target}.` })),
      },
    }]),
  );
  const at = from.lastIndexOf("@");
  const [local, domain] = from === "" ? [null, helo] : [from.slice(0, at), from.slice(at + 1)];
  const ip = parseIp(text) ?? assert.fail();
  const request = { ip, domain, local, helo, receiver: "here.example" };
  const { status, explanation } = await checkHost(request, { resolver: new ZoneResolver(zone), now: 0 });
  return [status, explanation];
}

Deno.test({
  name: ready ? name : `${name} (skipped: python3-spf is absent)`,
  ignore: !ready,
  async fn() {
    const cases = fc.sample(anyCase, { seed: 7208, numRuns: 2000 });
    const script = fromFileUrl(new URL("spf_peer.py", import.meta.url));
    const child = new Deno.Command(python, { args: [script], stdin: "piped", stdout: "piped" }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(JSON.stringify(cases)));
    await writer.close();
    const { stdout, success } = await child.output();
    assert.ok(success);
    const theirs: ([status: string, explanation: string | null] | null)[] = JSON.parse(
      new TextDecoder().decode(stdout),
    );
    assert.equal(theirs.length, cases.length);
    const seen = new Set<string>();
    for (const [i, one] of cases.entries()) {
      const answer = theirs[i] ?? null;
      if (answer === null) continue;
      const [status, text] = answer;
      const [ourStatus, ourText] = await ours(one);
      assert.equal(ourStatus, status, JSON.stringify(one));
      // An explanation of its own stands for none.
      const expected = text === "SPF fail - not authorized" ? null : text;
      assert.equal(ourText, expected, JSON.stringify(one));
      seen.add(status);
    }
    assert.deepEqual([...seen].sort(), ["fail", "neutral", "pass", "permerror", "softfail"]);
  },
});
