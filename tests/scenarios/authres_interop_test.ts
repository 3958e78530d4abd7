/**
 * Authentication-Results fields that we write, read by python3-authres: whatever strangers made us write into them.
 *
 * Only fields of ASCII: authres knows nothing of internationalized mail. Skipped where Debian's python3-authres is absent.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../../src/base/bytes.ts";
import type { Evidence } from "../../src/evidence/evidence.ts";
import {
  sampleDkim,
  sampleDmarc,
  sampleEvidence,
  sampleSpf,
} from "../../src/evidence/testing/sample_evidence.ts";
import { methodResults, printEvidenceFields } from "../../src/evidence/trace_fields.ts";
import { fromFileUrl } from "../support/paths.ts";

const python = "/usr/bin/python3";

async function hasAuthres(): Promise<boolean> {
  try {
    const args = ["-c", "import authres"];
    return (await new Deno.Command(python, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

const ready = await hasAuthres();

/** What authres says of each field. */
async function ask(fields: readonly string[]): Promise<readonly unknown[]> {
  const script = fromFileUrl(new URL("./authres_peer.py", import.meta.url));
  const child = new Deno.Command(python, { args: [script], stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(utf8(JSON.stringify(fields)));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Anything that a stranger may have had written: control characters, quotes, parentheses, any script. */
const anything = fc.string({ unit: "binary", maxLength: 60 });
const security = fc.constantFrom("secure", "insecure", "bogus", "indeterminate");

const dkim: fc.Arbitrary<Evidence["dkim"][number]> = fc.record({
  status: fc.constantFrom("pass", "fail", "neutral", "policy", "temperror", "permerror", "none"),
  domain: fc.option(fc.constantFrom("example.org", "bücher.example")),
  selector: fc.option(fc.constantFrom("sel", "ü", "a.b")),
  identity: fc.option(
    fc.constantFrom("@example.org", '"a b"@example.org', "j;(x@example.org", "ü@example.org"),
  ),
  prefix: fc.option(fc.base64String({ minLength: 12, maxLength: 16 })),
  testing: fc.boolean(),
  lengthLimited: fc.boolean(),
  security: fc.option(security),
  why: anything,
}).map((parts) => ({ ...sampleDkim, ...parts }));

const evidence: fc.Arbitrary<Evidence> = fc.record({
  dkim: fc.array(dkim, { minLength: 1, maxLength: 4 }),
  spf: fc.record({
    status: fc.constantFrom("pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"),
    domain: fc.constantFrom("example.org", "ü.example", "[192.0.2.1]", "no name;", ""),
    security,
    why: anything,
  }).map((parts) => ({ ...sampleSpf, ...parts })),
  dmarc: fc.record({
    status: fc.constantFrom("pass", "fail", "none", "temperror", "permerror"),
    why: anything,
  }).map((parts) => ({ ...sampleDmarc, ...parts })),
}).map((parts) => ({ ...sampleEvidence, ...parts }));

Deno.test({
  name: ready
    ? "authres reads what we write of evidence made by chance"
    : "authres reads what we write (skipped: python3-authres is absent)",
  ignore: !ready,
  async fn() {
    const form = { authservId: "mail.example.net", utf8: false };
    const samples = fc.sample(evidence, { numRuns: 500, seed: 8601 });
    const fields = samples.map((one) =>
      (printEvidenceFields(one, form).split("\r\nReceived-SPF:")[0] ?? "").replace(/\r\n(?=[ \t])/g, "")
    );
    const answers = await ask(fields);
    for (const [i, sample] of samples.entries()) {
      const results = methodResults(sample, form).map(({ method, result }) => [method, result]);
      assert.deepEqual(answers[i], ["mail.example.net", results], fields[i]);
    }
  },
});
