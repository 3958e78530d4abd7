import assert from "node:assert/strict";
import fc from "fast-check";
import { sealMessage } from "../arc/seal.ts";
import { concat, indexOfBytes, latin1, MiB } from "../base/bytes.ts";
import { createLog, silentLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { recordOf } from "../dkim/keys.ts";
import { bodyHasherFor } from "../dkim/sign.ts";
import { ed25519Signer, now, octets, rsaSigner, signed } from "../dkim/testing/signed_message.ts";
import type { Answer, LookupOptions, Resolver } from "../dns/resolver.ts";
import type { RecordType } from "../dns/record.ts";
import { txt, type Zone, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { decodeEvidence, encodeEvidence, type Evidence } from "./evidence.ts";
import { arcEvidence } from "./findings.ts";
import { type Envelope, gatherLimits } from "./gather.ts";
import {
  envelope,
  forgedEnvelope,
  gathered,
  gatherer,
  message,
  signedMessage,
  write,
  zone,
} from "./testing/sample_world.ts";
import { defaultRules, verdict } from "./verdict.ts";

Deno.test("a good message", async () => {
  const evidence = await gathered(signedMessage, envelope, undefined, { blocklists: ["bl.example"] });
  const { iprev, spf, spfHelo, dkim, arc, from, dmarc, validation, organization, blocklists } = evidence;
  assert.deepEqual([iprev.status, iprev.name], ["pass", "mx.example.org"]);
  assert.deepEqual([spf.status, spf.identity, spf.domain], ["pass", "mailfrom", "example.org"]);
  assert.deepEqual([spfHelo?.status, spfHelo?.identity, spfHelo?.domain], ["pass", "helo", "mx.example.org"]);
  assert.deepEqual(dkim.map((one) => [one.status, one.domain, one.keyBits]), [["pass", "example.org", 1024]]);
  assert.equal(arc.status, "none");
  assert.deepEqual([from.status, from.address], ["ok", "joe@example.org"]);
  assert.deepEqual([dmarc.status, dmarc.policy, dmarc.alignedBy.length], ["pass", "none", 2]);
  assert.match(dmarc.record ?? "", /^v=DMARC1; p=reject; rua=/);
  assert.deepEqual([validation, organization], ["strict", "example.org"]);
  assert.deepEqual(blocklists.map((one) => one.status), ["notListed"]);
  assert.deepEqual([evidence.cutLookups, evidence.waitedMs], [[], 0]);
  assert.equal(verdict(evidence).action, "accept");
  assert.deepEqual(decodeEvidence(encodeEvidence(evidence)), evidence);
});

Deno.test("pieces of any size give the same evidence", async () => {
  const whole = await gathered(signedMessage, envelope);
  for (const size of [1, 7, 100]) {
    const gathering = gatherer().gatherer.begin(envelope);
    write(gathering, signedMessage, size);
    assert.deepEqual(await gathering.finish(), whole);
  }
});

Deno.test("a forged message", async () => {
  const evidence = await gathered(message, forgedEnvelope);
  assert.deepEqual([evidence.spf.status, evidence.spf.domain], ["pass", "evil.example"]);
  assert.deepEqual([evidence.dmarc.status, evidence.dmarc.policy, evidence.validation], [
    "fail",
    "reject",
    "none",
  ]);
  const { action, reason } = verdict(evidence);
  assert.deepEqual([action, reason], ["reject", "dmarc-policy"]);
});

Deno.test("a changed message", async () => {
  const changed = concat([signedMessage, octets("PS\n")]);
  const evidence = await gathered(changed, forgedEnvelope);
  assert.equal(evidence.dkim[0]?.status, "fail");
  assert.equal(verdict(evidence).reason, "dmarc-policy");
});

Deno.test("a signature with a key that is tried out counts where it verifies, and not against anyone else", async () => {
  const record = `v=DKIM1; t=y; ${recordOf(rsaSigner.key).slice("v=DKIM1; ".length)}`;
  const world = { ...zone, "rsa._domainkey.example.org": { records: { TXT: txt(record) } } };
  const { gatherer: gathers } = gatherer(new ZoneResolver(world));
  const of = async (content: Uint8Array, from: Envelope) => {
    const gathering = gathers.begin(from);
    gathering.write(content);
    return await gathering.finish();
  };
  const forwarded = await of(signedMessage, forgedEnvelope);
  assert.deepEqual([forwarded.dkim[0]?.testing, forwarded.dmarc.status], [true, "pass"]);
  const changed = concat([signedMessage, octets("PS\n")]);
  for (const from of [envelope, forgedEnvelope]) {
    const [wrong, none] = [await of(changed, from), await of(message, from)];
    assert.deepEqual([wrong.dkim[0]?.status, none.dkim[0]?.status], ["fail", "none"]);
    assert.equal(wrong.dmarc.status, none.dmarc.status);
    assert.deepEqual(verdict(wrong).action, verdict(none).action);
  }
});

Deno.test("two keys at one selector delay no mail", async () => {
  for (const other of [recordOf(ed25519Signer.key), "v=DKIM1; p=", "v=DKIM1; k=new; p=AAAA"]) {
    const texts = [recordOf(rsaSigner.key), other];
    const world = { ...zone, "rsa._domainkey.example.org": { records: { TXT: txt(...texts) } } };
    const { gatherer: gathers } = gatherer(new ZoneResolver(world));
    const gathering = gathers.begin(forgedEnvelope);
    gathering.write(signedMessage);
    const evidence = await gathering.finish();
    assert.notEqual(evidence.dmarc.status, "temperror");
    assert.notEqual(verdict(evidence).action, "tempfail");
  }
});

Deno.test("the null sender is checked by its HELO name", async () => {
  const { spf, spfHelo, mailFrom, dmarc } = await gathered(message, { ...envelope, mailFrom: null });
  assert.deepEqual([spf.status, spf.identity, spf.domain], ["pass", "helo", "mx.example.org"]);
  assert.deepEqual([spfHelo, mailFrom], [null, null]);
  // RFC 7208 2.4, RFC 9989 3.2.4: it is of the same organization.
  assert.equal(dmarc.status, "pass");
});

Deno.test("a HELO name is the same with a dot at its end, and in capitals", async () => {
  const { spf, dmarc } = await gathered(message, { ...envelope, mailFrom: null, helo: "MX.Example.org." });
  assert.deepEqual([spf.status, spf.domain, dmarc.status], ["pass", "mx.example.org", "pass"]);
});

Deno.test("of an author's domain only what is certain is remembered for the next message", async () => {
  for (
    const [name, record] of [["_dmarc.org", "p=reject"], ["a.example.org", "p=none; np=reject"]] as const
  ) {
    const world: Record<string, Zone[string]> = {
      ...zone,
      "_dmarc.example.org": { records: { TXT: txt(`v=DMARC1; ${record}`) } },
      [name]: { failures: { "*": "timeout" } },
    };
    const { gatherer: gathers } = gatherer(new ZoneResolver(world));
    const status = async (from: Envelope, author: string) => {
      const gathering = gathers.begin(from);
      gathering.write(octets(`From: joe@${author}\n\nx\n`));
      return (await gathering.finish()).dmarc.status;
    };
    const of = name === "_dmarc.org"
      ? () => status({ ...envelope, mailFrom: null }, "example.org")
      : () => status(forgedEnvelope, "a.example.org");
    assert.equal(await of(), "temperror");
    delete world[name];
    assert.equal(await of(), name === "_dmarc.org" ? "pass" : "fail");
  }
});

Deno.test("so is a sender without domain, the bare postmaster", async () => {
  const mailFrom = { local: "postmaster", domain: "" };
  const evidence = await gathered(message, { ...envelope, mailFrom });
  assert.deepEqual([evidence.spf.identity, evidence.spf.domain], ["helo", "mx.example.org"]);
  assert.deepEqual([evidence.spfHelo, evidence.mailFrom], [null, "postmaster"]);
});

Deno.test("SPF is there before the message is", async () => {
  const gathering = gatherer().gatherer.begin(envelope);
  assert.equal((await gathering.spf).status, "pass");
  gathering.drop();
});

Deno.test("a listed host", async () => {
  const from = { ...forgedEnvelope, remoteIp: "203.0.113.13", helo: "nowhere.example", mailFrom: null };
  const content = octets("From: x@nowhere.example\n\nx\n");
  const evidence = await gathered(content, from, undefined, { blocklists: ["bl.example"] });
  assert.deepEqual(evidence.blocklists.map((one) => [one.status, one.text]), [["listed", "spam"]]);
  assert.equal(verdict(evidence).reason, "dns-blocklisted");
});

const odd: [what: string, content: Uint8Array, status: Evidence["from"]["status"], reason: string][] = [
  ["nothing at all", latin1(""), "none", "no-bad-signals"],
  ["an empty line", latin1("\r\n"), "none", "no-bad-signals"],
  ["no From", octets("To: a@example.net\n\nx\n"), "none", "no-bad-signals"],
  ["a header without end", latin1("From: joe@example.org"), "ok", "dmarc-policy"],
  [
    "two From fields",
    octets("From: x@evil.example\nFrom: joe@example.org\n\nx\n"),
    "severalFields",
    "malformed-from",
  ],
  [
    "two authors, one of them strict",
    octets("From: x@evil.example, joe@example.org\n\nx\n"),
    "several",
    "dmarc-policy",
  ],
  ["a dot behind the author's domain", octets("From: joe@example.org.\n\nx\n"), "ok", "dmarc-policy"],
  ["a name below the strict domain", octets("From: joe@a_b.example.org\n\nx\n"), "ok", "dmarc-policy"],
  [
    "a header that is too large",
    octets(`X: ${"x".repeat(MiB)}\nFrom: joe@example.org\n\nx\n`),
    "unreadable",
    "malformed-from",
  ],
  [
    "a header of too many fields",
    octets(`${"X: x\n".repeat(10_001)}From: joe@example.org\n\nx\n`),
    "unreadable",
    "malformed-from",
  ],
];
for (const [what, content, status, reason] of odd) {
  Deno.test(`${what} in the name of somebody`, async () => {
    const evidence = await gathered(content, forgedEnvelope);
    assert.equal(evidence.from.status, status);
    assert.equal(verdict(evidence).reason, reason);
  });
}

Deno.test("DMARC says nothing good of an author who depends on the reader", async () => {
  const content = octets("From: joe@nobody.example\nFrom: ann@nobody.example\n\nx\n");
  assert.equal((await gathered(content, envelope)).dmarc.status, "permerror");
});

Deno.test("a malformed author that is let through is still judged by the strictest of its domains", async () => {
  const content = octets("From: x@evil.example\nFrom: joe@example.org\n\nx\n");
  const evidence = await gathered(content, forgedEnvelope);
  assert.equal(verdict(evidence, { ...defaultRules, malformedFrom: "accept" }).reason, "dmarc-policy");
});

Deno.test("results that were brought along are told, and not believed", async () => {
  const content = concat([
    latin1("Authentication-Results: mail.example.net; dmarc=pass header.from=example.org\r\n"),
    message,
  ]);
  const evidence = await gathered(content, forgedEnvelope);
  assert.deepEqual(evidence.untrustedResults.map((one) => [one.start, one.why]), [[0, "ours"]]);
  assert.equal(verdict(evidence).action, "reject");
});

/** A message of a strict domain, passed on by a list at example.org that changed it, sealed it, and saw it confirmed. */
const relayed = octets("From: boss@bank.example\nSubject: [list] hi\n\nHi.\n-- the list\n");
const relayedWorld: Zone = {
  ...zone,
  "_dmarc.bank.example": { records: { TXT: txt("v=DMARC1; p=reject") } },
};
function sealedBy(results: string): Uint8Array {
  const split = indexOfBytes(relayed, latin1("\r\n\r\n"));
  const body = bodyHasherFor([ed25519Signer]);
  body.write(relayed.subarray(split + 4));
  body.finish();
  const none = {
    status: "none",
    instances: 0,
    chain: [],
    oldestPass: null,
    security: null,
    why: "",
  } as const;
  const fields = sealMessage({
    header: relayed.subarray(0, split + 2),
    body,
    chain: { ...none, isMarked: false, testing: false },
    results,
    signer: ed25519Signer,
    now,
  });
  return concat([...(fields ?? assert.fail()).map(latin1), relayed]);
}
const claim = "mx.example.org; dkim=pass; dmarc=pass (p=REJECT) header.from=bank.example";
const trusting = { ...defaultRules, trustedSealers: ["example.org"] };

Deno.test("a chain of a trusted sealer that saw the author confirmed", async () => {
  const evidence = await gathered(sealedBy(claim), envelope, new ZoneResolver(relayedWorld));
  assert.deepEqual(evidence.arc.links, [
    { instance: 1, domain: "example.org", dmarc: { result: "pass", from: "bank.example" } },
  ]);
  assert.deepEqual([evidence.arc.status, evidence.dmarc.status], ["pass", "fail"]);
  assert.equal(verdict(evidence).action, "reject");
  const { action, overrides } = verdict(evidence, trusting);
  assert.deepEqual([action, overrides.map((one) => one.type)], ["accept", ["trusted_forwarder"]]);
});

const otherClaims = [
  "mx.example.org; dmarc=fail header.from=bank.example",
  "mx.example.org; dmarc=pass header.from=other.example",
  "mx.example.org; dmarc=pass",
  "mx.example.org; spf=pass; dkim=pass header.d=bank.example",
  "mx.example.org; dmarc=",
];
for (const results of otherClaims) {
  Deno.test(`a trusted sealer that says ${results}`, async () => {
    const evidence = await gathered(sealedBy(results), envelope, new ZoneResolver(relayedWorld));
    assert.equal(evidence.arc.status, "pass");
    assert.equal(verdict(evidence, trusting).reason, "dmarc-policy");
  });
}

Deno.test("what is claimed of a message that was not signed as a whole is not kept", () => {
  const link = (instance: number, isWhole: boolean) => ({
    ...{ instance, isWhole, domain: "example.org", selector: "s", payload: claim },
    ...{ amsStatus: "pass", asStatus: "pass" } as const,
  });
  const claims = (...chain: ReturnType<typeof link>[]) =>
    arcEvidence({
      ...{ status: "pass", instances: chain.length, chain, oldestPass: 0, isMarked: false, testing: false },
      ...{ security: null, why: "" },
    }).links.map(({ dmarc }) => dmarc?.result);
  assert.deepEqual(claims(link(1, true), link(2, true)), ["pass", "pass"]);
  assert.deepEqual(claims(link(1, true), link(2, false)), [undefined, undefined]);
  assert.deepEqual(claims(link(1, false), link(2, true)), [undefined, "pass"]);
});

/** Never answers, whatever is done. */
class Mute implements Resolver {
  asked = 0;
  readonly signals: AbortSignal[] = [];
  lookup(_name: string, _type: unknown, options: LookupOptions = {}): Promise<never> {
    this.asked++;
    if (options.signal !== undefined) this.signals.push(options.signal);
    return new Promise(() => {});
  }
}

Deno.test("a resolver that never answers delays to the deadline and no further, and lets nothing in", async () => {
  const mute = new Mute();
  const { gatherer: all, clock } = gatherer(mute, { blocklists: ["bl.example"] });
  const gathering = all.begin(envelope);
  write(gathering, signedMessage);
  const done: Evidence[] = [];
  const finished = gathering.finish().then((it) => done.push(it));
  await clock.advance(gatherLimits.deadlineMs - 1);
  assert.equal(done.length, 0);
  await clock.advance(1);
  await finished;
  const evidence = done[0] ?? assert.fail();
  const { iprev, spf, spfHelo, dkim, dmarc, blocklists, waitedMs, cutLookups } = evidence;
  assert.deepEqual(
    [iprev.status, spf.status, spfHelo?.status, dkim[0]?.status, dmarc.status, blocklists[0]?.status],
    ["temperror", "temperror", "temperror", "temperror", "temperror", "temperror"],
  );
  assert.match(spf.why, /no answer within 20 s/);
  assert.equal(waitedMs, gatherLimits.deadlineMs);
  assert.ok(cutLookups.includes("TXT _dmarc.example.org."), cutLookups.join());
  assert.equal(verdict(evidence).action, "tempfail");
  assert.equal(clock.pending, 0);
});

Deno.test("what the envelope tells has its own deadline, which passes while a slow message comes", async () => {
  const mute = new Mute();
  const { gatherer: all, clock } = gatherer(mute);
  const gathering = all.begin(envelope);
  await clock.advance(gatherLimits.deadlineMs);
  assert.equal((await gathering.spf).status, "temperror");
  write(gathering, octets("To: a@example.net\n\nx\n"));
  // Nothing of this message needs a lookup any more.
  assert.equal((await gathering.finish()).waitedMs, 0);
});

Deno.test("whoever waits may give up, and gets what is known", async () => {
  const { gatherer: all, clock } = gatherer(new Mute());
  const gathering = all.begin(envelope);
  write(gathering, signedMessage);
  const given = new AbortController();
  const finished = gathering.finish(given.signal);
  given.abort();
  assert.equal((await finished).dmarc.status, "temperror");
  assert.equal(clock.pending, 0);
  const late = all.begin(envelope);
  assert.equal((await late.finish(AbortSignal.abort())).spf.status, "temperror");
});

Deno.test("a message that nobody wants any more ends its lookups", () => {
  const mute = new Mute();
  const { gatherer: all, clock } = gatherer(mute);
  const gathering = all.begin(envelope);
  write(gathering, signedMessage);
  gathering.drop();
  assert.ok(mute.asked > 3);
  assert.ok(mute.signals.length === mute.asked && mute.signals.every((signal) => signal.aborted));
  assert.equal(clock.pending, 0);
  gathering.write(signedMessage);
});

Deno.test("a resolver that throws is told in the log, and lets nothing in", async () => {
  const lines: string[] = [];
  const log = createLog({ level: "error", format: "text" }, () => 0, (_, line) => lines.push(line));
  const broken: Resolver = { lookup: () => Promise.reject(new Error("oh")) };
  const gathering = gatherer(broken, { blocklists: ["bl.example"] }, log).gatherer.begin(envelope);
  write(gathering, signedMessage);
  const evidence = await gathering.finish();
  assert.deepEqual([evidence.spf.status, evidence.dkim[0]?.status], ["temperror", "temperror"]);
  assert.equal(verdict(evidence).action, "tempfail");
  assert.match(lines.join("\n"), /resolver threw/);
});

Deno.test("lookups up to the limit", async () => {
  const resolver = new ZoneResolver(zone);
  const evidence = await gathered(signedMessage, envelope, resolver, { maxLookups: 1 });
  assert.ok(resolver.asked.length <= 2, resolver.asked.join());
  assert.match(evidence.cutLookups.join(), /TXT/);
  assert.equal(verdict(evidence).action, "tempfail");
});

Deno.test("an address that is none is the caller's mistake", () => {
  assert.throws(() => gatherer().gatherer.begin({ ...envelope, remoteIp: "nowhere" }), SyntaxError);
});

/** Fails lookups as told, in the order in which they are asked for. */
class Flaky implements Resolver {
  readonly #inner: Resolver;
  readonly #fails: (name: string, type: string) => boolean;
  constructor(inner: Resolver, fails: (name: string, type: string) => boolean) {
    this.#inner = inner;
    this.#fails = fails;
  }
  async lookup<T extends RecordType>(name: string, type: T): Promise<Answer<T>> {
    const answer = await this.#inner.lookup(name, type);
    if (!this.#fails(name, type)) return answer;
    return {
      ...answer,
      status: "failed",
      records: [],
      failure: "timeout",
      security: "indeterminate",
      why: "lost",
    };
  }
}

const world: Zone = {
  ...relayedWorld,
  "_dmarc.dept.example": { records: { TXT: txt("v=DMARC1; p=none; np=reject") } },
  "dept.example": { records: { A: [{ address: "192.0.2.7" }] } },
  "_dmarc.soft.example": { records: { TXT: txt("v=DMARC1; p=none") } },
  "soft.example": { records: { TXT: txt("v=spf1 include:part.soft.example ~all") } },
  "part.soft.example": { records: { TXT: txt("v=spf1 ip4:192.0.2.9 -all") } },
};
const evilSigner = { ...rsaSigner, domain: "evil.example" };
const refusedMessages: [what: string, content: Uint8Array, from: typeof envelope][] = [
  ["a forged author", message, forgedEnvelope],
  ["a forged author, signed by the forger", signed(message, [evilSigner]), forgedEnvelope],
  ["a changed message", concat([signedMessage, octets("PS\n")]), forgedEnvelope],
  ["an author who does not exist", octets("From: x@ghost.dept.example\n\nx\n"), forgedEnvelope],
  ["a sender against SPF", octets("From: x@soft.example\n\nx\n"), {
    ...forgedEnvelope,
    mailFrom: { local: "x", domain: "soft.example" },
  }],
  ["a sender against SPF, unknown author", octets("From: x@nobody.example\n\nx\n"), {
    ...forgedEnvelope,
    mailFrom: { local: "x", domain: "example.org" },
  }],
];
for (const [what, content, from] of refusedMessages) {
  Deno.test(`whatever lookups fail, nothing that is refused is taken: ${what}`, async () => {
    const asked = new ZoneResolver(world);
    assert.equal(verdict(await gathered(content, from, asked)).action, "reject");
    const lookups = [...new Set(asked.asked)];
    await fc.assert(
      fc.asyncProperty(fc.subarray(lookups, { minLength: 1 }), async (lost) => {
        const flaky = new Flaky(new ZoneResolver(world), (name, type) => lost.includes(`${name} ${type}`));
        const { action, sentence } = verdict(await gathered(content, from, flaky));
        assert.notEqual(action, "accept", sentence);
      }),
      { numRuns: 60 },
    );
  });
}

const takenMessages: [what: string, content: Uint8Array, from: typeof envelope][] = [
  ["sent and signed by its author", signedMessage, envelope],
  ["forwarded, and signed by its author", signedMessage, { ...forgedEnvelope, mailFrom: null }],
  ["sent by its author", message, envelope],
  ["passed on by a trusted sealer", sealedBy(claim), envelope],
];
for (const [what, content, from] of takenMessages) {
  Deno.test(`whatever lookups fail, nothing that is taken is refused for good: ${what}`, async () => {
    const asked = new ZoneResolver(world);
    assert.equal(verdict(await gathered(content, from, asked), trusting).action, "accept");
    const lookups = [...new Set(asked.asked)];
    await fc.assert(
      fc.asyncProperty(fc.subarray(lookups), async (lost) => {
        const flaky = new Flaky(new ZoneResolver(world), (name, type) => lost.includes(`${name} ${type}`));
        const { action, sentence } = verdict(await gathered(content, from, flaky), trusting);
        assert.notEqual(action, "reject", sentence);
      }),
      { numRuns: 60 },
    );
  });
}

Deno.test("a message that breaks our code does not break the session", async () => {
  const { gatherer: all } = gatherer(undefined, {}, silentLog);
  const gathering = all.begin(envelope);
  // Not what the interface has: as a bug in a parser would throw.
  gathering.write(null as unknown as Uint8Array);
  gathering.write(signedMessage);
  const evidence = await gathering.finish();
  assert.deepEqual([evidence.dkim[0]?.status, evidence.dmarc.status], ["temperror", "temperror"]);
  assert.equal(verdict(evidence).action, "tempfail");
});

Deno.test("how evidence ended, and how long it was waited for, is counted", async () => {
  const metrics = new Metrics();
  const world = (resolver: Resolver | undefined, settings = {}) =>
    gatherer(resolver, settings, silentLog, metrics);
  const run = async ({ gatherer: all, clock }: ReturnType<typeof gatherer>, signal?: AbortSignal) => {
    const gathering = all.begin(envelope);
    write(gathering, signedMessage);
    const finished = gathering.finish(signal);
    await clock.advance(gatherLimits.deadlineMs);
    await finished;
  };
  await run(world(undefined));
  await run(world(new Mute()));
  await run(world(undefined, { maxLookups: 1 }));
  await run(world(new Mute()), AbortSignal.abort());
  const lines = metrics.text().split("\n");
  for (const result of ["complete", "late", "cut", "givenUp"]) {
    assert.ok(lines.includes(`mailden_evidence_total{result="${result}"} 1`), result);
  }
  assert.ok(lines.includes('mailden_evidence_wait_seconds_bucket{le="10"} 3'));
  assert.ok(lines.includes("mailden_evidence_wait_seconds_sum 20"));
});
