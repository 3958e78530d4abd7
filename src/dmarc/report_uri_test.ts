import assert from "node:assert/strict";
import { mailtoUri, maxReportUris, parseReportUri, parseReportUris, printReportUri } from "./report_uri.ts";

const accepted: [text: string, address: string | null, host: string | null, maxBytes: number | null][] = [
  ["mailto:d@example.org", "d@example.org", "example.org", null],
  ["MAILTO:d@Example.ORG!1", "d@example.org", "example.org", 1],
  ["mailto:d@example.org!10k", "d@example.org", "example.org", 10240],
  ["mailto:d@example.org!2G", "d@example.org", "example.org", 2 ** 31],
  ["mailto:d@example.org!9999999999999999t", "d@example.org", "example.org", Number.MAX_SAFE_INTEGER],
  ["mailto:a%21b@example.org", "a!b@example.org", "example.org", null],
  ["mailto:%22a%2Cb%22@example.org", "a,b@example.org", "example.org", null],
  ["mailto:%C3%BC@xn--bcher-kva.example?subject=x", "ü@bücher.example", "bücher.example", null],
  ["https://Example.org:8080/x", null, "example.org", null],
  ["https://192.0.2.1/x", null, null, null],
  ["urn:isbn:1", null, null, null],
];
for (const [text, address, host, maxBytes] of accepted) {
  Deno.test(`parseReportUri() reads ${text}`, () => {
    const uri = parseReportUri(text);
    assert.ok(uri);
    const shown = uri.address === null ? null : `${uri.address.local}@${uri.address.domain}`;
    assert.deepEqual([shown, uri.host, uri.maxBytes], [address, host, maxBytes]);
    assert.deepEqual(parseReportUri(printReportUri(uri)), uri);
  });
}

const refused = [
  "",
  "d@example.org",
  "mailto:",
  "mailto:d",
  "mailto:@example.org",
  "mailto:d@",
  "mailto:d@[192.0.2.1]",
  "mailto:d@example.org!",
  "mailto:d@example.org!k",
  "mailto:d@example.org!1x",
  "mailto:d!e@example.org",
  "mailto:d@example.org d",
  "mailto:d%2@example.org",
  "mailto:d%0D%0A@example.org",
  "mailto:%FF@example.org",
  "mailto:a%2Cb@example.org",
  "mailto:\u00fc@example.org",
  "mailto:d@exa_mple.org",
  ":d@example.org",
];
for (const text of refused) {
  Deno.test(`parseReportUri() refuses ${JSON.stringify(text)}`, () =>
    assert.equal(parseReportUri(text), null));
}

Deno.test("a list keeps what can be read, up to the limit", () => {
  const { uris, problems } = parseReportUris("mailto:a@b.example , x,mailto:c@d.example!1m");
  assert.deepEqual(uris.map((one) => one.uri), ["mailto:a@b.example", "mailto:c@d.example"]);
  assert.deepEqual(problems, ["a report address that is no URI"]);
  const many = parseReportUris(Array.from({ length: maxReportUris + 5 }, () => "mailto:a@b.example").join());
  assert.equal(many.uris.length, maxReportUris);
  assert.deepEqual(many.problems, [`more than ${maxReportUris} report addresses`]);
});

Deno.test("an address of any kind becomes a URI that is read as it", () => {
  for (const local of ["d", "a,b!c", "ü", '"', "a@b", "100%"]) {
    const uri = mailtoUri({ local, domain: "bücher.example" });
    assert.match(uri.uri, /^[!-~]+$/);
    assert.deepEqual(parseReportUri(uri.uri), uri);
  }
});
