import assert from "node:assert/strict";
import fc from "fast-check";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { memoryTransports } from "../../tests/support/memory_transport.ts";
import { type Bytes, fromLatin1, latin1 } from "../base/bytes.ts";
import { LineReader } from "./line_reader.ts";

/** All lines of pieces, until the first bad one or the end. */
async function lines(pieces: readonly string[], maxLine = 20): Promise<string[]> {
  const { server, client } = memoryTransports();
  const reader = new LineReader(server, new FakeClock(), 1000);
  for (const piece of pieces) await client.send(piece);
  client.endWriting();
  const got: string[] = [];
  for (;;) {
    const line = reader.line(maxLine);
    if (typeof line === "string") return [...got, `(${line})`];
    if (line !== null) got.push(fromLatin1(line));
    else if (!await reader.more(Infinity)) return reader.started ? [...got, "(open)"] : got;
  }
}

const read: [pieces: string[], lines: string[]][] = [
  [["a\r\n"], ["a"]],
  [["a\r\nb\r\n\r\n"], ["a", "b", ""]],
  [["a", "b\r", "\nc\r\n"], ["ab", "c"]],
  [["a\r\nb"], ["a", "(open)"]],
  [["a\nb\r\n"], ["(lineEnd)"]],
  [["\n"], ["(lineEnd)"]],
  [["a\rb\r\n"], ["(lineEnd)"]],
  [["a\r", "b"], ["(lineEnd)"]],
  [["a\r\r\n"], ["(lineEnd)"]],
  [["a\r\nb\rc"], ["a", "(lineEnd)"]],
  [["x".repeat(18) + "\r\n"], ["x".repeat(18)]],
  [["x".repeat(19) + "\r\n"], ["(tooLong)"]],
  [["x".repeat(20)], ["(open)"]],
  [["x".repeat(15), "x".repeat(6)], ["(tooLong)"]],
];
for (const [pieces, expected] of read) {
  Deno.test(`lines of ${JSON.stringify(pieces)}`, async () =>
    assert.deepEqual(await lines(pieces), expected));
}

Deno.test("lines are the same wherever they are split", async () => {
  const text = fc.array(fc.constantFrom("\r\n", "\r", "\n", "ab", "c"), { maxLength: 12 }).map((parts) =>
    parts.join("")
  );
  await fc.assert(
    fc.asyncProperty(text, fc.nat(30), fc.nat(30), async (text, a, b) => {
      const [first, second] = [Math.min(a, b), Math.max(a, b)];
      const pieces = [text.slice(0, first), text.slice(first, second), text.slice(second)].filter((piece) =>
        piece !== ""
      );
      assert.deepEqual(await lines(pieces), await lines([text]));
    }),
    { numRuns: 200 },
  );
});

Deno.test("a chunk is what is buffered, and what was too much goes back", async () => {
  const { server, client } = memoryTransports();
  const reader = new LineReader(server, new FakeClock(), 1000);
  await client.send("DATA\r\nbody");
  await reader.more(Infinity);
  assert.equal(fromLatin1(reader.line(20) as Bytes), "DATA");
  const chunk = await reader.chunk(Infinity);
  assert.equal(fromLatin1(chunk ?? latin1("")), "body");
  reader.putBack(latin1("y\r\n"));
  assert.equal(fromLatin1(reader.line(20) as Bytes), "y");
  assert.equal(reader.started, false);
});

Deno.test("a line has a deadline of its own, however often an octet comes", async () => {
  const clock = new FakeClock();
  const { server, client } = memoryTransports({ clock });
  const reader = new LineReader(server, clock, 1000);
  const deadline = clock.monotonic() + 1500;
  for (let i = 0; i < 2; i++) {
    const more = reader.more(deadline);
    await clock.advance(600);
    await client.send("x");
    assert.equal(await more, true);
  }
  const last = assert.rejects(reader.more(deadline), { failure: "timeout" });
  await clock.advance(300);
  await last;
});

Deno.test("a deadline that has passed is not waited for", async () => {
  const clock = new FakeClock();
  const { server } = memoryTransports({ clock });
  await assert.rejects(new LineReader(server, clock, 1000).more(0), { failure: "timeout" });
});
