import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { systemClock } from "../net/system_clock.ts";
import { greetingMs, maxGreetingBytes, printGreeting, printRefusal, readGreeting } from "./greeting.ts";

Deno.test("readGreeting() reads what printGreeting() wrote, in any pieces, and leaves the rest", async () => {
  const bytes = new Uint8Array([...printGreeting("secret"), 1, 2, 3]);
  for (let cut = 1; cut < bytes.length; cut++) {
    const stream = new PassThrough();
    stream.write(bytes.subarray(0, cut));
    setImmediate(() => stream.end(bytes.subarray(cut)));
    assert.equal(await readGreeting(stream, systemClock), "secret");
    const rest: number[] = [];
    for await (const piece of stream) rest.push(...piece);
    assert.deepEqual(rest, [1, 2, 3], `cut at ${cut}`);
  }
});

Deno.test("readGreeting() gives the server's reason on, bounded", async () => {
  const stream = new PassThrough();
  stream.write(printRefusal("come back later"));
  await assert.rejects(readGreeting(stream, systemClock), /^Refused: come back later$/);
  const long = new PassThrough();
  long.write("x".repeat(maxGreetingBytes + 1));
  await assert.rejects(readGreeting(long, systemClock), /is no server/);
});

Deno.test("readGreeting() does not wait for ever", async () => {
  const clock = new FakeClock();
  const refused = assert.rejects(readGreeting(new PassThrough(), clock), /does not answer/);
  await clock.advance(greetingMs);
  await refused;
});
