/**
 * Runs the load under strace, and reads the trace.
 *
 * @module
 */
import { fromFileUrl, join } from "../paths.ts";
import { type Operation, operationsOf, tracedCalls } from "./operations.ts";
import type { LoadSettings } from "./power_load.ts";
import { parseTrace } from "./strace.ts";

const load = fromFileUrl(new URL("./power_load.ts", import.meta.url));

/** Longer than all that is ever written at once. */
const maxStringBytes = 4_000_000;

const straceOptions = ["-f", "-y", "-xx", "-qq", "--seccomp-bpf", "-s", String(maxStringBytes)];

/** A little of all that a store does, on several threads. */
const probe = `
  import { DatabaseSync } from "node:sqlite";
  const [folder] = Deno.args;
  Deno.mkdirSync(folder);
  const db = new DatabaseSync(folder + "/db");
  db.exec("pragma journal_mode = wal; create table t (a); insert into t values (1)");
  await Promise.all([1, 2, 3].map(async (i) => {
    const file = await Deno.open(folder + "/" + i, { write: true, createNew: true });
    await file.write(new Uint8Array(1000));
    await file.syncData();
    file.close();
    await Deno.rename(folder + "/" + i, folder + "/new" + i);
  }));
  db.close();
  Deno.stdout.writeSync(new Uint8Array([104, 105, 10]));
`;

/** How long strace may take for that, and for a load. */
const probeMs = 10_000;
const loadMs = 240_000;

/** Why nothing can be traced here, or null if it can. Where ptrace is only half there, strace may hang. */
export async function whyNoTrace(): Promise<string | null> {
  if (Deno.build.os !== "linux") return "only Linux has strace";
  const folder = await Deno.makeTempDir({ prefix: "mailden_strace_" });
  try {
    const made = join(folder, "made");
    const trace = join(folder, "trace");
    const ended = await traced(trace, ["eval", "--no-lock", probe, made], probeMs, "null");
    if (ended !== 0) return ended === null ? "strace hangs" : "strace may not trace";
    const operations = [...operationsOf(parseTrace(await Deno.readFile(trace)), made)];
    const kinds = new Set(operations.map(({ kind }) => kind));
    const unseen = (["makeFolder", "open", "write", "endSync", "rename", "said"] as const)
      .filter((kind) => !kinds.has(kind));
    return unseen.length === 0 ? null : `strace does not show ${unseen.join(" ")}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "strace is not installed";
    return error instanceof Error ? error.message : String(error);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs one life of the store in a folder, and returns what it did there and said. */
export async function recordLife(folder: string, settings: LoadSettings): Promise<Operation[]> {
  const trace = await Deno.makeTempFile({ prefix: "mailden_trace_" });
  try {
    const args = [
      "run",
      "--no-prompt",
      "--no-check",
      "--no-lock",
      "-A",
      load,
      folder,
      JSON.stringify(settings),
    ];
    const code = await traced(trace, args, loadMs);
    const expected = settings.ends === "closed" ? code === 0 : code === 128 + 9;
    if (!expected) throw new Error(`the load ended with ${code ?? "its time"}`);
    return [...operationsOf(parseTrace(await Deno.readFile(trace)), folder)];
  } finally {
    await Deno.remove(trace);
  }
}

/** Runs deno under strace; its code, 128 and the signal that ended it, or null if it had to be killed. */
async function traced(
  trace: string,
  args: readonly string[],
  ms: number,
  stderr: "inherit" | "null" = "inherit",
): Promise<number | null> {
  const child = new Deno.Command("strace", {
    args: [...straceOptions, "-e", `trace=${tracedCalls}`, "-o", trace, Deno.execPath(), ...args],
    stdin: "piped",
    stdout: "piped",
    stderr,
  }).spawn();
  const late = new AbortController();
  const timer = setTimeout(() => {
    child.kill("SIGKILL");
    late.abort(); // What it traced may still hold the pipe.
  }, ms);
  const drained = child.stdout.pipeTo(new WritableStream(), { signal: late.signal }).catch(() => {});
  const { code, signal } = await child.status;
  clearTimeout(timer);
  await child.stdin.close().catch(() => {}); // The load ends with its input, also where strace was killed.
  await drained;
  if (late.signal.aborted) return null;
  return signal === null ? code : 128 + (signal === "SIGKILL" ? 9 : 0);
}
