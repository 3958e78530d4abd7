/**
 * Anything at all as a signature, as a key record, and as a signed message: it is read or refused, never a
 * surprise; and a message passes only if what was signed is still there, as a second, slow and simple reading
 * of the rules has it.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { base64, type Bytes, concat, fromLatin1, latin1 } from "../../src/base/bytes.ts";
import { recordOf } from "../../src/dkim/keys.ts";
import { isSignature, readRecord } from "../../src/dkim/public_key.ts";
import { parseSignature, printSignature } from "../../src/dkim/signature.ts";
import { parseTagList } from "../../src/dkim/tag_list.ts";
import { ed25519Signer, now, octets, rsaKey, signed, zone } from "../../src/dkim/testing/signed_message.ts";
import { DkimVerifier } from "../../src/dkim/verifier.ts";
import { txt, ZoneResolver } from "../../src/dns/testing/zone_resolver.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5") / 5;
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const run = {
  seed,
  numRuns: 1e9,
  interruptAfterTimeLimit: seconds * 1000,
  markInterruptAsFailure: false,
};

const words =
  "v=1 v=DKIM1 a=rsa-sha256 a=ed25519-sha256 a=rsa-sha1 b= b=YQ== bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8= " +
  "c=relaxed/relaxed c=simple d=example.org d=xn--bcher-kva.example s=ed s=1 h=from h=from:to:from i=@example.org i=a=40b@c " +
  "l=0 l=5 l=99999999999999999999 q=dns/txt t=1 x=2 z=From:a k=rsa k=ed25519 p= " +
  "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= t=y:s s=email:* h=sha256 n=x ; ;; = \r\n\t \t \xc3\xbc \xff \0";
const word = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...words.split(" ")) },
  {
    weight: 1,
    arbitrary: fc.string({ maxLength: 8, unit: fc.nat(255).map((c) => String.fromCharCode(c)) }),
  },
);
const tags = fc.tuple(fc.constantFrom("; ", ";", " ", ";\r\n\t"), fc.array(word, { maxLength: 14 }))
  .map(([gap, parts]) => parts.join(gap));

/** The value, or null for a SyntaxError; anything else goes on. */
function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

Deno.test("fuzz: lists of tags, signatures and key records", () => {
  fc.assert(
    fc.property(tags, (text) => {
      for (const [name, tag] of orNull(() => parseTagList(text)) ?? []) {
        assert.match(name, /^[A-Za-z]\w*$/);
        assert.equal(tag.value, text.slice(tag.start, tag.end).replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ""));
      }
      const signature = orNull(() => parseSignature(text));
      if (signature !== null && signature.algorithm !== "rsa-sha1") {
        assert.deepEqual(
          parseSignature(printSignature(signature).slice("DKIM-Signature:".length)),
          signature,
        );
      }
      readRecord(text);
    }),
    run,
  );
});

const spki = Uint8Array.fromBase64(recordOf(rsaKey).replace(/.*p=/, ""));

Deno.test("fuzz: octets that are nearly a key, or none, verify nothing and end nothing", () => {
  const changes = fc.array(fc.tuple(fc.nat(spki.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 });
  const key = fc.oneof(
    changes.map((list) => list.reduce((der, [at, octet]) => der.with(at, octet), spki)),
    fc.uint8Array({ minLength: 32, maxLength: 32 }),
    fc.uint8Array({ maxLength: 60 }),
  );
  const signature = fc.oneof(
    fc.uint8Array({ minLength: 128, maxLength: 128 }),
    fc.uint8Array({ maxLength: 130 }),
  );
  fc.assert(
    fc.property(key, fc.constantFrom("rsa", "ed25519"), signature, (octets, type, guess) => {
      const read = readRecord(`k=${type}; p=${base64(octets)}`);
      if (read.kind === "key") {
        assert.equal(isSignature(read.key, latin1("data"), Uint8Array.from(guess)), false);
      }
    }),
    run,
  );
});

async function verify(message: Bytes, cuts: readonly number[], records = zone) {
  const verifier = new DkimVerifier({ resolver: new ZoneResolver(records), now });
  let at = 0;
  for (const cut of cuts) {
    verifier.write(message.subarray(at, at + cut));
    at += cut;
  }
  verifier.write(message.subarray(at));
  return await verifier.finish();
}

const cuts = fc.array(fc.nat(60), { maxLength: 12 });

Deno.test("fuzz: whatever stands in signature, record and message, there is a verdict, wherever it is cut", async () => {
  const line = fc.tuple(fc.constantFrom("DKIM-Signature: ", "From: ", "To:", " ", "", "\xff: "), tags)
    .map(([name, text]) => name + text);
  const message = fc.tuple(fc.array(line, { maxLength: 8 }), fc.array(word, { maxLength: 12 }))
    .map(([lines, body]) => latin1(`${lines.join("\r\n")}\r\n\r\n${body.join("\r\n")}`));
  await fc.assert(
    fc.asyncProperty(message, tags, cuts, async (octets, record, where) => {
      const records = {
        "ed._domainkey.example.org": { records: { TXT: txt(record.replace(/[^\x00-\x7f]/g, "?")) } },
      };
      const results = await verify(octets, where, records);
      assert.ok(results.length >= 1);
      for (const { status } of results) assert.notEqual(status, "pass");
      assert.deepEqual(await verify(octets, [], records), results);
    }),
    run,
  );
});

const original = octets(
  "From: a@example.org\nTo: b@example.net\nTo: c@example.net\nSubject: Is  dinner\n\tready?\n\nHi.\n\nWe lost  the game. \n\n",
);

/** What a relaxed, sealed signature of From, To and Subject covers. RFC 6376 3.4.2, 3.4.4 */
function covered(message: Bytes): string {
  const text = fromLatin1(message);
  const split = `${text}\r\n\r\n`.indexOf("\r\n\r\n");
  const fields = text.slice(0, split).replace(/\r\n(?=[ \t])/g, "").split("\r\n").map((line) => {
    const [name = "", ...value] = line.split(":");
    return [
      name.trimEnd().toLowerCase(),
      value.join(":").replace(/[ \t]+/g, " ").replace(/^ | $/g, ""),
    ] as const;
  });
  const header = ["from", "to", "subject"].map((name) => fields.filter((field) => field[0] === name));
  const lines = text.slice(split + 4).split("\r\n").map((line) =>
    line.replace(/[ \t]+/g, " ").replace(/ $/, "")
  );
  return JSON.stringify([header, lines.join("\r\n").replace(/(?:\r\n)*$/, "")]);
}

/** Changes at places of the message: an octet replaced, put in or taken out. */
const edits = fc.array(
  fc.tuple(
    fc.nat(2000),
    fc.constantFrom("replace", "insert", "delete"),
    fc.constantFrom(..." \t\r\naT:;=.0\xff", "\r\n", "\r\n ", "To: x\r\n"),
  ),
  { minLength: 1, maxLength: 4 },
);

function edited(message: Bytes, changes: readonly (readonly [number, string, string])[]): Bytes {
  let octets = message;
  for (const [where, what, text] of changes) {
    const at = where % (octets.length + 1);
    const rest = octets.subarray(what === "insert" ? at : at + 1);
    octets = concat([octets.subarray(0, at), what === "delete" ? latin1("") : latin1(text), rest]);
  }
  return octets;
}

/** What nobody stores, and so nobody verifies: line ends that are none. */
const isCanonical = (message: Bytes) => !/\r(?!\n)|(?<!\r)\n/.test(fromLatin1(message));

Deno.test("fuzz: a changed message passes only if all that was signed is still there", async () => {
  const signer = { ...ed25519Signer, fields: ["from", "to", "subject"] };
  const message = signed(original, [signer]);
  const wanted = covered(message);
  assert.equal((await verify(message, []))[0]?.status, "pass");
  let passed = 0;
  await fc.assert(
    fc.asyncProperty(edits, cuts, async (changes, where) => {
      const changed = edited(message, changes);
      if (!isCanonical(changed)) return;
      const results = await verify(changed, where);
      if (results.some(({ status }) => status === "pass")) {
        assert.equal(covered(changed), wanted);
        passed++;
      }
    }),
    run,
  );
  assert.ok(passed > 0, "no change was harmless: this test does not test what it should");
});

Deno.test("fuzz: a message changed in the body alone passes exactly if its canonical form is the same", async () => {
  const signer = { ...ed25519Signer, fields: ["from", "to", "subject"] };
  const message = signed(original, [signer]);
  const split = fromLatin1(message).indexOf("\r\n\r\n") + 4;
  const wanted = covered(message);
  await fc.assert(
    fc.asyncProperty(edits, cuts, async (changes, where) => {
      const changed = concat([message.subarray(0, split), edited(message.subarray(split), changes)]);
      if (!isCanonical(changed)) return;
      const [result] = await verify(changed, where);
      assert.equal(result?.status, covered(changed) === wanted ? "pass" : "fail");
    }),
    run,
  );
});
