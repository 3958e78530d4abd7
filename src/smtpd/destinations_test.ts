import assert from "node:assert/strict";
import { FakeClock, settle } from "../../tests/support/fake_clock.ts";
import { createLog } from "../base/log.ts";
import type { Answer, LookupOptions, Resolver } from "../dns/resolver.ts";
import type { RecordType } from "../dns/record.ts";
import { type Zone, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import {
  destinationDeadlineMs,
  Destinations,
  impatientMs,
  keepJudgementMs,
  type MailElsewhere,
  maxAsking,
  maxJudgements,
  maxLate,
} from "./destinations.ts";

const log = createLog({ level: "error", format: "text" }, () => 0, () => {});
const goesDirectly = () => true;
const to = (domain: string) => ({ domain, account: "ann", sender: "ann@example.org" });
const mx = (preference: number, exchange: string) => ({ preference, exchange });

const zone: Zone = {
  "good.example": { records: { MX: [mx(10, "mx.good.example.")] } },
  "bare.example": { records: { A: [{ address: "192.0.2.1" }] } },
  "empty.example": { records: { TXT: [] } },
  "null.example": { records: { MX: [mx(0, ".")] } },
  "odd.example": { records: { MX: [mx(0, "."), mx(10, "mx.good.example.")] } },
  "later.example": { records: { MX: [mx(10, ".")] } },
  "broken.example": { failures: { "*": "serverFailure" } },
  "forged.example": { failures: { "*": "bogus" } },
  "slow.example": { failures: { "*": "timeout" } },
  "xn--bcher-kva.example": { records: { MX: [mx(0, ".")] } },
};

const cases: [domain: string, kind: string][] = [
  ["good.example", "unknownDomain"],
  ["bare.example", "unknownDomain"],
  ["empty.example", "unknownDomain"],
  ["nowhere.example", "noSuchDomain"],
  ["null.example", "nullMx"],
  ["odd.example", "unknownDomain"],
  ["later.example", "unknownDomain"],
  ["broken.example", "unknownDomain"],
  ["forged.example", "unknownDomain"],
  ["slow.example", "unknownDomain"],
  ["bücher.example", "nullMx"],
  ["[192.0.2.1]", "unknownDomain"],
];
for (const [domain, kind] of cases) {
  Deno.test(`judge() says ${kind} of ${domain}`, async () => {
    const clock = new FakeClock();
    const destinations = new Destinations({ resolver: new ZoneResolver(zone), clock, log, goesDirectly });
    assert.equal((await destinations.judge(to(domain))).kind, kind);
    assert.equal(clock.pending, 0);
  });
}

/** Answers as a test says. */
class ScriptedResolver implements Resolver {
  asked = 0;
  readonly #answer: (type: RecordType, signal: AbortSignal | undefined) => Promise<Answer["status"]>;

  constructor(answer: (type: RecordType, signal: AbortSignal | undefined) => Promise<Answer["status"]>) {
    this.#answer = answer;
  }

  async lookup<T extends RecordType>(name: string, type: T, options: LookupOptions = {}): Promise<Answer<T>> {
    this.asked++;
    const status = await this.#answer(type, options.signal);
    return {
      name,
      type,
      status,
      canonicalName: name,
      records: [],
      ttl: 0,
      security: "insecure",
      why: "",
      failure: null,
    };
  }
}

Deno.test("a name that is denied for MX and has an address is somebody", async () => {
  const resolver = new ScriptedResolver((type) =>
    Promise.resolve(type === "AAAA" ? "found" : "noSuchDomain")
  );
  const destinations = new Destinations({ resolver, clock: new FakeClock(), log, goesDirectly });
  assert.equal((await destinations.judge(to("a.example"))).kind, "unknownDomain");
});

Deno.test("nobody waits longer than the deadline, whether or not the resolver gives up", async () => {
  const clock = new FakeClock();
  const signals: (AbortSignal | undefined)[] = [];
  const resolver = new ScriptedResolver((_type, signal) => {
    signals.push(signal);
    return new Promise(() => {});
  });
  const judged = new Destinations({ resolver, clock, log, goesDirectly }).judge(to("a.example"));
  await clock.advance(destinationDeadlineMs);
  assert.equal((await judged).kind, "unknownDomain");
  assert.equal(signals[0]?.aborted, true);
});

Deno.test("a DNS that is away is not waited for again and again, until it is back", async () => {
  const clock = new FakeClock();
  let isAway = true;
  const resolver = new ScriptedResolver(() =>
    isAway ? new Promise(() => {}) : Promise.resolve("noSuchDomain")
  );
  const destinations = new Destinations({ resolver, clock, log, goesDirectly });
  const waited = async (domain: string) => {
    const before = clock.monotonic();
    let isOver = false;
    const judged = destinations.judge(to(domain)).finally(() => isOver = true);
    await settle();
    while (!isOver) await clock.advance(impatientMs);
    await judged;
    return clock.monotonic() - before;
  };
  for (let i = 0; i < maxLate; i++) assert.equal(await waited(`${i}.example`), destinationDeadlineMs);
  assert.equal(await waited("more.example"), impatientMs);
  isAway = false;
  assert.equal(await waited("back.example"), 0);
  isAway = true;
  assert.equal(await waited("again.example"), destinationDeadlineMs);
});

Deno.test("a resolver that fails in a way of its own refuses nobody", async () => {
  const resolver = new ScriptedResolver(() => Promise.reject(new TypeError("a bug")));
  const clock = new FakeClock();
  assert.equal(
    (await new Destinations({ resolver, clock, log, goesDirectly }).judge(to("a.example"))).kind,
    "unknownDomain",
  );
  assert.equal(clock.pending, 0);
});

Deno.test("a domain is asked about once a minute", async () => {
  const clock = new FakeClock();
  const resolver = new ZoneResolver(zone);
  const destinations = new Destinations({ resolver, clock, log, goesDirectly });
  await Promise.all([destinations.judge(to("good.example")), destinations.judge(to("good.example"))]);
  await clock.advance(keepJudgementMs - 1);
  await destinations.judge(to("good.example"));
  assert.equal(resolver.asked.length, 1);
  await clock.advance(1);
  await destinations.judge(to("good.example"));
  assert.equal(resolver.asked.length, 2);
});

Deno.test("no more than so many are asked about at a time; what is too much is sent", async () => {
  const clock = new FakeClock();
  const open = Promise.withResolvers<Answer["status"]>();
  const resolver = new ScriptedResolver(() => open.promise);
  const destinations = new Destinations({ resolver, clock, log, goesDirectly });
  const asked = Array.from({ length: maxAsking }, (_, i) => destinations.judge(to(`${i}.example`)));
  assert.equal((await destinations.judge(to("more.example"))).kind, "unknownDomain");
  await settle();
  assert.equal(resolver.asked, maxAsking);
  open.resolve("noSuchDomain");
  assert.ok((await Promise.all(asked)).every(({ kind }) => kind === "noSuchDomain"));
  assert.equal((await destinations.judge(to("more.example"))).kind, "noSuchDomain");
});

Deno.test("what is known of others is forgotten before memory fills", async () => {
  const resolver = new ScriptedResolver(() => Promise.resolve("found"));
  const destinations = new Destinations({ resolver, clock: new FakeClock(), log, goesDirectly });
  for (let i = 0; i < maxJudgements; i++) await destinations.judge(to(`${i}.example`));
  await destinations.judge(to("0.example"));
  assert.equal(resolver.asked, maxJudgements);
  await destinations.judge(to("more.example"));
  await destinations.judge(to("0.example"));
  assert.equal(resolver.asked, maxJudgements + 2);
});

Deno.test("what goes through a relay needs no name in our DNS", async () => {
  const asked: MailElsewhere[] = [];
  const destinations = new Destinations({
    resolver: new ZoneResolver(zone),
    clock: new FakeClock(),
    log,
    goesDirectly: (mail) => {
      asked.push(mail);
      return mail.domain !== "corp.internal";
    },
  });
  const kinds = [];
  for (const domain of ["corp.internal", "nowhere.example", "good.example"]) {
    kinds.push((await destinations.judge(to(domain))).kind);
  }
  assert.deepEqual(kinds, ["unknownDomain", "noSuchDomain", "unknownDomain"]);
  assert.deepEqual(asked, [to("corp.internal"), to("nowhere.example")]);
});
