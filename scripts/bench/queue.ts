/**
 * Outgoing mail of a whole server: 20,000 messages for 200 domains, to a sink that keeps nothing; what that costs, what it
 * leaves for incoming mail, and what dead destinations with 10,000 messages each do to the others.
 *
 * The messages are put into the database while the server is stopped, on hold, and let go when their turn comes. The
 * server is `serve` with its DNS asked of this process; the sink and the load generator are processes of their own.
 *
 * @module
 */
import { systemClock } from "../../src/net/system_clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { Metrics } from "../../src/base/metrics.ts";
import { accountNamed } from "../../src/store/accounts.ts";
import { insertBody } from "../../src/store/bodies.ts";
import { addQueued } from "../../src/store/queue_rows.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { type DnsHandler, record, soa, startDnsServer } from "../../tests/support/dns_server.ts";
import { fromFileUrl, join } from "../../tests/support/paths.ts";
import { mailden, startServer, type TestServer } from "../../tests/support/server.ts";
import { type Load, type LoadResult, message } from "./load.ts";
import { cpuSeconds, pssMegabytes, pssOf, roleOf } from "./process.ts";
import { deadAddress, silentAddress, sinkAddress, type SinkCounts } from "./sink.ts";
import { row, title } from "./table.ts";

const messages = 20_000;
const domains = 200;
const deadMessages = 10_000;
/** For what is compared with dead destinations. */
const someMessages = 10_000;
const messageBytes = 4096;
/** Before what is measured. */
const warmMessages = 6000;
/** Of one round in which mail comes in at the same time, and how many rounds there are: others use the machine as well. */
const roundMessages = 10_000;
const roundSeconds = 3;
const rounds = 3;

/** Units of the store's writer at the same time, to fill the queue. */
const filling = 200;

/** How often the sink is asked, and memory looked at. */
const lookMs = 200;

/** Nothing takes longer than that: something is stuck. */
const stuckMs = 180_000;

/** The sink, while it runs. */
class Sink {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;
  port = 0;

  private constructor() {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "-A", fromFileUrl(new URL("sink.ts", import.meta.url))],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#lines = lines(this.#child.stdout);
  }

  static async start(): Promise<Sink> {
    const sink = new Sink();
    sink.port = Number((await sink.#lines.next()).value);
    return sink;
  }

  /** What came since it was asked the last time. */
  async counts(): Promise<SinkCounts> {
    await this.#writer.write(new TextEncoder().encode("\n"));
    const { value } = await this.#lines.next();
    return JSON.parse(String(value)) as SinkCounts; // Written by our own program.
  }

  async stop(): Promise<void> {
    await this.#writer.close();
    await this.#child.status;
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

const address = (name: string, ip: string) => record(name, "A", { address: ip });

/** Each domain's mail exchanger is of its own name; all are the sink, but for two domains that take nothing. */
const answers: DnsHandler = ({ name, type }) => {
  const host = name.startsWith("mx.");
  const isSink = /^(mx\.)?d\d+\.test\.$/.test(name);
  const ip = isSink ? sinkAddress : name.endsWith("dead.test.") ? deadAddress : silentAddress;
  const isKnown = isSink || /^(mx\.)?(dead|silent)\.test\.$/.test(name);
  if (!isKnown) return { rcode: 3, authorities: [soa("test.")] };
  if (type === 15 && !host) {
    return { answers: [record(name, "MX", { preference: 10, exchange: `mx.${name}` })] };
  }
  if (type === 1 && host) return { answers: [address(name, ip)] };
  return { authorities: [soa("test.")] };
};

/** Puts messages on hold into the queue of a stopped server. @param batch Stands in the sender, to let them go by. */
async function fill(store: Store, batch: string, recipients: readonly string[]): Promise<void> {
  const accountId = store.read(accountNamed("mailden"))?.id ?? 0;
  const add = async (recipient: string, i: number) => {
    const content = message(messageBytes, String(i).padStart(8, "0"));
    const body = await store.bodies.ready({ content, spool: null }, store.spools.forOwner());
    try {
      await store.writer.run(function* (tx) {
        const bodyId = yield* insertBody(body);
        return yield* addQueued([{
          account_id: accountId,
          body_id: bodyId,
          size: content.length,
          prefix: new Uint8Array(),
          sender: `mailden+${batch}@localhost`,
          recipient,
          domain: recipient.slice(recipient.lastIndexOf("@") + 1),
          submitted: tx.now,
          due: tx.now,
          max_attempts: 8,
          hold: 1,
          transport: "",
          require_tls: null,
          traits: 0,
          message_id: `${i}@bench.example.org`,
          subject: `A message of the benchmark, number ${i}`,
          from_id: "",
          dsn: "",
          release: "",
        }]);
      });
    } finally {
      body.release();
    }
  };
  for (let i = 0; i < recipients.length; i += filling) {
    await Promise.all(recipients.slice(i, i + filling).map((recipient, j) => add(recipient, i + j)));
  }
}

const toAll = (count: number) => Array.from({ length: count }, (_, i) => `user${i}@d${i % domains}.test`);
const to = (domain: string, count: number) => Array.from({ length: count }, (_, i) => `user${i}@${domain}`);

const configuration = (config: string, dns: number, sink: number) =>
  config.replace(/\[dns\]\nmode = "local"\n/, `[dns]\nmode = "off"\nservers = ["127.0.0.1:${dns}"]\n`)
    .replace(/# [^\n]*\n\[localserve\][^]*/, "") +
  `\n[queue]\nport = ${sink}\nprivateAddresses = true\n`;

interface Sent {
  readonly rate: number;
  readonly seconds: number;
  readonly connections: number;
  /** Proportional set size when it was largest, by role. */
  readonly megabytes: ReadonlyMap<string, number>;
  /** Microseconds of the processor for each message, by role. */
  readonly cpu: ReadonlyMap<string, number>;
}

class Bench {
  readonly #server: TestServer;
  readonly #sink: Sink;

  constructor(server: TestServer, sink: Sink) {
    this.#server = server;
    this.#sink = sink;
  }

  /** Lets messages on hold go. */
  async release(batch: string): Promise<void> {
    const { code, stderr } = await mailden(
      ...["queue", "unhold", "--from", `mailden+${batch}@`, "--config", this.#server.folder],
    );
    if (code !== 0) throw new Error(`queue unhold: ${stderr}`);
  }

  /** Lets a batch go, and waits until the sink has it. @param meanwhile Begins once the first has come. */
  async send(
    batch: string,
    count: number,
    meanwhile: () => Promise<void> = () => Promise.resolve(),
  ): Promise<Sent> {
    await this.#sink.counts();
    const before = this.#cpu();
    const released = this.release(batch);
    let [taken, connections, first, last] = [0, 0, 0, 0];
    let megabytes: ReadonlyMap<string, number> = new Map();
    let other: Promise<void> | null = null;
    for (const began = performance.now(); taken < count;) {
      await new Promise((resolve) => setTimeout(resolve, lookMs));
      const more = await this.#sink.counts();
      taken += more.taken;
      connections += more.connections;
      if (first === 0) first = more.first;
      if (more.last > 0) last = more.last;
      if (taken > 0) other ??= meanwhile();
      const now = this.#megabytes();
      if (sum(now) > sum(megabytes)) megabytes = now;
      if (performance.now() - began > stuckMs) throw new Error(`${taken} of ${count} messages were sent`);
    }
    const cpu = new Map(
      [...this.#cpu()].map(([role, seconds]) => [role, (seconds - (before.get(role) ?? 0)) / count * 1e6]),
    );
    await released;
    await other;
    const seconds = (last - first) / 1000;
    return { rate: count / seconds, seconds, connections, megabytes, cpu };
  }

  #megabytes(): Map<string, number> {
    const { pid, pids } = this.#server;
    return new Map([pid, ...pids()].map((each) => [roleOf(each), pssOf(each)]));
  }

  #cpu(): Map<string, number> {
    const { pid, pids } = this.#server;
    return new Map([pid, ...pids()].map((each) => [roleOf(each), cpuSeconds(each)]));
  }
}

const sum = (values: ReadonlyMap<string, number>) => [...values.values()].reduce((a, b) => a + b, 0);

const each = (values: ReadonlyMap<string, number>) =>
  [...values].map(([role, value]) => `${role} ${value.toFixed(0)}`).join(", ");

function show(what: string, { rate, connections, megabytes, cpu }: Sent): void {
  row(what, `${rate.toFixed(0)}/s`, null, "at least 1000/s");
  row("  connections", String(connections));
  row("  PSS of all processes, largest", `${sum(megabytes).toFixed(0)} MB`, null, "under 250 MB");
  row("    MB of each", each(megabytes));
  row("  CPU of each message", `${sum(cpu).toFixed(0)} us`);
  row("    us of each", each(cpu));
}

const perSecond = ({ done, seconds }: LoadResult) => done / seconds;

/** @param load Runs the load generator. */
export async function benchQueue(
  made: TestServer,
  load: (settings: Load) => Promise<LoadResult>,
): Promise<void> {
  title(`${messages} queued messages of ${messageBytes / 1024} KB for ${domains} domains`);
  await made.stop();
  const { folder, ports } = made;
  const domainsFile = join(folder, "domains.toml");
  const text = await Deno.readTextFile(domainsFile);
  await Deno.writeTextFile(domainsFile, `${text}"you@localhost" = {}\n`);
  const store = openStore({
    folder: join(folder, "data"),
    clock: systemClock,
    log: silentLog,
    metrics: new Metrics(),
  });
  await fill(store, "warm", toAll(warmMessages));
  await fill(store, "alone", toAll(messages));
  for (let round = 1; round <= rounds; round++) await fill(store, `round${round}`, toAll(roundMessages));
  await fill(store, "without", toAll(someMessages));
  for (const name of ["dead", "silent"]) await fill(store, "stuck", to(`${name}.test`, deadMessages));
  await fill(store, "others", toAll(someMessages));
  await store.close();
  const sink = await Sink.start();
  const dns = await startDnsServer(answers);
  const server = await startServer(
    "serve",
    { folder, ports },
    (config) => configuration(config, dns.port, sink.port),
  );
  try {
    const bench = new Bench(server, sink);
    row("PSS of all processes after start", `${pssMegabytes(server).toFixed(0)} MB`);
    await bench.send("warm", warmMessages);
    const alone = await bench.send("alone", messages);
    show("sent", alone);
    const incoming: Load = {
      port: ports.smtp,
      connections: 20,
      bytes: 2048,
      seconds: roundSeconds,
      mode: "plain",
    };
    await load(incoming);
    const ratios: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      const before = perSecond(await load(incoming));
      let during = 0;
      const sent = await bench.send(`round${round}`, roundMessages, async () => {
        during = perSecond(await load(incoming));
      });
      const reference = (before + perSecond(await load(incoming))) / 2;
      ratios.push(during / reference);
      row(`incoming alone, round ${round}`, `${reference.toFixed(0)}/s`);
      row("  while mail is sent", `${during.toFixed(0)}/s`, during / reference);
      row("  sent meanwhile", `${sent.rate.toFixed(0)}/s`);
    }
    row(
      "incoming, the middle of the ratios",
      "",
      ratios.sort((a, b) => a - b)[rounds >> 1] ?? 0,
      "at least 0.7",
    );
    const without = await bench.send("without", someMessages);
    show("sent again, alone", without);
    await bench.release("stuck");
    const others = await bench.send("others", someMessages);
    show(`sent beside two dead destinations with ${deadMessages} each`, others);
    row("  ratio to without them", "", others.rate / without.rate, "delays no other");
  } finally {
    await server.stop();
    await dns.close();
    await sink.stop();
  }
}
