/**
 * SPF records of any kind: read or refused, printed as what is read again as the same, and evaluated within limits.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseIp } from "../../src/base/ip_address.ts";
import { txt, ZoneResolver } from "../../src/dns/testing/zone_resolver.ts";
import { checkHost } from "../../src/spf/check_host.ts";
import { printReceivedSpf } from "../../src/spf/received_spf.ts";
import { parseRecord, printRecord, type SpfRecord } from "../../src/spf/record.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;

const piece = fc.oneof(
  fc.constantFrom("all", "a", "mx", "ptr", "include:", "exists:", "ip4:", "ip6:", "redirect=", "exp=", "x=y"),
  fc.constantFrom(" ", " -", " ~", " ?", " +", ":", "/", "//", "=", ".", "%%", "%_", "%-", "%"),
  fc.constantFrom(
    "%{s}",
    "%{d2r}",
    "%{L1-}",
    "%{ir}",
    "%{p}",
    "%{h",
    "%{c}",
    "%{o0}",
    "%{v}.",
    "%{l2.-+,/_=}",
  ),
  fc.constantFrom("example.org", "192.0.2.0", "2001:db8::", "24", "128", "0", "_spf", "x.y.z", "1.2"),
  fc.string({ maxLength: 3 }),
);
const record = fc.array(piece, { maxLength: 25 }).map((pieces) => `v=spf1 ${pieces.join("")}`);

function read(text: string): SpfRecord | null {
  try {
    return parseRecord(text);
  } catch (error) {
    assert.ok(error instanceof SyntaxError);
    return null;
  }
}

Deno.test("fuzz: SPF records are read as they are printed, and evaluated within limits", async () => {
  const ip = parseIp("192.0.2.1") ?? assert.fail();
  await fc.assert(
    fc.asyncProperty(record, record, fc.string({ maxLength: 8 }), async (text, other, helo) => {
      const parsed = read(text);
      if (parsed !== null) {
        const printed = printRecord(parsed);
        assert.equal(printRecord(parseRecord(printed)), printed);
      }
      const resolver = new ZoneResolver({
        "example.org": { records: { TXT: txt(text), A: [{ address: "192.0.2.9" }] } },
        "x.y.z": { records: { TXT: txt(other) } },
      });
      const request = { ip, domain: "example.org", local: helo, helo, receiver: "here.example" };
      const result = await checkHost(request, { resolver, now: 0 });
      assert.ok(resolver.asked.length < 300, `${resolver.asked.length} lookups`);
      const field = printReceivedSpf(result, {
        identity: "mailfrom",
        ip,
        from: helo,
        helo,
        receiver: "here.example",
      });
      for (const line of field.split("\r\n").slice(1, -1)) assert.match(line, /^\t[^\r\n]*;$/);
    }),
    { seed, numRuns: Infinity, interruptAfterTimeLimit: seconds * 1000 },
  );
});
