import assert from "node:assert/strict";
import { isSpfRecord, maxRecordLength, parseRecord, printRecord } from "./record.ts";

const good: [text: string, printed?: string][] = [
  ["v=spf1"],
  ["v=spf1 -all"],
  ["V=SPF1  +MX   ?ALL ", "v=spf1 mx ?all"],
  ["v=spf1 a mx:example.org/24//64 a/8 a//96 ptr ptr:example.org ~all"],
  ["v=spf1 ip4:192.0.2.0/24 ip4:192.0.2.1 ip6:2001:db8::/32 ip6:::1 -all"],
  ["v=spf1 ip4:192.0.2.1/32 -all", "v=spf1 ip4:192.0.2.1 -all"],
  ["v=spf1 include:_spf.%{d2} exists:%{ir}.%{v}.example.org redirect=example.net exp=why.%{d}"],
  ["v=spf1 redirect=example.net mx unknown.name-1=%{s}anything:/=", "v=spf1 mx redirect=example.net"],
  ["v=spf1 exists:%{l1r/}.example.org/x.com"],
  ["v=spf1 a:%{d}/24"],
  ["v=spf1 ip6:::ffff:192.0.2.1/120", "v=spf1 ip6:::ffff:c000:201/120"],
  ["v=spf1 a:%%.%_.%-.%{l200r-}.%{D} exists:%{l}%% exists:a.1-2"],
  ["v=spf1 x=1 x=2 y.z=%{d}/:", "v=spf1"], // Only known modifiers may not come twice.
];
for (const [text, printed = text] of good) {
  Deno.test(`parseRecord() reads ${JSON.stringify(text)}`, () => {
    const record = parseRecord(text);
    assert.equal(printRecord(record), printed);
    assert.equal(printRecord(parseRecord(printed)), printed);
  });
}

const bad = [
  "v=spf1 all:example.org",
  "v=spf1 include",
  "v=spf1 include:",
  "v=spf1 exists",
  "v=spf1 a:",
  "v=spf1 a/33",
  "v=spf1 a/024",
  "v=spf1 a//129",
  "v=spf1 a/24/64",
  "v=spf1 mx:example.org/",
  "v=spf1 ptr/24",
  "v=spf1 ip4",
  "v=spf1 ip4:192.0.2",
  "v=spf1 ip4:192.0.2.1/33",
  "v=spf1 ip4:2001:db8::1",
  "v=spf1 ip4:::ffff:192.0.2.1",
  "v=spf1 ip4:0:0:0:0:0:ffff:192.0.2.1",
  "v=spf1 ip6:192.0.2.1",
  "v=spf1 ip6:2001:db8::1/",
  "v=spf1 ip6:2001:db8::g",
  "v=spf1 redirect=",
  "v=spf1 redirect=a.example redirect=a.example",
  "v=spf1 exp=a.example exp=a.example",
  "v=spf1 moo",
  "v=spf1 -",
  "v=spf1 --all",
  "v=spf1 =x",
  "v=spf1 1a=x",
  "v=spf1 x=%",
  "v=spf1 a:x%%_",
  "v=spf1 a:%%com",
  "v=spf1 redirect:a.example",
  "v=spf1\tall",
  "v=spf1 a\u00e4ll",
];
for (const text of bad) {
  Deno.test(`parseRecord() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseRecord(text), SyntaxError);
  });
}

Deno.test("isSpfRecord() knows the version to its end", () => {
  assert.deepEqual(["v=spf1", "V=spf1 x", "v=spf10", " v=spf1", "v=spf1\t", "spf1"].map(isSpfRecord), [
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

Deno.test("a fault is told with its term and place", () => {
  assert.throws(() => parseRecord("v=spf1 mx  ip4:192.0.2 -all"), {
    message: 'no network of IPv4 (in "ip4:192.0.2", which begins at 11)',
  });
});

Deno.test("a record has a limit", () => {
  const fullest = "v=spf1 " + "a ".repeat((maxRecordLength - "v=spf1 ".length) / 2);
  assert.equal(parseRecord(fullest.padEnd(maxRecordLength)).directives.length, 8188);
  assert.throws(() => parseRecord(fullest.padEnd(maxRecordLength + 1)), { message: /^more than / });
});
