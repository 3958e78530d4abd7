import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1, utf8 } from "../base/bytes.ts";
import {
  allowsHost,
  expiresAt,
  maxMaxAgeSeconds,
  maxMxPatterns,
  maxPolicyOctets,
  modes,
  parsePolicy,
  policyHost,
  policyLines,
  policyUrl,
  printPolicy,
} from "./policy.ts";

const lines = (...text: string[]) => utf8(text.join("\r\n"));
const usual = [
  "version: STSv1",
  "mode: enforce",
  "mx: mail.example.com",
  "mx: *.example.net",
  "max_age: 604800",
];

Deno.test("the example of the standard is read", () => {
  const policy = {
    mode: "enforce",
    mx: ["mail.example.com", "*.example.net"],
    maxAgeSeconds: 604_800,
    extensions: [],
  };
  assert.deepEqual(parsePolicy(lines(...usual)), policy);
  assert.deepEqual(parsePolicy(lines(...usual, "")), policy);
  assert.deepEqual(parsePolicy(utf8(usual.join("\n"))), policy);
  assert.deepEqual(parsePolicy(utf8(`${usual.join("\n\r\n \n")}\n\n`)), policy); // Empty lines are sent.
});

const accepted: [why: string, body: string[], part: object][] = [
  ["fields in any order", [...usual].reverse(), {
    mode: "enforce",
    mx: ["*.example.net", "mail.example.com"],
  }],
  ["white space around values", ["version:STSv1 ", "mode:\ttesting", "mx:  a.example\t", "max_age: 0 "], {
    mode: "testing",
    mx: ["a.example"],
    maxAgeSeconds: 0,
  }],
  ["no mx where nothing is asked", ["version: STSv1", "mode: none", "max_age: 86400"], {
    mode: "none",
    mx: [],
  }],
  ["the first of doubles", [...usual, "mode: none", "max_age: 1", "version: STSv9"], { mode: "enforce" }],
  ["unknown fields", [...usual, "x-y_z.1: größer als 1: 2", "x-y_z.1: again"], {
    extensions: [["x-y_z.1", "größer als 1: 2"]],
  }],
  [
    "A-labels and any case",
    ["version: STSv1", "mode: enforce", "mx: *.XN--BCHER-KVA.example", "max_age: 1"],
    {
      mx: ["*.xn--bcher-kva.example"],
    },
  ],
  ["a longer life than is allowed, cut", [...usual.slice(0, 4), "max_age: 9999999999"], {
    maxAgeSeconds: maxMaxAgeSeconds,
  }],
];
for (const [why, body, part] of accepted) {
  Deno.test(`parsePolicy() reads ${why}`, () => {
    const policy = parsePolicy(lines(...body));
    assert.deepEqual({ ...policy, ...part }, policy);
  });
}

const without = (name: string) => usual.filter((line) => !line.startsWith(name));
const refused: [why: string, body: Uint8Array][] = [
  ["nothing", utf8("")],
  ["a web page", utf8("<!doctype html>\n<title>404</title>\n")],
  ["no version", lines(...without("version"))],
  ["another version", lines("version: STSv2", ...without("version"))],
  ["a version in lower case", lines("version: stsv1", ...without("version"))],
  ["a field in upper case", lines("Version: STSv1", ...without("version"))],
  ["no mode", lines(...without("mode"))],
  ["an unknown mode", lines("mode: report", ...without("mode"))],
  ["no max_age", lines(...without("max_age"))],
  ["a max_age that is no number", lines("max_age: 1d", ...without("max_age"))],
  ["a negative max_age", lines("max_age: -1", ...without("max_age"))],
  ["a max_age of eleven digits", lines("max_age: 12345678901", ...without("max_age"))],
  ["no mx", lines(...without("mx"))],
  ["an empty mx", lines(...usual, "mx:")],
  ["an mx of U-labels", lines(...usual, "mx: bücher.example")],
  ["an mx that is an address", lines(...usual, "mx: 192.0.2.1")],
  ["a wildcard inside of a label", lines(...usual, "mx: mx*.example.com")],
  ["a wildcard that is not first", lines(...usual, "mx: mx.*.example.com")],
  ["a wildcard alone", lines(...usual, "mx: *")],
  ["the form of a draft, with a dot", lines(...usual, "mx: .example.com")],
  ["two mx in one", lines(...usual, "mx: a.example, b.example")],
  ["a line that is no field", lines(...usual, "hello")],
  ["a folded line", lines(...usual, "x: a", " b: c")],
  ["CR alone as line end", utf8(usual.join("\r"))],
  ["a field without a name", lines(...usual, ": x")],
  ["an unknown field without a value", lines(...usual, "x:")],
  ["control characters", lines(...usual, "x: a\0b")],
  ["what is not UTF-8", latin1(`${usual.join("\n")}\nx: \xff`)],
  ["too many mx", lines(...usual, ...new Array(maxMxPatterns).fill("mx: a.example"))],
  ["too many octets", lines(...usual, `x: ${"y".repeat(maxPolicyOctets)}`)],
];
for (const [why, body] of refused) {
  Deno.test(`parsePolicy() refuses ${why}`, () => assert.throws(() => parsePolicy(body), SyntaxError));
}

Deno.test("a policy of just as much as is read, is read", () => {
  const body = lines(...usual, "x: ");
  const full = lines(...usual, `x: ${"y".repeat(maxPolicyOctets - body.length)}`);
  assert.equal(full.length, maxPolicyOctets);
  assert.equal(parsePolicy(full).mode, "enforce");
});

Deno.test("parsePolicy() reads what printPolicy() prints", () => {
  const pattern = fc.constantFrom("a.example", "*.a.example", "xn--bcher-kva.example", "b-c.example");
  const value = fc.string({ unit: fc.constantFrom(..."aü:; 1"), minLength: 1 }).map((text) => `x${text}x`);
  const extension = fc.tuple(fc.constantFrom("a", "X-1", "a.b_c"), value);
  const policy = fc.record({
    mode: fc.constantFrom(...modes),
    mx: fc.array(pattern, { minLength: 1, maxLength: 5 }),
    maxAgeSeconds: fc.nat(maxMaxAgeSeconds),
    extensions: fc.uniqueArray(extension, { selector: ([name]) => name }),
  }, { noNullPrototype: true });
  fc.assert(fc.property(policy, (one) => assert.deepEqual(parsePolicy(utf8(printPolicy(one))), one)));
});

Deno.test("what cannot stand in a policy is not printed", () => {
  const good = parsePolicy(lines(...usual));
  for (
    const change of [
      { maxAgeSeconds: -1 },
      { maxAgeSeconds: maxMaxAgeSeconds + 1 },
      { maxAgeSeconds: 1.5 },
      { mx: ["a\r\nmode: none"] },
      { extensions: [["mx", "a.example"]] as const },
      { extensions: [["x", "a\nb"]] as const },
    ]
  ) assert.throws(() => policyLines({ ...good, ...change }), TypeError);
});

Deno.test("hosts are allowed by name or wildcard, and by nothing else", () => {
  const policy = parsePolicy(lines(...usual));
  for (const host of ["mail.example.com", "MAIL.example.com.", "mx1.example.net"]) {
    assert.ok(allowsHost(policy, host));
  }
  for (
    const host of ["example.net", "a.b.example.net", "evil.example", "mail.example.com.evil.example", ""]
  ) {
    assert.ok(!allowsHost(policy, host));
  }
});

Deno.test("where a policy stands, and when it is over", () => {
  assert.equal(policyUrl("example.org"), "https://mta-sts.example.org/.well-known/mta-sts.txt");
  assert.equal(policyHost("example.org"), "mta-sts.example.org");
  assert.equal(expiresAt(parsePolicy(lines(...usual)), 5), 604_800_005);
});
