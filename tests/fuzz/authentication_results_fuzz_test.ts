/**
 * Authentication-Results: what is read can be printed and is read again as the same; and a header in which all fields
 * that claim to be ours are obscured has none of them left.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { concat, latin1, utf8 } from "../../src/base/bytes.ts";
import {
  type AuthenticationResults,
  obscuredName,
  parseAuthenticationResults,
  printResultsPayload,
  untrustedResults,
} from "../../src/message/authentication_results.ts";
import { headerFields } from "../../src/message/headers.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const budget = {
  seed,
  numRuns: 1e9,
  interruptAfterTimeLimit: seconds * 500,
  markInterruptAsFailure: false,
};

const octet = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const piece = fc.oneof(
  fc.constantFrom(...'();=."\\/@,: \t\r\n\0\xff'.split("")),
  fc.constantFrom(
    ...["mail.example.org", "mx.example.net", "1", "none", "spf=pass", "dkim=fail", "; dmarc=pass"],
    ...[" smtp.mailfrom=x@y.example", ' reason="a b"', " (a (b) c)", "\r\n\t", "xn--bcher-kva", "\xc3\xbc"],
  ),
  fc.string({ unit: octet, maxLength: 4 }),
);
const noise = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(""));

/** Nearly as it should be: what is wrong stands deep inside. */
const rarely = (text: fc.Arbitrary<string>) => fc.oneof({ weight: 12, arbitrary: fc.constant("") }, text);
const atom = fc.tuple(rarely(piece), fc.constantFrom("", " ", " (c) ", "\r\n\t")).map((parts) =>
  parts.join("")
);
const anyValue = fc.oneof(
  fc.constantFrom("x", "a@b.example", "@b.example", '"a \\" b"', "aB/+=", '"', "\xc3\xbc", "2001:db8::1"),
  fc.string({ unit: octet, maxLength: 4 }),
);
const property = fc.tuple(atom, fc.constantFrom("smtp", "header", "policy", "x"), atom, atom, atom, anyValue)
  .map(
    ([a, type, b, c, d, text]) => `${a}${type}${b}.${c}name${d}=${text}`,
  );
const method = fc.tuple(
  atom,
  fc.constantFrom("spf", "dkim", "DMARC/1", "x/2"),
  atom,
  fc.array(property, { maxLength: 3 }),
)
  .map(([a, name, b, properties]) => `;${a}${name}${b}=pass${properties.map((one) => ` ${one}`).join("")}`);
const nearly = fc.tuple(
  atom,
  fc.constantFrom("mail.example.org", "mx.example.net", '"a b"'),
  atom,
  fc.array(method, { maxLength: 4 }),
)
  .map(([a, id, b, methods]) => `${a}${id}${b}${methods.join("")}`);
const value = fc.oneof(noise, nearly);

function read(raw: string): AuthenticationResults | null {
  try {
    return parseAuthenticationResults(raw);
  } catch (error) {
    assert.ok(error instanceof SyntaxError, String(error));
    return null;
  }
}

/** What printing makes of texts. */
const printed = (text: string) =>
  text.slice(0, 300).toWellFormed().replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd]/g, "?");

const namesOf = ({ type, name }: { readonly type: string; readonly name: string }) => [type, name];

Deno.test("fuzz: Authentication-Results", () => {
  fc.assert(
    fc.property(value, (raw) => {
      const results = read(raw);
      if (results === null) return;
      // Names may be read that nobody prints: with underscores, or hyphens at their ends.
      const names = results.results.flatMap((
        one,
      ) => [one.method, one.result, ...one.properties.flatMap(namesOf)]);
      if (!names.every((name) => /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(name))) return;
      const again = read(String.fromCharCode(...utf8(printResultsPayload(results, { utf8: true }))));
      assert.deepEqual(again, {
        authservId: printed(results.authservId),
        results: results.results.map((one) => ({
          ...one,
          reason: one.reason === null ? null : printed(one.reason),
          properties: one.properties.map((each) => ({ ...each, value: printed(each.value) })),
        })),
      });
    }),
    budget,
  );
});

const name = fc.constantFrom("Authentication-Results", "authentication-results ", "From", "X", "");
const field = fc.tuple(name, value).map(([before, after]) => `${before}:${after}\r\n`);
const isOurs = (id: string) => id === "mail.example.org";

Deno.test("fuzz: fields that claim to be ours", () => {
  fc.assert(
    fc.property(fc.array(field, { maxLength: 6 }), (fields) => {
      const header = latin1(fields.join(""));
      const found = untrustedResults(headerFields(header), isOurs);
      let last = 0;
      for (const { start, end } of found) {
        assert.ok(last <= start && start + obscuredName.length < end && end <= header.length);
        last = end;
      }
      const obscured = concat([header]);
      for (const { start } of found) obscured.set(latin1(obscuredName), start);
      assert.deepEqual(untrustedResults(headerFields(obscured), isOurs), []);
      assert.equal(obscured.length, header.length);
    }),
    budget,
  );
});
