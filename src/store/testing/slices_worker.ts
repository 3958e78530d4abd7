/**
 * A Worker that does slice after slice, as bulk work does, and says to whoever asks how many it has done.
 *
 * @module
 */
import { afterTurn, letInToBulkMs } from "../connection.ts";

const sliceMs = 2;

// TypeScript's library knows the global scope as a window's.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Int32Array | "how many" | "stop">) => void;
  postMessage(slices: number): void;
};
let slices: Int32Array = new Int32Array(1);
let stopped = false;
scope.onmessage = ({ data }) => {
  if (data === "stop") stopped = true;
  else {
    scope.postMessage(Atomics.load(slices, 0));
    if (data !== "how many") void work(data);
  }
};

async function work(counter: Int32Array): Promise<void> {
  slices = counter;
  while (!stopped) {
    for (const end = performance.now() + sliceMs; performance.now() < end;);
    Atomics.add(slices, 0, 1);
    await new Promise<void>((resolve) => afterTurn(resolve, letInToBulkMs));
  }
  scope.postMessage(Atomics.load(slices, 0));
}
