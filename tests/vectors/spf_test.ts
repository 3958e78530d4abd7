/**
 * The openspf.org test suite for RFC 7208 (`spf/LICENSE`), release 2014.04, all of it; as JSON, without its comments.
 *
 * Its rules: a TXT record that is not written stands for the SPF record of the same name; `TIMEOUT` is a name that
 * nobody answers for, with records in front of it, only for what has none.
 *
 * @module
 */
import assert from "node:assert/strict";
import { latin1 } from "../../src/base/bytes.ts";
import { parseIp } from "../../src/base/ip_address.ts";
import type { DataByType, RecordType } from "../../src/dns/record.ts";
import { type Entry, type Zone, ZoneResolver } from "../../src/dns/testing/zone_resolver.ts";
import { checkHost } from "../../src/spf/check_host.ts";

type Written = readonly [type: string, value: null | string | readonly string[] | readonly [number, string]];

interface Suite {
  readonly description: string;
  readonly zone: Readonly<Record<string, readonly Written[]>>;
  readonly tests: readonly {
    readonly name: string;
    readonly description: string;
    readonly helo: string;
    readonly ip: string;
    readonly from: string;
    readonly results: readonly string[];
    readonly explanation: string | null;
  }[];
}

const suites: readonly Suite[] = JSON.parse(
  await Deno.readTextFile(new URL("spf/rfc7208.json", import.meta.url)),
);

const types = ["A", "AAAA", "MX", "TXT", "PTR", "CNAME"] as const satisfies readonly RecordType[];

function entryOf(written: readonly Written[]): Entry {
  const hasTxt = written.some(([type]) => type === "TXT");
  const records: { [T in RecordType]?: DataByType[T][] } = {};
  for (const [type, value] of written) {
    if (type === "TIMEOUT") continue;
    const texts = typeof value === "string" ? [value] : Array.isArray(value) ? value.map(String) : [];
    switch (type) {
      case "A":
      case "AAAA":
        (records[type] ??= []).push({ address: texts[0] ?? "" });
        break;
      case "MX":
        (records.MX ??= []).push({ preference: Number(texts[0]), exchange: absolute(texts[1] ?? "") });
        break;
      case "PTR":
      case "CNAME":
        (records[type] ??= []).push({ target: absolute(texts[0] ?? "") });
        break;
      default:
        if (type === "SPF" && hasTxt || texts[0] === "NONE") break;
        (records.TXT ??= []).push({ strings: texts.map((text) => latin1(text)) });
    }
  }
  if (!written.some(([type]) => type === "TIMEOUT")) return { records };
  const failing = types.filter((type) => records[type] === undefined);
  return { records, failures: Object.fromEntries(failing.map((type) => [type, "timeout" as const])) };
}

const absolute = (name: string) => name === "" ? "." : `${name}.`;

for (const suite of suites) {
  const zone: Zone = Object.fromEntries(
    Object.entries(suite.zone).map((
      [name, written],
    ) => [name.toLowerCase().replaceAll(" ", "\\032"), entryOf(written)]),
  );
  for (const test of suite.tests) {
    Deno.test(`SPF suite, ${suite.description}: ${test.name}`, async () => {
      const ip = parseIp(test.ip);
      assert.ok(ip !== null);
      const at = test.from.lastIndexOf("@");
      const result = await checkHost({
        ip,
        domain: test.from === "" ? test.helo : test.from.slice(at + 1),
        local: test.from === "" ? null : test.from.slice(0, Math.max(at, 0)),
        helo: test.helo,
        receiver: "receiver.example.org",
      }, { resolver: new ZoneResolver(zone), now: 1_700_000_000_000 });
      assert.ok(test.results.includes(result.status), `${result.status}, not ${test.results}: ${result.why}`);
      if (test.explanation === "DEFAULT") assert.equal(result.explanation, null);
      else if (test.explanation !== null) assert.equal(result.explanation, test.explanation);
    });
  }
}

Deno.test("SPF suite: all of it is there", () => {
  assert.equal(suites.reduce((sum, { tests }) => sum + tests.length, 0), 200);
});
