// deno-lint-ignore-file no-console -- A program that prints.
/**
 * The benchmarks: what the server can do, as ratios to what the machine can, measured in one run on one file
 * system. `deno task bench` runs all; `deno task bench deliver imap` only those parts.
 *
 * Absolute figures differ from machine to machine and from minute to minute; the ratios are what counts.
 *
 * @module
 */
import { startServer, type TestServer } from "../../tests/support/server.ts";
import { fromFileUrl } from "../../tests/support/paths.ts";
import { benchImap, benchMillion, fillMailbox, indexed } from "./imap.ts";
import type { Load, LoadResult } from "./load.ts";
import { pssMegabytes, startSeconds } from "./process.ts";
import { benchQueue } from "./queue.ts";
import { appendRate } from "./reference.ts";
import { row, title } from "./table.ts";
import { benchWal } from "./wal.ts";

const here = (name: string) => fromFileUrl(new URL(name, import.meta.url));

/** Runs the load generator as a process of its own. */
async function load(settings: Load): Promise<LoadResult> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "-A", here("load.ts"), JSON.stringify(settings)],
    stderr: "inherit",
  }).output();
  return JSON.parse(new TextDecoder().decode(output.stdout)) as LoadResult;
}

/** Runs a server of `reference.ts` for as long as it is used. */
async function withBareServer<T>(args: readonly string[], use: (port: number) => Promise<T>): Promise<T> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "-A", here("reference.ts"), ...args],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  try {
    return await use(Number(new TextDecoder().decode((await reader.read()).value)));
  } finally {
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
  }
}

/** Before what is measured: the runtime compiles what it runs often, for some seconds and at the price of a core. */
const warmSeconds = 4;

const perSecond = (result: LoadResult) => result.done / result.seconds;

async function deliver(server: TestServer, seconds: number): Promise<void> {
  title("Durable deliveries, reply after commit, against bare append + fdatasync");
  const { smtp } = server.ports;
  const small = (port: number, connections: number) =>
    load({ port, connections, bytes: 2048, seconds, mode: "plain", latency: connections > 1 });
  await load({ port: smtp, connections: 20, bytes: 2048, seconds: warmSeconds, mode: "plain" });
  const bare = appendRate(server.folder, 2048, 2);
  row("bare append + fdatasync, 2 KB", `${bare.toFixed(0)}/s`);
  const many = await small(smtp, 20);
  const bareAfter = appendRate(server.folder, 2048, 2);
  row("bare append + fdatasync, again", `${bareAfter.toFixed(0)}/s`);
  const one = await small(smtp, 1);
  const reference = (bare + bareAfter) / 2;
  row(
    "2 KB, 20 connections",
    `${perSecond(many).toFixed(0)}/s`,
    perSecond(many) / reference,
    "at least 0.6, aim 1.0",
  );
  row("  latency of another connection, p99", `${many.latencyP99.toFixed(1)} ms`, null, "under 10 ms");
  row(
    "2 KB, 1 connection",
    `${perSecond(one).toFixed(0)}/s`,
    perSecond(one) / reference,
    "at least 0.15, aim 0.2",
  );
  // What stands between those ratios and 1: servers that do no work of a mail server.
  for (
    const [what, args] of [
      ["SMTP that keeps nothing", ["smtp"]],
      ["SMTP that only keeps octets", ["keep", server.folder]],
    ] as const
  ) {
    const [most, single] = await withBareServer(
      args,
      async (port) => [await small(port, 20), await small(port, 1)] as const,
    );
    row(`${what}, 20 connections`, `${perSecond(most).toFixed(0)}/s`, perSecond(most) / reference);
    row("  2 KB, 20 connections, against it", "", perSecond(many) / perSecond(most));
    row(`${what}, 1 connection`, `${perSecond(single).toFixed(0)}/s`, perSecond(single) / reference);
    row("  2 KB, 1 connection, against it", "", perSecond(one) / perSecond(single));
  }
  const middle = await load({ port: smtp, connections: 20, bytes: 50 * 1024, seconds, mode: "plain" });
  row(
    "50 KB, 20 connections (ratio to 2 KB)",
    `${perSecond(middle).toFixed(0)}/s`,
    perSecond(middle) / perSecond(many),
    "at least 0.5",
  );
  const large = await load({ port: smtp, connections: 4, bytes: 5 * 1024 * 1024, seconds, mode: "plain" });
  const bareLarge = appendRate(server.folder, 5 * 1024 * 1024, 2) * 5;
  row("bare append + fdatasync, 5 MB", `${bareLarge.toFixed(0)} MB/s`);
  row(
    "5 MB, 4 connections",
    `${(perSecond(large) * 5).toFixed(0)} MB/s`,
    perSecond(large) * 5 / bareLarge,
    "at least 150 MB/s, aim 300",
  );
  for (const result of [many, one, middle, large]) {
    if (result.failed > 0) row("  failed transactions", String(result.failed));
  }
}

async function handshakes(server: TestServer, seconds: number): Promise<void> {
  title("A new connection with STARTTLS for each message, against bare handshakes");
  const certificate = `${server.folder}/localhost.crt`;
  const bare = await withBareServer(
    ["tls", certificate, `${server.folder}/localhost.key`],
    async (port) => {
      const handshake = { port, connections: 16, bytes: 0, mode: "handshake", certificate } as const;
      await load({ ...handshake, seconds: warmSeconds });
      return await load({ ...handshake, seconds });
    },
  );
  row("bare TLS handshakes, 16 at once", `${perSecond(bare).toFixed(0)}/s`);
  const message = {
    port: server.ports.smtp,
    connections: 16,
    bytes: 2048,
    mode: "starttls",
    certificate,
  } as const;
  await load({ ...message, seconds: warmSeconds });
  const whole = await load({ ...message, seconds });
  row(
    "STARTTLS + 2 KB message, 16 at once",
    `${perSecond(whole).toFixed(0)}/s`,
    perSecond(whole) / perSecond(bare),
    "at least 0.5",
  );
  const nothing = await withBareServer(
    ["starttls", certificate, `${server.folder}/localhost.key`],
    async (port) => {
      await load({ ...message, port, seconds: warmSeconds });
      return await load({ ...message, port, seconds });
    },
  );
  row(
    "STARTTLS + SMTP that keeps nothing, 16 at once",
    `${perSecond(nothing).toFixed(0)}/s`,
    perSecond(nothing) / perSecond(bare),
  );
  row("  STARTTLS + 2 KB message, against it", "", perSecond(whole) / perSecond(nothing));
}

async function memory(server: TestServer): Promise<void> {
  title("Start and memory");
  row("PSS of all processes after start", `${pssMegabytes(server).toFixed(0)} MB`, null, "under 130 MB");
  await server.stop();
  const seconds = await startSeconds(server.folder, server.ports.smtp);
  row("second start to first banner", `${seconds.toFixed(2)} s`, null, "under 0.7 s");
}

/** For a long run: a million deliveries, then the memory. */
async function million(server: TestServer): Promise<void> {
  title("A million deliveries");
  const result = await load({
    port: server.ports.smtp,
    connections: 20,
    bytes: 2048,
    seconds: 1800,
    mode: "plain",
    count: 1_000_000,
  });
  row("delivered", `${result.done} in ${result.seconds.toFixed(0)} s`);
  row("PSS of all processes", `${pssMegabytes(server).toFixed(0)} MB`, null, "under 300 MB");
}

const mode = Deno.args.includes("--serve") ? "serve" : "localserve";

/** Runs a part with what the server holds, after a restart. */
async function restarted(server: TestServer, part: (server: TestServer) => Promise<void>): Promise<void> {
  await server.stop();
  const { folder, ports } = server;
  const started = await startServer(mode, { folder, ports });
  await part(started);
  await started.stop();
}

async function imap(server: TestServer): Promise<void> {
  await fillMailbox(server, 100_000);
  await indexed(server);
  await restarted(server, benchImap);
}

async function imapMillion(server: TestServer): Promise<void> {
  await fillMailbox(server, 1_000_000, 1024);
  await restarted(server, benchMillion);
}

const parts: Readonly<Record<string, (server: TestServer, seconds: number) => Promise<void>>> = {
  memory,
  deliver,
  handshakes,
  imap,
  queue: (server) => benchQueue(server, load),
  /** Some minutes; not part of a usual run. */
  imapMillion,
  /** Ten minutes; not part of a usual run. */
  wal: async (server) => {
    await fillMailbox(server, 100_000);
    await benchWal(server, 600, load);
  },
  million,
};

if (import.meta.main) {
  const asked = Deno.args.filter((each) => !each.startsWith("-"));
  const names = asked.length > 0 ? asked : ["memory", "deliver", "handshakes", "imap", "queue"];
  for (const name of names) {
    const part = parts[name];
    if (part === undefined) {
      console.error(`There is no part '${name}': ${Object.keys(parts).join(", ")}`);
      Deno.exit(2);
    }
    const server = await startServer(mode);
    await part(server, 5);
    await server.stop().catch(() => {});
    await Deno.remove(`${server.folder}/..`, { recursive: true });
  }
  Deno.exit(0);
}
