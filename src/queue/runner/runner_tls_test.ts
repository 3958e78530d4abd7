/**
 * TLS with mail exchangers: opportunistic, by MTA-STS, by DANE, as the sender requires it or not; what is told of it to
 * the sender, and for TLS reports.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Zone } from "../../dns/testing/zone_resolver.ts";
import type { Mode } from "../../mtasts/policy.ts";
import type { StsFinding } from "./policies.ts";
import { certified, rootPem, rootTlsa, unknown } from "./testing/certificates.ts";
import type { Step } from "./testing/fake_mx.ts";
import { queued } from "./testing/memory_queue.ts";
import { hostAt, mxOf, noPolicy, onStage, type Stage, type StageSettings, tlsaOf } from "./testing/stage.ts";

const good = await certified("mx.example.net");
const other = await certified("other.example");
const stranger = await unknown("mx.example.net");
const expired = await certified("mx.example.net", {
  notBefore: Date.now() - 20 * 86_400_000,
  notAfter: Date.now() - 86_400_000,
});

const secureZone = (tlsa: readonly string[] | null): Zone => ({
  "example.net": mxOf(["mx.example.net"], "secure"),
  "mx.example.net": hostAt(["192.0.2.1"], "secure"),
  ...(tlsa === null ? {} : { "_25._tcp.mx.example.net": tlsaOf(tlsa) }),
});

function sts(mode: Mode, mx: readonly string[] = ["mx.example.net"]): { "example.net": StsFinding } {
  const policy = { mode, mx, maxAgeSeconds: 86_400, extensions: [] };
  return { "example.net": { ...noPolicy, policy, why: `a policy in mode ${mode} names ${mx.join(", ")}` } };
}

/** The same, as it is kept while the DNS does not answer. */
function keptSts(...policy: Parameters<typeof sts>): { "example.net": StsFinding } {
  return { "example.net": { ...sts(...policy)["example.net"], isConfirmed: false } };
}

const trusting = { trusted: [rootPem] };

/** One message to example.net; what came of it, and what was noted: policy, and failures or "ok". */
async function sendOne(stage: Stage, own: Parameters<typeof queued>[1] = {}) {
  const [one] = await stage.send(queued(["a@example.net"], own));
  const [result] = one?.report.results ?? [];
  assert.ok(result !== undefined);
  return result;
}

function noted(stage: Stage): string[] {
  return stage.noted.map(({ domain, session: { policy, failures } }) => {
    assert.equal(domain, "example.net");
    return `${policy.type} ${failures.map(({ type }) => type).join(" ") || "ok"}`;
  });
}

type Script = Parameters<Stage["mx"]>[0];

const cases: [
  what: string,
  world: StageSettings,
  script: Script,
  own: Parameters<typeof queued>[1],
  expected: {
    outcome: string;
    tls?: boolean;
    status?: string;
    text?: RegExp;
    noted?: string[];
    unconfirmed?: boolean;
  },
][] = [
  ["TLS is used where it is offered, whoever it is", {}, { certificate: stranger.loaded }, {}, {
    outcome: "delivered",
    tls: true,
    noted: ["no-policy-found certificate-not-trusted"],
  }],
  ["a good certificate is noted as such", {}, { certificate: good.loaded }, {}, {
    outcome: "delivered",
    tls: true,
    noted: ["no-policy-found ok"],
  }],
  ["one for another host is noted, and used", {}, { certificate: other.loaded }, {}, {
    outcome: "delivered",
    tls: true,
    noted: ["no-policy-found certificate-host-mismatch"],
  }],
  ["plain text goes where no TLS is offered", {}, {}, {}, {
    outcome: "delivered",
    tls: false,
    noted: ["no-policy-found starttls-not-supported"],
  }],
  [
    "plain text goes where the handshake fails",
    {},
    { certificate: good.loaded, answer: (step: Step) => step === "HANDSHAKE" ? "500 this is no TLS" : null },
    {},
    { outcome: "delivered", tls: false, noted: ["no-policy-found validation-failure"] },
  ],
  [
    "plain text goes where the host hangs up in the handshake",
    {},
    { certificate: good.loaded, answer: (step: Step) => step === "HANDSHAKE" ? "drop" : null },
    {},
    { outcome: "delivered", tls: false, noted: ["no-policy-found validation-failure"] },
  ],
  [
    "plain text goes where STARTTLS is refused",
    {},
    { certificate: good.loaded, answer: (step: Step) => step === "STARTTLS" ? "454 4.7.0 not now" : null },
    {},
    { outcome: "delivered", tls: false, noted: ["no-policy-found starttls-not-supported"] },
  ],
  ["MTA-STS in force: a valid certificate", { policies: sts("enforce") }, { certificate: good.loaded }, {}, {
    outcome: "delivered",
    tls: true,
    noted: ["sts ok"],
  }],
  [
    "MTA-STS in force: nobody's certificate",
    { policies: sts("enforce") },
    { certificate: stranger.loaded },
    {},
    {
      outcome: "temporary",
      status: "4.7.10",
      text: /not trusted.*MTA-STS/,
      noted: ["sts certificate-not-trusted"],
    },
  ],
  [
    "MTA-STS in force: another's certificate",
    { policies: sts("enforce") },
    { certificate: other.loaded },
    {},
    {
      outcome: "temporary",
      text: /for other names.*MTA-STS/,
      noted: ["sts certificate-host-mismatch"],
    },
  ],
  [
    "MTA-STS in force: an old certificate",
    { policies: sts("enforce") },
    { certificate: expired.loaded },
    {},
    {
      outcome: "temporary",
      text: /expired.*MTA-STS/,
      noted: ["sts certificate-expired"],
    },
  ],
  ["MTA-STS in force: no TLS", { policies: sts("enforce") }, {}, {}, {
    outcome: "temporary",
    text: /does not offer STARTTLS.*MTA-STS/,
    noted: ["sts starttls-not-supported"],
  }],
  [
    "MTA-STS in force: a handshake that fails is no reason for plain text",
    { policies: sts("enforce") },
    { certificate: good.loaded, answer: (step: Step) => step === "HANDSHAKE" ? "drop" : null },
    {},
    { outcome: "temporary", text: /failed in TLS.*MTA-STS/, noted: ["sts validation-failure"] },
  ],
  [
    "MTA-STS in force: a host that is not named",
    { policies: sts("enforce", ["*.example.com"]) },
    {
      certificate: good.loaded,
    },
    {},
    {
      outcome: "temporary",
      status: "4.7.5",
      text: /mx\.example\.net is passed over: the MTA-STS policy does not name/,
      unconfirmed: false,
      noted: ["sts validation-failure"],
    },
  ],
  [
    "MTA-STS that nobody could confirm: a host that it does not name",
    { policies: keptSts("enforce", ["*.example.com"]) },
    { certificate: good.loaded },
    {},
    { outcome: "temporary", text: /does not name.*could not be found out/s, unconfirmed: true },
  ],
  [
    "MTA-STS that nobody could confirm: another's certificate",
    { policies: keptSts("enforce") },
    { certificate: other.loaded },
    {},
    { outcome: "temporary", text: /for other names.*could not be found out/s, unconfirmed: true },
  ],
  ["MTA-STS that nobody could confirm: no TLS", { policies: keptSts("enforce") }, {}, {}, {
    outcome: "temporary",
    text: /does not offer STARTTLS.*could not be found out/s,
    unconfirmed: true,
  }],
  [
    "MTA-STS that nobody could confirm: what the host says is no matter of the policy",
    { policies: keptSts("enforce") },
    { certificate: good.loaded, answer: (step: Step) => step === "CONNECT" ? "451 4.3.0 not now" : null },
    {},
    { outcome: "temporary", unconfirmed: false },
  ],
  [
    "REQUIRETLS: a policy in test that nobody could confirm may be in force by now",
    { policies: keptSts("testing") },
    { certificate: good.loaded, offers: ["REQUIRETLS"] },
    { requireTls: true },
    { outcome: "temporary", text: /could not be found out/, unconfirmed: true },
  ],
  ["MTA-STS in test: all is told, nothing refused", { policies: sts("testing", ["*.example.com"]) }, {}, {}, {
    outcome: "delivered",
    tls: false,
    noted: ["sts validation-failure"],
  }],
  [
    "MTA-STS in test: a wrong certificate",
    { policies: sts("testing") },
    { certificate: stranger.loaded },
    {},
    {
      outcome: "delivered",
      tls: true,
      noted: ["sts certificate-not-trusted"],
    },
  ],
  ["MTA-STS that asks for nothing", { policies: sts("none") }, {}, {}, {
    outcome: "delivered",
    noted: ["no-policy-found starttls-not-supported"],
  }],
  [
    "MTA-STS that could not be fetched is told in reports",
    { policies: { "example.net": { ...noPolicy, report: "sts-policy-fetch-error", why: "it is down" } } },
    {},
    {},
    { outcome: "delivered", noted: ["sts sts-policy-fetch-error starttls-not-supported"] },
  ],
  [
    "a first attempt waits if nobody can tell whether there is a policy",
    { policies: { "example.net": { ...noPolicy, isUncertain: true, why: "the DNS is down" } } },
    {},
    {},
    {
      outcome: "temporary",
      status: "4.7.5",
      text: /whether example\.net has an MTA-STS policy.*DNS is down/,
    },
  ],
  [
    "a second does not",
    { policies: { "example.net": { ...noPolicy, isUncertain: true, why: "the DNS is down" } } },
    {},
    { attempts: 1 },
    { outcome: "delivered" },
  ],
  [
    "DANE: the key that is published",
    { zone: secureZone([stranger.tlsa]) },
    { certificate: stranger.loaded },
    {},
    {
      outcome: "delivered",
      tls: true,
      noted: ["tlsa ok"],
    },
  ],
  [
    "DANE: the authority that is published",
    { zone: secureZone([await rootTlsa()]), settings: {} },
    {
      certificate: good.loaded,
    },
    {},
    { outcome: "delivered", tls: true, noted: ["tlsa ok"] },
  ],
  ["DANE: another key", { zone: secureZone([other.tlsa]) }, { certificate: good.loaded }, {}, {
    outcome: "temporary",
    text:
      /not one that is published \(DANE: there are signed TLSA records at _\d+\._tcp\.mx\.example\.net: 3 1 1 [0-9a-f]{24}…\)/i,
    noted: ["tlsa validation-failure"],
  }],
  ["DANE: no TLS", { zone: secureZone([good.tlsa]) }, {}, {}, {
    outcome: "temporary",
    text: /does not offer STARTTLS.*DANE/,
    noted: ["tlsa starttls-not-supported"],
  }],
  [
    "DANE: records none of which can be used ask for TLS, with anybody",
    { zone: secureZone([`1 1 1 ${"ab".repeat(32)}`]) },
    { certificate: stranger.loaded },
    {},
    { outcome: "delivered", tls: true, noted: ["tlsa tlsa-invalid"] },
  ],
  [
    "DANE: without TLS that is not enough",
    { zone: secureZone([`1 1 1 ${"ab".repeat(32)}`]) },
    {},
    {},
    {
      outcome: "temporary",
      text: /none of the TLSA records/,
      noted: ["tlsa tlsa-invalid starttls-not-supported"],
    },
  ],
  [
    "DANE: records that are forged keep mail back",
    { zone: { ...secureZone(null), "_25._tcp.mx.example.net": { failures: { TLSA: "bogus" } } } },
    { certificate: good.loaded },
    {},
    {
      outcome: "temporary",
      status: "4.7.5",
      text: /passed over for now \(DANE\)/,
      noted: ["tlsa dnssec-invalid"],
    },
  ],
  [
    "DANE: so does no answer",
    { zone: { ...secureZone(null), "_25._tcp.mx.example.net": { failures: { TLSA: "timeout" } } } },
    { certificate: good.loaded },
    {},
    { outcome: "temporary", text: /could not be looked up/, noted: [] },
  ],
  [
    "DANE: unsigned records count for nothing",
    {
      zone: {
        ...secureZone(null),
        "_25._tcp.mx.example.net": tlsaOf([other.tlsa], "insecure"),
      },
    },
    { certificate: good.loaded },
    {},
    { outcome: "delivered", tls: true, noted: ["no-policy-found ok"] },
  ],
  [
    "DANE comes before MTA-STS where both speak",
    { zone: secureZone([other.tlsa]), policies: sts("enforce") },
    { certificate: good.loaded },
    {},
    { outcome: "temporary", text: /DANE/, noted: ["tlsa validation-failure", "sts ok"] },
  ],
  [
    "REQUIRETLS: by DANE",
    { zone: secureZone([good.tlsa]) },
    { certificate: good.loaded, offers: ["REQUIRETLS"] },
    { requireTls: true },
    { outcome: "delivered", tls: true },
  ],
  [
    "REQUIRETLS: by MTA-STS",
    { policies: sts("enforce") },
    { certificate: good.loaded, offers: ["REQUIRETLS"] },
    { requireTls: true },
    { outcome: "delivered", tls: true },
  ],
  [
    "REQUIRETLS: a host that does not offer it",
    { policies: sts("enforce") },
    { certificate: good.loaded },
    { requireTls: true },
    { outcome: "permanent", status: "5.7.30", text: /REQUIRETLS/ },
  ],
  [
    "REQUIRETLS: without a policy",
    {},
    { certificate: good.loaded, offers: ["REQUIRETLS"] },
    { requireTls: true },
    { outcome: "permanent", status: "5.7.30", text: /neither DANE .* nor an MTA-STS policy/ },
  ],
  [
    "REQUIRETLS: by a policy in test",
    { policies: sts("testing") },
    { certificate: good.loaded, offers: ["REQUIRETLS"] },
    { requireTls: true },
    { outcome: "permanent", status: "5.7.30" },
  ],
  [
    "REQUIRETLS: nobody can tell whether there is a policy",
    { policies: { "example.net": { ...noPolicy, isUncertain: true, why: "the DNS is down" } } },
    { certificate: good.loaded, offers: ["REQUIRETLS"] },
    { requireTls: true, attempts: 3 },
    { outcome: "temporary", unconfirmed: true },
  ],
  [
    "TLS-Required: No goes past DANE, over TLS all the same",
    { zone: secureZone([other.tlsa]) },
    { certificate: good.loaded },
    { requireTls: false },
    { outcome: "delivered", tls: true, noted: ["tlsa validation-failure"] },
  ],
  [
    "TLS-Required: No goes past MTA-STS, in plain text if need be",
    { policies: sts("enforce", ["*.example.com"]) },
    {},
    { requireTls: false },
    { outcome: "delivered", tls: false, noted: ["sts validation-failure"] },
  ],
  [
    "TLS-Required: No goes past forged records",
    { zone: { ...secureZone(null), "_25._tcp.mx.example.net": { failures: { TLSA: "bogus" } } } },
    { certificate: good.loaded },
    { requireTls: false },
    { outcome: "delivered", tls: true },
  ],
];
for (const [what, world, script, own, expected] of cases) {
  Deno.test(what, async () => {
    await onStage({ ...world, settings: { ...trusting, ...world.settings } }, async (stage) => {
      const mx = await stage.mx(script);
      const result = await sendOne(stage, own);
      assert.equal(result.outcome, expected.outcome, result.text);
      assert.equal(mx.taken.length, expected.outcome === "delivered" ? 1 : 0);
      if (expected.tls !== undefined) assert.equal(mx.taken[0]?.tls, expected.tls);
      if (expected.status !== undefined) assert.equal(result.status, expected.status);
      if (expected.text !== undefined) assert.match(result.text, expected.text);
      if (expected.noted !== undefined) assert.deepEqual(noted(stage), expected.noted);
      if (expected.unconfirmed !== undefined) assert.equal(result.unconfirmed ?? false, expected.unconfirmed);
    });
  });
}

const twoHosts: Zone = {
  "example.net": mxOf(["mx1.example.net", "mx2.example.net"]),
  "mx1.example.net": hostAt(["192.0.2.1"]),
  "mx2.example.net": hostAt(["192.0.2.2"]),
};

Deno.test("a host that a policy forbids is passed over for one that it allows", async () => {
  const certificate = (await certified("mx2.example.net")).loaded;
  const world = { zone: twoHosts, policies: sts("enforce", ["mx2.example.net"]), settings: trusting };
  await onStage(world, async (stage) => {
    const second = await stage.mx({ certificate }, "192.0.2.2");
    assert.equal((await sendOne(stage)).outcome, "delivered");
    assert.equal(second.taken.length, 1);
    assert.deepEqual(stage.dialled, ["192.0.2.2"]);
    assert.deepEqual(noted(stage), ["sts validation-failure", "sts ok"]);
  });
});

Deno.test("REQUIRETLS comes back only if no host can do it, and waits if one may later", async () => {
  const certificate = (await certified("mx1.example.net")).loaded;
  const world = { zone: twoHosts, policies: sts("enforce", ["*.example.net"]), settings: trusting };
  await onStage(world, async (stage) => {
    await stage.mx({ certificate }, "192.0.2.1");
    const result = await sendOne(stage, { requireTls: true });
    assert.equal(result.outcome, "temporary"); // The second host is down, and may offer it.
    assert.match(result.text, /REQUIRETLS.*mx2\.example\.net/s);
  });
});

Deno.test("the host's name, or its TLSA base domain, is asked for", async () => {
  const zone: Zone = {
    "example.net": mxOf(["mx.example.net"], "secure"),
    "mx.example.net": { records: { CNAME: [{ target: "real.example.com." }] }, security: "secure" },
    "real.example.com": hostAt(["192.0.2.1"], "secure"),
    "_25._tcp.real.example.com": tlsaOf([good.tlsa]),
  };
  await onStage({ zone }, async (stage) => {
    const mx = await stage.mx({ certificate: good.loaded });
    assert.equal((await sendOne(stage)).outcome, "delivered");
    assert.deepEqual(mx.asked, ["real.example.com"]);
  });
  await onStage({}, async (stage) => {
    const mx = await stage.mx({ certificate: good.loaded });
    await sendOne(stage);
    assert.deepEqual(mx.asked, ["mx.example.net"]);
  });
});

Deno.test("a connection is shared with a stricter domain only if it is good for it", async () => {
  const zone: Zone = {
    "example.net": mxOf(["mx.example.net"]),
    "strict.test": mxOf(["mx.example.net"]),
    "mx.example.net": hostAt(["192.0.2.1"]),
  };
  const policies = { "strict.test": sts("enforce")["example.net"] };
  for (
    const [certificate, connections, outcome] of [
      [good.loaded, 1, "delivered"],
      [stranger.loaded, 2, "temporary"],
      [null, 2, "temporary"],
    ] as const
  ) {
    await onStage({ zone, policies, settings: trusting }, async (stage) => {
      const mx = await stage.mx(certificate === null ? {} : { certificate });
      await sendOne(stage);
      const [strict] = await stage.send(queued(["a@strict.test"]));
      assert.equal(strict?.report.results[0]?.outcome, outcome);
      assert.equal(mx.connections, connections);
    });
  }
});

Deno.test("plain text put behind the answer to STARTTLS is noticed", async () => {
  const answer = (step: Step) => step === "STARTTLS" ? "220 go ahead\r\n250 injected" : null;
  await onStage({}, async (stage) => {
    const mx = await stage.mx({ certificate: good.loaded, answer });
    const result = await sendOne(stage);
    assert.equal(result.outcome, "temporary");
    assert.match(result.text, /plain text where TLS should begin/);
    assert.equal(mx.taken.length, 0);
  });
});

Deno.test("nobody is sent TLS reports about mail to an address", async () => {
  await onStage({}, async (stage) => {
    await stage.mx({ certificate: good.loaded });
    await stage.send(queued(["a@[192.0.2.1]"]));
    assert.deepEqual(stage.noted, []);
  });
});

Deno.test("who failed is told in reports by name and address", async () => {
  await onStage({ policies: sts("enforce"), settings: trusting }, async (stage) => {
    await stage.mx({ certificate: stranger.loaded });
    await sendOne(stage);
    const [{ session }] = stage.noted as [typeof stage.noted[number]];
    assert.deepEqual(session.policy.mxHosts, ["mx.example.net"]);
    assert.equal(session.policy.text[0], "version: STSv1");
    const [failure] = session.failures;
    assert.equal(failure?.receivingHost, "mx.example.net");
    assert.equal(failure?.receivingIp, "192.0.2.1");
    assert.equal(failure?.sendingIp, "127.0.0.1");
  });
});
