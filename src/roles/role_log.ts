/**
 * How a role speaks with its surroundings: log lines to standard error, `ready` to standard output, signals.
 *
 * Tested by `tests/scenarios/localserve_test.ts`.
 *
 * @module
 */
import { briefUtf8, KiB } from "../base/bytes.ts";
import { createLog, type Log } from "../base/log.ts";
import { systemClock } from "../net/system_clock.ts";
import type { Boot } from "./boot.ts";

/** How long a line may wait for others, in milliseconds: a write costs as much as a dozen lines do. */
const gatherMs = 20;

/** Characters that may wait. */
const maxGathered = 64 * KiB;

/** A log, and how to write at once what waits. */
export interface RoleLog {
  readonly log: Log;
  flush(): void;
}

/**
 * The log of a role; each line says which. Lines of a moment are one write; with one that somebody must act on they are
 * written at once, since the process may end with it. Who kills the process takes the last moment's lines along.
 */
export function roleLog(boot: Boot, role: string): RoleLog {
  const { logLevel, logFormat } = boot.config;
  let lines = "";
  const flush = () => {
    if (lines !== "") writeAll(Deno.stderr, lines);
    lines = "";
  };
  addEventListener("unload", flush); // Also where the process ends itself.
  const log = createLog({ level: logLevel, format: logFormat }, () => systemClock.now(), (level, line) => {
    if (lines === "") systemClock.after(gatherMs, flush);
    lines += `${line}\n`;
    if (level === "error" || lines.length >= maxGathered) flush();
  }, { role });
  return { log, flush };
}

/** Tells the parent that the role serves. */
export function sayReady(): void {
  writeAll(Deno.stdout, "ready\n");
}

/** A full pipe takes only a part; a broken one means that nobody reads any more. */
function writeAll(to: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = briefUtf8(text);
  try {
    for (let at = 0; at < bytes.length;) at += to.writeSync(bytes.subarray(at));
  } catch {
    // A server whose log cannot be written goes on serving.
  }
}

/** Ctrl-C goes to every process of a terminal; roles wait for their parent, which knows the order. */
export function ignoreInterrupts(): void {
  Deno.addSignalListener("SIGINT", () => {});
}

/** Ends a role that could not start, with the reason in words: what a person can mend has no stack. */
export function cannotStart(log: Log, error: unknown): never {
  const plain = error instanceof Error &&
    ["KeyFileError", "FolderLocked", "WrongDatabase"].includes(error.name);
  if (plain) { for (const line of error.message.split("\n")) log.error("cannot start", { why: line }); }
  else log.error("cannot start", { error: error instanceof Error ? error : new Error(String(error)) });
  Deno.exit(1);
}
