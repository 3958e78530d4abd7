import assert from "node:assert/strict";
import { readBoot } from "./boot.ts";

function input(...pieces: string[]): { stream: ReadableStream<Uint8Array>; end(): void } {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>({ start: (given) => void (controller = given) });
  for (const piece of pieces) controller?.enqueue(new TextEncoder().encode(piece));
  return { stream, end: () => controller?.close() };
}

Deno.test("readBoot() reads one line in any pieces, then waits for the end of the input", async () => {
  const { stream, end } = input('{"a":', '"b"}', "\n");
  const { boot, stop } = await readBoot<{ a: string }>(stream);
  assert.deepEqual(boot, { a: "b" });
  end();
  await stop;
});

Deno.test("readBoot() says what is wrong when a person starts a role by hand", async () => {
  const { stream, end } = input("{}");
  end();
  await assert.rejects(readBoot(stream), /started by mailden/);
});
