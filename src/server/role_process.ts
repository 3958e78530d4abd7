/**
 * A role in a process of its own, started with its printed grants.
 *
 * The parent writes one line of JSON to the role's standard input (its boot) and keeps it open: when it ends,
 * however the parent ended, the role stops. The role prints one line `ready` once it serves. What either writes behind that
 * belongs to the two of them: nothing here reads it.
 *
 * @module
 */
import { fromLatin1 } from "../base/bytes.ts";
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
  /** Writes to its standard input, behind the boot line. Rejects when it has ended. */
  write(bytes: Uint8Array): Promise<void>;
  /** SIGKILL, at once. */
  kill(): void;
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
  /** Gets what it writes to its standard output, behind the line `ready`. */
  readonly output?: (bytes: Uint8Array) => void;
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
  return prepareRole(start)();
}

/** What starts a role, any number of times; by then it needs no permission but to run this program. */
export function prepareRole(start: RoleStart): (output?: RoleStart["output"]) => RoleProcess {
  const root = fromFileUrl(new URL("../../", import.meta.url));
  const command = new Deno.Command(Deno.execPath(), {
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
  });
  return (output = start.output) => {
    return spawnRole({ ...start, ...(output === undefined ? {} : { output }) }, command.spawn());
  };
}

function spawnRole(start: RoleStart, child: Deno.ChildProcess): RoleProcess {
  const input = child.stdin.getWriter();
  const ended = child.status.then((status) => status.code);
  void ended.then(() => input.close().catch(() => {}));
  const ready = waitReady(child.stdout, start, ended);
  // Whoever waits hears of it; nobody has to.
  ready.catch(() => {});
  input.write(new TextEncoder().encode(`${JSON.stringify(start.boot)}\n`)).catch(() => {});
  return {
    name: start.name,
    pid: child.pid,
    ready,
    ended,
    write: (bytes) => input.write(bytes),
    kill: () => tryKill(child),
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

/** Most that a role may print in front of the line `ready`. */
const maxPreamble = 1024;
const readyLine = "ready\n";

/** Reads standard output: the line `ready`, then what is somebody else's (it must be read in any case, or fill up). */
async function waitReady(
  stdout: ReadableStream<Uint8Array>,
  { name, output }: RoleStart,
  ended: Promise<number>,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`${name} was not ready in time`)), readyDeadlineMs);
  ended.then((code) => reject(new Error(`${name} ended with exit code ${code} before it was ready`)));
  (async () => {
    let before: string | null = "";
    for await (const chunk of stdout) {
      if (before === null) {
        output?.(chunk);
        continue;
      }
      before += fromLatin1(chunk);
      const at = before.indexOf(readyLine);
      if (at === -1) {
        before = before.slice(-maxPreamble);
        continue;
      }
      const rest: string = before.slice(at + readyLine.length);
      before = null;
      resolve();
      if (rest !== "") output?.(chunk.subarray(chunk.length - rest.length));
    }
  })().catch(reject);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
  }
}
