/**
 * A whole server in a temporary folder, for scenarios: as `localserve` (one process) or as `serve` (a process
 * for each role), started the way a user starts it, on ports that are free.
 *
 * @module
 */
import { fromFileUrl, join } from "./paths.ts";

export type Mode = "localserve" | "serve";

const serviceNames = [
  "smtp",
  "submission",
  "submissions",
  "imap",
  "imaps",
  "http",
  "https",
  "metrics",
] as const;
export type Ports = Record<typeof serviceNames[number], number>;

export interface TestServer {
  readonly folder: string;
  readonly ports: Ports;
  /** Of the process that was started. */
  readonly pid: number;
  /** Everything it has printed so far, both streams. */
  printed(): string;
  /** SIGTERM, and waits; returns how long that took in milliseconds. */
  stop(): Promise<number>;
  /** SIGKILL to every process of the server, and waits. */
  kill(): Promise<void>;
  /** Process ids of the server's roles. */
  pids(): number[];
}

const root = fromFileUrl(new URL("../../", import.meta.url));

/** As the tasks in deno.json have them. */
const permissions = [
  "--allow-read",
  "--allow-write",
  "--allow-run",
  "--allow-env=HOME,XDG_CONFIG_HOME,XDG_CACHE_HOME,DENO_DIR,TMPDIR",
];

/** The options of `deno run` for the command line, as the tasks in deno.json have them. */
export const launch = ["run", "--quiet", "--no-prompt", ...permissions, `${root}main.ts`];

/** Runs the command line to its end. */
export async function mailden(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const output = await new Deno.Command(Deno.execPath(), { args: [...launch, ...args], cwd: root }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: output.code, stdout: text(output.stdout), stderr: text(output.stderr) };
}

/**
 * Below the ports that systems give to outgoing connections, of which tests that run beside this one have many: Linux begins
 * at 32768, gVisor at 16000.
 */
const firstPort = 10_000;
const lastPort = 16_000;

/** For so long a port that one test was given is given to no other: by then its server listens, and it is not free. */
const claimMs = 60_000;

/** Ports that were free a moment ago, all different, and not given to a test in another process that still starts its server. */
export function freePorts(count: number): number[] {
  const listeners: Deno.TcpListener[] = [];
  while (listeners.length < count) {
    const port = firstPort + Math.floor(Math.random() * (lastPort - firstPort));
    try {
      const listener = Deno.listen({ hostname: "127.0.0.1", port });
      if (claim(port)) listeners.push(listener);
      else listener.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  const ports = listeners.map((listener) => listener.addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}

/** Whoever makes the file has the port; one that was made long ago is anybody's. */
function claim(port: number): boolean {
  const folder = join(Deno.env.get("TMPDIR") ?? "/tmp", `mailden-test-ports-${Deno.uid()}`);
  const file = join(folder, String(port));
  Deno.mkdirSync(folder, { recursive: true });
  try {
    Deno.openSync(file, { write: true, createNew: true }).close();
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  const made = Deno.statSync(file).mtime?.getTime() ?? 0;
  if (Date.now() - made < claimMs) return false;
  Deno.utimeSync(file, new Date(), new Date());
  return true;
}

/** A new folder of localserve, with ports that are free. */
export async function makeFolder(): Promise<{ folder: string; ports: Ports }> {
  const folder = join(await Deno.makeTempDir({ prefix: "mailden-test-" }), "m");
  const made = await mailden("localserve", "--dir", folder, "--ip", "127.0.0.1", "--initonly");
  if (made.code !== 0) throw new Error(`localserve --initonly failed: ${made.stderr}`);
  return { folder, ports: await usePorts(folder) };
}

/** Writes free ports into the configuration. */
async function usePorts(folder: string): Promise<Ports> {
  const file = join(folder, "mailden.toml");
  let text = await Deno.readTextFile(file);
  const ports: Partial<Ports> = {};
  const free = freePorts(serviceNames.length);
  for (const [i, name] of serviceNames.entries()) {
    const port = ports[name] = free[i] ?? 0;
    text = text.replace(new RegExp(`(\\[listeners\\.local\\.${name}\\]\\nport = )\\d+`), `$1${port}`);
  }
  await Deno.writeTextFile(file, text);
  return ports as Ports;
}

/** How a server is started, beside what the user says. */
export interface Surroundings {
  readonly env?: Record<string, string>;
  /** Files that each of its processes may have open. */
  readonly openFiles?: number;
}

/** Starts a server; returns when it serves. */
export async function startServer(
  mode: Mode,
  made?: { folder: string; ports: Ports },
  change?: (config: string) => string,
  { env = {}, openFiles }: Surroundings = {},
): Promise<TestServer> {
  const { folder, ports } = made ?? await makeFolder();
  if (change !== undefined) {
    const file = join(folder, "mailden.toml");
    await Deno.writeTextFile(file, change(await Deno.readTextFile(file)));
  }
  const args = mode === "localserve" ? ["localserve", "--dir", folder] : ["serve", "--config", folder];
  const line = [Deno.execPath(), ...launch, ...args];
  const [program = "", ...rest] = openFiles === undefined
    ? line
    : ["sh", "-c", `ulimit -n ${openFiles} && exec "$@"`, "sh", ...line];
  const child = new Deno.Command(program, {
    args: rest,
    cwd: root,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let printed = "";
  let isServing = false;
  const { promise: serves, resolve } = Promise.withResolvers<void>();
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      printed += text;
      // Looked for only until then: what a benchmark's server prints is long.
      isServing ||= printed.includes("Ctrl-C stops it");
      if (isServing) resolve();
    }
  };
  const streams = Promise.all([collect(child.stdout), collect(child.stderr)]);
  const early = child.status.then((status) => {
    throw new Error(`the server ended with ${status.code} before it served:\n${printed}`);
  });
  await Promise.race([serves, early]);
  early.catch(() => {});
  const ended = async () => {
    await child.status;
    await streams;
  };
  return {
    folder,
    ports,
    pid: child.pid,
    printed: () => printed,
    pids: () => descendants(child.pid),
    async stop() {
      const begin = performance.now();
      child.kill("SIGTERM");
      await ended();
      return performance.now() - begin;
    },
    async kill() {
      for (const pid of [child.pid, ...descendants(child.pid)]) {
        try {
          Deno.kill(pid, "SIGKILL");
        } catch {
          // Ended in the meantime.
        }
      }
      await ended();
    },
  };
}

/** All processes below one, from /proc. */
function descendants(pid: number): number[] {
  let text: string;
  try {
    text = [...Deno.readDirSync(`/proc/${pid}/task`)]
      .map((task) => Deno.readTextFileSync(`/proc/${pid}/task/${task.name}/children`)).join(" ");
  } catch {
    return [];
  }
  const children = text.split(/\s+/).filter((each) => each !== "").map(Number).filter(isProcess);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** gVisor names the threads of a child among the children: each would count as much as its process. */
function isProcess(id: number): boolean {
  try {
    return new RegExp(`^Tgid:\\s+${id}$`, "m").test(Deno.readTextFileSync(`/proc/${id}/status`));
  } catch {
    return false; // It has ended.
  }
}

/** Removes what {@link makeFolder} made. */
export async function removeFolder(folder: string): Promise<void> {
  await Deno.remove(join(folder, ".."), { recursive: true });
}
