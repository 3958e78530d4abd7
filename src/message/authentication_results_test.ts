import assert from "node:assert/strict";
import fc from "fast-check";
import { headerFields } from "./headers.ts";
import { latin1, utf8 } from "../base/bytes.ts";
import {
  type AuthenticationResults,
  maxMethods,
  maxProperties,
  maxResultsOctets,
  maxValueLength,
  type MethodResult,
  obscuredName,
  parseAuthenticationResults,
  printAuthenticationResults,
  untrustedResults,
} from "./authentication_results.ts";

const result = (method: string, result: string, ...properties: [string, string, string][]): MethodResult => ({
  method,
  result,
  comment: null,
  reason: null,
  properties: properties.map(([type, name, value]) => ({ type, name, value })),
});

// RFC 8601 B.1 to B.7, and what is seen in the wild.
const accepted: [text: string, authservId: string, results: MethodResult[]][] = [
  [" example.org 1; none", "example.org", []],
  [" example.org;", "example.org", []],
  [" example.com;\r\n          spf=pass smtp.mailfrom=example.net", "example.com", [
    result("spf", "pass", ["smtp", "mailfrom", "example.net"]),
  ]],
  [
    " example.com;\r\n  auth=pass (cleartext) smtp.auth=sender@example.net;\r\n  spf=pass smtp.mailfrom=example.net",
    "example.com",
    [
      result("auth", "pass", ["smtp", "auth", "sender@example.net"]),
      result("spf", "pass", ["smtp", "mailfrom", "example.net"]),
    ],
  ],
  [' example.com; dkim=pass reason="good signature"\r\n  header.i=@mail-router.example.net', "example.com", [
    { ...result("dkim", "pass", ["header", "i", "@mail-router.example.net"]), reason: "good signature" },
  ]],
  [
    " foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n" +
    " policy (A dot can go here) . (like that) expired\r\n (this surprised me) = (as I wasn't expecting it) 1362471462",
    "foo.example.net",
    [result("dkim", "fail", ["policy", "expired", "1362471462"])],
  ],
  ["a; spf=pass;; dkim=none ;", "a", [result("spf", "pass"), result("dkim", "none")]],
  ["a; SPF=Pass SMTP.MailFrom=X", "a", [result("spf", "pass", ["smtp", "mailfrom", "X"])]],
  ["a; dkim=pass header.b=aB/+c=d", "a", [result("dkim", "pass", ["header", "b", "aB/+c=d"])]],
  ["a; iprev=pass policy.iprev=2001:db8::1", "a", [
    result("iprev", "pass", ["policy", "iprev", "2001:db8::1"]),
  ]],
  ['a; spf=pass smtp.mailfrom="a;b\\"c (d)"', "a", [
    result("spf", "pass", ["smtp", "mailfrom", 'a;b"c (d)']),
  ]],
  ["a; spf=none smtp.mailfrom=; dkim=pass", "a", [
    result("spf", "none", ["smtp", "mailfrom", ""]),
    result("dkim", "pass"),
  ]],
  ["a; dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=x.example", "a", [
    result("dmarc", "pass", ["header", "from", "x.example"]),
  ]],
  ["a; foo/2=pass; spf=fail", "a", [result("spf", "fail")]],
  ['"a b"; none', "a b", []],
  [`a; spf=pass smtp.mailfrom=${String.fromCharCode(...utf8("bücher.example"))}`, "a", [
    result("spf", "pass", ["smtp", "mailfrom", "bücher.example"]),
  ]],
  ["a; spf=pass smtp.mailfrom=\xff", "a", [result("spf", "pass", ["smtp", "mailfrom", "\xff"])]],
  ["a; none; spf=pass", "a", [result("spf", "pass")]],
];
for (const [text, authservId, results] of accepted) {
  Deno.test(`parseAuthenticationResults() reads ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseAuthenticationResults(text), { authservId, results });
  });
}

const refused = [
  "",
  "; none",
  "(only a comment)",
  "a b; none",
  "a 2; spf=pass",
  "a; spf",
  "a; spf=",
  "a; =pass",
  "a; spf pass",
  "a; spf=pass smtp.=x",
  "a; spf=pass .mailfrom=x",
  "a; spf=pass smtp.mailfrom",
  "a; spf=pass mailfrom x",
  'a; spf=pass smtp.mailfrom="x',
  "a; spf/x=pass",
  "a, spf=pass",
  `a;${" ".repeat(maxResultsOctets)}`,
];
for (const text of refused) {
  Deno.test(`parseAuthenticationResults() refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
    assert.throws(() => parseAuthenticationResults(text), SyntaxError);
  });
}

Deno.test("methods and properties beyond the limits are not read", () => {
  const many = parseAuthenticationResults(`a${"; spf=pass".repeat(maxMethods + 10)}`);
  assert.equal(many.results.length, maxMethods);
  const one = parseAuthenticationResults(`a; spf=pass${" smtp.x=y".repeat(maxProperties + 10)}`);
  assert.equal(one.results[0]?.properties.length, maxProperties);
});

Deno.test("what is printed, folded", () => {
  const results: MethodResult[] = [
    { ...result("iprev", "pass", ["policy", "iprev", "2001:db8::1"]), comment: "without dnssec" },
    {
      ...result("dkim", "pass", ["header", "d", "example.org"], ["header", "s", "sel"], [
        "header",
        "a",
        "rsa-sha256",
      ], ["header", "b", "abcd/1+="]),
      comment: "2048 bit rsa, without dnssec",
    },
    { ...result("spf", "softfail", ["smtp", "mailfrom", "a@example.org"]), reason: 'no "pass"' },
  ];
  assert.equal(
    printAuthenticationResults({ authservId: "mail.example.com", results }),
    "Authentication-Results: mail.example.com;\r\n" +
      '\tiprev=pass (without dnssec) policy.iprev="2001:db8::1";\r\n' +
      "\tdkim=pass (2048 bit rsa, without dnssec) header.d=example.org header.s=sel\r\n" +
      '\t\theader.a=rsa-sha256 header.b="abcd/1+=";\r\n' +
      '\tspf=softfail reason="no \\"pass\\"" smtp.mailfrom=a@example.org\r\n',
  );
  assert.equal(
    printAuthenticationResults({ authservId: "a b", results: [] }),
    'Authentication-Results: "a b"; none\r\n',
  );
});

/** Texts with all that could end something. */
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'\r\n\t ()\\";=.@,<>:\0\u0085\u2028üé😀aB1-'),
    fc.constantFrom("\r\n\r\n", "x.y=z"),
  ),
  maxLength: 40,
});
const keyword = fc.constantFrom("spf", "dkim", "iprev", "mail-from", "a", "x1");
const anyResults = fc.record({
  authservId: hostile,
  results: fc.array(
    fc.record({
      method: keyword,
      result: keyword,
      comment: fc.option(hostile),
      reason: fc.option(hostile),
      properties: fc.array(fc.record({ type: keyword, name: keyword, value: hostile }), { maxLength: 4 }),
    }),
    { maxLength: 4 },
  ),
});
/** As it must come back: without comments, other characters replaced. */
function reread(
  { authservId, results }: AuthenticationResults,
  known: (text: string) => string,
): AuthenticationResults {
  return {
    authservId: known(authservId),
    results: results.map((one) => ({
      ...one,
      comment: null,
      reason: one.reason === null ? null : known(one.reason),
      properties: one.properties.map((property) => ({ ...property, value: known(property.value) })),
    })),
  };
}
for (const form of [{ utf8: false }, { utf8: true }]) {
  Deno.test(`nothing of a stranger's text gets out of its place (utf8: ${form.utf8})`, () => {
    const control = (text: string) =>
      text.toWellFormed().replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd]/g, "?");
    const known = (text: string) => form.utf8 ? control(text) : control(text).replace(/[^\x00-\x7f]/gu, "?");
    fc.assert(fc.property(anyResults, (results) => {
      const field = printAuthenticationResults(results, form);
      const octets = String.fromCharCode(...utf8(field));
      assert.match(octets, form.utf8 ? /^(?:[\t -~\x80-\xff]+\r\n)+$/ : /^(?:[\t -~]+\r\n)+$/);
      for (const line of octets.split("\r\n").slice(1, -1)) assert.match(line, /^\t/);
      const value = octets.slice("Authentication-Results:".length);
      assert.deepEqual(parseAuthenticationResults(value), reread(results, known));
    }));
  });
}

Deno.test("lines stay short enough for every server, whatever they hold", () => {
  const long = (unit: string) => unit.repeat(5000);
  for (const unit of ['"', "ü", "a", "😀", "( "]) {
    for (const utf8Form of [false, true]) {
      const text = long(unit);
      const field = printAuthenticationResults({
        authservId: text,
        results: [{ ...result("spf", "pass", ["smtp", "mailfrom", text]), comment: text, reason: text }],
      }, { utf8: utf8Form });
      for (const line of field.split("\r\n")) {
        assert.ok(utf8(line).length <= 998, `${unit} ${utf8(line).length}`);
      }
      assert.ok(field.length < 10 * maxValueLength);
    }
  }
});

Deno.test("keywords are ours, so a wrong one is our mistake", () => {
  assert.throws(
    () => printAuthenticationResults({ authservId: "a", results: [result("sp f", "pass")] }),
    TypeError,
  );
});

const ours = (id: string) => id === "mail.example.org" || id === "bücher.example";
const claims: [value: string, why: string | null][] = [
  ["mail.example.org; spf=pass", "ours"],
  [" (x) Mail.Example.ORG (y) 1; spf=pass", "ours"],
  ['"mail.example.org"; spf=pass', "ours"],
  ["mail.example.org.; spf=pass", "ours"],
  ["mail.example.org 7; spf=pass", "ours"],
  ["mail.example.org", "ours"],
  ["\r\n\tmail.example.org;\r\n\tspf=pass", "ours"],
  ["xn--bcher-kva.example; none", "ours"],
  [`${String.fromCharCode(...utf8("Bücher.example"))}; none`, "ours"],
  ["=?utf-8?q?mail=2Eexample=2Eorg?=; spf=pass", "ours"],
  ["=?utf-8?b?bWFpbC5leGFtcGxlLm9yZzsgc3BmPXBhc3M=?=", "ours"],
  ["=?utf-8?q?mx=2Eexample=2Enet?=; spf=pass", null],
  ["mx.example.net; spf=pass", null],
  ["example.org; spf=pass", null],
  ["mx.example.net 1; spf=pass", null],
  ["mx.example.net 2; spf=pass", "version"],
  ["mail.example.org x; spf=pass", "unreadable"],
  ["mail(x).example.org; spf=pass", "unreadable"],
  ['"mail.example.org; spf=pass', "unreadable"],
  ["; spf=pass", "unreadable"],
  ["", "unreadable"],
];
for (const [value, why] of claims) {
  Deno.test(`untrustedResults() of ${JSON.stringify(value)}`, () => {
    const before = "From: a@b\r\n";
    const field = `AUTHENTICATION-results : ${value}\r\n`;
    const header = latin1(
      `${before}${field}To: c@d\r\n\r\nAuthentication-Results: mail.example.org; none\r\n`,
    );
    const found = untrustedResults(headerFields(header), ours);
    if (why === null) return assert.deepEqual(found, []);
    const [one, ...more] = found;
    assert.deepEqual([one?.why, more.length], [why, 0]);
    assert.equal(one?.start, before.length);
    assert.equal(one?.end, before.length + field.length);
  });
}

Deno.test("the name that obscures a field has its length, and does not change what is around", () => {
  assert.equal(obscuredName.length, "Authentication-Results".length);
});
