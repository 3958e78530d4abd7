/**
 * How a role speaks with its surroundings: log lines to standard error, `ready` to standard output, signals.
 *
 * Tested by `tests/scenarios/localserve_test.ts`.
 *
 * @module
 */
import { utf8 } from "../base/bytes.ts";
import { createLog, type Log } from "../base/log.ts";
import { systemClock } from "../net/system_clock.ts";
import type { Boot } from "./boot.ts";

/** The log of a role; each line says which. */
export function roleLog(boot: Boot, role: string): Log {
  const { logLevel, logFormat } = boot.config;
  return createLog({ level: logLevel, format: logFormat }, () => systemClock.now(), (_level, line) => {
    writeAll(Deno.stderr, `${line}\n`);
  }, { role });
}

/** Tells the parent that the role serves. */
export function sayReady(): void {
  writeAll(Deno.stdout, "ready\n");
}

/** A full pipe takes only a part; a broken one means that nobody reads any more. */
function writeAll(to: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = utf8(text);
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
