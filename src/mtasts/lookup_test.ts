import assert from "node:assert/strict";
import { maxTxtRecords } from "../dns/only_text.ts";
import { txt, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { lookupRecord } from "./lookup.ts";

const resolver = () =>
  new ZoneResolver({
    "_mta-sts.one.example": { records: { TXT: txt("v=STSv1; id=1;") }, security: "secure" },
    "_mta-sts.long.example": { records: { TXT: txt(`v=STSv1; x=${"y".repeat(300)}; id=2`) } },
    "_mta-sts.alias.example": { records: { CNAME: [{ target: "_mta-sts.one.example." }] } },
    "_mta-sts.other.example": { records: { TXT: txt("hello", "v=STSv1; id=3", "v=spf1 -all") } },
    "_mta-sts.several.example": { records: { TXT: txt("v=STSv1; id=1", "v=STSv1; id=1") } },
    "_mta-sts.half.example": { records: { TXT: txt("v=STSv1; id=1", "v=STSv1; broken") } },
    "_mta-sts.wrong.example": { records: { TXT: txt("v=STSv1; id=?") } },
    "_mta-sts.foreign.example": { records: { TXT: txt("v=DKIM1") } },
    "_mta-sts.broken.example": { failures: { TXT: "bogus" } },
    "_mta-sts.silent.example": { failures: { "*": "timeout" } },
    "_mta-sts.xn--bcher-kva.example": { records: { TXT: txt("v=STSv1; id=5") } },
  });

const cases: [domain: string, status: string, id: string | null][] = [
  ["one.example", "found", "1"],
  ["long.example", "found", "2"],
  ["alias.example", "found", "1"],
  ["other.example", "found", "3"],
  ["bücher.example", "found", "5"],
  ["several.example", "none", null],
  ["half.example", "none", null],
  ["wrong.example", "none", null],
  ["foreign.example", "none", null],
  ["sub.one.example", "none", null], // RFC 8461 3.4
  ["[192.0.2.1]", "none", null],
  [`${"a".repeat(63)}.`.repeat(3) + "b".repeat(60), "none", null],
  ["broken.example", "failed", null],
  ["silent.example", "failed", null],
];
for (const [domain, status, id] of cases) {
  Deno.test(`lookupRecord(): ${domain.slice(0, 30)} has ${status}`, async () => {
    const answer = await lookupRecord(domain, resolver());
    assert.equal(answer.status, status);
    assert.equal(answer.record?.id ?? null, id);
    assert.notEqual(answer.why, "");
  });
}

Deno.test("lookupRecord() tells what DNSSEC says, and can be given up", async () => {
  assert.equal((await lookupRecord("one.example", resolver())).security, "secure");
  assert.equal((await lookupRecord("one.example", resolver(), AbortSignal.abort())).status, "failed");
});

Deno.test("of very many TXT records only the first are looked at", async () => {
  const others = Array.from({ length: maxTxtRecords }, (_, i) => `other ${i}`);
  const among = (texts: string[]) =>
    lookupRecord(
      "many.example",
      new ZoneResolver({ "_mta-sts.many.example": { records: { TXT: txt(...texts) } } }),
    );
  assert.equal((await among([...others.slice(1), "v=STSv1; id=1"])).status, "found");
  assert.equal((await among([...others, "v=STSv1; id=1"])).status, "none");
});
