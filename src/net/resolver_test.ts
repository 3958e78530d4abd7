import assert from "node:assert/strict";
import {
  type DnsHandler,
  type DnsServer,
  record,
  soa,
  startDnsServer,
} from "../../tests/support/dns_server.ts";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { createLog, silentLog } from "../base/log.ts";
import { rcodes } from "../dns/message.ts";
import type { Resolver } from "../dns/resolver.ts";
import { slotMs } from "./deadlines.ts";
import {
  type ClosableResolver,
  makeResolver,
  type ResolverParts,
  type ResolverSettings,
} from "./resolver.ts";
import { systemClock } from "./system_clock.ts";

async function withResolver(
  handler: DnsHandler,
  test: (resolver: ClosableResolver, asked: readonly string[]) => Promise<void>,
  settings: Partial<ResolverSettings> = {},
): Promise<void> {
  const server = await startDnsServer(handler);
  const { address, port } = server;
  const resolver = makeResolver({
    servers: [{ address, port, trusted: true }],
    mode: "trust-ad",
    clock: systemClock,
    log: silentLog,
    tryMs: 10_000,
    ...settings,
  });
  try {
    await test(resolver, server.asked);
  } finally {
    await resolver.close();
    await server.close();
  }
}

Deno.test("a lookup from end to end: MX with AD, kept for the next one until it is forgotten", async () => {
  const mx = record("example.org.", "MX", { preference: 10, exchange: "mail.example.org." });
  await withResolver(() => ({ answers: [mx], authenticData: true }), async (resolver, asked) => {
    for (let i = 0; i < 2; i++) {
      const answer = await resolver.lookup("example.org.", "MX");
      assert.deepEqual(answer.records, [{ preference: 10, exchange: "mail.example.org." }]);
      assert.equal(answer.security, "secure");
    }
    assert.deepEqual(asked, ["example.org. 15 udp"]);
    resolver.forget();
    assert.equal((await resolver.lookup("example.org.", "MX")).status, "found");
    assert.equal(asked.length, 2);
  });
});

Deno.test("a long answer comes over TCP, since it is cut over UDP", async () => {
  const strings = Array.from({ length: 40 }, () => new Uint8Array(255).fill(0x78));
  const handler: DnsHandler = (question, { over }) =>
    over === "udp" ? "truncate" : { answers: [record(question.name, "TXT", { strings })] };
  await withResolver(handler, async (resolver, asked) => {
    const { records } = await resolver.lookup("example.org.", "TXT");
    assert.deepEqual(records, [{ strings }]);
    assert.deepEqual(asked, ["example.org. 16 udp", "example.org. 16 tcp"]);
  });
});

Deno.test("aliases are followed by asking again", async () => {
  const handler: DnsHandler = ({ name }) =>
    name === "a.example."
      ? { answers: [record("a.example.", "CNAME", { target: "b.example." })] }
      : { rcode: rcodes.nxDomain, authorities: [soa("example.")] };
  await withResolver(handler, async (resolver) => {
    const answer = await resolver.lookup("a.example.", "AAAA");
    assert.deepEqual([answer.status, answer.canonicalName], ["noSuchDomain", "b.example."]);
  });
});

Deno.test("a query that is lost is sent again", async () => {
  const clock = new FakeClock();
  const lost = Promise.withResolvers<void>();
  let count = 0;
  const handler: DnsHandler = () => {
    if (count++ > 0) return {};
    lost.resolve();
    return "drop";
  };
  await withResolver(handler, async (resolver, asked) => {
    const answer = resolver.lookup("example.org.", "A");
    await lost.promise;
    await clock.advance(50 + slotMs);
    assert.equal((await answer).status, "noData");
    assert.equal(asked.length, 2);
  }, { clock, tryMs: 50 });
});

Deno.test("many lookups at once are all answered, with few sockets", async () => {
  const handler: DnsHandler = ({ name }) => ({ answers: [record(name, "A", { address: "192.0.2.1" })] });
  await withResolver(handler, async (resolver, asked) => {
    const names = Array.from({ length: 500 }, (_, i) => `host-${i}.example.`);
    const answers = await Promise.all(names.map((name) => resolver.lookup(name, "A")));
    assert.deepEqual(answers.filter(({ status }) => status !== "found"), []);
    assert.equal(new Set(asked).size, 500);
  }, { maxSockets: 16 });
});

Deno.test("closing ends what is under way, and lookups fail from then on", async () => {
  const asked = Promise.withResolvers<void>();
  const handler: DnsHandler = () => {
    asked.resolve();
    return "drop";
  };
  await withResolver(handler, async (resolver) => {
    const answer = resolver.lookup("example.org.", "A");
    await asked.promise;
    await resolver.close();
    assert.equal((await answer).failure, "aborted");
    assert.equal((await resolver.lookup("example.org.", "MX")).failure, "aborted");
  });
});

Deno.test("a name that is none is refused", async () => {
  await withResolver(() => ({}), async (resolver) => {
    await assert.rejects(resolver.lookup("example.org", "A"), SyntaxError);
  });
});

Deno.test("a resolver that validates gets the parts, and its answers are given out", async () => {
  let parts: ResolverParts | null = null;
  const mode = (given: ResolverParts): Resolver => {
    parts = given;
    return {
      async lookup(name, type) {
        const options = { recursionDesired: true, checkingDisabled: true, dnssecOk: true };
        const result = await given.exchange.query({ name, type: 1 }, options);
        const security = result.ok && result.message.edns?.dnssecOk === true ? "secure" : "bogus";
        const whole = { name, type, canonicalName: name, records: [], ttl: 0, failure: null };
        return { ...whole, status: "noData", security, why: "ours" };
      },
    };
  };
  await withResolver(() => ({}), async (resolver) => {
    const answer = await resolver.lookup("example.org.", "A");
    assert.deepEqual([answer.security, answer.why], ["secure", "ours"]);
    assert.notEqual(parts, null);
  }, { mode });
});

Deno.test("each lookup is one line in the log, where debugging is on", async () => {
  const lines: string[] = [];
  const log = createLog({ level: "debug", format: "text" }, () => 0, (_, line) => lines.push(line));
  await withResolver(() => ({ rcode: rcodes.refused }), async (resolver) => {
    await resolver.lookup("example.org.", "A");
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /dns lookup name=example\.org\. type=A status=failed failure=serverFailure/);
    assert.match(lines[0] ?? "", /REFUSED/);
  }, { log });
});

Deno.test("a trusted server that fails is not replaced by one that is not trusted, where AD counts", async () => {
  const trusted = await startDnsServer(() => ({ rcode: rcodes.servFail }));
  const other = await startDnsServer(({ name }) => ({
    answers: [record(name, "A", { address: "192.0.2.1" })],
  }));
  const servers = [{ ...addressOf(other), trusted: false }, { ...addressOf(trusted), trusted: true }];
  const statuses = [];
  for (const mode of ["trust-ad", "off"] as const) {
    const resolver = makeResolver({ servers, mode, clock: systemClock, log: silentLog });
    statuses.push((await resolver.lookup("example.org.", "A")).status);
    await resolver.close();
  }
  assert.deepEqual(statuses, ["failed", "found"]);
  const untrusted = servers.map((server) => ({ ...server, trusted: false }));
  const resolver = makeResolver({ servers: untrusted, mode: "trust-ad", clock: systemClock, log: silentLog });
  const { status, security } = await resolver.lookup("example.org.", "A");
  assert.deepEqual([status, security], ["found", "indeterminate"]);
  await resolver.close();
  await Promise.all([trusted.close(), other.close()]);
});

function addressOf({ address, port }: DnsServer): { address: string; port: number } {
  return { address, port };
}
