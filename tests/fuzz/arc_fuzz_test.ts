/**
 * Anything at all as the ARC fields of a message: there is a verdict, wherever the message is cut, and a
 * changed chain passes only if what was sealed is still there.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { collectSets, maxInstances } from "../../src/arc/sets.ts";
import { sealedTimes } from "../../src/arc/testing/sealed_message.ts";
import { type ArcResult, ArcVerifier } from "../../src/arc/verify.ts";
import { type Bytes, concat, fromLatin1, latin1 } from "../../src/base/bytes.ts";
import { HeaderSection } from "../../src/dkim/header_section.ts";
import { now, octets, zone } from "../../src/dkim/testing/signed_message.ts";
import { ZoneResolver } from "../../src/dns/testing/zone_resolver.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5") / 3;
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const run = {
  seed,
  numRuns: 1e9,
  interruptAfterTimeLimit: seconds * 1000,
  markInterruptAsFailure: false,
};

const names = ["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results", "arc-seal ", "X"];
const words =
  "i=1 i=2 i=3 i=50 i=51 i=0 i= i (c) (( cv=none cv=pass cv=fail a=ed25519-sha256 b=YQ== h=from h=arc-seal " +
  "bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8= d=example.org s=ed t=1 x=2 mx.example = ; \r\n\t \xff \0";
const value = fc.tuple(
  fc.constantFrom("; ", ";", " "),
  fc.array(fc.constantFrom(...words.split(" ")), { maxLength: 9 }),
)
  .map(([gap, parts]) => parts.join(gap));

/** Sets that are nearly right, and fields that are not. */
const fields = fc.array(
  fc.oneof(
    fc.tuple(fc.constantFrom(...names), value).map(([name, text]) => `${name}: ${text}\r\n`),
    fc.tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom("none", "pass", "fail")).map(([i, cv]) =>
      `ARC-Seal: i=${i}; cv=${cv}\r\nARC-Message-Signature: i=${i}; x=y\r\nARC-Authentication-Results: i=${i}; mx\r\n`
    ),
  ),
  { maxLength: 8 },
).map((lines) => lines.join(""));

async function validate(message: Bytes, cuts: readonly number[]): Promise<ArcResult> {
  const verifier = new ArcVerifier({ resolver: new ZoneResolver(zone), now });
  let at = 0;
  for (const cut of cuts) {
    verifier.write(message.subarray(at, at + cut));
    at += cut;
  }
  verifier.write(message.subarray(at));
  return await verifier.finish();
}

Deno.test("fuzz: sets are one field of each kind, from 1 without a gap, or there is no chain", () => {
  fc.assert(
    fc.property(fields, (header) => {
      const found = collectSets(new HeaderSection(latin1(header)));
      if (found.kind === "none") return assert.doesNotMatch(header, /^arc-\S+ *:/im);
      if (found.kind === "broken") return assert.ok(found.highest <= maxInstances);
      assert.deepEqual(found.sets.map((set) => set.instance), found.sets.map((_, i) => i + 1));
      assert.equal(header.match(/^arc-/gim)?.length, 3 * found.sets.length);
    }),
    run,
  );
});

const cuts = fc.array(fc.nat(200), { maxLength: 8 });

Deno.test("fuzz: whatever the fields are, there is a verdict, and it does not depend on the pieces", async () => {
  await fc.assert(
    fc.asyncProperty(fields, cuts, async (header, where) => {
      const message = latin1(`${header}From: a\r\n\r\nHi.\r\n`);
      const result = await validate(message, where);
      assert.notEqual(result.status, "pass");
      assert.deepEqual(await validate(message, []), result);
    }),
    run,
  );
});

const original = await sealedTimes(
  octets("From: a@example.org\nSubject: Is dinner ready?\n\nHi.\n\nWe lost.\n"),
  3,
);

/**
 * What a chain of so many sets covers. White space and the case of names do not matter; and that there were
 * more sets, nobody can see who gets the message without them.
 */
function covered(message: Bytes, instances: number): string {
  const text = fromLatin1(message);
  const split = `${text}\r\n\r\n`.indexOf("\r\n\r\n");
  const lines = text.slice(0, split).replace(/\r\n(?=[ \t])/g, "").split("\r\n").map((line) => {
    const [name = "", ...rest] = line.split(":");
    return `${name.trimEnd().toLowerCase()}:${rest.join(":").replace(/[ \t]+/g, " ").replace(/^ | $/g, "")}`;
  });
  const kept = lines.filter((line) => /^(?:from|subject):/.test(line));
  for (
    const line of lines.filter((line) => /^arc-(?:seal|message-signature|authentication-results):/.test(line))
  ) {
    const instance = Number(/i=([0-9]+)/.exec(line)?.[1]);
    if (instance > instances) continue;
    // The signature of the last seal is signed by nobody: neither white space in it nor its padding matters.
    kept.push(
      instance === instances && line.startsWith("arc-seal:")
        ? line.replaceAll(" ", "").replace(/=+$/, "")
        : line,
    );
  }
  const body = text.slice(split + 4).split("\r\n").map((line) =>
    line.replace(/[ \t]+/g, " ").replace(/ $/, "")
  );
  return JSON.stringify([kept.toSorted(), body.join("\r\n").replace(/(?:\r\n)*$/, "")]);
}

const edits = fc.array(
  fc.tuple(
    fc.nat(10_000),
    fc.constantFrom("replace", "insert", "delete"),
    fc.constantFrom(..." \taA:;=0+", "\r\n", "\r\n ", "Cc: x\r\n"),
  ),
  { minLength: 1, maxLength: 3 },
);

Deno.test("fuzz: a changed chain passes only if all that was sealed is still there", async () => {
  assert.equal((await validate(original, [])).status, "pass");
  let passed = 0;
  await fc.assert(
    fc.asyncProperty(edits, cuts, async (changes, where) => {
      let message = original;
      for (const [at, what, text] of changes) {
        const place = at % (message.length + 1);
        const rest = message.subarray(what === "insert" ? place : place + 1);
        message = concat([message.subarray(0, place), what === "delete" ? latin1("") : latin1(text), rest]);
      }
      if (/\r(?!\n)|(?<!\r)\n/.test(fromLatin1(message))) return;
      const { status, instances } = await validate(message, where);
      if (status !== "pass") return;
      assert.equal(covered(message, instances), covered(original, instances));
      passed++;
    }),
    run,
  );
  assert.ok(passed > 0, "no change was harmless: this test does not test what it should");
});
