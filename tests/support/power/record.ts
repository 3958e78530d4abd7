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

/** How long strace may take for nothing, and for a load. */
const probeMs = 10_000;
const loadMs = 240_000;

/** Why nothing can be traced here, or null if it can. Where ptrace is only half there, strace may hang. */
export async function whyNoTrace(): Promise<string | null> {
  if (Deno.build.os !== "linux") return "only Linux has strace";
  const folder = await Deno.makeTempDir({ prefix: "mailden_strace_" });
  try {
    const probe = "Deno.mkdirSync(Deno.args[0]); Deno.stdout.writeSync(new Uint8Array([104, 105, 10]))";
    const made = join(folder, "made");
    const trace = join(folder, "trace");
    const ended = await traced(trace, ["eval", "--no-lock", probe, made], probeMs);
    if (ended !== 0) return ended === null ? "strace hangs" : "strace may not trace";
    const operations = [...operationsOf(parseTrace(await Deno.readFile(trace)), made)];
    const kinds = operations.map(({ kind }) => kind).join(" ");
    return kinds === "makeFolder said" ? null : `strace shows ${kinds || "nothing"}`;
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
async function traced(trace: string, args: readonly string[], ms: number): Promise<number | null> {
  const child = new Deno.Command("strace", {
    args: [...straceOptions, "-e", `trace=${tracedCalls}`, "-o", trace, Deno.execPath(), ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, ms);
  // The load ends with its input, also where strace was killed.
  const drained = child.stdout.pipeTo(new WritableStream()).catch(() => {});
  const { code, signal } = await child.status;
  clearTimeout(timer);
  await child.stdin.close().catch(() => {});
  await drained;
  if (late) return null;
  return signal === null ? code : 128 + (signal === "SIGKILL" ? 9 : 0);
}
