/**
 * A role in a process of its own, started with its printed grants.
 *
 * The parent writes one line of JSON to the role's standard input (its boot) and keeps it open: when it ends,
 * however the parent ended, the role stops. The role prints one line `ready` once it serves.
 *
 * @module
 */
import { fromFileUrl } from "./file_url.ts";
import { type Grant, grantFlags } from "../roles/grants.ts";

/** How long a role may take to stop before it is killed. */
const stopDeadlineMs = 3000;

/** How long a role may take until it is ready: an upgrade of a large database takes its time. */
const readyDeadlineMs = 10 * 60_000;

/**
 * For glibc's malloc, elsewhere without effect: it never keeps blocks of 128 KiB and more that were freed. That is its
 * rule at the start, which it gives up after the first such block; then each thread keeps some for good. Dozens of
 * wrong passwords, each 19 MB for Argon2, made the process 350 MB larger and it stayed so.
 */
const mallocSettings = { MALLOC_MMAP_THRESHOLD_: "131072" };

/** A server asks nobody whether there is a newer runtime. */
const quiet = { DENO_NO_UPDATE_CHECK: "1" };

export interface RoleProcess {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the role serves; rejects when it ended before. */
  readonly ready: Promise<void>;
  /** Resolves when it has ended, with its exit code. */
  readonly ended: Promise<number>;
  /** Asks it to stop, kills it after {@link stopDeadlineMs}. */
  stop(): Promise<void>;
}

export interface RoleStart {
  readonly name: string;
  /** The file of its entry. */
  readonly entry: URL;
  readonly grant: Grant;
  /** Written to its standard input. */
  readonly boot: unknown;
  /** More flags of V8, for its heap. */
  readonly v8Flags?: readonly string[];
}

/**
 * Megabytes of one half of the young generation, of which each isolate has three. By itself it grows to twice as much when
 * somebody sends messages that are hard to read, and nothing takes it back while the server is idle: 260 to 300 MB were
 * left instead of 180. Deliveries are as fast with it.
 */
const heapFlags = ["--max-semi-space-size=8"];

/** Starts a role. */
export function startRole(start: RoleStart): RoleProcess {
  const root = fromFileUrl(new URL("../../", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      `--config=${root}deno.json`,
      "--cached-only",
      ...grantFlags(start.grant),
      `--v8-flags=${[...heapFlags, ...start.v8Flags ?? []].join(",")}`,
      fromFileUrl(start.entry),
    ],
    cwd: root,
    clearEnv: true,
    // Where Deno finds its cache of packages; the role itself cannot read its environment.
    env: {
      ...mallocSettings,
      ...quiet,
      ...Object.fromEntries(["HOME", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR"].flatMap((name) => {
        const value = Deno.env.get(name);
        return value === undefined ? [] : [[name, value]];
      })),
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  const ended = child.status.then((status) => status.code);
  const ready = waitReady(child.stdout, start.name, ended);
  // Whoever waits hears of it; nobody has to.
  ready.catch(() => {});
  input.write(new TextEncoder().encode(`${JSON.stringify(start.boot)}\n`)).catch(() => {});
  return {
    name: start.name,
    pid: child.pid,
    ready,
    ended,
    async stop() {
      await input.close().catch(() => {});
      const timer = setTimeout(() => tryKill(child), stopDeadlineMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

function tryKill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended in the meantime.
  }
}

/** Reads standard output: the line `ready`, then nothing that matters (but it must not fill up). */
async function waitReady(
  stdout: ReadableStream<Uint8Array>,
  name: string,
  ended: Promise<number>,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`${name} was not ready in time`)), readyDeadlineMs);
  ended.then((code) => reject(new Error(`${name} ended with exit code ${code} before it was ready`)));
  (async () => {
    let text = "";
    for await (const chunk of stdout.pipeThrough(new TextDecoderStream())) {
      if (text.length < 1024) text += chunk;
      if (text.includes("ready\n")) resolve();
    }
  })().catch(reject);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
  }
}
