/**
 * The store's way to the parser: requests in frames to the supervisor, which passes them on, one at a time.
 *
 * Where the parser fails on some messages at once, each is tried by itself; a message on which it fails twice alone has no
 * text. So one that makes it loop takes nothing from others, and a parser that somebody killed costs nothing.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { KiB, MiB } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { decode, encode } from "../rpc/codec.ts";
import { frameOf, FrameReader } from "../rpc/frame_reader.ts";
import { type SearchedText, sourceBytes, type TextParser, type TextSource } from "../store/text_source.ts";
import { answerHead, answers, headOf, maxParserAnswer, maxParserRequest, numberOf } from "./parser_frames.ts";

/** Octets of the messages of one request, unless one alone has more; and how many. */
const batchBytes = 512 * KiB;
const batchMessages = 64;

/** How long the supervisor may take, which ends the parser after its own deadline. */
export const linkDeadlineMs = 60_000;

/** Requests that wait their turn; more are refused. */
export const maxParserWaiting = 256;

/** Octets in front of what the parser said. */
const maxFrame = maxParserAnswer + MiB;

export class ParserLink implements TextParser {
  readonly #write: (frame: Uint8Array) => void;
  readonly #clock: Clock;
  readonly #reader = new FrameReader(maxFrame);
  #number = 0;
  #waiting = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #answered: {
    readonly number: number;
    readonly resolve: (frame: Uint8Array) => void;
    readonly reject: (error: Refused) => void;
  } | null = null;
  /** Whether the other end sent what is no frame: it is not read on. */
  #broken = false;

  /** @param write Brings a frame to the supervisor. */
  constructor(write: (frame: Uint8Array) => void, clock: Clock) {
    this.#write = write;
    this.#clock = clock;
  }

  /** Nothing is asked any more, and nothing waited for. */
  close(): void {
    this.#broken = true;
    this.#answered?.reject(new Refused("tryLater", "the store ends"));
  }

  /** Takes what the supervisor wrote. */
  take(bytes: Uint8Array): void {
    if (this.#broken) return;
    try {
      this.#reader.push(bytes, (frame) => {
        if (frame.length < answerHead || this.#answered?.number !== numberOf(frame)) return;
        this.#answered.resolve(frame.slice());
      });
    } catch {
      this.#broken = true;
    }
  }

  async read(sources: readonly TextSource[]): Promise<(SearchedText | null)[]> {
    const texts: (SearchedText | null)[] = [];
    for (let at = 0; at < sources.length;) {
      let end = at + 1;
      for (let bytes = sourceBytes(sources[at] as TextSource); end < sources.length; end++) {
        bytes += sourceBytes(sources[end] as TextSource);
        if (bytes > batchBytes || end - at >= batchMessages) break;
      }
      texts.push(...await this.#batch(sources.slice(at, end)));
      at = end;
    }
    return texts;
  }

  async #batch(sources: readonly TextSource[]): Promise<(SearchedText | null)[]> {
    const texts = await this.#ask(sources);
    if (texts !== null) return texts;
    const single: (SearchedText | null)[] = [];
    for (const source of sources) {
      const again = await this.#ask([source]) ?? (sources.length > 1 ? await this.#ask([source]) : null);
      single.push(again?.[0] ?? null);
    }
    return single;
  }

  /** Null where the parser failed. @throws {Refused} `tryLater` */
  async #ask(sources: readonly TextSource[]): Promise<(SearchedText | null)[] | null> {
    const request = encode(sources);
    if (request.length > maxParserRequest) return sources.map(() => null);
    if (this.#waiting >= maxParserWaiting) throw new Refused("tryLater", "too much waits for the parser");
    this.#waiting++;
    const turn = this.#turn.then(() => this.#send(request));
    this.#turn = turn.catch(() => {});
    try {
      const frame = await turn;
      if (frame[answerHead - 1] === answers.failed) return null;
      if (frame[answerHead - 1] !== answers.read) throw new Refused("tryLater", "there is no parser now");
      return textsOf(frame.subarray(answerHead), sources.length);
    } finally {
      this.#waiting--;
    }
  }

  async #send(request: Uint8Array): Promise<Uint8Array> {
    if (this.#broken) throw new Refused("tryLater", "the way to the parser is broken");
    const number = this.#number = (this.#number + 1) >>> 0;
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    this.#answered = { number, resolve, reject };
    const late = () => reject(new Refused("tryLater", "the parser's answer did not come"));
    const timer = this.#clock.after(linkDeadlineMs, late);
    try {
      this.#write(frameOf(headOf(number), request));
      return await promise;
    } finally {
      timer.cancel();
      this.#answered = null;
    }
  }
}

/** What the parser said, which is not believed: strangers' bytes may have taken it over. Null if it is no answer. */
function textsOf(bytes: Uint8Array, count: number): (SearchedText | null)[] | null {
  let value: unknown;
  try {
    value = decode(bytes);
  } catch {
    return null;
  }
  if (!Array.isArray(value) || value.length !== count) return null;
  return value.map(textOf);
}

function textOf(value: unknown): SearchedText | null {
  if (typeof value !== "object" || value === null || !("header" in value) || !("body" in value)) return null;
  const { header, body } = value;
  return typeof header === "string" && typeof body === "string" ? { header, body } : null;
}
