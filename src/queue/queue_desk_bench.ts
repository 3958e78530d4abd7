// deno-lint-ignore-file no-console -- A program that prints.
/**
 * What a queue costs that has grown large: opening it, picking what is due, hearing when something will be, reporting,
 * adding; each beside the same with a small queue in the same run. And what a dead domain with very many messages costs the others.
 *
 * ```sh
 * deno run -A src/queue/queue_desk_bench.ts [rows]
 * ```
 *
 * Times are of the clock on the wall, commits and their fsyncs among them; CPU time is that of the whole process.
 *
 * @module
 */
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { silentLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { createAccount } from "../store/accounts.ts";
import { dueDestinations, nextDue } from "../store/queue_rows.ts";
import { databaseName, openStore, type Store } from "../store/store.ts";
import { enqueue } from "../store/testing/queue_sample.ts";
import { realClock } from "../store/testing/temp_store.ts";
import { conclude, type ConcludeParts, giveUp } from "./conclude.ts";
import type { QueueJob } from "./queue.ts";
import { everyMessage, type QueueFilter } from "./queue_admin.ts";
import { QueueAdminService } from "./queue_admin_service.ts";
import { QueueDesk } from "./queue_desk.ts";

const rows = Number(Deno.args[0] ?? 1_000_000);
const hour = 3_600_000;

/** Messages for a domain that takes none. */
const deadRows = 10_000;
/** Domains with something due now, and how much each has. */
const dueDomains = 200;
const dueRows = 100;
/** Domains of the rest, which is due later. */
const laterDomains = 50_000;

/** Fills the queue of a closed store. */
function fill(folder: string, count: number): void {
  const db = new DatabaseSync(`${folder}/${databaseName}`);
  const now = Date.now();
  db.exec(`
    insert into bodies(id, size, sha256, in_file, blocks, bytes)
      values (1, 3, '98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4', 0, x'', cast('hi' || char(10) as blob));
    create temp table n as with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count})
      select i, case when i <= ${deadRows} then 'dead.example'
        when i <= ${deadRows + dueDomains * dueRows} then 'due' || (i % ${dueDomains}) || '.example'
        else 'later' || (i % ${laterDomains}) || '.example' end as domain,
        case when i <= ${deadRows} then ${now} - ${hour} - i
          when i <= ${deadRows + dueDomains * dueRows} then ${now} - i
        else ${now} + ${hour} + (i * 7919) % ${8 * hour} end as due from n;
    insert into queue(id, account_id, base_id, body_id, size, sender, recipient, domain, submitted, due, attempts,
        max_attempts, last_attempt, hold, traits, transport, subject, from_id, dsn, release, dialed, results, prefix)
      select i, 1, i, 1, 400, 'ann@example.org', 'user' || i || '@' || domain, domain, ${now} - i, due, 0, 8, 0, 0, 0,
        '', 'A subject of some length', '', '', '', '[]', '[]', zeroblob(400) from n;
    insert into queue_destinations select domain, min(due) from queue group by domain;
    analyze;
  `);
  db.exec("drop table sqlite_stat1"); // The server never makes it: plans must do without.
  db.close();
}

async function openFilled(count: number): Promise<{ folder: string; store: Store; openMs: number }> {
  const folder = Deno.makeTempDirSync({ prefix: "mailden_queue_bench_" });
  const open = () => openStore({ folder, clock: realClock, log: silentLog, metrics: new Metrics() });
  const made = open();
  await made.writer.run((tx) => createAccount(tx, { name: "ann", maxBytes: null }));
  await made.close();
  fill(folder, count);
  const began = performance.now();
  const store = open();
  return { folder, store, openMs: performance.now() - began };
}

function deskOf(store: Store): QueueDesk {
  const parts: ConcludeParts = {
    store,
    compose: () => null,
    keepRetiredMs: () => hour,
    postmaster: null,
    hasAccount: () => true,
  };
  return new QueueDesk({
    store,
    conclude: (rows, report) => conclude(parts, rows, report),
    giveUp: (endings) => giveUp(parts, endings),
    random: Math.random,
    freshPrefix: ({ prefix }) => prefix,
    leaseKey: new Uint8Array(32),
  });
}

interface Figures {
  /** Milliseconds and microseconds by what was measured. */
  readonly [name: string]: number;
}

/** Milliseconds of the best, the middle and the worst run. */
async function timed(
  times: number,
  run: (i: number) => unknown,
): Promise<[best: number, middle: number, worst: number]> {
  const ms: number[] = [];
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    await run(i);
    ms.push(performance.now() - began);
  }
  ms.sort((a, b) => a - b);
  return [ms[0] ?? 0, ms[times >> 1] ?? 0, ms.at(-1) ?? 0];
}

const reportOf = (job: QueueJob) => ({
  lease: job.lease,
  startedAt: Date.now(),
  ms: 1,
  dialed: ["192.0.2.1"],
  results: job.recipients.map(({ id }) => ({
    id,
    outcome: "delivered" as const,
    code: 250,
    status: "2.0.0",
    text: "250 2.0.0 ok",
    remote: { host: "mx", address: "192.0.2.1" },
    relaysDsn: false,
  })),
});

async function measure(count: number): Promise<Figures> {
  const { folder, store, openMs } = await openFilled(count);
  try {
    const desk = deskOf(store);
    const queue = desk.forConnection();
    const began = performance.now();
    const first = await queue.take({ domain: null, busy: [], max: 1 });
    const firstMs = performance.now() - began;
    const busy = first.map(({ domain }) => domain);
    const isDead = first[0]?.domain === "dead.example" ? "dead" : "another";
    const pick = await timed(200, () => store.read(dueDestinations(Date.now(), 51)));
    const next = await timed(200, () => store.read(nextDue(Date.now())));
    const listener = desk.listen();
    const listen = await timed(200, async () => {
      desk.changed();
      await listener.next();
    });
    await listener.return();
    const one: QueueJob[] = [];
    const takeOne = await timed(100, async () => {
      one.push(...await queue.take({ domain: null, busy, max: 1 }));
    });
    const fifty: QueueJob[] = [];
    const takeFifty = await timed(2, async () => {
      fifty.push(...await queue.take({ domain: null, busy, max: 50 }));
    });
    const report = await timed(100, async (i) => {
      const job = one[i];
      if (job !== undefined) await queue.report(reportOf(job));
    });
    const add = await timed(100, (i) => enqueue(store, [`new${i}@later${i}.example`]));
    // All that is due, with fifty workers: whatever the dead domain has, the others' is gone.
    for (const job of [...first, ...fifty]) await queue.giveBack({ lease: job.lease });
    const cpu = process.cpuUsage();
    const drainBegan = performance.now();
    let sent = 0;
    let domains = 0;
    await Promise.all(Array.from({ length: 50 }, async () => {
      for (;;) {
        const [job] = await queue.take({ domain: null, busy: ["dead.example"], max: 1 });
        if (job === undefined) return;
        domains++;
        for (let more: QueueJob | undefined = job; more !== undefined;) {
          await queue.report(reportOf(more));
          sent++;
          [more] = await queue.take({ domain: job.domain, busy: [], max: 1 });
        }
      }
    }));
    const drainMs = performance.now() - drainBegan;
    const used = process.cpuUsage(cpu);
    queue.close();
    const admin = new QueueAdminService({
      store,
      giveUp: () => Promise.resolve(),
      hasTransport: () => true,
      keepRetiredMs: () => hour,
      isLeased: () => false,
      isBusy: () => false,
      changed: () => {},
    });
    const list = async (filter: Partial<QueueFilter>) => {
      for await (const _ of admin.list({ filter: { ...everyMessage, ...filter } }));
    };
    const listFirst = await timed(10, () => list({ max: 100 }));
    const listOne = await timed(1, () => list({ to: "nobody" }));
    // While all are put on hold, one message after the other is added.
    let holding = true;
    const held = timed(1, () => admin.hold({ filter: everyMessage, hold: true })).finally(() =>
      holding = false
    );
    const meanwhile: number[] = [];
    for (let i = 0; holding; i++) {
      const began = performance.now();
      await enqueue(store, [`a@meanwhile${i}.example`]);
      meanwhile.push(performance.now() - began);
    }
    const [holdMs] = await held;
    meanwhile.sort((a, b) => a - b);
    console.log(`  the first that was taken was for ${isDead}; ${domains} domains were emptied`);
    return {
      "open, ms": openMs,
      "first take, ms": firstMs,
      "pick 51 due domains, ms": pick[1],
      "the same at worst": pick[2],
      "next due, ms": next[1],
      "listen, a change told, ms": listen[1],
      "take 1 job, ms": takeOne[1],
      "take 50 jobs, ms": takeFifty[1],
      "report, ms": report[1],
      "add a message, ms": add[1],
      "taken and reported, messages/s": sent / drainMs * 1000,
      "CPU time of each, us": (used.user + used.system) / sent,
      "list 100, ms": listFirst[1],
      "look through all for one, ms": listOne[1],
      "hold all, ms": holdMs,
      "add one meanwhile, 99 of 100, ms": meanwhile[Math.floor(meanwhile.length * 0.99)] ?? 0,
    };
  } finally {
    await store.close();
    Deno.removeSync(folder, { recursive: true });
  }
}

const small = await measure(deadRows + dueDomains * dueRows + 100);
const large = await measure(rows);
console.log(`${"".padEnd(32)} ${"small".padStart(10)} ${String(rows).padStart(10)}  ratio`);
for (const [name, value] of Object.entries(large)) {
  const other = small[name] ?? 0;
  console.log(
    `${name.padEnd(32)} ${other.toFixed(2).padStart(10)} ${value.toFixed(2).padStart(10)}  ${
      (value / other).toFixed(2)
    }`,
  );
}
