import assert from "node:assert/strict";
import fc from "fast-check";
import { maxReportUris } from "../dmarc/report_uri.ts";
import { maxTxtRecords } from "../dns/only_text.ts";
import { txt, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { lookupRecord } from "./lookup.ts";
import { claimsToBeRecord, maxRecordFields, maxRecordOctets, parseRecord, printRecord } from "./record.ts";

const mail = "mailto:reports@example.com";
const web = "https://reporting.example.com/v1/tlsrpt";

const accepted: [text: string, uris: string[], extensions: [string, string][]][] = [
  [`v=TLSRPTv1;rua=${mail}`, [mail], []],
  [`v=TLSRPTv1; rua=${web}`, [web], []],
  [`v=TLSRPTv1 \t;\trua=${mail} , ${web} ; `, [mail, web], []],
  [`v=TLSRPTv1; x=1; rua=${mail}; y.z=2`, [mail], [["x", "1"], ["y.z", "2"]]],
  [`v=TLSRPTv1; rua=${mail}; rua=${web}`, [mail], []],
  [`v=TLSRPTv1; rua=${web}?a=b`, [`${web}?a=b`], []],
  [`v=TLSRPTv1; rua=not a uri,${mail}`, [mail], []], // One that is wrong does not hide one that is right.
  [`v=TLSRPTv1; rua=${mail}!10m,${web}`, [web], []], // Sizes are DMARC's.
  ["v=TLSRPTv1; rua=ftp://x.example/", ["ftp://x.example/"], []],
];
for (const [text, uris, extensions] of accepted) {
  Deno.test(`parseRecord() reads ${text}`, () => {
    const record = parseRecord(text);
    assert.deepEqual(record.destinations.map((one) => one.uri), uris);
    assert.deepEqual(record.extensions, extensions);
  });
}

const refused = [
  "",
  "v=TLSRPTv1",
  "v=TLSRPTv1;",
  "v=TLSRPTv1; x=1",
  "v=TLSRPTv1; rua=",
  "v=TLSRPTv1; rua=hello",
  "v=TLSRPTv1; rua=mailto:",
  "v=TLSRPTv1; rua=mailto:@example.com",
  "v=TLSRPTv1; rua=mailto:a@b.example!10m",
  `v=tlsrptv1; rua=${mail}`,
  `v=TLSRPTv2; rua=${mail}`,
  ` v=TLSRPTv1; rua=${mail}`,
  `rua=${mail}; v=TLSRPTv1`,
  `v=TLSRPTv1; RUA=${mail}`,
  `v=TLSRPTv1;; rua=${mail}`,
  `v=TLSRPTv1; rua=${mail};;`,
  `v=TLSRPTv1; rua=${mail}; x`,
  `v=TLSRPTv1; rua=${mail}; x=a b`,
  `v=TLSRPTv1; rua=${mail}; _x=1`,
  `v=TLSRPTv1; rua=${mail}; x=\xff`,
  `v=TLSRPTv1; rua=${new Array(maxReportUris + 1).fill(mail).join(",")}`,
  `v=TLSRPTv1; rua=${mail}${"; x=1".repeat(maxRecordFields)}`,
  `v=TLSRPTv1; rua=${mail}; x=${"1".repeat(maxRecordOctets)}`,
];
for (const text of refused) {
  Deno.test(`parseRecord() refuses ${JSON.stringify(text.slice(0, 50))}`, () =>
    assert.throws(() => parseRecord(text), SyntaxError));
}

Deno.test("a destination is an address, or somewhere to post to", () => {
  const { destinations } = parseRecord(`v=TLSRPTv1; rua=MAILTO:%22a%2Cb%22@B%C3%BCcher.example,${web}`);
  assert.deepEqual(destinations.map(({ scheme, address }) => [scheme, address]), [
    ["mailto", { local: "a,b", domain: "bücher.example" }],
    ["https", null],
  ]);
});

Deno.test("parseRecord() reads what printRecord() prints", () => {
  const uri = fc.constantFrom(mail, web, "mailto:%22a%20b%22@x.example", `${web}?a=b&c=d`);
  const extension = fc.tuple(fc.constantFrom("x", "a.b", "0-_"), fc.constantFrom("1", "a:b", "!,"));
  fc.assert(fc.property(
    fc.array(uri, { minLength: 1, maxLength: 3 }),
    fc.uniqueArray(extension, { selector: ([name]) => name }),
    (uris, extensions) => {
      const text = ["v=TLSRPTv1", `rua=${uris.join(",")}`, ...extensions.map((one) => one.join("="))].join(
        ";",
      );
      const record = parseRecord(text);
      assert.equal(record.destinations.length, uris.length);
      assert.deepEqual(parseRecord(printRecord(record)), record);
    },
  ));
  const good = parseRecord(`v=TLSRPTv1; rua=${mail}`);
  assert.throws(() => printRecord({ ...good, destinations: [] }), TypeError);
  assert.throws(() => printRecord({ ...good, extensions: [["x", "1;"]] }), TypeError);
  const [first] = good.destinations;
  assert.ok(first !== undefined);
  assert.throws(
    () => printRecord({ ...good, destinations: [{ ...first, uri: "mailto:a@b.example;x=1" }] }),
    TypeError,
  );
});

Deno.test("what begins like a record is one of those that are counted", () => {
  for (const text of ["v=TLSRPTv1;", "v=TLSRPTv1 ; ?"]) assert.ok(claimsToBeRecord(text));
  for (const text of ["v=TLSRPTv1", "v=TLSRPTv10; rua=x", "v=spf1"]) assert.ok(!claimsToBeRecord(text));
});

const resolver = () =>
  new ZoneResolver({
    "_smtp._tls.one.example": {
      records: { TXT: txt(`v=TLSRPTv1; rua=${mail}`, "hello") },
      security: "secure",
    },
    "_smtp._tls.several.example": { records: { TXT: txt(`v=TLSRPTv1; rua=${mail}`, "v=TLSRPTv1; ?") } },
    "_smtp._tls.wrong.example": { records: { TXT: txt("v=TLSRPTv1; rua=") } },
    "_smtp._tls.silent.example": { failures: { "*": "timeout" } },
    "_smtp._tls.xn--bcher-kva.example": { records: { TXT: txt(`v=TLSRPTv1; rua=${mail}`) } },
  });
const lookups: [domain: string, status: string][] = [
  ["one.example", "found"],
  ["bücher.example", "found"],
  ["several.example", "none"],
  ["wrong.example", "none"],
  ["sub.one.example", "none"],
  ["[192.0.2.1]", "none"],
  [`${"a".repeat(63)}.`.repeat(3) + "b".repeat(52), "none"],
  ["silent.example", "failed"],
];
for (const [domain, status] of lookups) {
  Deno.test(`lookupRecord(): ${domain.slice(0, 30)} has ${status}`, async () => {
    const answer = await lookupRecord(domain, resolver());
    assert.equal(answer.status, status);
    assert.equal(answer.record !== null, status === "found");
    assert.notEqual(answer.why, "");
  });
}

Deno.test("of very many TXT records only the first are looked at", async () => {
  const others = Array.from({ length: maxTxtRecords }, (_, i) => `other ${i}`);
  const among = (texts: string[]) =>
    lookupRecord(
      "many.example",
      new ZoneResolver({ "_smtp._tls.many.example": { records: { TXT: txt(...texts) } } }),
    );
  assert.equal((await among([...others.slice(1), "v=TLSRPTv1; rua=mailto:a@b.example"])).status, "found");
  assert.equal((await among([...others, "v=TLSRPTv1; rua=mailto:a@b.example"])).status, "none");
});
