// deno-lint-ignore-file no-console -- A program that prints.
/**
 * Where the queue's benchmark sends to, as a process of its own: an SMTP server on `127.0.0.1` that keeps nothing, and on
 * the same port of `127.0.0.3` one that takes connections and says nothing.
 *
 *     deno run -A sink.ts
 *
 * Prints its port. For each line on standard input it then prints one line of JSON, {@link SinkCounts}.
 *
 * @module
 */
import { createServer } from "node:net";
import { startSink } from "../../src/queue/runner/testing/sink.ts";

/** What came since the last time that somebody asked. */
export interface SinkCounts {
  /** Messages. */
  taken: number;
  /** Connections. */
  connections: number;
  /** When the first and the last message came, in milliseconds of the clock; 0 for none. */
  first: number;
  last: number;
}

export const sinkAddress = "127.0.0.1";
/** Nobody listens here. */
export const deadAddress = "127.0.0.2";
/** Takes connections and says nothing. */
export const silentAddress = "127.0.0.3";

const none: SinkCounts = { taken: 0, connections: 0, first: 0, last: 0 };
let counts = { ...none };

function take(): void {
  const now = Date.now();
  if (counts.taken++ === 0) counts.first = now;
  counts.last = now;
}

async function main(): Promise<void> {
  const sink = await startSink(take);
  let before = 0;
  const { port } = sink;
  const silent = createServer((socket) => {
    socket.on("error", () => {});
    socket.resume();
  });
  await new Promise<void>((resolve) => silent.listen(port, silentAddress, resolve));
  console.log(port);
  for await (const asked of Deno.stdin.readable) {
    for (const octet of asked) {
      if (octet !== 10) continue;
      console.log(JSON.stringify({ ...counts, connections: sink.connections() - before }));
      before = sink.connections();
      counts = { ...none };
    }
  }
  Deno.exit(0);
}

if (import.meta.main) await main();
