import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { memoryTransports } from "../../tests/support/memory_transport.ts";
import { fromUtf8 } from "../base/bytes.ts";
import { maxWaiting, ReplyWriter, slowOctets, slowPauseMs } from "./reply_writer.ts";
import { wait } from "./waiting.ts";

function open() {
  const clock = new FakeClock();
  const ends = memoryTransports({ clock });
  return { clock, ...ends, writer: new ReplyWriter(ends.server, clock) };
}

const ok = { code: 250, enhanced: "2.0.0", text: "ok" };

Deno.test("replies leave together", async () => {
  const { writer, server } = open();
  writer.add(ok);
  writer.add({ code: 354, enhanced: null, text: "go" });
  assert.equal(server.writes.length, 0);
  await writer.flush();
  assert.deepEqual(server.writes.map(fromUtf8), ["250 2.0.0 ok\r\n354 go\r\n"]);
  await writer.flush();
  assert.equal(server.writes.length, 1);
  assert.ok(writer.empty);
});

Deno.test("what waits has a limit", () => {
  const { writer } = open();
  while (!writer.full) writer.add({ ...ok, text: "x".repeat(400) });
  const line = 3 + 1 + 6 + 400 + 2;
  writer.add(ok);
  assert.ok(writer.full && maxWaiting % line !== 0);
});

Deno.test("a slow peer gets an octet a second, and the rest at the end", async () => {
  const { writer, server, client, clock } = open();
  writer.slow = true;
  writer.add({ ...ok, text: "x".repeat(100) });
  const done = writer.flush();
  await clock.advance(3 * slowPauseMs);
  assert.deepEqual(server.writes.map(fromUtf8), ["2", "5", "0", " "]);
  await clock.advance(slowOctets * slowPauseMs);
  await done;
  assert.equal(server.writes.length, slowOctets + 1);
  assert.equal(await client.receive(), `250 2.0.0 ${"x".repeat(100)}\r\n`);
  assert.equal(clock.pending, 0);
});

Deno.test("a peer that leaves ends the waiting, and nothing stays behind", async () => {
  const { server, clock } = open();
  const done = assert.rejects(wait(3_600_000, clock, server), { failure: "closed" });
  server.destroy();
  await done;
  assert.equal(clock.pending, 0);
  await assert.rejects(wait(1, clock, server), { failure: "closed" });
  assert.equal(clock.pending, 0);
});
