/**
 * Relays, and SOCKS proxies.
 *
 * @module
 */
import assert from "node:assert/strict";
import { base64, latin1 } from "../../base/bytes.ts";
import { createLog } from "../../base/log.ts";
import { startImpostor } from "../../net/testing/impostor_server.ts";
import { dialLocally, listenLocally, testCertificate } from "../../net/testing/loopback.ts";
import { settle } from "../../../tests/support/fake_clock.ts";
import { deriveScram, ScramServer } from "../../sasl/scram.ts";
import { parseClientFirst } from "../../sasl/scram_message.ts";
import { issue } from "../../tls/testing/certificate_maker.ts";
import type { DirectTransport, RelayTransport } from "../transport.ts";
import { certified, rootPem, unknown } from "./testing/certificates.ts";
import type { MxScript, Step } from "./testing/fake_mx.ts";
import { queued } from "./testing/memory_queue.ts";
import { hostAt, onStage, type Stage, until, usualZone } from "./testing/stage.ts";
import { wrongPasswordMs } from "./relay.ts";
import { usualSettings } from "./settings.ts";

const good = (await certified("relay.example.net")).loaded;
const bad = (await unknown("relay.example.net")).loaded;
const others = (await certified("other.example.net")).loaded;
const umlaut = (await certified("xn--bcher-kva.example")).loaded;

const zone = {
  ...usualZone,
  "relay.example.net": hostAt(["192.0.2.1"]),
  "xn--bcher-kva.example": hostAt(["192.0.2.1"]),
};

function relay(own: Partial<RelayTransport> = {}): RelayTransport {
  return {
    kind: "relay",
    host: "relay.example.net",
    port: 587,
    tls: "startTls",
    trusted: [rootPem],
    auth: null,
    certificate: null,
    ...own,
  };
}

async function sendBy(stage: Stage, own: Parameters<typeof queued>[1] = {}) {
  const [one] = await stage.send(queued(["a@elsewhere.test"], { transport: "relay", ...own }));
  const [result] = one?.report.results ?? [];
  assert.ok(result !== undefined);
  return result;
}

const login = { username: "me", password: "secret" };

const cases: [
  what: string,
  transport: RelayTransport,
  script: MxScript,
  expected: { outcome: string; tls?: boolean; text?: RegExp; status?: string; said?: RegExp },
  own?: Parameters<typeof queued>[1],
][] = [
  ["a relay over STARTTLS", relay(), { certificate: good }, { outcome: "delivered", tls: true }],
  ["a relay whose certificate nobody vouches for", relay(), { certificate: bad }, {
    outcome: "temporary",
    text: /not trusted/,
  }],
  ["a relay by an address that its certificate does not have", relay({ host: "192.0.2.1" }), {
    certificate: good,
  }, {
    outcome: "temporary",
    text: /not trusted/,
  }],
  ["a relay with the certificate of another host", relay(), { certificate: others }, {
    outcome: "temporary",
    text: /not trusted/,
  }],
  ["the same, where that was allowed", relay({ tls: "unverified" }), { certificate: bad }, {
    outcome: "delivered",
    tls: true,
  }],
  ["a relay without TLS", relay(), {}, {
    outcome: "temporary",
    text: /does not offer STARTTLS.*configuration/,
  }],
  ["the same, unverified", relay({ tls: "unverified" }), {}, { outcome: "temporary" }],
  ["the same, where plain text was asked for", relay({ tls: "never" }), { certificate: good }, {
    outcome: "delivered",
    tls: false,
  }],
  ["a relay with TLS from the first octet", relay({ tls: "implicit" }), {
    certificate: good,
    implicitTls: true,
  }, {
    outcome: "delivered",
    tls: true,
  }],
  ["the same with a certificate of nobody", relay({ tls: "implicit" }), {
    certificate: bad,
    implicitTls: true,
  }, {
    outcome: "temporary",
    text: /failed in TLS.*not trusted/,
  }],
  ["PLAIN over TLS", relay({ auth: { ...login, mechanisms: ["PLAIN"] } }), {
    certificate: good,
    offers: ["AUTH PLAIN"],
  }, { outcome: "delivered", said: /AUTH PLAIN AG1lAHNlY3JldA==/ }],
  ["PLAIN is never said in plain text", relay({ tls: "never", auth: { ...login, mechanisms: ["PLAIN"] } }), {
    offers: ["AUTH PLAIN"],
  }, { outcome: "temporary", text: /no way to sign in/ }],
  [
    "the first mechanism of ours that is offered",
    relay({
      auth: { ...login, mechanisms: ["CRAM-MD5", "PLAIN"] },
    }),
    { certificate: good, offers: ["AUTH PLAIN"] },
    { outcome: "delivered", said: /AUTH PLAIN/ },
  ],
  ["a password that is wrong", relay({ auth: { ...login, mechanisms: ["PLAIN"] } }), {
    certificate: good,
    offers: ["AUTH PLAIN"],
    answer: (step: Step) => step === "AUTH" ? "535 5.7.8 wrong" : null,
  }, {
    outcome: "temporary",
    text: /does not accept our user name and password: 535 5\.7\.8 wrong/,
    status: "4.7.8",
  }],
  ["a relay that wants nothing of us", relay(), {
    answer: (step: Step) => step === "CONNECT" ? "554 5.7.1 not one of ours" : null,
  }, { outcome: "temporary", text: /^554 5\.7\.1 not one of ours$/, status: "4.7.1" }],
  ["one that says so to our name", relay(), {
    answer: (step: Step) => step === "EHLO" ? "550 5.7.1 not one of ours" : null,
  }, { outcome: "temporary", text: /^550 5\.7\.1 not one of ours$/, status: "4.7.1" }],
  [
    "EXTERNAL, by a certificate of ours",
    relay({
      auth: { ...login, mechanisms: ["EXTERNAL"] },
      certificate: testCertificate("client.example"),
    }),
    { certificate: good, offers: ["AUTH EXTERNAL"] },
    { outcome: "delivered", said: /AUTH EXTERNAL/ },
  ],
  ["EXTERNAL without one", relay({ auth: { ...login, mechanisms: ["EXTERNAL"] } }), {
    certificate: good,
    offers: ["AUTH EXTERNAL"],
  }, { outcome: "temporary" }],
  ["REQUIRETLS by a relay that offers it", relay(), { certificate: good, offers: ["REQUIRETLS"] }, {
    outcome: "delivered",
  }, { requireTls: true }],
  ["REQUIRETLS by one that does not", relay(), { certificate: good }, {
    outcome: "permanent",
    status: "5.7.30",
  }, { requireTls: true }],
  [
    "REQUIRETLS by one that was not verified",
    relay({ tls: "unverified" }),
    {
      certificate: good,
      offers: ["REQUIRETLS"],
    },
    { outcome: "delivered" },
    { requireTls: true },
  ],
  [
    "REQUIRETLS by one that cannot be",
    relay({ tls: "unverified" }),
    {
      certificate: bad,
      offers: ["REQUIRETLS"],
    },
    { outcome: "permanent", status: "5.7.10" },
    { requireTls: true },
  ],
  ["8-bit text that a relay would have to convert", relay(), { certificate: good, offers: [] }, {
    outcome: "permanent",
    status: "5.6.3",
  }, { has8Bit: true }],
  ["a relay that does not exist", relay({ host: "nowhere.test" }), {}, {
    outcome: "temporary",
    text: /the relay cannot be found.*nowhere\.test does not exist/,
  }],
  ["a relay by its address", relay({ host: "192.0.2.1", tls: "never" }), {}, { outcome: "delivered" }],
];
for (const [what, transport, script, expected, own] of cases) {
  Deno.test(`${what}: ${expected.outcome}`, async () => {
    await onStage({ zone, transports: { relay: transport } }, async (stage) => {
      const mx = await stage.mx(script);
      const result = await sendBy(stage, own);
      assert.equal(result.outcome, expected.outcome, result.text);
      if (expected.tls !== undefined) assert.equal(mx.taken[0]?.tls, expected.tls);
      if (expected.text !== undefined) assert.match(result.text, expected.text);
      if (expected.status !== undefined) assert.equal(result.status, expected.status);
      if (expected.said !== undefined) assert.ok(mx.heard.some((line) => expected.said?.test(line)));
      assert.deepEqual(stage.noted, [], "relays are nobody's policy");
      assert.ok(stage.resolver.asked.every((one) => !one.endsWith(" MX")));
    });
  });
}

Deno.test("a relay whose name is not ASCII is asked for by its A-labels", async () => {
  const transports = { relay: relay({ host: "b\u00fccher.example" }) };
  await onStage({ zone, transports }, async (stage) => {
    const mx = await stage.mx({ certificate: umlaut });
    assert.equal((await sendBy(stage)).outcome, "delivered");
    assert.deepEqual(mx.asked, ["xn--bcher-kva.example"]);
  });
});

Deno.test("who shows another's certificate is told as what it is", async () => {
  const [victim, thief] = [issue({ name: "relay.example.net" }), issue({ name: "another" })];
  const impostor = await startImpostor(victim.der, thief.keys.privateKey);
  const host = "127.0.0.1";
  const transports = { relay: relay({ host, port: impostor.port, tls: "implicit", trusted: [] }) };
  await onStage({ zone, transports }, async (stage) => {
    stage.real.add(host);
    const { text } = await sendBy(stage);
    assert.match(
      text,
      /failed in TLS: what came after its certificate .* may not have the certificate's key/,
    );
  });
  await impostor.close();
});

Deno.test("messages for several domains share the connection to a relay", async () => {
  await onStage({ zone, transports: { relay: relay({ tls: "never" }) } }, async (stage) => {
    const mx = await stage.mx();
    await sendBy(stage, { domain: "a.test" });
    await sendBy(stage, { domain: "b.test" });
    assert.equal(mx.connections, 1);
    assert.equal(mx.taken.length, 2);
  });
});

Deno.test("a relay that nothing can be sent to is not dialled for each message", async () => {
  const auth = { ...login, mechanisms: ["PLAIN" as const] };
  const wrongPassword: MxScript = {
    certificate: good,
    offers: ["AUTH PLAIN"],
    answer: (step) => step === "AUTH" ? "535 5.7.8 wrong" : null,
  };
  const worlds: [RelayTransport, MxScript, ms: number][] = [
    [relay({ auth }), wrongPassword, wrongPasswordMs],
    [relay(), { certificate: bad }, usualSettings.failureMs],
    [relay(), {}, usualSettings.failureMs],
  ];
  for (const [transport, script, ms] of worlds) {
    await onStage({ zone, transports: { relay: transport } }, async (stage) => {
      const mx = await stage.mx(script);
      for (const domain of ["a.test", "b.test", "c.test", "c.test"]) await sendBy(stage, { domain });
      assert.equal(mx.connections, 1);
      await stage.clock.advance(ms - 1000);
      assert.match((await sendBy(stage)).text, /found out a moment ago/);
      await stage.clock.advance(1100);
      await sendBy(stage);
      assert.equal(mx.connections, 2);
    });
  }
});

Deno.test("SCRAM-SHA-256 proves the password, and that the relay knows it", async () => {
  const secret = await deriveScram("SHA-256", "secret", new Uint8Array(16).fill(7), 4096);
  for (const [told, outcome] of [["secret", "delivered"], ["wrong", "temporary"]] as const) {
    let server: ScramServer | null = null;
    const auth = { username: "me", password: told, mechanisms: ["SCRAM-SHA-256" as const] };
    await onStage({ zone, transports: { relay: relay({ auth }) } }, async (stage) => {
      const mx = await stage.mx({
        certificate: good,
        offers: ["AUTH SCRAM-SHA-256"],
        answer: (step, line) => {
          if (step !== "AUTH") return null;
          const response = latin1(atob(line.replace(/^AUTH SCRAM-SHA-256 /, "")));
          if (server === null) {
            const first = parseClientFirst(response);
            assert.ok(first !== null);
            server = new ScramServer("SHA-256", first, secret, "servernonce");
            return `334 ${base64(server.challenge)}`;
          }
          if (response.length === 0) return "235 2.7.0 welcome";
          const finished = server.finish(response);
          return finished.kind === "proved" ? `334 ${base64(finished.final)}` : "535 5.7.8 wrong";
        },
      });
      const result = await sendBy(stage);
      assert.equal(result.outcome, outcome, result.text);
      assert.ok(mx.heard.every((line) => !line.includes("secret")));
    });
  }
});

Deno.test("the log tells a message's story by its id and the connection's, without the password", async () => {
  const lines: string[] = [];
  const log = createLog({ level: "trace", format: "json" }, () => 0, (_level, line) => void lines.push(line));
  const auth = { ...login, mechanisms: ["CRAM-MD5" as const, "PLAIN" as const] };
  await onStage({ zone, transports: { relay: relay({ auth }) }, log }, async (stage) => {
    await stage.mx({ certificate: good, offers: ["AUTH PLAIN"] });
    const [one] = await stage.send(queued(["a@elsewhere.test"], { transport: "relay" }));
    const id = one?.job.recipients[0]?.id;
    const delivered = lines.map((line) => JSON.parse(line)).find(({ message }) => message === "delivered");
    assert.equal(delivered.queueId, String(id));
    assert.equal(delivered.to, "a@elsewhere.test");
    const connected = lines.map((line) => JSON.parse(line)).find(({ message }) => message === "connected");
    assert.equal(connected.queueId, String(id));
    assert.notEqual(connected.cid ?? "", "");
    const all = lines.join("\n");
    assert.ok(!all.includes("secret") && !all.includes("AG1lAHNlY3JldA"));
    assert.ok(!all.includes(one?.job.lease ?? "?"), "a lease opens the message");
  });
});

Deno.test("a relay that repeats what it was told tells nobody the password", async () => {
  const lines: string[] = [];
  const log = createLog({ level: "trace", format: "json" }, () => 0, (_level, line) => void lines.push(line));
  const auth = { ...login, mechanisms: ["PLAIN" as const] };
  await onStage({ zone, transports: { relay: relay({ auth }) }, log }, async (stage) => {
    await stage.mx({
      certificate: good,
      offers: ["AUTH PLAIN"],
      answer: (step, line) => step === "AUTH" ? `535 5.7.8 I do not like "${line}"` : null,
    });
    const { text } = await sendBy(stage);
    assert.match(text, /535 5\.7\.8 I do not like "AUTH PLAIN \(hidden\)"/);
    assert.doesNotMatch(lines.join("\n"), /AG1lAHNlY3JldA/);
  });
});

/** A proxy that answers so, and connects to a port of this machine whatever it is asked for. */
async function proxy(answers: readonly number[][], to: () => number) {
  const heard: string[] = [];
  const listener = await listenLocally({
    handler: async (client) => {
      for (const answer of answers) {
        const piece = await client.read();
        if (piece === null) return;
        heard.push([...piece].join(" "));
        await client.write(new Uint8Array(answer));
      }
      if (answers.at(-1)?.[1] !== 0) return await client.close();
      const server = await dialLocally(to());
      const pump = async (from: typeof client, into: typeof client) => {
        try {
          for (let piece = await from.read(); piece !== null; piece = await from.read()) {
            await into.write(piece);
          }
        } catch {
          // The other side left.
        }
        into.destroy();
      };
      await Promise.all([pump(client, server), pump(server, client)]);
    },
  });
  return { heard, listener };
}

const socks = (
  port: number,
  login: { username: string; password: string },
  host = "127.0.0.1",
): DirectTransport => ({
  kind: "direct",
  ipv4: true,
  ipv6: true,
  socks: { host, port, ...login, hostname: "proxy.example" },
});
const connected = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

Deno.test("mail goes through a SOCKS proxy, which is given addresses", async () => {
  const transports: Record<string, DirectTransport> = {};
  await onStage({ transports }, async (stage) => {
    const mx = await stage.mx({ certificate: good });
    const { listener, heard } = await proxy([[5, 2], [1, 0], connected], () => mx.port);
    stage.real.add("127.0.0.1");
    transports.relay = socks(listener.port, { username: "me", password: "secret" });
    const [one] = await stage.send(queued(["a@example.net"], { transport: "relay" }));
    const [result] = one?.report.results ?? [];
    assert.equal(result?.outcome, "delivered", result?.text);
    assert.deepEqual(result?.remote, { host: "mx.example.net", address: "192.0.2.1" });
    assert.equal(mx.taken[0]?.tls, true);
    assert.equal(mx.heard[0], "EHLO proxy.example");
    assert.deepEqual(heard.at(-1), "5 1 0 1 192 0 2 1 0 25");
    assert.equal(stage.noted[0]?.session.failures[0]?.sendingIp ?? null, null);
    await stage.runner.close(100);
    await listener.close(0);
  });
});

Deno.test("a proxy that refuses is told as what it is, and the mail waits", async () => {
  const transports: Record<string, DirectTransport> = {};
  await onStage({ transports }, async (stage) => {
    const { listener } = await proxy([[5, 0], [5, 4, 0, 1, 0, 0, 0, 0, 0, 0]], () => 0);
    stage.real.add("127.0.0.1");
    transports.relay = socks(listener.port, { username: "", password: "" });
    const [one] = await stage.send(queued(["a@example.net"], { transport: "relay" }));
    const [result] = one?.report.results ?? [];
    assert.equal(result?.outcome, "temporary");
    assert.match(result?.text ?? "", /not reached through the SOCKS proxy: the host cannot be reached/);
    await listener.close(0);
  });
});

Deno.test("a proxy that is not there is told as what it is, whichever of its addresses was tried", async () => {
  const transports: Record<string, DirectTransport> = {};
  const zones = { ...zone, "proxy.example.net": hostAt(["192.0.2.7", "2001:db8::7"]) };
  await onStage({ transports, zone: zones }, async (stage) => {
    transports.relay = socks(1080, { username: "", password: "" }, "proxy.example.net");
    const [one] = await stage.send(queued(["a@example.net"], { transport: "relay" }));
    const [result] = one?.report.results ?? [];
    assert.equal(result?.outcome, "temporary");
    assert.match(
      result?.text ?? "",
      /mx\.example\.net \(192\.0\.2\.1\) was not reached, since the SOCKS proxy could not be reached: nobody is there/,
    );
    assert.deepEqual(stage.dialled, ["192.0.2.7", "2001:db8::7"]);
  });
});

Deno.test("a proxy is used at the address that answers, and hears nothing but ASCII", async () => {
  const transports: Record<string, DirectTransport> = {};
  const zones = { ...zone, "proxy.example.net": hostAt(["192.0.2.7", "127.0.0.1"]) };
  await onStage({ transports, zone: zones }, async (stage) => {
    const mx = await stage.mx();
    const { listener } = await proxy([[5, 0], connected], () => mx.port);
    stage.real.add("127.0.0.1");
    const way = socks(listener.port, { username: "", password: "" }, "proxy.example.net");
    transports.relay = { ...way, socks: way.socks && { ...way.socks, hostname: "b\u00fccher.example" } };
    const [one] = await stage.send(queued(["a@example.net"], { transport: "relay" }));
    assert.equal(one?.report.results[0]?.outcome, "delivered", one?.report.results[0]?.text);
    assert.equal(mx.heard[0], "EHLO xn--bcher-kva.example");
    await stage.runner.close(100);
    await listener.close(0);
  });
});

for (
  const [what, answers, why] of [
    ["goes in the middle", [], "it ended the connection"],
    ["says nothing", null, "it did not answer in time"],
  ] as const
) {
  Deno.test(`a proxy that ${what} is told as what it is`, async () => {
    const transports: Record<string, DirectTransport> = {};
    await onStage({ transports }, async (stage) => {
      const listener = await listenLocally({
        handler: async (client) => {
          if (answers === null) await client.read().then(() => client.read());
          else await client.close();
        },
      });
      stage.real.add("127.0.0.1");
      transports.relay = socks(listener.port, { username: "", password: "" });
      const sent = stage.send(queued(["a@example.net"], { transport: "relay" }));
      if (answers === null) {
        await until(() => stage.dialled.length > 0);
        await settle();
        await stage.clock.advance(2 * stage.dialMs);
      }
      const [one] = await sent;
      assert.match(
        one?.report.results[0]?.text ?? "",
        new RegExp(`was not reached through the SOCKS proxy: ${why}`),
      );
      await listener.close(0);
    });
  });
}

Deno.test("a transport of one family uses no other", async () => {
  const transports: Record<string, DirectTransport> = {
    relay: { kind: "direct", ipv4: true, ipv6: false, socks: null },
  };
  const zone = { ...usualZone, "mx.example.net": hostAt(["2001:db8::1", "192.0.2.1"]) };
  await onStage({ zone, transports }, async (stage) => {
    await stage.mx({}, "2001:db8::1", "192.0.2.1");
    await stage.send(queued(["a@example.net"], { transport: "relay" }));
    assert.deepEqual(stage.dialled, ["192.0.2.1"]);
  });
});
