import assert from "node:assert/strict";
import { txt, type Zone, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { parseRecord } from "./record.ts";
import { checkReportAddresses, type ReportAddress } from "./report_addresses.ts";

const at = (...texts: string[]) => ({ records: { TXT: txt(...texts) } });
const organization: Zone = { "_dmarc.example.com": at("v=DMARC1; p=none") };
const agreed = "blue.example.com._report._dmarc.red.example.net";

const cases: [what: string, zone: Zone, rua: string, status: ReportAddress["status"], to: string[]][] = [
  ["the domain itself", {}, "mailto:d@blue.example.com", "internal", ["mailto:d@blue.example.com"]],
  ["the organization", organization, "mailto:d@example.com!1m", "internal", ["mailto:d@example.com"]],
  ["a sibling", organization, "mailto:d@reports.example.com", "internal", ["mailto:d@reports.example.com"]],
  ["one who agreed", { [agreed]: at("v=DMARC1") }, "mailto:d@red.example.net", "authorized", [
    "mailto:d@red.example.net",
  ]],
  [
    "one who agreed with more",
    { [agreed]: at("v=DMARC1; x=y;", "v=spf1") },
    "mailto:d@red.example.net",
    "authorized",
    ["mailto:d@red.example.net"],
  ],
  [
    "one who wants them elsewhere",
    { [agreed]: at("v=DMARC1; rua=mailto:new@red.example.net") },
    "mailto:d@red.example.net",
    "authorized",
    ["mailto:new@red.example.net"],
  ],
  [
    "one who names a third",
    { [agreed]: at("v=DMARC1; rua=mailto:new@red.example.net,mailto:v@victim.example") },
    "mailto:d@red.example.net",
    "refused",
    [],
  ],
  [
    "one who names a page",
    { [agreed]: at("v=DMARC1; rua=https://red.example.net/") },
    "mailto:d@red.example.net",
    "refused",
    [],
  ],
  ["one who says nothing", {}, "mailto:d@red.example.net", "refused", []],
  [
    "one who says something else",
    { [agreed]: at("v=spf1 -all", "p=none; v=DMARC1") },
    "mailto:d@red.example.net",
    "refused",
    [],
  ],
  [
    "one who does not answer",
    { [agreed]: { failures: { TXT: "timeout" } } },
    "mailto:d@red.example.net",
    "temperror",
    [],
  ],
  [
    "one whose organization nobody knows",
    { "_dmarc.example.net": { failures: { TXT: "timeout" } }, [agreed]: at("v=DMARC1") },
    "mailto:d@red.example.net",
    "temperror",
    [],
  ],
  ["a page", {}, "https://blue.example.com/x", "unsupported", []],
];
for (const [what, zone, rua, status, to] of cases) {
  Deno.test(`checkReportAddresses(): ${what}`, async () => {
    const record = parseRecord(`v=DMARC1; p=none; rua=${rua}`) ?? assert.fail();
    const [address, ...more] = await checkReportAddresses("blue.example.com", record, new ZoneResolver(zone));
    assert.ok(address);
    assert.equal(more.length, 0);
    assert.equal(address.status, status, address.why);
    assert.deepEqual(address.destinations.map((one) => one.uri), to);
  });
}

Deno.test("failure reports are asked for by their own tag, and never by a public suffix", async () => {
  const zone: Zone = { [agreed]: at("v=DMARC1; rua=mailto:a@red.example.net; ruf=mailto:f@red.example.net") };
  const text = "v=DMARC1; p=none; rua=mailto:d@blue.example.com; ruf=mailto:d@red.example.net";
  const check = async (record: string) => {
    const parsed = parseRecord(record) ?? assert.fail();
    const resolver = new ZoneResolver(zone);
    return await checkReportAddresses("blue.example.com", parsed, resolver, { tag: "ruf" });
  };
  assert.deepEqual((await check(text))[0]?.destinations.map((one) => one.uri), ["mailto:f@red.example.net"]);
  assert.deepEqual(await check(`${text}; psd=y`), []);
});

Deno.test("a name that is too long is not asked for", async () => {
  const record = parseRecord("v=DMARC1; p=none; rua=mailto:d@red.example.net") ?? assert.fail();
  const domain = `${`${"a".repeat(60)}.`.repeat(3)}${"b".repeat(40)}.example`;
  const [address] = await checkReportAddresses(domain, record, new ZoneResolver({}));
  assert.equal(address?.status, "refused");
});
