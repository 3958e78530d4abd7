/**
 * The validation half of ValiMail's ARC test suite (`arc/LICENSE`), of a draft that differs from RFC 8617 in small
 * ways. An empty `cv` is of the draft's time: the chain says itself that it is broken, which RFC 8617 5.2 makes
 * `fail`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ArcVerifier } from "../../src/arc/verify.ts";
import { utf8 } from "../../src/base/bytes.ts";
import { txt, type Zone, ZoneResolver } from "../../src/dns/testing/zone_resolver.ts";

interface Scenario {
  readonly description: string;
  readonly records: Readonly<Record<string, string>>;
  readonly tests: readonly { name: string; description: string; cv: string; message: string }[];
}

const scenarios: readonly Scenario[] = JSON.parse(
  await Deno.readTextFile(new URL("arc/validation.json", import.meta.url)),
);

for (const scenario of scenarios) {
  Deno.test(`ARC test suite: ${scenario.description}`, async (t) => {
    const zone: Zone = Object.fromEntries(
      Object.entries(scenario.records).map(([name, text]) => [name, { records: { TXT: txt(text) } }]),
    );
    for (const { name, description, cv, message } of scenario.tests) {
      await t.step(`${name}: ${description.trim()}`, async () => {
        const verifier = new ArcVerifier({ resolver: new ZoneResolver(zone), now: Date.UTC(2018, 0, 1) });
        verifier.write(utf8(message.replaceAll("\n", "\r\n")));
        const { status, why } = await verifier.finish();
        assert.equal(status, cv === "" ? "fail" : cv.toLowerCase(), why);
      });
    }
  });
}

Deno.test("ARC test suite: all of it is there", () => {
  assert.equal(scenarios.reduce((sum, { tests }) => sum + tests.length, 0), 171);
});
