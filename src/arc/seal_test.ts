import assert from "node:assert/strict";
import fc from "fast-check";
import { fromLatin1, latin1 } from "../base/bytes.ts";
import { bodyHasherFor, type Signer } from "../dkim/sign.ts";
import {
  ed25519Signer,
  now,
  octets,
  plainMessage,
  rsaSigner,
  signed,
} from "../dkim/testing/signed_message.ts";
import { sealMessage } from "./seal.ts";
import { sealed, sealedTimes, validated } from "./testing/sealed_message.ts";

function seal(
  header: string,
  chain: Awaited<ReturnType<typeof validated>>,
  results = "mx.example; none",
  signer: Signer = ed25519Signer,
) {
  const body = bodyHasherFor([signer]);
  body.finish();
  return sealMessage({ header: octets(header), body, chain, results, signer, now });
}

const none = await validated(plainMessage);

Deno.test("a set is three fields, the seal first, the same each time", () => {
  const fields = seal("From: a\n", none);
  assert.deepEqual(seal("From: a\n", none), fields);
  const [as = "", ams = "", aar = ""] = fields ?? [];
  assert.match(
    as,
    /^ARC-Seal: i=1; a=ed25519-sha256; cv=none; d=example\.org; s=ed; t=1767312000;\r\n\tb=[^]*\r\n$/,
  );
  assert.match(ams, /^ARC-Message-Signature: i=1; a=ed25519-sha256; d=example\.org; s=ed;\r\n[^]*\r\n$/);
  assert.equal(aar, "ARC-Authentication-Results: i=1; mx.example; none\r\n");
});

Deno.test("what is sealed verifies, and again, whatever was in it", async () => {
  const value = fc.stringMatching(/^[ -~]{0,30}$/);
  const fields = fc.array(fc.tuple(fc.constantFrom("To", "Subject", "X", "DKIM-Signature"), value), {
    maxLength: 6,
  });
  const form = fc.constantFrom("simple" as const, "relaxed" as const);
  await fc.assert(
    fc.asyncProperty(
      fields,
      fc.array(fc.constantFrom("a", " ", "\t", "\r\n", "\xff"), { maxLength: 20 }),
      fc.array(fc.tuple(form, form, fc.boolean()), { minLength: 1, maxLength: 4 }),
      async (list, body, hops) => {
        const lines = [...list, ["From", "a"]].map(([name, one]) => `${name}: ${one}\r\n`);
        let message = latin1(`${lines.join("")}\r\n${body.join("")}`);
        for (const [headerCanonicalization, bodyCanonicalization, isSealed] of hops) {
          const signer = { ...ed25519Signer, headerCanonicalization, bodyCanonicalization, seal: isSealed };
          message = await sealed(message, undefined, signer) ?? message;
        }
        const result = await validated(message);
        assert.deepEqual(
          [result.status, result.instances, result.oldestPass],
          ["pass", hops.length, 0],
          result.why,
        );
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("RSA seals too", async () => {
  const result = await validated(await sealed(plainMessage, undefined, rsaSigner) ?? plainMessage);
  assert.equal(result.status, "pass");
});

Deno.test("DKIM signatures that are there are signed, ARC fields and other results never", async () => {
  const header = "DKIM-Signature: x\nDKIM-Signature: y\nAuthentication-Results: z\nFrom: a\n";
  const signer: Signer = {
    ...ed25519Signer,
    fields: ["From", "authentication-results", "ARC-Seal", "Arc-Message-Signature", "DKIM-Signature"],
  };
  const [, ams = ""] = seal(header, none, "mx.example; none", signer) ?? [];
  assert.match(ams.replaceAll(/\s/g, ""), /;h=from:from:dkim-signature:dkim-signature;/);
  // One more of them on top is the next handler's good right.
  const message = await sealed(signed(plainMessage)) ?? plainMessage;
  const more = latin1(`DKIM-Signature: another\r\n${fromLatin1(message)}`);
  assert.equal((await validated(more)).status, "pass");
});

Deno.test("a broken chain is sealed once, as broken, and never again (RFC 8617 5.1)", async () => {
  const twice = fromLatin1(await sealedTimes(plainMessage, 2));
  const changed = latin1(twice.replace("game", "cup"));
  const chain = await validated(changed);
  assert.equal(chain.status, "fail");
  const marked = await sealed(changed, chain);
  assert.match(fromLatin1(marked ?? latin1("")), /^ARC-Seal: i=3; a=ed25519-sha256; cv=fail;/);
  const after = await validated(marked ?? changed);
  assert.deepEqual([after.status, after.isMarked, after.instances], ["fail", true, 3]);
  assert.equal(await sealed(marked ?? changed, after), null);
});

Deno.test("of a broken chain only the new set is signed (RFC 8617 5.1.2)", async () => {
  const once = fromLatin1(await sealedTimes(plainMessage, 1));
  const one = once.replace("game", "cup");
  const other = one.replace(/ARC-Seal: [^]*?\r\n(?=ARC-M)/, "");
  const sealOf = async (text: string) => {
    const message = await sealed(latin1(text), { ...await validated(latin1(text)), instances: 1 });
    return fromLatin1(message ?? latin1("")).split("\r\nARC-M")[0];
  };
  assert.equal(await sealOf(one), await sealOf(other));
});

Deno.test("a chain that is not that of the header is not continued", async () => {
  const chain = await validated(await sealedTimes(plainMessage, 1));
  assert.equal(chain.status, "pass");
  assert.throws(() => seal("From: a\n", chain), TypeError);
  const header = fromLatin1(await sealedTimes(plainMessage, 1)).split("\r\n\r\n")[0] ?? "";
  assert.throws(() => seal(`${header.replaceAll("\r\n", "\n")}\n`, none), TypeError);
});

for (const results of ["mx\r\nBcc: x", "mx\nx", "mx\rx", "mx\r\n", "mx\x00", "mx\x7f"]) {
  Deno.test(`results that are no part of a field are refused: ${JSON.stringify(results)}`, () => {
    assert.throws(() => seal("From: a\n", none, results), SyntaxError);
  });
}

Deno.test("a signer without From is refused, as for DKIM", () => {
  assert.throws(() => seal("From: a\n", none, "mx; none", { ...ed25519Signer, fields: ["to"] }), TypeError);
});
