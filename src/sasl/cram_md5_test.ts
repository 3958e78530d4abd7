import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { fromUtf8, latin1, utf8 } from "../base/bytes.ts";
import {
  answerCramMd5,
  checkCramMd5,
  cramMd5Challenge,
  cramMd5Digest,
  cramMd5Secret,
  parseCramMd5,
} from "./cram_md5.ts";

Deno.test("the example of RFC 2195 2", () => {
  const challenge = utf8("<1896.697170952@postoffice.reston.mci.net>");
  const answer = answerCramMd5("tim", "tanstaaftanstaaf", challenge);
  assert.equal(fromUtf8(answer), "tim b913a602c7eda7a495b4e6e7334d3890");
  const response = parseCramMd5(answer);
  assert.ok(response !== null);
  assert.equal(response.username, "tim");
  assert.ok(checkCramMd5(cramMd5Secret("tanstaaftanstaaf"), challenge, response));
  assert.ok(!checkCramMd5(cramMd5Secret("tanstaaftanstaag"), challenge, response));
  assert.ok(!checkCramMd5(cramMd5Secret("tanstaaftanstaaf"), utf8("<another@challenge>"), response));
});

Deno.test("the digest is HMAC-MD5, for passwords of any length", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 150 }), fc.uint8Array(), (password, challenge) => {
      const expected = createHmac("md5", utf8(password)).update(challenge).digest("hex");
      assert.equal(cramMd5Digest(cramMd5Secret(password), challenge).toHex(), expected);
    }),
  );
});

Deno.test("a challenge holds the random octets, the time and the host", () => {
  const challenge = cramMd5Challenge(new Uint8Array(16).fill(1), 1234, "mail.example.org");
  assert.equal(fromUtf8(challenge), `<${"01".repeat(16)}.1234@mail.example.org>`);
});

const digest = "b913a602c7eda7a495b4e6e7334d3890";
const accepted: [response: string, username: string][] = [
  [`tim ${digest}`, "tim"],
  [`tim ${digest.toUpperCase()}`, "tim"],
  [`you@example.org ${digest}`, "you@example.org"],
  [`two words ${digest}`, "two words"],
  [`é ${digest}`, "é"],
];
for (const [response, username] of accepted) {
  Deno.test(`parseCramMd5() reads ${response}`, () => {
    const read = parseCramMd5(utf8(response));
    assert.equal(read?.username, username);
    assert.equal(read?.digest.toHex(), digest);
  });
}

const refused: [what: string, response: Uint8Array][] = [
  ["nothing", utf8("")],
  ["no name", utf8(digest)],
  ["an empty name", utf8(` ${digest}`)],
  ["no digest", utf8("tim ")],
  ["a short digest", utf8(`tim ${digest.slice(1)}`)],
  ["a long digest", utf8(`tim ${digest}0`)],
  ["a digest with other letters", utf8(`tim ${digest.slice(1)}g`)],
  ["a line end behind it", utf8(`tim ${digest}\n`)],
  ["a NUL", utf8(`t\0m ${digest}`)],
  ["no UTF-8", latin1(`t\xe4m ${digest}`)],
  ["a very long name", utf8(`${"a".repeat(20_000)} ${digest}`)],
];
for (const [what, response] of refused) {
  Deno.test(`parseCramMd5() refuses ${what}`, () => assert.equal(parseCramMd5(response), null));
}
