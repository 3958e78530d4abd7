/**
 * DMARC: whatever a record holds, it is read or ignored, and what is printed is read again as the same; and whatever the
 * DNS and the signatures say, nobody passes who was not confirmed, and nothing is refused that is only in doubt.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Discovery } from "../../src/dmarc/discovery.ts";
import { domainsToWalk, evaluate, policyAtStake } from "../../src/dmarc/evaluate.ts";
import { type DmarcRecord, parseRecord, printRecord } from "../../src/dmarc/record.ts";
import { parseReportUri, printReportUri } from "../../src/dmarc/report_uri.ts";
import { walkDomains } from "../../src/dmarc/tree_walk.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const budget = (share: number) => ({
  seed,
  numRuns: 1e9,
  interruptAfterTimeLimit: seconds * 1000 * share,
  markInterruptAsFailure: false,
});

const names = "v p sp np psd t adkim aspf fo rua ruf pct x".split(" ");
const values = [
  ..."DMARC1 none quarantine reject REJECT y n u r s 0 1 d 0:d 1:d:s".split(" "),
  "mailto:d@example.org!10m",
  "mailto:d@example.org,https://x.example/",
  "mailto:%22%FF@x",
];
const octet = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const piece = fc.oneof(
  fc.tuple(fc.constantFrom(...names), fc.constantFrom(...values)).map(([name, value]) => `${name}=${value}`),
  fc.constantFrom(..."=;!,:%@ \t\r\n\0\xff".split(""), ...values),
  fc.string({ unit: octet, maxLength: 5 }),
);
const text = fc.array(piece, { maxLength: 10 }).chain((pieces) =>
  fc.constantFrom(`v=DMARC1; ${pieces.join("; ")}`, `v=DMARC1;${pieces.join("")}`, pieces.join(";"))
);

/** As it is read again: what was wrong with it is not printed. */
const good = (record: DmarcRecord): DmarcRecord => ({ ...record, usable: true, problems: [] });

Deno.test("fuzz: DMARC records and report URIs", () => {
  fc.assert(
    fc.property(text, (record) => {
      const read = parseRecord(record);
      if (read !== null) {
        assert.ok(record.trimStart().toLowerCase().startsWith("v"));
        if (!read.usable) assert.equal(read.policy, "none");
        const printed = printRecord(read);
        assert.match(printed, /^[ -~]*$/);
        assert.deepEqual(parseRecord(printed), good(read));
      }
      const uri = parseReportUri(record.slice(-40));
      if (uri !== null) assert.deepEqual(parseReportUri(printReportUri(uri)), uri);
    }),
    budget(0.5),
  );
});

const domain = fc.constantFrom(
  ..."org example.org a.example.org b.a.example.org own.example.org evil.example notexample.org x".split(" "),
);
const status = fc.constantFrom(
  "pass",
  "fail",
  "temperror",
  "permerror",
  "none",
  "policy",
  "neutral",
  "softfail",
);
const record = fc.tuple(fc.constantFrom(..."none quarantine reject x".split(" ")), text).map((
  [policy, rest],
) => parseRecord(`v=DMARC1; p=${policy}; ${rest.replaceAll("p=", "")}`));
const discovery = fc.tuple(domain, fc.option(record), fc.option(fc.boolean()), fc.boolean(), fc.boolean())
  .map(
    ([name, found, exists, isOwn, isKnown]): Discovery => ({
      domain: name,
      status: found === null ? isKnown ? "none" : "failed" : "found",
      record: found,
      recordDomain: found === null ? null : isOwn ? name : name.split(".").slice(-2).join("."),
      organizationalDomain: isKnown ? name.split(".").slice(-2).join(".") : null,
      exists,
      security: "insecure",
      why: "",
    }),
  );
const signature = fc.record({ status, domain: fc.option(domain), lengthLimited: fc.boolean() });
const input = fc.record({
  discovery,
  spf: fc.option(fc.record({ status, domain: fc.option(domain) })),
  dkim: fc.array(signature, { maxLength: 4 }),
  organizations: fc.array(fc.tuple(domain, fc.option(domain))).map((entries) => new Map(entries)),
});

Deno.test("fuzz: DMARC results", () => {
  fc.assert(
    fc.property(input, (known) => {
      const result = evaluate(known);
      const { spf, dkim } = known;
      const passing = [...(spf?.status === "pass" ? [spf.domain] : [])];
      for (const one of dkim) if (one.status === "pass" && !one.lengthLimited) passing.push(one.domain);
      if (result.status === "pass") assert.ok(result.alignedBy.every((one) => passing.includes(one.domain)));
      else assert.equal(result.alignedBy.length, 0);
      assert.ok(result.policy === "none" || result.status === "fail");
      if (result.status === "fail") assert.equal(policyAtStake(result), result.policy);
      // Who is not of the author's top-level domain can neither help nor leave a doubt.
      const stranger = { status: "temperror", domain: "signer.elsewhere", lengthLimited: false };
      assert.deepEqual(evaluate({ ...known, dkim: [...dkim, stranger] }), result);
      assert.ok(domainsToWalk(known).length <= dkim.length + 1);
    }),
    budget(0.5),
  );
  assert.equal(walkDomains("a".repeat(200).split("").join(".")).length, 8);
});
