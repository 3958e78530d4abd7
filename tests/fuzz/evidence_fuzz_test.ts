/**
 * Evidence: of any message something is found out, which is kept, read back, judged, printed and explained; and what a
 * front that was taken over may send in its place is evidence or refused.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { fromUtf8, latin1, utf8 } from "../../src/base/bytes.ts";
import { decodeEvidence, encodeEvidence, type Evidence } from "../../src/evidence/evidence.ts";
import { explain } from "../../src/evidence/explain.ts";
import { sampleEvidence } from "../../src/evidence/testing/sample_evidence.ts";
import { forgedEnvelope, gathered } from "../../src/evidence/testing/sample_world.ts";
import { printEvidenceFields } from "../../src/evidence/trace_fields.ts";
import { verdict } from "../../src/evidence/verdict.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const budget = {
  seed,
  numRuns: 1e9,
  interruptAfterTimeLimit: seconds * 500,
  markInterruptAsFailure: false,
};

function use(evidence: Evidence): void {
  const judged = verdict(evidence);
  for (const line of explain(evidence, judged)) assert.doesNotMatch(line, /[\x00-\x1f\x7f]/);
  assert.match(
    printEvidenceFields(evidence, { authservId: "mail.example.net", utf8: false }),
    /^[\t\r\n -~]*$/,
  );
}

const piece = fc.oneof(
  fc.constantFrom(...'<>@,:;"()\\. \t\r\n\0\xff='.split("")),
  fc.constantFrom(
    ...["From: ", "from:", "\r\nFrom: ", "joe@example.org", "x@evil.example", "\r\n\r\n", "\r\n\t", "ü"],
    ...[
      "\r\nAuthentication-Results: mail.example.net; dmarc=pass",
      "\r\nARC-Seal: i=1; cv=none; a=rsa-sha256",
    ],
    ...[
      "\r\nDKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=rsa; h=from; bh=AAAA; b=AAAA",
      "; d=",
      "i=1;",
    ],
    ...["\r\nARC-Authentication-Results: i=1; x; dmarc=pass", "\r\nARC-Message-Signature: i=1; a=rsa-sha256"],
  ),
);
const message = fc.array(piece, { maxLength: 20 }).map((pieces) =>
  latin1(pieces.join("").replaceAll("ü", "\xfc"))
);

Deno.test("fuzz: evidence of any message", async () => {
  await fc.assert(
    fc.asyncProperty(message, async (content) => {
      const evidence = await gathered(content, forgedEnvelope);
      assert.deepEqual(decodeEvidence(encodeEvidence(evidence)), evidence);
      if (evidence.from.domains.includes("example.org")) assert.equal(verdict(evidence).action, "reject");
      use(evidence);
    }),
    budget,
  );
});

const paths = Object.keys(sampleEvidence).flatMap((key): string[][] => {
  const value: unknown = Object.entries(sampleEvidence).find(([name]) => name === key)?.[1];
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return [[key], ...(isObject ? Object.keys(value).map((inner) => [key, inner]) : [])];
});

/** The same JSON with another value at one place. */
function changed(path: readonly string[], value: unknown): string {
  const [outer = "", inner] = path;
  return JSON.stringify(sampleEvidence, function (this: unknown, key, old) {
    if (inner === undefined) return this === sampleEvidence && key === outer ? value : old;
    return key === inner && Object.entries(sampleEvidence).some(([name, it]) => name === outer && it === this)
      ? value
      : old;
  });
}

/** Decodes what somebody made up; what is taken is evidence in every way. */
function decodeAnything(json: string): void {
  let evidence: Evidence;
  try {
    evidence = decodeEvidence(utf8(json));
  } catch (error) {
    assert.ok(error instanceof SyntaxError, String(error));
    return;
  }
  assert.deepEqual(decodeEvidence(encodeEvidence(evidence)), evidence);
  use(evidence);
}

Deno.test("fuzz: evidence from whom nobody trusts", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...paths),
      fc.jsonValue(),
      (path, value) => decodeAnything(changed(path, value)),
    ),
    budget,
  );
});

const packed: readonly unknown[] = JSON.parse(fromUtf8(encodeEvidence(sampleEvidence)));

Deno.test("fuzz: packed evidence from whom nobody trusts", () => {
  const outer = fc.nat({ max: packed.length });
  const inner = fc.option(fc.nat({ max: 12 }));
  fc.assert(
    fc.property(outer, inner, fc.jsonValue(), (i, j, value) => {
      const old = packed[i];
      const isList = Array.isArray(old) && old.length > 0 && j !== null;
      const changed = isList ? old.with(Math.min(j, old.length - 1), value) : value;
      decodeAnything(JSON.stringify([...packed.slice(0, i), changed, ...packed.slice(i + 1)]));
    }),
    budget,
  );
});
