/**
 * Transcripts: a dialogue with a server, as a text file that one driver plays against the real edge.
 *
 * ```text
 * # A comment.
 * C: NOOP                     A line from the client; CRLF is added.
 * R: "DATA\r\n\u0000"         Raw bytes, as a JSON string of characters up to U+00FF; nothing is added.
 * S: 250 2.0.0 {*}            The server's next line, exactly; {*} stands for any text.
 * ! writes 1                  Something that is neither: see `act`, and what the driver adds.
 * ```
 *
 * Neighbouring `C:` and `R:` lines are one packet; an empty line ends a packet. Lines of the server that
 * nobody expects are a failure at the next `C:`, `R:` or at the end: they would be read as another answer.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Bytes, concat, latin1, utf8 } from "../../src/base/bytes.ts";
import { type FakeClock, settle } from "./fake_clock.ts";
import type { MemoryTransport } from "./memory_transport.ts";

/** One step of a transcript; `line` is its line in the file, from 1. */
export type Step =
  | { readonly kind: "send"; readonly bytes: Bytes; readonly line: number }
  | { readonly kind: "expect"; readonly text: string; readonly line: number }
  | { readonly kind: "act"; readonly words: readonly string[]; readonly line: number };

/** Reads a transcript. @throws {SyntaxError} With the line's number. */
export function parseTranscript(text: string): Step[] {
  const steps: Step[] = [];
  let packet: { pieces: Bytes[]; line: number } | null = null;
  const endPacket = () => {
    if (packet !== null) steps.push({ kind: "send", bytes: concat(packet.pieces), line: packet.line });
    packet = null;
  };
  for (const [i, raw] of text.split("\n").entries()) {
    const line = i + 1;
    if (raw.startsWith("#")) continue;
    if (raw.startsWith("C:") || raw.startsWith("R:")) {
      packet ??= { pieces: [], line };
      packet.pieces.push(raw.startsWith("C:") ? utf8(`${raw.slice(3)}\r\n`) : rawBytes(raw.slice(3), line));
      continue;
    }
    endPacket();
    if (raw.startsWith("S:")) steps.push({ kind: "expect", text: raw.slice(3), line });
    else if (raw.startsWith("! ")) {
      steps.push({ kind: "act", words: raw.slice(2).trim().split(/\s+/), line });
    } else if (raw.trim() !== "") throw new SyntaxError(`line ${line} is no step: ${raw}`);
  }
  endPacket();
  return steps;
}

function rawBytes(json: string, line: number): Bytes {
  try {
    return latin1(String(JSON.parse(json)));
  } catch (cause) {
    throw new SyntaxError(`line ${line}: R: wants a JSON string of bytes`, { cause });
  }
}

/** What a transcript is played against. */
export interface Stage {
  /** The client's end; its peer is driven by the server. */
  readonly client: MemoryTransport;
  readonly clock: FakeClock;
  /** Does what `! words` say; returns whether it knew them. */
  readonly act?: (words: readonly string[]) => boolean | Promise<boolean>;
}

/** Plays all steps; the error of the first that fails names its line. */
export async function play(steps: readonly Step[], stage: Stage): Promise<void> {
  const script = new Player(stage);
  for (const step of steps) {
    try {
      await script.step(step);
    } catch (error) {
      if (error instanceof Error) error.message = `line ${step.line}: ${error.message}`;
      throw error;
    }
  }
  await script.assertSilent();
}

class Player {
  readonly #stage: Stage;
  readonly #decoder = new TextDecoder();
  #text = "";
  #writesBefore = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async step(step: Step): Promise<void> {
    switch (step.kind) {
      case "send":
        await this.assertSilent();
        this.#writesBefore = this.#stage.client.peer.writes.length;
        return await this.#stage.client.write(step.bytes);
      case "expect":
        return this.#expect(step.text);
      case "act":
        return await this.#act(step.words);
    }
  }

  /** Nothing has come that was not expected. */
  async assertSilent(): Promise<void> {
    await settle();
    if (this.#stage.client.buffered > 0) await this.#more();
    assert.equal(this.#text, "", "the server said more than was expected");
  }

  async #expect(wanted: string): Promise<void> {
    const line = await this.#line();
    const pattern = wanted.split("{*}").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
    if (!new RegExp(`^${pattern.join(".*")}$`, "su").test(line ?? "(closed)")) {
      assert.equal(line ?? "(closed)", wanted);
    }
  }

  async #line(): Promise<string | null> {
    let end = this.#text.indexOf("\r\n");
    while (end === -1) {
      if (!await this.#more()) return null;
      end = this.#text.indexOf("\r\n");
    }
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 2);
    return line;
  }

  async #more(): Promise<boolean> {
    await settle();
    const { client } = this.#stage;
    if (client.buffered === 0 && !client.isClosed && !client.peer.isClosed) {
      assert.ok(false, `the server says nothing (so far: ${JSON.stringify(this.#text)})`);
    }
    const bytes = await client.read().catch(() => null);
    if (bytes === null) return false;
    this.#text += this.#decoder.decode(bytes, { stream: true });
    return true;
  }

  async #act(words: readonly string[]): Promise<void> {
    const [verb, argument = ""] = words;
    const { client, clock } = this.#stage;
    switch (verb) {
      case "writes": // In how many writes the server answered the last packet.
        await settle();
        assert.equal(client.peer.writes.length - this.#writesBefore, Number(argument), "writes");
        return;
      case "advance": // Time passes: `30s`, `500ms`, `31m`.
        return await clock.advance(durationMs(argument));
      case "silent":
        return await this.assertSilent();
      case "closed":
        await this.assertSilent();
        assert.ok(client.peer.isClosed, "the server has not closed the connection");
        return;
      case "open":
        await settle();
        assert.ok(!client.peer.isClosed, "the server has closed the connection");
        return;
      case "tls": // The client's side of a handshake.
        client.connectTls();
        return await settle();
      case "end":
        client.endWriting();
        return await settle();
      case "drop":
        client.destroy();
        return await settle();
      default:
        assert.ok(await this.#stage.act?.(words), `nobody knows what "${words.join(" ")}" is`);
    }
  }
}

function durationMs(text: string): number {
  const match = /^(\d+)(ms|s|m|h)$/.exec(text);
  if (match === null) throw new SyntaxError(`no duration: ${text}`);
  return Number(match[1]) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] as "ms" | "s" | "m" | "h"];
}
