import assert from "node:assert/strict";
import fc from "fast-check";
import { fromBase64, fromUtf8, noBytes, utf8 } from "../base/bytes.ts";
import { deriveScram, ScramClient, type ScramHash, ScramServer } from "./scram.ts";
import { parseClientFirst } from "./scram_message.ts";

/** A whole exchange as the standards print it. */
interface Example {
  readonly hash: ScramHash;
  readonly initial: string;
  readonly serverNonce: string;
  readonly challenge: string;
  readonly response: string;
  readonly final: string;
}

const examples: Record<string, Example> = {
  "RFC 5802 5": {
    hash: "SHA-1",
    initial: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    serverNonce: "3rfcNHYJY1ZVvWVs7j",
    challenge: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    response: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    final: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
  },
  "RFC 7677 3": {
    hash: "SHA-256",
    initial: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    challenge: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    response:
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    final: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  },
};

/** A server as in an example, with the client's first message read. */
async function serverOf(example: Example): Promise<ScramServer> {
  const salt = fromBase64(/s=([^,]+)/.exec(example.challenge)?.[1] ?? "") ?? noBytes;
  const first = parseClientFirst(utf8(example.initial));
  assert.ok(first !== null);
  return new ScramServer(
    example.hash,
    first,
    await deriveScram(example.hash, "pencil", salt, 4096),
    example.serverNonce,
  );
}

for (const [source, example] of Object.entries(examples)) {
  Deno.test(`the server says what ${source} prints`, async () => {
    const server = await serverOf(example);
    assert.equal(fromUtf8(server.challenge), example.challenge);
    assert.deepEqual(server.finish(utf8(example.response)), { kind: "proved", final: utf8(example.final) });
  });

  Deno.test(`the client says what ${source} prints`, async () => {
    const nonce = example.initial.split("r=")[1] ?? "";
    const client = new ScramClient(example.hash, "user", "pencil", nonce);
    assert.equal(fromUtf8(client.initial), example.initial);
    assert.equal(fromUtf8(await client.respond(utf8(example.challenge)) ?? noBytes), example.response);
    assert.ok(client.verify(utf8(example.final)));
    assert.ok(!client.verify(utf8("v=AAAA")));
    assert.ok(!client.verify(utf8(example.final.replace("v=", "e="))));
    assert.ok(!client.verify(utf8("e=other-error")));
  });
}

const example = examples["RFC 7677 3"] as Example;
const nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const proof = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const finals: [what: string, message: string, kind: "wrong" | "malformed"][] = [
  ["another proof", example.response.replace("p=d", "p=e"), "wrong"],
  ["an extension that was not signed", `c=biws,r=${nonce},x=1,p=${proof}`, "wrong"],
  ["the client's nonce alone", `c=biws,r=rOprNGfwEbeRWgbNEkqO,p=${proof}`, "malformed"],
  ["another nonce", `c=biws,r=${nonce}x,p=${proof}`, "malformed"],
  ["another header (y)", `c=eSws,r=${nonce},p=${proof}`, "malformed"],
  ["channel binding data", `c=biwsYWJj,r=${nonce},p=${proof}`, "malformed"],
  ["a mandatory extension", `c=biws,r=${nonce},m=1,p=${proof}`, "malformed"],
  ["a short proof", `c=biws,r=${nonce},p=AAAA`, "malformed"],
  ["a proof that is no base64", `c=biws,r=${nonce},p=dHzb=`, "malformed"],
  ["no proof", `c=biws,r=${nonce}`, "malformed"],
  ["nothing", "", "malformed"],
  ["something behind the proof", `${example.response},x=1`, "malformed"],
];
for (const [what, message, kind] of finals) {
  Deno.test(`the server refuses a final message with ${what} as ${kind}`, async () => {
    assert.equal((await serverOf(example)).finish(utf8(message)).kind, kind);
  });
}

const challenges: [what: string, challenge: string][] = [
  ["another nonce", "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"],
  ["nothing added to the nonce", "r=abc,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"],
  ["too few iterations", "r=abcdef,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4095"],
  ["too many iterations", "r=abcdef,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=10000001"],
  ["no salt", "r=abcdef,i=4096"],
  ["a salt that is no base64", "r=abcdef,s=W,i=4096"],
  ["a mandatory extension", "m=1,r=abcdef,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"],
  ["an error", "e=other-error"],
];
for (const [what, challenge] of challenges) {
  Deno.test(`the client refuses a challenge with ${what}`, async () => {
    assert.equal(await new ScramClient("SHA-256", "user", "pencil", "abc").respond(utf8(challenge)), null);
  });
}

Deno.test("client and server agree, whatever the names and passwords", async () => {
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter((t) => !t.includes("\0"));
  await fc.assert(
    fc.asyncProperty(
      text,
      text,
      text,
      fc.constantFrom<ScramHash>("SHA-1", "SHA-256"),
      async (name, authzid, password, hash) => {
        const client = new ScramClient(hash, name, password, "client", authzid);
        const first = parseClientFirst(client.initial);
        assert.equal(first?.username, name);
        assert.equal(first?.authzid, authzid);
        if (first === null) return;
        const secret = await deriveScram(hash, password, new Uint8Array(16), 4096);
        const server = new ScramServer(hash, first, secret, "server");
        const result = server.finish(await client.respond(server.challenge) ?? noBytes);
        assert.ok(result.kind === "proved" && client.verify(result.final));
      },
    ),
    { numRuns: 20 },
  );
});
