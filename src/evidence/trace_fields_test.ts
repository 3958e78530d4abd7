import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../base/bytes.ts";
import { parseAuthenticationResults } from "../message/authentication_results.ts";
import { headerFields } from "../message/headers.ts";
import type { Evidence } from "./evidence.ts";
import {
  failedDmarc,
  sampleDkim,
  sampleDmarc,
  sampleEvidence,
  sampleSpf,
} from "./testing/sample_evidence.ts";
import { methodResults, printEvidenceFields, printSealedResults } from "./trace_fields.ts";

const form = { authservId: "mail.example.net", utf8: false };

Deno.test("the fields of a good message", () => {
  const evidence: Evidence = {
    ...sampleEvidence,
    spf: { ...sampleSpf, status: "pass", mechanism: "ip4:192.0.2.1", why: "matches" },
    dkim: [sampleDkim],
    dmarc: {
      ...sampleDmarc,
      status: "pass",
      publishedPolicy: "reject",
      policyAtStake: "reject",
      security: "secure",
    },
  };
  assert.equal(
    printEvidenceFields(evidence, form),
    "Authentication-Results: mail.example.net;\r\n" +
      "\tiprev=pass (with dnssec) policy.iprev=192.0.2.1;\r\n" +
      "\tdkim=pass (2048 bit rsa, without dnssec) header.d=example.org header.s=sel\r\n" +
      "\t\theader.a=rsa-sha256 header.b=abcdefgh header.i=@example.org;\r\n" +
      "\tspf=pass (without dnssec) smtp.mailfrom=example.org;\r\n" +
      "\tdmarc=pass (asks for reject, with dnssec) header.from=example.org\r\n" +
      "\t\tpolicy.dmarc=reject\r\n" +
      "Received-SPF: pass (example.org; without dnssec)\r\n" +
      "\tidentity=mailfrom;\r\n" +
      "\tclient-ip=192.0.2.1;\r\n" +
      '\tenvelope-from="joe@example.org";\r\n' +
      "\thelo=mx.example.org;\r\n" +
      "\treceiver=mail.example.net;\r\n" +
      '\tmechanism="ip4:192.0.2.1";\r\n',
  );
});

const property = (evidence: Evidence, method: string, name: string) =>
  methodResults(evidence, form).filter((one) => one.method === method).map((one) =>
    one.properties.find((each) => `${each.type}.${each.name}` === name)?.value ?? null
  );

Deno.test("the null sender is told by its HELO name, and no localpart is", () => {
  const helo = { ...sampleSpf, identity: "helo" as const, domain: "mx.example.org" };
  assert.deepEqual(property({ ...sampleEvidence, mailFrom: null, spf: helo }, "spf", "smtp.helo"), [
    "mx.example.org",
  ]);
  assert.deepEqual(property(sampleEvidence, "spf", "smtp.mailfrom"), ["example.org"]);
});

Deno.test("what fails with a key that is tried out is told as no signature, and what passes as it is", () => {
  const told = (status: "pass" | "fail" | "permerror") => {
    const dkim = [{ ...sampleDkim, testing: true, status, why: "the reason" }];
    const results = methodResults({ ...sampleEvidence, dkim }, form).filter((one) => one.method === "dkim");
    return results.map((one) => `${one.result}: ${one.comment}`);
  };
  assert.deepEqual(told("pass"), ["pass: 2048 bit rsa, test mode, without dnssec"]);
  for (const status of ["fail", "permerror"] as const) {
    assert.deepEqual(told(status), ["none: 2048 bit rsa, test mode, without dnssec, the reason"]);
  }
});

Deno.test("signatures that begin alike are told apart", () => {
  const signatures = [sampleDkim, { ...sampleDkim, prefix: "abcdefghXX" }, {
    ...sampleDkim,
    prefix: "other678more",
  }];
  assert.deepEqual(property({ ...sampleEvidence, dkim: signatures }, "dkim", "header.b"), [
    "abcdefgh/jklmnop",
    "abcdefghXX",
    "other678",
  ]);
});

Deno.test("a failure says what was asked for, what is applied, and why", () => {
  const override = { type: "policy_test_mode" as const, comment: "example.org tests" };
  const dmarc = { ...failedDmarc("quarantine"), publishedPolicy: "reject" as const, overrides: [override] };
  const [one] = methodResults({ ...sampleEvidence, dmarc }, form).filter((each) => each.method === "dmarc");
  assert.match(
    one?.comment ?? "",
    /^asks for reject, policy_test_mode: example.org tests, without dnssec, no identifier/,
  );
  assert.deepEqual(property({ ...sampleEvidence, dmarc }, "dmarc", "policy.dmarc"), ["quarantine"]);
});

Deno.test("a chain is told, and what a seal would quote is the same without the field's name", () => {
  const arc = {
    ...sampleEvidence.arc,
    status: "pass" as const,
    instances: 2,
    oldestPass: 0,
    security: "insecure" as const,
  };
  const evidence = { ...sampleEvidence, arc };
  assert.deepEqual(property(evidence, "arc", "header.oldest-pass"), ["0"]);
  assert.deepEqual(property(evidence, "arc", "smtp.remote-ip"), ["192.0.2.1"]);
  const quoted = printSealedResults(evidence, form);
  assert.ok(
    printEvidenceFields(evidence, form).startsWith(`Authentication-Results: ${quoted}\r\nReceived-SPF: `),
  );
});

Deno.test("names in letters of all the world", () => {
  const name = "bücher.example";
  const evidence: Evidence = {
    ...sampleEvidence,
    mailFrom: `jürgen@${name}`,
    spf: { ...sampleSpf, domain: name },
    dkim: [{ ...sampleDkim, domain: name, selector: "schlüssel", identity: `jürgen@${name}` }],
    dmarc: { ...sampleDmarc, domain: name, why: `${name} has no record` },
  };
  const ascii = printEvidenceFields(evidence, form).replace(/\r\n\t+/g, " ");
  assert.match(ascii, /^[\t\r\n -~]*$/);
  assert.match(ascii, /header\.d=xn--bcher-kva\.example header\.s=xn--schlssel-95a/);
  assert.match(ascii, /header\.i=@xn--bcher-kva\.example/);
  assert.match(ascii, /header\.from=xn--bcher-kva\.example/);
  assert.match(ascii, /envelope-from="@xn--bcher-kva\.example"/);
  const all = printEvidenceFields(evidence, { ...form, utf8: true }).replace(/\r\n\t+/g, " ");
  assert.match(all, /header\.d=bücher\.example header\.s=schlüssel/);
  assert.match(all, /header\.i=jürgen@bücher\.example/);
});

Deno.test("whatever strangers wrote, there are two fields, and they are read back", () => {
  const hostile = fc.string({
    unit: fc.constantFrom(...'\r\n\t ()\\";=.@,\0\u0085\u2028üé😀aB1-', "\r\nFrom: x", "x.y=z"),
    maxLength: 40,
  });
  fc.assert(fc.property(fc.infiniteStream(hostile), fc.boolean(), (texts, utf8Form) => {
    const x = () => texts.next().value;
    const spf = {
      ...sampleSpf,
      status: "temperror" as const,
      domain: x(),
      mechanism: x(),
      explanation: x(),
      why: x(),
    };
    const evidence: Evidence = {
      ...sampleEvidence,
      helo: x(),
      mailFrom: x(),
      spf,
      dkim: [{
        ...sampleDkim,
        status: "fail",
        domain: x(),
        selector: x(),
        identity: x(),
        prefix: x(),
        why: x(),
      }],
      arc: { ...sampleEvidence.arc, status: "fail", why: x() },
      dmarc: { ...sampleDmarc, domain: x(), why: x(), overrides: [{ type: "other", comment: x() }] },
    };
    const printed = printEvidenceFields(evidence, { authservId: "mail.example.net", utf8: utf8Form });
    const octets = utf8(printed);
    const fields = [...headerFields(octets)];
    assert.deepEqual(fields.map((field) => field.name), ["Authentication-Results", "Received-SPF"]);
    assert.equal(fields.at(-1)?.end, octets.length);
    if (!utf8Form) assert.match(printed, /^[\t\r\n -~]*$/);
    assert.ok(!/[^\r]\n|\r[^\n]/.test(printed));
    const { results } = parseAuthenticationResults(fields[0]?.value ?? "");
    assert.deepEqual(results.map((one) => one.method), ["iprev", "dkim", "spf", "dmarc", "arc"]);
  }));
});
