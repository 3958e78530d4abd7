import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { concat, utf8 } from "../base/bytes.ts";
import { silentLog } from "../base/log.ts";
import { answerHead, answers, headOf, numberOf } from "../roles/parser_frames.ts";
import { frameOf, FrameReader } from "../rpc/frame_reader.ts";
import { parserDeadlineMs, ParserHost, parserStart } from "./parser_host.ts";

/** A parser that answers with what it was asked, in capitals, and misbehaves on request. */
const entry = `
const reader = Deno.stdin.readable.getReader();
const say = (bytes) => { for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at)); };
const frame = (number, text) => {
  const body = new TextEncoder().encode(text);
  const all = new Uint8Array(8 + body.length);
  new DataView(all.buffer).setUint32(0, 4 + body.length, true);
  all.set(number, 4);
  all.set(body, 8);
  return all;
};
await reader.read();
say(new TextEncoder().encode("ready\\n"));
for (;;) {
  const { value, done } = await reader.read();
  if (done) Deno.exit(0);
  const number = value.slice(4, 8);
  const text = new TextDecoder().decode(value.subarray(8));
  if (text === "loop") for (;;);
  if (text === "grow") for (const all = [];;) all.push(new Array(1e6).fill({}));
  if (text === "end") Deno.exit(3);
  if (text === "babble") say(new Uint8Array(64).fill(255));
  if (text === "twice") say(frame(number, "once"));
  say(frame(number, text.toUpperCase()));
}`;

interface Asked {
  readonly host: ParserHost;
  /** The host's; a busy machine may take longer to start a parser than a deadline that is worth waiting for. */
  readonly clock: FakeClock;
  /** How it went, and what the parser said. */
  ask(text: string): Promise<[answer: number, text: string]>;
}

async function withHost(code: string, test: (asked: Asked) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const file = join(folder, "parser.ts");
  await Deno.writeTextFile(file, code);
  const waiting = new Map<number, (frame: Uint8Array) => void>();
  const reader = new FrameReader(1e6);
  const clock = new FakeClock();
  const host = new ParserHost({
    clock,
    log: silentLog,
    start: { ...parserStart, entry: pathToFileURL(file), v8Flags: ["--max-old-space-size=32"] },
    write: (bytes) => reader.push(bytes, (frame) => waiting.get(numberOf(frame))?.(frame.slice())),
  });
  let number = 0;
  const ask = async (text: string): Promise<[number, string]> => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    waiting.set(++number, resolve);
    const request = frameOf(headOf(number), utf8(text));
    // However the pipe cuts it.
    host.take(request.subarray(0, 5));
    host.take(request.subarray(5));
    const frame = await promise;
    return [frame[answerHead - 1] ?? -1, new TextDecoder().decode(frame.subarray(answerHead))];
  };
  try {
    await test({ host, clock, ask });
  } finally {
    await host.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the parser is started when it is asked, and asked again as long as it lives", () =>
  withHost(entry, async ({ host, ask }) => {
    assert.equal(host.pid, 0);
    assert.deepEqual(await ask("one"), [answers.read, "ONE"]);
    const { pid } = host;
    assert.ok(pid > 0);
    assert.deepEqual(await Promise.all([ask("two"), ask("three")]), [[answers.read, "TWO"], [
      answers.read,
      "THREE",
    ]]);
    assert.equal(host.pid, pid);
  }));

for (const word of ["loop", "grow", "end", "babble"]) {
  Deno.test(`a parser on which a request does this is ended, and the next asks another: ${word}`, () =>
    withHost(entry, async ({ host, clock, ask }) => {
      assert.deepEqual(await ask("one"), [answers.read, "ONE"]);
      const { pid } = host;
      const asked = ask(word);
      if (word === "loop") await clock.advance(parserDeadlineMs);
      assert.deepEqual(await asked, [answers.failed, ""]);
      assert.deepEqual(await ask("two"), [answers.read, "TWO"]);
      assert.notEqual(host.pid, pid);
    }));
}

Deno.test("a parser that says more than it was asked is ended", () =>
  withHost(entry, async ({ ask }) => {
    assert.deepEqual(await ask("twice"), [answers.read, "once"]);
    const [answer, text] = await ask("two");
    assert.ok(answer === answers.failed || text === "TWO", text); // Never the answer to something else.
    assert.deepEqual(await ask("three"), [answers.read, "THREE"]);
  }));

Deno.test("a parser that cannot start is not tried all the time", () =>
  withHost("Deno.exit(1);", async ({ host, ask }) => {
    assert.deepEqual(await ask("one"), [answers.none, ""]);
    assert.deepEqual(await ask("two"), [answers.none, ""]);
    assert.equal(host.pid, 0);
  }));

Deno.test("a store that writes what is no frame is not read on, and another begins anew", () =>
  withHost(entry, async ({ host, ask }) => {
    host.take(concat([new Uint8Array(4).fill(255)]));
    host.begin();
    host.take(Uint8Array.of(9, 0, 0)); // It was killed while it wrote.
    host.begin();
    assert.deepEqual(await ask("one"), [answers.read, "ONE"]);
  }));
