import assert from "node:assert/strict";
import { type Bytes, concat, fromLatin1, latin1 } from "../base/bytes.ts";
import { recordOf } from "../dkim/keys.ts";
import type { Signer } from "../dkim/sign.ts";
import {
  ed25519Key,
  ed25519Signer,
  octets,
  plainMessage,
  rsaSigner,
  signed,
  zone,
} from "../dkim/testing/signed_message.ts";
import { txt, type Zone, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { sealed, sealedTimes, validated } from "./testing/sealed_message.ts";
import { ArcVerifier } from "./verify.ts";
import { now } from "../dkim/testing/signed_message.ts";

function changed(message: Bytes | null, from: string | RegExp, to: string): Bytes {
  const text = fromLatin1(message ?? latin1(""));
  const after = text.replace(from, to);
  assert.notEqual(after, text);
  return latin1(after);
}

/** Sealed by hosts that have a key of their own each: `k1` to `kN`. */
async function sealedByMany(times: number): Promise<{ message: Bytes; zone: Record<string, Zone[string]> }> {
  const records: Record<string, Zone[string]> = {};
  let message: Bytes = plainMessage;
  for (let i = 1; i <= times; i++) {
    records[`k${i}._domainkey.example.org`] = { records: { TXT: txt(recordOf(ed25519Key)) } };
    const resolver = new ZoneResolver(records);
    const chain = await validated(message, { resolver });
    message = await sealed(message, chain, { ...ed25519Signer, selector: `k${i}` }) ?? message;
  }
  return { message, zone: records };
}

Deno.test("no chain: none", async () => {
  for (const message of [plainMessage, octets("\nbody"), octets("")]) {
    const { why: _, ...result } = await validated(message);
    assert.deepEqual(result, {
      status: "none",
      instances: 0,
      chain: [],
      oldestPass: null,
      isMarked: false,
      testing: false,
      security: null,
    });
  }
});

Deno.test("a chain that verifies, and all that is told of it", async () => {
  const message = await sealed(await sealed(signed(plainMessage)) ?? plainMessage, undefined, rsaSigner);
  const result = await validated(message ?? plainMessage, { resolver: new ZoneResolver(zone, "secure") });
  const payload = "mx.example.org; spf=pass smtp.mailfrom=a@example.net;\tdkim=none";
  const passes = { amsStatus: "pass", asStatus: "pass", isWhole: true } as const;
  assert.deepEqual(result, {
    status: "pass",
    instances: 2,
    chain: [
      { instance: 1, domain: "example.org", selector: "ed", ...passes, payload },
      { instance: 2, domain: "example.org", selector: "rsa", ...passes, payload },
    ],
    oldestPass: 0,
    isMarked: false,
    testing: false,
    security: "secure",
    why: "the chain of 2 verifies",
  });
});

Deno.test("in pieces of any size", async () => {
  const message = await sealedTimes(plainMessage, 2);
  for (const size of [1, 7, 100]) assert.equal((await validated(message, {}, size)).status, "pass");
});

Deno.test("a change on the way shows in the oldest signature that still verifies", async () => {
  const twice = await sealedTimes(plainMessage, 2);
  const list = changed(twice, "dinner", "[list] dinner"); // Before the third seal: nobody could do it without a trace.
  const chain = { ...await validated(twice) };
  const four = await sealed(await sealed(list, chain) ?? list);
  const result = await validated(four ?? list);
  assert.equal(result.status, "pass", result.why);
  assert.equal(result.oldestPass, 3);
  assert.deepEqual(result.chain.map((link) => link.amsStatus), [null, "fail", "pass", "pass"]);
});

const fails: [what: string, from: string | RegExp, to: string, why: RegExp][] = [
  ["the body changed after the last seal", "game", "cup", /message signature 2 .*body/],
  ["a signed field changed after the last seal", "dinner", "lunch", /message signature 2 /],
  ["what the first found changed", /spf=pass([^]*)spf=pass/, "spf=pass$1spf=fail", /seal 2 /],
  ["what the last found changed", "spf=pass", "spf=fail", /seal 2 /],
  ["the first seal changed", /(ARC-Seal: i=1;[^]*?)t=17673/, "$1t=17672", /seal 2 /],
  [
    "the signature of a message signature changed",
    /(ARC-Message-Signature: i=1;[^]*?) b=..../,
    "$1 b=AAAA",
    /seal 2 /,
  ],
  ["a seal gone", /ARC-Seal: i=1;[^]*?\r\n(?=ARC-M)/, "", /set 1/],
  ["a seal with h=", /ARC-Seal: i=2;/, "ARC-Seal: i=2; h=from;", /seal 2 .*h=/],
  ["a seal by SHA-1", /ARC-Seal: i=2; a=ed25519-sha256/, "ARC-Seal: i=2; a=rsa-sha1", /seal 2 .*SHA-1/],
  [
    "an unknown algorithm",
    /ARC-Message-Signature: i=2; a=ed25519/,
    "ARC-Message-Signature: i=2; a=x",
    /signature 2/,
  ],
];
for (const [what, from, to, why] of fails) {
  Deno.test(`fail: ${what}`, async () => {
    const result = await validated(changed(await sealedTimes(plainMessage, 2), from, to));
    assert.equal(result.status, "fail");
    assert.match(result.why, why);
  });
}

Deno.test("errors of the DNS are failures (RFC 8617 5.2.1)", async () => {
  const message = await sealedTimes(plainMessage, 1);
  const failing: Zone = { "ed._domainkey.example.org": { failures: { "*": "timeout" } } };
  const result = await validated(message, { resolver: new ZoneResolver(failing) });
  assert.deepEqual([result.status, result.chain[0]?.amsStatus], ["fail", "temperror"]);
  assert.equal((await validated(message, { signal: AbortSignal.abort() })).status, "fail");
});

Deno.test("an AMS that expired fails, whoever it is from", async () => {
  const message = await sealedTimes(plainMessage, 1);
  const expired = changed(
    message,
    /ARC-Message-Signature: i=1;/,
    "ARC-Message-Signature: i=1; x=1767312001;",
  );
  const result = await validated(expired, { now: now + 7200_000 });
  assert.deepEqual([result.status, result.chain[0]?.amsStatus], ["fail", "policy"]);
});

Deno.test("a message signature that leaves From or part of the body open is told of", async () => {
  const message = await sealedTimes(plainMessage, 1);
  const isWhole = async (from: string | RegExp, to: string) =>
    (await validated(changed(message, from, to))).chain[0]?.isWhole;
  assert.equal(await isWhole("ARC-Message-Signature: i=1;", "ARC-Message-Signature: i=1; n=x;"), true);
  assert.equal(await isWhole("ARC-Message-Signature: i=1;", "ARC-Message-Signature: i=1; l=3;"), false);
  assert.equal(await isWhole(/h=from:from:/, "h="), false);
});

Deno.test("the weakest key decides about security; testing keys are told of", async () => {
  const { message, zone: records } = await sealedByMany(3);
  const secure = Object.fromEntries(
    Object.entries(records).map(([name, entry]) => [name, { ...entry, security: "secure" as const }]),
  );
  assert.equal((await validated(message, { resolver: new ZoneResolver(secure) })).security, "secure");
  const second = {
    "k2._domainkey.example.org": { records: { TXT: txt(`t=y; ${recordOf(ed25519Key).slice(9)}`) } },
  };
  const result = await validated(message, { resolver: new ZoneResolver({ ...secure, ...second }) });
  assert.deepEqual([result.status, result.security, result.testing], ["pass", "insecure", true]);
});

Deno.test("a long chain of fifty verifies", async () => {
  const { message, zone: records } = await sealedByMany(50);
  const resolver = new ZoneResolver(records);
  const result = await validated(message, { resolver });
  assert.deepEqual([result.status, result.oldestPass, result.instances], ["pass", 0, 50], result.why);
  assert.equal(resolver.asked.length, 50);
  assert.equal(await sealed(message, result), null);
});

Deno.test("a chain that somebody made up is not worth fifty questions", async () => {
  const { message, zone: records } = await sealedByMany(20);
  const forged = changed(message, /(ARC-Seal: i=20;[^]*?) b=..../, "$1 b=AAAA");
  const resolver = new ZoneResolver(records);
  assert.equal((await validated(forged, { resolver })).status, "fail");
  assert.equal(resolver.asked.length, 5); // Its own key, and four ahead.
});

Deno.test("keys are asked for when the header is there, before the body", async () => {
  const message = await sealedTimes(plainMessage, 1);
  const resolver = new ZoneResolver(zone);
  const verifier = new ArcVerifier({ resolver, now });
  verifier.write(message.subarray(0, fromLatin1(message).indexOf("\r\n\r\n") + 4));
  assert.deepEqual(resolver.asked, ["ed._domainkey.example.org. TXT"]);
});

Deno.test("limits: a header section, hashes of a body, names in h=", async () => {
  const message = await sealedTimes(plainMessage, 1);
  const status = async (limits: NonNullable<Parameters<typeof validated>[1]>["limits"] & object) =>
    (await validated(message, { limits })).status;
  assert.equal(await status({ maxHeaderOctets: 100 }), "fail");
  assert.equal(await status({ maxHeaderFields: 8 }), "pass");
  assert.equal(await status({ maxHeaderFields: 7 }), "fail");
  assert.equal(await status({ maxBodyHashes: 1 }), "pass");
  assert.equal(await status({ maxBodyHashes: 0 }), "fail");
  assert.equal(await status({ maxSignedFields: 3 }), "fail");
});

Deno.test("older message signatures beyond the hashes of a body end the search, not the chain", async () => {
  const simple: Signer = { ...ed25519Signer, bodyCanonicalization: "simple" };
  const message = await sealed(await sealed(plainMessage) ?? plainMessage, undefined, simple);
  const result = await validated(message ?? plainMessage, { limits: { maxBodyHashes: 1 } });
  assert.deepEqual([result.status, result.oldestPass, result.chain[0]?.amsStatus], ["pass", 2, "policy"]);
  const more = await validated(message ?? plainMessage, { limits: { maxBodyHashes: 2 } });
  assert.deepEqual([more.status, more.oldestPass], ["pass", 0]);
});

Deno.test("octets behind the message, or a set put in front by somebody else, do not pass", async () => {
  const message = await sealedTimes(plainMessage, 1);
  assert.equal((await validated(concat([message, latin1("more\r\n")]))).status, "fail");
  const added = concat([
    latin1("ARC-Seal: i=2; a=rsa-sha256; cv=pass; d=a.example; s=s; b=YQ==\r\n"),
    message,
  ]);
  assert.equal((await validated(added)).status, "fail");
});
