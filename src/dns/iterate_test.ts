import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import type { ExchangeOptions, ExchangeQuestion, ExchangeResult } from "./exchange.ts";
import {
  IterativeExchange,
  type IterativeSettings,
  maxDelegations,
  maxQuestions,
  maxRecordsRead,
  maxReferrals,
  maxServers,
  maxServersLookedUp,
  maxSilentKept,
  maxSilentServers,
  silentForMs,
} from "./iterate.ts";
import { awayForMs, silentsInRow } from "./iterate_families.ts";
import { maxRecords, rcodes, type ResourceRecord } from "./message.ts";
import { writeData } from "./rdata.ts";
import { type DataByType, type RecordType, typeNumbers } from "./record.ts";
import { SignedZone, type ZoneSettings } from "./testing/signed_zone.ts";
import { LittleInternet, type Reply } from "./testing/zone_servers.ts";

const clock = new FakeClock();
const now = clock.now();
const options: ExchangeOptions = { recursionDesired: true, checkingDisabled: true, dnssecOk: true };

const plain = (origin: string, server: string, more: Partial<ZoneSettings> = {}) =>
  new SignedZone(origin, { now, signed: false, server, ...more });

/** A root at 192.0.2.1, `test.` at .2, `example.test.` at .3. */
function zones() {
  const root = plain(".", "192.0.2.1");
  const test = plain("test.", "192.0.2.2");
  const example = plain("example.test.", "192.0.2.3");
  root.delegate(test);
  test.delegate(example);
  example.add("www", "A", { address: "192.0.2.80" }).add("alias", "CNAME", { target: "www.other.test." });
  return { root, test, example };
}

function make(all: readonly SignedZone[], settings: Partial<IterativeSettings> = {}) {
  const internet = new LittleInternet(all);
  const addresses: string[] = [];
  const exchange = {
    query: (...[question, how]: Parameters<LittleInternet["query"]>): Promise<ExchangeResult> => {
      addresses.push(how.server?.address ?? "?");
      return internet.query(question, how);
    },
  };
  const iterative = new IterativeExchange({
    exchange,
    clock,
    random: () => 0,
    hints: [{ host: "ns.", addresses: ["192.0.2.1"] }],
    mayAsk: () => true,
    ...settings,
  });
  const query = (name: string, type: RecordType, more: Partial<ExchangeOptions> = {}) =>
    iterative.query({ name, type: typeNumbers[type] }, { ...options, ...more });
  return { internet, iterative, query, addresses };
}

function record<T extends RecordType>(name: string, type: T, data: DataByType[T], ttl = 300): ResourceRecord {
  return { name, type: typeNumbers[type], class: 1, ttl, rdata: writeData(type, data) };
}

/** Addresses that an answer has. */
function addressesOf(result: ExchangeResult): string[] {
  assert.ok(result.ok, result.ok ? "" : result.why);
  return result.message.answers.map(({ rdata }) => rdata.join("."));
}

const referral = (zone: string, hosts: readonly [host: string, address: string | null][]): Reply => ({
  rcode: rcodes.noError,
  authoritative: false,
  answers: [],
  authorities: hosts.map(([host]) => record(zone, "NS", { host })),
  additionals: hosts.flatMap(([host, address]) => address === null ? [] : [record(host, "A", { address })]),
});

Deno.test("from the root down, and next time from where it is known", async () => {
  const { root, test, example } = zones();
  const { query, addresses } = make([root, test, example]);
  assert.deepEqual(addressesOf(await query("www.example.test.", "A")), ["192.0.2.80"]);
  assert.deepEqual(addresses, ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
  addresses.length = 0;
  assert.deepEqual(addressesOf(await query("WWW.Example.TEST.", "A")), ["192.0.2.80"]);
  assert.deepEqual(addresses, ["192.0.2.3"]);
  const none = await query("nothing.example.test.", "A");
  assert.ok(none.ok && none.message.rcode === rcodes.nxDomain);
  const noData = await query("www.example.test.", "MX");
  assert.ok(noData.ok && noData.message.rcode === rcodes.noError && noData.message.answers.length === 0);
});

Deno.test("servers are asked without recursion, with what was asked for", async () => {
  const { root, test, example } = zones();
  const seen: ExchangeOptions[] = [];
  const internet = new LittleInternet([root, test, example]);
  const exchange = {
    query: (...[question, how]: Parameters<LittleInternet["query"]>) => {
      seen.push(how);
      return internet.query(question, how);
    },
  };
  await make([], { exchange }).query("www.example.test.", "A");
  for (const { recursionDesired, dnssecOk, checkingDisabled, tries, server } of seen) {
    assert.deepEqual([recursionDesired, dnssecOk, checkingDisabled, tries, server?.port], [
      false,
      true,
      true,
      1,
      53,
    ]);
  }
});

Deno.test("DS records are asked of the zone above", async () => {
  const { root, test, example } = zones();
  const { query, addresses } = make([root, test, example]);
  await query("www.example.test.", "A");
  addresses.length = 0;
  assert.ok((await query("example.test.", "DS")).ok);
  assert.deepEqual(addresses, ["192.0.2.2"]);
  assert.ok((await query(".", "DS")).ok);
});

Deno.test("an alias is for the one who asked", async () => {
  const { root, test, example } = zones();
  const result = await make([root, test, example]).query("alias.example.test.", "A");
  assert.ok(result.ok);
  assert.deepEqual(result.message.answers.map(({ type }) => type), [typeNumbers.CNAME]);
});

Deno.test("delegations are kept for their TTL", async () => {
  const { root, test, example } = zones();
  const { query, addresses } = make([root, test, example]);
  await query("www.example.test.", "A");
  await clock.advance(3600_000 + 1);
  addresses.length = 0;
  await query("www.example.test.", "A");
  assert.deepEqual(addresses, ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
});

Deno.test("a server that has moved is found again", async () => {
  const { root, test, example } = zones();
  const { query, internet } = make([root, test, example]);
  assert.ok((await query("www.example.test.", "A")).ok);
  const moved = plain("example.test.", "192.0.2.33").add("www", "A", { address: "192.0.2.81" });
  test.remove("example", "NS").remove("ns.example", "A").delegate(moved);
  internet.find = new LittleInternet([root, test, moved]).find.bind(new LittleInternet([root, test, moved]));
  assert.deepEqual(addressesOf(await query("www.example.test.", "A")), ["192.0.2.81"]);
});

Deno.test("a server without glue is looked up, from the root if need be", async () => {
  const { root, test, example } = zones();
  const other = plain("other.test.", "192.0.2.4");
  test.delegate(other);
  other.add("a.dns", "A", { address: "192.0.2.3" });
  test.remove("example", "NS").remove("ns.example", "A").add("example", "NS", { host: "a.dns.other.test." });
  const { query, addresses } = make([root, test, example, other]);
  assert.deepEqual(addressesOf(await query("www.example.test.", "A")), ["192.0.2.80"]);
  assert.deepEqual(addresses, ["192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.4", "192.0.2.3"]);
});

Deno.test("of several servers, the next is asked where one is lame, refuses or is silent", async () => {
  const { root, test, example } = zones();
  test.remove("example", "NS").remove("ns.example", "A");
  for (const [i, server] of ["192.0.2.1", "192.0.2.99", "192.0.2.3"].entries()) {
    test.add("example", "NS", { host: `ns${i}.example.test.` }).add(`ns${i}.example.test.`, "A", {
      address: server,
    });
  }
  const { query, addresses } = make([root, test, example], { random: () => 0.999 });
  assert.deepEqual(addressesOf(await query("www.example.test.", "A")), ["192.0.2.80"]);
  // 192.0.2.1 leads from the root again, which is no closer; 192.0.2.99 is silent.
  assert.deepEqual(addresses.slice(2), ["192.0.2.1", "192.0.2.99", "192.0.2.3"]);
  addresses.length = 0;
  await query("www.example.test.", "A");
  assert.deepEqual(addresses, ["192.0.2.1", "192.0.2.3"], "who was silent comes last");
  await clock.advance(silentForMs);
  addresses.length = 0;
  await query("www.example.test.", "A");
  assert.deepEqual(addresses, ["192.0.2.1", "192.0.2.99", "192.0.2.3"]);
});

/** Zones each of which has a server of IPv4 and one of IPv6, from a machine where a family leads nowhere in some way. */
function withFamilies(broken: Readonly<Partial<Record<4 | 6, "silent" | "unreachable">>>) {
  const root = plain(".", "192.0.2.1");
  const test = plain("test.", "192.0.2.2");
  const example = plain("example.test.", "192.0.2.3").add("www", "A", { address: "192.0.2.80" });
  root.delegate(test).add("ns.test", "AAAA", { address: "2001:db8::2" });
  test.delegate(example).add("ns.example", "AAAA", { address: "2001:db8::3" });
  const internet = new LittleInternet([root, test, example]);
  const asked: string[] = [];
  const exchange = {
    query: (question: ExchangeQuestion, how: ExchangeOptions): Promise<ExchangeResult> => {
      const address = how.server?.address ?? "";
      asked.push(address);
      const fault = broken[address.includes(":") ? 6 : 4];
      if (fault !== undefined) {
        const kind = fault === "silent" ? "timeout" : "serverFailure";
        const unsent = fault === "unreachable";
        return Promise.resolve({ ok: false, kind, why: fault, extendedErrors: [], unsent });
      }
      const server = { address: address.replace("2001:db8::", "192.0.2."), port: 53 };
      return internet.query(question, { ...how, server });
    },
  };
  const settings = { clock: new FakeClock(), random: () => 0, mayAsk: () => true };
  const hints = ["a", "b", "c", "d"].map((host) => {
    return { host: `${host}.`, addresses: ["192.0.2.1", "2001:db8::1"] };
  });
  const iterative = new IterativeExchange({ exchange, hints, ...settings });
  const query = (name: string) => {
    asked.length = 0;
    return iterative.query({ name, type: typeNumbers.A }, options);
  };
  return { query, asked, clock: settings.clock };
}

Deno.test("IPv4 is asked first, and IPv6 not at all where that works", async () => {
  const { query, asked } = withFamilies({});
  assert.ok((await query("www.example.test.")).ok);
  assert.deepEqual(asked, ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
});

Deno.test("where there is only IPv6, one look at IPv4 is enough for a minute", async () => {
  const { query, asked, clock: time } = withFamilies({ 4: "unreachable" });
  assert.ok((await query("www.example.test.")).ok);
  assert.deepEqual(asked, ["192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8::3"]);
  await query("nothing.test.");
  assert.deepEqual(asked, ["2001:db8::2"]);
  await time.advance(awayForMs);
  await query("nothing.test.");
  assert.deepEqual(asked, ["192.0.2.2", "2001:db8::2"]);
});

Deno.test(`where IPv4 swallows everything, ${silentsInRow} servers are waited for`, async () => {
  const { query, asked } = withFamilies({ 4: "silent" });
  assert.ok((await query("www.example.test.")).ok);
  assert.deepEqual(asked, ["192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2", "2001:db8::3"]);
  assert.equal(asked.filter((address) => !address.includes(":")).length, silentsInRow);
});

Deno.test("where both swallow everything, as much is tried as before", async () => {
  const { query, asked } = withFamilies({ 4: "silent", 6: "silent" });
  const result = await query("www.example.test.");
  assert.ok(!result.ok && result.kind === "timeout");
  assert.ok(asked.length <= maxSilentServers);
});

Deno.test("a zone whose servers have only IPv6 is asked where that is there, and else not waited for", async () => {
  for (const fault of [null, "silent", "unreachable"] as const) {
    const { root, test } = zones();
    test.remove("example", "NS").remove("ns.example", "A");
    test.add("example", "NS", { host: "ns1.example.test." }).add("example", "NS", {
      host: "ns2.example.test.",
    });
    for (const i of [1, 2]) {
      for (const j of [1, 2, 3, 4]) {
        test.add(`ns${i}.example`, "AAAA", { address: `2001:db8::${i}${j}` });
      }
    }
    const example = plain("example.test.", "192.0.2.3").add("www", "A", { address: "192.0.2.80" });
    const internet = new LittleInternet([root, test, example]);
    let looks = 0;
    const exchange = {
      query: (question: ExchangeQuestion, how: ExchangeOptions): Promise<ExchangeResult> => {
        if (how.server?.address.includes(":") !== true) return internet.query(question, how);
        looks++;
        if (fault === null) {
          return internet.query(question, { ...how, server: { address: "192.0.2.3", port: 53 } });
        }
        const kind = fault === "silent" ? "timeout" : "serverFailure";
        const unsent = fault === "unreachable";
        return Promise.resolve({ ok: false, kind, why: fault, extendedErrors: [], unsent });
      },
    };
    const hints = [{ host: "ns.", addresses: ["192.0.2.1"] }];
    const iterative = new IterativeExchange({ exchange, clock, random: () => 0, hints, mayAsk: () => true });
    const { ok } = await iterative.query({ name: "www.example.test.", type: typeNumbers.A }, options);
    assert.deepEqual([ok, looks], [fault === null, fault === "silent" ? silentsInRow : 1], `${fault}`);
  }
});

/** What a zone's server may not do. */
const lies: readonly (readonly [what: string, reply: Reply])[] = [
  ["refer to itself", referral("test.", [["ns.test.", "192.0.2.66"]])],
  ["refer to the zone above", referral(".", [["ns.", "192.0.2.66"]])],
  ["refer to a zone beside", referral("other.", [["ns.other.", "192.0.2.66"]])],
  ["refer to a zone below the name", referral("a.www.example.test.", [["ns.test.", "192.0.2.66"]])],
  ["say nothing", {
    rcode: rcodes.noError,
    authoritative: false,
    answers: [],
    authorities: [],
    additionals: [],
  }],
  ["answer without authority", {
    rcode: rcodes.noError,
    authoritative: false,
    answers: [record("www.example.test.", "A", { address: "192.0.2.66" })],
    authorities: [],
    additionals: [],
  }],
  ["speak of another name", {
    rcode: rcodes.noError,
    authoritative: true,
    answers: [record("www.other.test.", "A", { address: "192.0.2.66" })],
    authorities: [],
    additionals: [],
  }],
];
for (const [what, reply] of lies) {
  Deno.test(`a server may not ${what}`, async () => {
    const { root, test, example } = zones();
    const evil = plain("evil.", "192.0.2.66").add("www.example.test.", "A", { address: "192.0.2.66" });
    const { query, internet } = make([root, test, example, evil]);
    const find = internet.find.bind(internet);
    internet.find = (name, type, how) => how.server?.address === "192.0.2.2" ? reply : find(name, type, how);
    const result = await query("www.example.test.", "A");
    assert.equal(result.ok, false);
  });
}

Deno.test("glue of a stranger's name is not believed", async () => {
  const { root, test, example } = zones();
  const victim = plain("victim.", "192.0.2.5").add("ns", "A", { address: "192.0.2.3" });
  root.delegate(victim);
  const { query, internet, addresses } = make([root, test, example, victim]);
  internet.lie = (reply, name) =>
    name === "www.example.test." && reply.authorities.some((one) => one.name === "example.test.")
      ? referral("example.test.", [["ns.victim.", "192.0.2.66"]])
      : reply;
  // Its address is looked up where it belongs, and there it is 192.0.2.5.
  await query("www.example.test.", "A");
  assert.ok(!addresses.includes("192.0.2.66"));
  assert.ok(addresses.includes("192.0.2.5"));
});

Deno.test("what is not the zone's is left out of its answer", async () => {
  const { root, test, example } = zones();
  const { query, internet } = make([root, test, example]);
  const foreign = [record("www.bank.", "A", { address: "192.0.2.66" })];
  internet.lie = (reply) => ({
    ...reply,
    answers: reply.answers.length > 0 ? [...reply.answers, ...foreign] : [],
    authorities: [...reply.authorities, ...foreign],
    additionals: [...reply.additionals, ...foreign],
  });
  const result = await query("www.example.test.", "A");
  assert.ok(result.ok);
  const { answers, authorities, additionals } = result.message;
  assert.deepEqual([...answers, ...authorities, ...additionals].map(({ name }) => name), [
    "www.example.test.",
  ]);
});

Deno.test("addresses inside are not asked, whoever names them", async () => {
  const { root, test, example } = zones();
  const asked: string[] = [];
  const mayAsk = (address: string) => {
    asked.push(address);
    return address !== "192.0.2.3";
  };
  const { query, addresses } = make([root, test, example], { mayAsk });
  const result = await query("www.example.test.", "A");
  assert.ok(!result.ok && result.kind === "serverFailure");
  assert.ok(asked.includes("192.0.2.3") && !addresses.includes("192.0.2.3"));
  // Without being told, only those of the open Internet are.
  const exchange = { query: () => Promise.reject(new Error("must not be asked")) };
  const strict = new IterativeExchange({
    exchange,
    clock,
    random: () => 0,
    hints: [{ host: "ns.", addresses: ["127.0.0.1", "10.0.0.1", "::1"] }],
  });
  assert.equal((await strict.query({ name: "a.", type: 1 }, options)).ok, false);
});

// Limits.

Deno.test(`after ${maxReferrals} referrals it is given up`, async () => {
  const internet = make([]);
  const exchange = {
    query: ({ name }: { name: string }): Promise<ExchangeResult> => {
      const labels = name.split(".").slice(0, -1);
      depth++;
      const zone = `${labels.slice(-depth).join(".")}.`;
      const message = {
        ...referral(zone, [[`ns.${zone}`, "192.0.2.9"]]),
        id: 0,
        isResponse: true,
        opcode: 0,
        truncated: false,
        recursionDesired: false,
        recursionAvailable: false,
        authenticData: false,
        checkingDisabled: true,
        question: null,
        edns: null,
      };
      return Promise.resolve({ ok: true, message, server: "", trusted: false });
    },
  };
  let depth = 0;
  const { query } = make([], { exchange });
  const result = await query(`${"a.".repeat(60)}test.`, "A");
  assert.ok(!result.ok && result.kind === "costly");
  assert.equal(depth, maxReferrals + 1);
  assert.equal(internet.iterative.size, 0);
});

Deno.test(`after ${maxSilentServers} servers that are silent it is given up`, async () => {
  const hints = Array.from(
    { length: 20 },
    (_, i) => ({ host: `ns${i}.`, addresses: [`192.0.2.${100 + i}`] }),
  );
  const { query, addresses } = make([], { hints });
  const result = await query("www.example.test.", "A");
  assert.ok(!result.ok && result.kind === "timeout");
  assert.equal(addresses.length, maxSilentServers);
});

Deno.test("servers that must be looked up are few, and so are all questions (CVE-2020-12662)", async () => {
  const { root, test } = zones();
  const { query, internet, addresses } = make([root, test]);
  const hosts = Array.from({ length: 200 }, (_, i): [string, null] => [`ns${i}.victim.test.`, null]);
  internet.lie = (reply, name) => name.startsWith("www.") ? referral("example.test.", hosts) : reply;
  const result = await query("www.example.test.", "A");
  assert.equal(result.ok, false);
  // The root, and for each server looked up the zone that denies it.
  assert.ok(addresses.length <= 2 + 2 * maxServersLookedUp, String(addresses.length));
});

Deno.test(`servers that depend on each other end after ${maxQuestions} questions at most`, async () => {
  const { root } = zones();
  const [a, b] = [plain("a.", "192.0.2.7"), plain("b.", "192.0.2.8")];
  for (let i = 0; i < 5; i++) {
    root.add("a", "NS", { host: `ns${i}.b.` }).add("b", "NS", { host: `ns${i}.a.` });
  }
  const { query, addresses } = make([root, a, b]);
  const result = await query("www.a.", "A");
  assert.equal(result.ok, false);
  assert.ok(addresses.length <= maxQuestions, String(addresses.length));
});

Deno.test(`after ${maxRecordsRead} records it is given up`, async () => {
  const { root } = zones();
  const { query, internet, addresses } = make([root], {
    hints: [{ host: "ns.", addresses: Array.from({ length: maxServers }, (_, i) => `192.0.2.${i + 1}`) }],
  });
  // Lame, and full of what nobody asked for.
  const additionals = Array.from(
    { length: maxRecords },
    () => record("a.test.", "A", { address: "192.0.2.9" }),
  );
  internet.find = () => ({
    ...{ rcode: rcodes.noError, authoritative: false },
    ...{ answers: [], authorities: [], additionals },
  });
  const result = await query("www.example.test.", "A");
  assert.deepEqual([result.ok, !result.ok && result.kind], [false, "costly"]);
  assert.equal(addresses.length, Math.floor(maxRecordsRead / maxRecords) + 1);
});

Deno.test("delegations that are kept are bounded", async () => {
  const root = plain(".", "192.0.2.1");
  const { query, iterative, internet } = make([root]);
  internet.find = (name, _type, how) =>
    how.server?.address === "192.0.2.1"
      ? referral(name, [[`ns.${name}`, "192.0.2.2"]])
      : { rcode: rcodes.nxDomain, authoritative: true, answers: [], authorities: [], additionals: [] };
  for (let i = 0; i < maxDelegations + 50; i++) await query(`z${i}.`, "A");
  assert.equal(iterative.size, maxDelegations);
});

Deno.test("so are the servers whose silence is remembered", async () => {
  const root = plain(".", "192.0.2.1");
  const { query, iterative, internet } = make([root]);
  let address = 0;
  internet.find = (name, _type, how) => {
    if (how.server?.address !== "192.0.2.1") return null;
    const hosts = Array.from({ length: 10 }, (): [string, string] => {
      address++;
      return [`ns${address}.${name}`, `198.18.${address >> 8}.${address & 255}`];
    });
    return referral(name, hosts);
  };
  for (let i = 0; i < maxSilentKept / maxSilentServers + 5; i++) await query(`z${i}.`, "A");
  assert.ok(address > maxSilentKept);
  assert.equal(iterative.silent, maxSilentKept);
});

Deno.test(`of a zone's servers, ${maxServers} are known`, async () => {
  const root = plain(".", "192.0.2.1");
  const { query, internet } = make([root]);
  const asked = new Set<string>();
  internet.find = (name, _type, how) => {
    if (how.server?.address === "192.0.2.1") {
      return referral(name, Array.from({ length: 100 }, (_, i) => [`ns${i}.${name}`, `198.18.0.${i}`]));
    }
    asked.add(how.server?.address ?? "");
    return { rcode: 5, authoritative: false, answers: [], authorities: [], additionals: [] };
  };
  await query("z.", "A");
  assert.equal(asked.size, maxServers);
});

Deno.test("who gives up gets that", async () => {
  const { root, test, example } = zones();
  const { query } = make([root, test, example]);
  const result = await query("www.example.test.", "A", { signal: AbortSignal.abort() });
  assert.ok(!result.ok && result.kind === "aborted");
});
