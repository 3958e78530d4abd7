/**
 * SPF records and macros of any kind: read or refused, printed as what is read again as the same, and evaluated within
 * limits, whatever the sender calls itself.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseIp } from "../../src/base/ip_address.ts";
import { nameFromText } from "../../src/dns/name.ts";
import { txt, type Zone, ZoneResolver } from "../../src/dns/testing/zone_resolver.ts";
import { checkHost, type SpfRequest } from "../../src/spf/check_host.ts";
import { nameOf } from "../../src/spf/domain_name.ts";
import { maxLookups, maxMxHosts, maxPtrNames } from "../../src/spf/lookups.ts";
import {
  expand,
  expandName,
  type MacroString,
  maxExplanation,
  maxNameLength,
  parseDomainSpec,
  parseExplanation,
  printMacro,
} from "../../src/spf/macro.ts";
import { printReceivedSpf } from "../../src/spf/received_spf.ts";
import { parseRecord, printRecord } from "../../src/spf/record.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5") / 2;
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const run = { seed, numRuns: 1e9, interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false };

const macro = fc.tuple(
  fc.constantFrom(..."slodiphcrtvSLODIPHCRTVx"),
  fc.constantFrom("", "", "1", "2", "0", "12", "99999999999999999999"),
  fc.constantFrom("", "r"),
  fc.constantFrom("", ".", "-", "-+", ".-+,/_=", "!"),
).map(([letter, digits, reverse, delimiters]) => `%{${letter}${digits}${reverse}${delimiters}}`);
const escape = fc.constantFrom("%%", "%_", "%-", "%", "%(", "%{", "}");
const text = fc.oneof(
  fc.constantFrom("example.org", ".example.org", "_spf", "x.y.z", ".", "1.2", ".com.", "a-b"),
  fc.string({ maxLength: 3 }),
);
const piece = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(" ", " -", " ~", " ?", " +", ":", "/", "//", "=", " -all", "  ") },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...[
        "all",
        "a",
        "mx",
        "ptr",
        "include:",
        "exists:",
        "ip4:",
        "ip6:",
        "redirect=",
        "exp=",
        "x=y",
        "PTR:",
        "A:",
      ],
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[
        "192.0.2.0",
        "::ffff:192.0.2.1",
        "2001:db8::",
        "::",
        "24",
        "128",
        "0",
        "032",
        "x.y.z",
        "example.org",
      ],
    ),
  },
  macro,
  escape,
  text,
);
const record = fc.array(piece, { maxLength: 25 }).map((pieces) => `v=spf1 ${pieces.join("")}`);
const macroText = fc.array(fc.oneof(macro, macro, escape, text), { maxLength: 12 }).map((each) =>
  each.join("")
);
const stranger = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom("a+b", "jürgen", "bücher.example", "mx.example.org", "[192.0.2.1]", "", "a.".repeat(200)),
);
const address = fc.constantFrom("192.0.2.1", "2001:db8::1", "::ffff:198.51.100.1")
  .map((each) => parseIp(each) ?? assert.fail());

function read<T>(parse: (text: string) => T, from: string): T | null {
  try {
    return parse(from);
  } catch (error) {
    assert.ok(error instanceof SyntaxError);
    return null;
  }
}

const names = Array.from({ length: maxPtrNames + 2 }, (_, i) => ({ target: `p${i}.example.org.` }));

function world(first: string, second: string): Zone {
  const hosts = {
    A: [{ address: "192.0.2.9" }],
    MX: [{ preference: 1, exchange: "p1.example.org." }, { preference: 2, exchange: "." }],
  };
  return {
    "example.org": { records: { TXT: txt(first), ...hosts } },
    "x.y.z": { records: { TXT: txt(second), ...hosts } },
    "1.2.0.192.in-addr.arpa": { records: { PTR: names } },
    "p1.example.org": { records: { A: [{ address: "192.0.2.1" }] } },
    "1.100.51.198.in-addr.arpa": { failures: { PTR: "timeout" } },
  };
}

Deno.test("fuzz: SPF records are read as they are printed, and evaluated within limits", async () => {
  await fc.assert(
    fc.asyncProperty(record, record, stranger, stranger, address, async (first, second, local, helo, ip) => {
      const parsed = read(parseRecord, first);
      if (parsed !== null) {
        const printed = printRecord(parsed);
        assert.equal(printRecord(parseRecord(printed)), printed);
      }
      const resolver = new ZoneResolver(world(first, second));
      const request: SpfRequest = { ip, domain: "example.org", local, helo, receiver: "here.example" };
      const result = await checkHost(request, { resolver, now: 0 });
      if (parsed === null) assert.equal(result.status, "permerror");
      assert.ok(result.lookups <= maxLookups);
      const most = 2 + maxLookups * (1 + maxMxHosts) + 1 + maxPtrNames;
      assert.ok(resolver.asked.length <= most, `${resolver.asked.length} questions`);
      if (result.explanation !== null) assert.ok(result.explanation.length <= maxExplanation);
      const from = `${local}@${helo}`;
      const field = printReceivedSpf(result, {
        identity: "mailfrom",
        ip,
        from,
        helo,
        receiver: "here.example",
      });
      assert.match(field, /^Received-SPF: [a-z]+ \([^\r\n]*\)(?:\r\n\t[a-z-]+=[^\r\n]*;)+\r\n$/);
      for (const line of field.split("\r\n")) assert.ok(new TextEncoder().encode(line).length <= 998);
    }),
    run,
  );
});

Deno.test("fuzz: macros are read as they are printed, and expand to names and ASCII", async () => {
  await fc.assert(
    fc.asyncProperty(macroText, stranger, stranger, fc.domain(), async (from, local, helo, domain) => {
      const values = {
        local,
        senderDomain: domain,
        domain,
        dottedIp: "192.0.2.1",
        readableIp: "192.0.2.1",
        version: 4,
        helo,
        receiver: "here.example",
        now: 0,
        validatedName: () => Promise.resolve("p1.example.org"),
      } as const;
      const again = (parse: (text: string) => MacroString) => {
        const parts = read(parse, from);
        if (parts !== null) assert.deepEqual(parse(printMacro(parts)), parts);
        return parts;
      };
      const spec = again(parseDomainSpec);
      const expanded = spec === null ? null : await expandName(spec, values);
      if (expanded !== null) {
        assert.ok(expanded.length <= maxNameLength);
        const whole = (await expand(spec ?? [], values)).replace(/\.$/, "");
        assert.ok(whole === expanded || whole.endsWith(`.${expanded}`));
        const name = nameOf(expanded);
        if (name !== null) assert.equal(nameFromText(name), name);
      }
      const explanation = again(parseExplanation);
      if (explanation !== null) {
        assert.ok((await expand(explanation, values, maxExplanation)).length <= maxExplanation);
      }
    }),
    run,
  );
});
