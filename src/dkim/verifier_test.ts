import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { base64, type Bytes, concat, fromLatin1, latin1, noBytes } from "../base/bytes.ts";
import { txt, type Zone, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { sequence, unsignedInteger } from "../tls/der.ts";
import { DkimBodyHasher } from "./body_hasher.ts";
import { HeaderSection } from "./header_section.ts";
import { recordOf } from "./keys.ts";
import { KeyCache } from "./public_key.ts";
import { type Signer, signField } from "./sign.ts";
import { printSignature, type Signature } from "./signature.ts";
import {
  ed25519Signer,
  now,
  octets,
  plainMessage,
  rsaKey,
  rsaSigner,
  signed,
  verified,
  zone,
} from "./testing/signed_message.ts";
import { clockSkewSeconds } from "./verdict.ts";
import { dkimLimits, DkimVerifier } from "./verifier.ts";

/** A signed message, changed as text. */
function changed(message: Bytes, from: string | RegExp, to: string): Bytes {
  const text = fromLatin1(message);
  assert.match(
    text,
    from instanceof RegExp ? from : new RegExp(from.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")),
  );
  return latin1(text.replace(from, to));
}

/** The only result. */
async function only(message: Bytes, options: Parameters<typeof verified>[1] = {}) {
  const results = await verified(message, options);
  assert.equal(results.length, 1);
  const [result] = results;
  assert.ok(result !== undefined);
  return result;
}

/** The zone with another record for the RSA key. */
function withRecord(...texts: string[]): { resolver: ZoneResolver } {
  const entry = { "rsa._domainkey.example.org": { records: { TXT: txt(...texts) } } };
  return { resolver: new ZoneResolver({ ...zone, ...entry }) };
}

const p = recordOf(rsaKey).replace(/.*; /, "");

Deno.test("a signature that verifies, and all that is told of it", async () => {
  const result = await only(signed(plainMessage), { resolver: new ZoneResolver(zone, "secure") });
  const { signature, ...verdict } = result;
  assert.deepEqual(verdict, {
    status: "pass",
    why: "the signature verifies with an RSA key of 1024 bits",
    keyBits: 1024,
    testing: false,
    services: ["*"],
    security: "secure",
    lengthLimited: false,
  });
  assert.equal(signature?.domain, "example.org");
  assert.equal(signature?.selector, "rsa");
  assert.equal(signature?.identity, "@example.org");
  assert.equal(signature?.algorithm, "rsa-sha256");
  assert.equal(signature?.bodyLength, null);
});

Deno.test("both algorithms and all four canonicalizations verify, in pieces of any size", async () => {
  const forms = ["simple", "relaxed"] as const;
  for (const signer of [rsaSigner, ed25519Signer]) {
    for (const headerCanonicalization of forms) {
      for (const bodyCanonicalization of forms) {
        const message = signed(plainMessage, [{ ...signer, headerCanonicalization, bodyCanonicalization }]);
        for (const octets of [1, 7, message.length]) {
          const [result] = await verified(message, {}, octets);
          assert.equal(result?.status, "pass", result?.why);
        }
      }
    }
  }
});

Deno.test("several signatures are told of in their order, each with its own verdict", async () => {
  const message = signed(plainMessage, [rsaSigner, { ...rsaSigner, selector: "gone" }, ed25519Signer]);
  const results = await verified(message);
  assert.deepEqual(results.map((result) => [result.signature?.selector, result.status]), [
    ["rsa", "pass"],
    ["gone", "permerror"],
    ["ed", "pass"],
  ]);
});

Deno.test("no signature, no header, no message: none", async () => {
  for (const message of [plainMessage, octets("\nbody"), octets("")]) {
    const result = await only(message);
    assert.deepEqual([result.status, result.signature, result.security], ["none", null, null]);
  }
});

const relaxed = signed(plainMessage);
const simple = signed(plainMessage, [{
  ...rsaSigner,
  headerCanonicalization: "simple",
  bodyCanonicalization: "simple",
}]);

const harmless: [what: string, from: string | RegExp, to: string][] = [
  ["white space in a signed field", "dinner ready", "dinner \r\n\t ready"],
  ["the case of a field's name", "Subject:", "SUBJECT :"],
  ["white space in the body", "lost  the game. ", "lost\tthe game."],
  ["empty lines at the end", /$/, "\r\n\r\n\r\n"],
  ["a field that is not signed", /^/, "X-Added: yes\r\n"],
  ["white space in b=", /( b=.{10})/, "$1\r\n  "],
];
for (const [what, from, to] of harmless) {
  Deno.test(`relaxed does not mind ${what}`, async () => {
    assert.equal((await only(changed(relaxed, from, to))).status, "pass");
  });
}

const harmful: [what: string, from: string | RegExp, to: string, why: RegExp][] = [
  ["another word in the body", "game", "cup", /body/],
  ["a word more in the body", "game", "game too", /body/],
  ["another subject", "dinner", "lunch", /header/],
  ["a second From (sealed)", /From:/, "From: b@example.net\r\nFrom:", /header/],
  ["a Cc that was not there (sealed)", /From:/, "Cc: b@example.net\r\nFrom:", /header/],
  ["a field gone", /Subject:.*\r\n/, "", /header/],
  ["another tag in the signature", "v=1;", "v=1; x=9999999999;", /header/],
  ["another signature", / b=.{10}/, " b=AAAAAAAAAA", /header/],
  ["half of a signature", / b=[^]{50}[^\s]*\r\n/, " b=YWJj; z=\r\n", /header/],
];
for (const [what, from, to, why] of harmful) {
  Deno.test(`${what} fails`, async () => {
    const result = await only(changed(relaxed, from, to));
    assert.equal(result.status, "fail");
    assert.match(result.why, why);
  });
}

Deno.test("simple minds any change but empty lines at the end", async () => {
  assert.equal((await only(changed(simple, /$/, "\r\n\r\n"))).status, "pass");
  assert.equal((await only(changed(simple, "lost  the", "lost the"))).status, "fail");
  assert.equal((await only(changed(simple, "Subject:", "subject:"))).status, "fail");
});

Deno.test("without seal, a field can be added", async () => {
  const message = signed(plainMessage, [{ ...rsaSigner, seal: false }]);
  assert.equal((await only(changed(message, /From:/, "Cc: b@example.net\r\nFrom:"))).status, "pass");
});

const records: [what: string, record: string, status: string, why: RegExp][] = [
  ["revoked", "v=DKIM1; p=", "permerror", /revoked/],
  ["malformed", "v=DKIM1; k=rsa", "permerror", /malformed/],
  ["of another version", `v=DKIM2; ${p}`, "permerror", /malformed/],
  ["for SHA-1 alone", `h=sha1; ${p}`, "permerror", /h=/],
  ["for both hashes", `h=sha1:sha256; ${p}`, "pass", /./],
  ["for an unknown key type", `k=future; ${p}`, "permerror", /k=/],
  ["for Ed25519", recordOf(ed25519Signer.key), "permerror", /k=/],
  ["with junk for a key", "p=YWJj", "permerror", /no use/],
  ["of another key", recordOf(rsaKey).replace("QKBgQDkHlOQ", "QKBgQDkHlOR"), "fail", /header/],
  ["for mail", `s=email; ${p}`, "pass", /./],
  ["for another service", `s=tlsrpt; ${p}`, "permerror", /s=/],
  ["for mail and another service", `s=tlsrpt:email; ${p}`, "pass", /./],
  ["for no service", `s=; ${p}`, "permerror", /s=/],
  ["with flags that nobody knows", `t=x:z; ${p}`, "pass", /./],
];
for (const [what, record, status, why] of records) {
  Deno.test(`a key record ${what}: ${status}`, async () => {
    const result = await only(relaxed, withRecord(record));
    assert.equal(result.status, status, result.why);
    assert.match(result.why, why);
  });
}

// RFC 6376 3.6.2.2, 6.1.2 step 4: undefined, but never a reason to delay mail.
const other = recordOf(ed25519Signer.key);
const stranger = recordOf(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey);
const several: [what: string, texts: string[], status: string, why: RegExp][] = [
  ["the key and a new one", [p, stranger], "pass", /1024 bits/],
  ["a key of another type and the key", [other, p], "pass", /1024 bits/],
  ["the key twice", [p, p], "pass", /1024 bits/],
  ["the key and something else", ["v=spf1 -all", p], "pass", /1024 bits/],
  ["two strangers", [other, stranger], "fail", /of 2 keys, none fits: the signature does not fit/],
  ["two keys for something else", [other, `s=tlsrpt; ${p}`], "permerror", /of 2 keys, none fits/],
  ["the key and a record that says it is revoked", [p, "v=DKIM1; p="], "permerror", /revoked/],
  ["more than are tried", [p, other, stranger, `n=x; ${p}`], "permerror", /more key records/],
];
for (const [what, texts, status, why] of several) {
  for (const order of [texts, texts.toReversed()]) {
    Deno.test(`a selector with ${what}: ${status}, ${order === texts ? "as written" : "reversed"}`, async () => {
      const result = await only(relaxed, withRecord(...order));
      assert.equal(result.status, status, result.why);
      assert.match(result.why, why);
    });
  }
}

Deno.test("of several keys, the one that verifies tells its own flags", async () => {
  const { testing } = await only(relaxed, withRecord(`t=y; ${stranger.slice("v=DKIM1; ".length)}`, p));
  assert.equal(testing, false);
});

Deno.test("a key in testing is told of, also where it fails", async () => {
  const options = withRecord(`t=y; s=*; ${p}`);
  assert.deepEqual(
    [await only(relaxed, options), await only(changed(relaxed, "game", "cup"), options)]
      .map(({ status, testing }) => [status, testing]),
    [["pass", true], ["fail", true]],
  );
});

Deno.test("a key that is missing or cannot be had is told with its security", async () => {
  const missing = await only(relaxed, { resolver: new ZoneResolver({}, "secure") });
  assert.deepEqual([missing.status, missing.security], ["permerror", "secure"]);
  const failing: Zone = { "rsa._domainkey.example.org": { failures: { "*": "bogus" } } };
  const bogus = await only(relaxed, { resolver: new ZoneResolver(failing) });
  assert.deepEqual([bogus.status, bogus.security], ["temperror", "bogus"]);
  const aborted = await only(relaxed, { signal: AbortSignal.abort() });
  assert.equal(aborted.status, "temperror");
});

Deno.test("RSA: 4096 bits verify, less than 1024 are an error, more than 4096 are not tried", async () => {
  const [large] = await verified(largeMessage, {
    resolver: new ZoneResolver({ "large._domainkey.example.org": { records: { TXT: txt(largeRecord) } } }),
  });
  assert.deepEqual([large?.status, large?.keyBits], ["pass", 4096]);
  for (
    const [bits, status] of [[1016, "permerror"], [1024, "fail"], [4096, "fail"], [
      4104,
      "permerror",
    ]] as const
  ) {
    const modulus = new Uint8Array(bits / 8).fill(0xa5);
    const der = sequence(unsignedInteger(modulus), unsignedInteger(Uint8Array.of(1, 0, 1)));
    const result = await only(relaxed, withRecord(`p=${base64(der)}`));
    assert.deepEqual([result.status, result.keyBits], [status, bits > 4096 ? null : bits], result.why);
  }
});

/** The tags of a signature that is never looked at further, with some replaced or added. */
function hopeless(tags: Record<string, string>): Bytes {
  const all = {
    v: "1",
    a: "rsa-sha256",
    d: "example.org",
    s: "rsa",
    h: "from",
    bh: "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=",
    b: "YQ==",
    ...tags,
  };
  const list = Object.entries(all).map(([name, value]) => `${name}=${value}`).join("; ");
  return concat([latin1(`DKIM-Signature: ${list}\r\n`), plainMessage]);
}

const seconds = now / 1000;
const skew = clockSkewSeconds;
const judged: [what: string, tags: Record<string, string>, status: string, why: RegExp][] = [
  ["unreadable", { bh: "x" }, "neutral", /cannot be read/],
  ["an unknown algorithm", { a: "rsa-sha512" }, "neutral", /rsa-sha512/],
  ["SHA-1", { a: "rsa-sha1", bh: "uoq1oCgLlTqpdDX/iUbLy7J1Wic=" }, "permerror", /SHA-1/], // RFC 8301 3.1
  ["From not signed", { h: "to:subject" }, "permerror", /From/],
  ["an identity of another domain", { i: "joe@example.net" }, "permerror", /i=/],
  ["an identity of a similar domain", { i: "joe@notexample.org" }, "permerror", /i=/],
  ["an identity of the parent", { d: "sub.example.org", i: "joe@example.org" }, "permerror", /i=/],
  ["expired", { x: String(seconds - skew - 1) }, "policy", /expired on 2026-01-01/],
  ["from the future", { t: String(seconds + skew + 1) }, "policy", /future/],
  ["of a far future", { t: "999999999999" }, "policy", /future/],
  ["signed by a top-level domain", { d: "org", i: "@example.org" }, "policy", /register/],
];
for (const [what, tags, status, why] of judged) {
  Deno.test(`a signature with tags ${what}: ${status}, and no key is asked for`, async () => {
    const resolver = new ZoneResolver(zone);
    const result = await only(hopeless(tags), { resolver });
    assert.equal(result.status, status, result.why);
    assert.match(result.why, why);
    assert.deepEqual(resolver.asked, []);
  });
}

Deno.test("clocks may differ a little", async () => {
  for (const tags of [{ x: String(seconds - skew) }, { t: String(seconds + skew) }, { x: "999999999999" }]) {
    assert.equal((await only(hopeless(tags))).status, "fail");
  }
});

Deno.test("who may not sign for all of a domain is up to the caller", async () => {
  const isPublicSuffix = (domain: string) => domain === "example.org";
  assert.equal((await only(relaxed, { isPublicSuffix })).status, "policy");
  const zoned: Zone = { "rsa._domainkey.localhost": { records: { TXT: txt(recordOf(rsaKey)) } } };
  const local = signed(plainMessage, [{ ...rsaSigner, domain: "localhost" }]);
  const resolver = new ZoneResolver(zoned);
  assert.equal((await only(local, { resolver })).status, "policy");
  assert.equal((await only(local, { resolver, isPublicSuffix })).status, "pass");
});

Deno.test("an identity in a subdomain passes, unless the key is strict (t=s)", async () => {
  const below = signed(plainMessage, [{ ...rsaSigner, identity: "joe@sub.example.org" }]);
  const same = signed(plainMessage, [{ ...rsaSigner, identity: "joe@example.org" }]);
  assert.equal((await only(below)).status, "pass");
  const strict = withRecord(`t=s; ${p}`);
  assert.equal((await only(same, strict)).status, "pass");
  assert.equal((await only(below, strict)).status, "permerror");
});

Deno.test("internationalized: U-labels and UTF-8 in the message, A-labels in the DNS (RFC 8616)", async () => {
  const resolver = new ZoneResolver({
    "xn--tda._domainkey.xn--bcher-kva.example": { records: { TXT: txt(recordOf(rsaKey)) } },
  });
  const message = octets("From: \xc3\xbc@b\xc3\xbccher.example\nSubject: \xc3\xbc\n\n\xc3\xbc\n");
  const signer: Signer = {
    ...rsaSigner,
    domain: "bücher.example",
    selector: "ü",
    identity: "ü@bücher.example",
  };
  const result = await only(signed(message, [signer]), { resolver });
  assert.equal(result.status, "pass", result.why);
  assert.equal(result.signature?.domain, "bücher.example");
  assert.equal(result.signature?.identity, "ü@bücher.example");
});

/** Signed as nobody should: only the beginning of the body, "Hi.", CRLF. */
function signedInPart(bodyLength: number, body: string): Bytes {
  const header = octets("From: a@example.org\n");
  const hasher = new DkimBodyHasher();
  const hash = hasher.want("relaxed", bodyLength);
  hasher.write(latin1("Hi.\r\n"));
  hasher.finish();
  const signature: Signature = {
    algorithm: "ed25519-sha256",
    signature: noBytes,
    domain: "example.org",
    selector: "ed",
    timestamp: null,
    bodyHash: hash?.digest ?? noBytes,
    headerCanonicalization: "relaxed",
    bodyCanonicalization: "relaxed",
    signedFields: ["from"],
    bodyLength,
    expiration: null,
    identity: "@example.org",
  };
  const section = new HeaderSection(header);
  const field = signField(section, printSignature(signature), signature, ed25519Signer.key);
  return concat([latin1(`${field}\r\n`), header, latin1(`\r\n${body}`)]);
}

const partly: [length: number, body: string, status: string, why: RegExp][] = [
  [5, "Hi.\r\n", "pass", /./],
  [5, "Hi.\r\nBuy now!\r\n", "pass", /./],
  [0, "anything", "pass", /./],
  [3, "Hi. There.", "pass", /./],
  [3, "Ho. There.", "fail", /bh=/],
  [5, "Hi.", "pass", /./], // RFC 6376 3.4.4: gets its line end.
  [5, "Hi", "fail", /4 octets, 5 were signed/],
  [6, "Hi.\r\n", "fail", /5 octets, 6 were signed/], // RFC 6376 3.5
];
for (const [length, body, status, why] of partly) {
  Deno.test(`l=${length} of ${JSON.stringify(body)}: ${status}, and told of`, async () => {
    const result = await only(signedInPart(length, body));
    assert.deepEqual([result.status, result.lengthLimited, result.signature?.bodyLength], [
      status,
      true,
      length,
    ]);
    assert.match(result.why, why);
  });
}

Deno.test("signatures beyond the limit share one verdict", async () => {
  const limit = dkimLimits.maxSignatures;
  const signers = (count: number) => Array<Signer>(count).fill(ed25519Signer);
  const allowed = await verified(signed(plainMessage, signers(limit)));
  assert.deepEqual(allowed.map((result) => result.status), Array<string>(limit).fill("pass"));
  const resolver = new ZoneResolver(zone);
  const results = await verified(signed(plainMessage, signers(limit + 3)), { resolver });
  assert.deepEqual(results.map((result) => result.status), [...Array<string>(limit).fill("pass"), "policy"]);
  assert.match(results.at(-1)?.why ?? "", /^3 further/);
  assert.equal(resolver.asked.length, 1); // And the key was asked for once.
});

Deno.test("limits: header octets, header fields, octets of a signature, names in h=, hashes", async () => {
  const status = async (message: Bytes, limits: Partial<typeof dkimLimits>) => {
    const results = await verified(message, { limits });
    return results.at(-1)?.status;
  };
  const header = fromLatin1(relaxed).indexOf("\r\n\r\n") + 2;
  assert.equal(await status(relaxed, { maxHeaderOctets: header }), "pass");
  assert.equal(await status(relaxed, { maxHeaderOctets: header - 1 }), "policy");
  assert.equal(await status(relaxed, { maxHeaderFields: 6 }), "pass");
  assert.equal(await status(relaxed, { maxHeaderFields: 5 }), "policy");
  const field = fromLatin1(relaxed).indexOf("\r\nFrom:") - "DKIM-Signature:".length;
  assert.equal(await status(relaxed, { maxSignatureOctets: field }), "pass");
  assert.equal(await status(relaxed, { maxSignatureOctets: field - 1 }), "policy");
  const names = (await only(relaxed)).signature?.signedFields.length ?? 0;
  assert.equal(await status(relaxed, { maxSignedFields: names }), "pass");
  assert.equal(await status(relaxed, { maxSignedFields: names - 1 }), "policy");
  const two = concat([hopeless({ l: "1" }).subarray(0, -plainMessage.length), hopeless({ l: "2" })]);
  assert.equal(await status(two, { maxBodyHashes: 2 }), "fail");
  assert.equal(await status(two, { maxBodyHashes: 1 }), "policy");
});

Deno.test("keys are asked for when the header is there, before the body", async () => {
  const resolver = new ZoneResolver(zone);
  const verifier = new DkimVerifier({ resolver, now });
  const split = fromLatin1(relaxed).indexOf("\r\n\r\n") + 4;
  verifier.write(relaxed.subarray(0, split - 1));
  assert.deepEqual(resolver.asked, []);
  verifier.write(relaxed.subarray(split - 1, split));
  assert.deepEqual(resolver.asked, ["rsa._domainkey.example.org. TXT"]);
  verifier.write(relaxed.subarray(split));
  assert.equal((await verifier.finish())[0]?.status, "pass");
});

Deno.test("keys are kept from message to message", async () => {
  const keys = new KeyCache();
  await only(relaxed, { keys });
  await only(signed(plainMessage, [ed25519Signer]), { keys });
  await only(relaxed, { keys });
  assert.equal(keys.size, 2);
});

Deno.test("what is signed verifies, whatever it is and however it arrives", async () => {
  const value = fc.stringMatching(/^[ -~]{0,30}$/);
  const name = fc.constantFrom("To", "Subject", "X", "subject", "Received", "DKIM-Signature");
  const body = fc.array(fc.constantFrom("a", " ", "\t", "\r\n", "word", "\xff", "."), { maxLength: 40 });
  const form = fc.constantFrom("simple" as const, "relaxed" as const);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(name, value), { maxLength: 10 }),
      value,
      body.map((parts) => parts.join("")),
      form,
      form,
      fc.boolean(),
      fc.integer({ min: 1, max: 200 }),
      async (fields, from, text, headerCanonicalization, bodyCanonicalization, seal, pieceOctets) => {
        const lines = [...fields, ["From", from] as const].map(([key, one]) => `${key}: ${one}\r\n`);
        const message = latin1(`${lines.join("")}\r\n${text}`);
        const signer: Signer = {
          ...ed25519Signer,
          headerCanonicalization,
          bodyCanonicalization,
          seal,
          fields: ["from", "to", "subject", "x", "received"],
        };
        const [result] = await verified(signed(message, [signer]), {}, pieceOctets);
        assert.equal(result?.status, "pass", result?.why);
      },
    ),
  );
});

const largeRecord =
  "p=MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAwVnS1M7YnUBSsUXyD0yveX5f6SbjHHYp5u/Ma9l9iTLE1MGcMJWMSH1e3jG8Mrqf" +
  "Q4Np+EOCPqZjByCS81XN/CUpnOYK+KhpmWXwgdu2HU30qNAZwfDYQhtw7bstd3uRXpuDnD3nZjH/f7ni5Cn1wv4mKzheQ2P0LWTyjybKPX4L/H" +
  "tCdn+KFY/T0Ttj7jas/LqzdMoePbHt8B2ivSWd0tRMtmNRgiMtwqhidkzHpJ8PoJnmL2YRUyPWop5eBioqENnAmnzO2fLM72FMW816ChlQc4nC" +
  "gsMIiHsuncUSbpuQ2hp8KIjzHPH6cnMpTBiYqsxfbQThjPD7y0BKIfdTgP1inbQdj3OTrSIkGugTQYMR8ILphRqtKUD+stYP/GRuucVKIdPIMo" +
  "C4RlBOhj0fXxVOjrGLGiReUo/koBRmnpjqgKwsBnpxOmm3d8aX3v0M3nTJjrbZ0bP9QofSU4U/DnAYh/re7qlb985/sesCPTpCXPACRjMSdjzi" +
  "AoeQ9WF370It+BZBCCVcGT+9zMkXQbVITfVOr1apHH85oCkpY2bAhEDH4d0F/x4ISTZyn2ObBoYv2v+UOvALB8iMwA7Eb4VpZSNogKym9AJ99u" +
  "MWc2c9+qWnE6/Crugiaj8zn1fs/QLXyuEkN3g2oKAsmilxQ+HewnQGAHy6+HlpGDnnKu0CAwEAAQ==";

const largeMessage = concat([
  octets(
    `DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=large;
\tc=relaxed/relaxed; t=1767312000; h=from:from:to:to:cc:bcc:reply-to:
\treferences:in-reply-to:subject:subject:date:date:message-id:message-id:
\tcontent-type; bh=sTT02lKuPAH1nGYBiIjR27DGuCuXdYrdO56uQNzQX+8=; b=goDxK8ov
\tBgTpFDXGC68F9jLCbf10/nXtxy3BZhFORPgf1Ayv0+2742sMId/mOfq9F0JqAuXuf7z1ywn5
\t1jPaalDPhfSG6m5DWnwWO2zYeITe0ABkbNZjm3erV0byWEhpVok/gdiPeV4yuNcGXvGS1E9i
\toTUTvjPra1IX5TgVuozQhxlipGvdVq2NTsBMRnLK/Zj8P6uIAGV4Ru4vFr8ItUJsOd6UqL2y
\traeX4z5nY5HxIw1U7GEy9K7x8uuKF/4HR0LrGZv5Rmn/orgiSsXmz1NttVgRbwx0vuYiYslS
\tYl1uemuM+CenPRWDizri7QMim2n/ZId0iCaHF12gmV9Dd0onezRF3HSGyabQjsyLhS9Fjs+Z
\tSDgtjZhO1l2nsdiojC8uqRDoPz0+MJWu7fAj08PH7FQvO1oBES2K2DN315O/q3jCsTrTf1d4
\tRAt6EyeO+9XpK4ju7uOBVAaUPnueFN/4WDqZs/kqTrWR1QURQKjUFXIW1d+FUjaT81/kllW6
\tinxtArSYZg5nQgDvLb06e9BbFpCli2aFu5YS05dfVUtP3UXGkgXZaLnucbqN+f196qt5ZyVE
\tAjeA5eKmLjeyZwsBVfRIt81maE98nRwFIAARk7NKfJLgN6MwN34RIxEQKagdpbfHSB3SwHru
\tYNdr6+jN0ipAdhbo310cPoN7o7E=
`,
  ),
  plainMessage,
]);
