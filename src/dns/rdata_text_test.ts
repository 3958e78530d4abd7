import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1, utf8 } from "../base/bytes.ts";
import { parseData, parseType, printData, printType } from "./rdata_text.ts";
import { type RecordType, typeNumbers } from "./record.ts";
import { anyData } from "./testing/any_data.ts";

/** As `dig` and the standards write it: text that is printed, and reads as itself. */
const forms: [type: RecordType, text: string][] = [
  ["A", "192.0.2.1"],
  ["AAAA", "2001:db8::1"],
  ["MX", "10 mail.example.org."],
  ["MX", "0 ."],
  ["TXT", '"v=spf1 -all"'],
  ["TXT", '"a \\"quoted\\" word; \\\\" "" "\\195\\164\\000"'],
  ["PTR", "mail.example.org."],
  ["CNAME", "a\\.b.example.org."],
  ["DNAME", "a\\;\\(\\$.example."],
  ["NS", "."],
  ["SRV", "0 1 993 mail.example.org."],
  ["SOA", "ns.example. a\\.b.example. 2026010203 7200 3600 1209600 300"],
  ["CAA", '128 issue "ca.example; policy=ev"'],
  ["TLSA", "3 1 1 0d6fce3f"],
  ["DS", "60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118"],
  ["DNSKEY", "257 3 13 AQID"],
  ["RRSIG", "A 5 3 86400 20030322173103 20030220173103 2642 example.com. oJB1"],
  ["RRSIG", "TYPE99 5 3 86400 20380119031408 19700101000000 2642 . oJB1"],
  ["NSEC", "host.example.com. A MX RRSIG NSEC TYPE1234"],
  ["NSEC3", "1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX RRSIG"],
  ["NSEC3", "1 0 0 - 00"],
  ["HTTPS", "0 svc.example."],
  ["HTTPS", '1 . key1="\\002h2" key2="" key3="\\001\\187"'],
];
for (const [type, text] of forms) {
  Deno.test(`${type} ${text}`, () => {
    assert.equal(printData(type, parseData(type, text)), text);
  });
}

/** Other spellings of the same. */
const also: [type: RecordType, text: string, printed: string][] = [
  ["A", "  192.0.2.1\t", "192.0.2.1"],
  ["AAAA", "2001:DB8:0::1", "2001:db8::1"],
  ["TXT", "v=spf1", '"v=spf1"'],
  ["TXT", 'a\\ b\\"', '"a b\\""'],
  ["TXT", '"ä"', '"\\195\\164"'],
  ["TXT", '""', '""'],
  ["CNAME", "bücher.example.", "xn--bcher-kva.example."],
  ["CAA", "0 issue \\;", '0 issue ";"'],
  ["TLSA", "3 1 1 0D6F CE3F", "3 1 1 0d6fce3f"],
  ["DNSKEY", "257 3 13 AQ ID", "257 3 13 AQID"],
  ["RRSIG", "A 5 3 1 1048354263 1045762263 2 a. AQ==", "A 5 3 1 20030322173103 20030220173103 2 a. AQ=="],
  // Serial numbers of 32 bits: 2106 is 1970 again.
  ["RRSIG", "a 5 3 1 21060207062816 0 2 . AQ==", "A 5 3 1 19700101000000 19700101000000 2 . AQ=="],
  ["NSEC", "a. type1 Mx A", "a. A MX"],
  ["NSEC3", "1 0 0 - 0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM", "1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"],
  ["HTTPS", '1 . key3=a key1 key2="b c"', '1 . key1="" key2="b c" key3="a"'],
];
for (const [type, text, printed] of also) {
  Deno.test(`${type} ${text} is ${printed}`, () => {
    assert.equal(printData(type, parseData(type, text)), printed);
  });
}

const refused: [type: RecordType, text: string][] = [
  ["A", ""],
  ["A", "::1"],
  ["A", "192.0.2.1 192.0.2.2"],
  ["AAAA", "192.0.2.1"],
  ["MX", "mail.example.org."],
  ["MX", "10 mail.example.org"],
  ["MX", "65536 a."],
  ["MX", "-1 a."],
  ["MX", "1e1 a."],
  ["TXT", ""],
  ["TXT", '"open'],
  ["TXT", '"a\\256"'],
  ["TXT", '"a\\25"'],
  ["TXT", `"${"a".repeat(256)}"`],
  ["TXT", "a ; comment"],
  ["SOA", "a. b. ( 1 2 3 4 5 )"],
  ["SOA", "a. b. 1 2 3 4 4294967296"],
  ["CAA", "0 is-sue x"],
  ["TLSA", "3 1 1 abc"],
  ["TLSA", "3 1 1 xy"],
  ["DNSKEY", "257 3 13 A"],
  ["DNSKEY", "257 3 256 AQID"],
  ["RRSIG", "A 5 3 1 20031322173103 1 2 a. AQ=="],
  ["RRSIG", "A 5 3 1 2003032217310 1 2 a. AQ=="],
  ["RRSIG", "TYPE65536 5 3 1 1 1 2 a. AQ=="],
  ["NSEC", "a. NOTYPE"],
  ["NSEC3", "1 0 0 zz 00"],
  ["NSEC3", "1 0 0 - w"],
  ["HTTPS", "1 . alpn=h2"],
  ["HTTPS", "1 . key1=a key1=b"],
  ["HTTPS", "1 . key65536=a"],
];
for (const [type, text] of refused) {
  Deno.test(`parseData() refuses ${type} ${JSON.stringify(text).slice(0, 60)}`, () => {
    assert.throws(() => parseData(type, text), SyntaxError);
  });
}

Deno.test("types have names, or numbers", () => {
  assert.equal(printType(15), "MX");
  assert.equal(printType(65280), "TYPE65280");
  assert.equal(parseType("mx"), 15);
  assert.equal(parseType("TYPE15"), 15);
  for (const text of ["", "TYPE", "TYPE-1", "TYPE65536", "toString", "15"]) {
    assert.throws(() => parseType(text), SyntaxError);
  }
});

for (const type of Object.keys(typeNumbers) as RecordType[]) {
  Deno.test(`what is printed of type ${type} reads as itself`, () => {
    fc.assert(
      fc.property(anyData(type), (data) => {
        const text = printData(type, data);
        assert.match(text, /^[\x20-\x7e]+$/);
        assert.deepEqual(parseData(type, text), data);
      }),
      { numRuns: 50 },
    );
  });
}

Deno.test("text holds octets as they are", () => {
  const data = { strings: [latin1("\x00\x7f\xff"), utf8("é")] };
  assert.equal(printData("TXT", data), '"\\000\\127\\255" "\\195\\169"');
});
