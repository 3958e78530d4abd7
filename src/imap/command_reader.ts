/**
 * Cuts what a client sends into commands. A state machine without a socket: bytes in, split anywhere; events
 * out. RFC 9051 2.2.1, 4.3, RFC 7888
 *
 * ```text
 * line ──literal──> literal ──all read──> line          a command's lines and literals are collected
 *   │ ──message──> waiting ──accept──> message ──> line  a message of APPEND, or a part of it, is handed on as it comes
 *   └──no literal──> a command, or an error
 * any error ──> skipLine <──> skipLiteral ──> line       what belongs to the wrong command is thrown away
 * ```
 *
 * Its owner calls {@link CommandReader.push} with what was read, then {@link CommandReader.next} until that is null,
 * and only then reads from the network again: so the peer is held back by whoever handles the events, and no more
 * is kept than what was pushed and the command being collected. Whatever an event makes necessary (a `+`, an
 * answer) is done before the next call of `next`, because it may change how the following bytes are read.
 *
 * An error is reported once, as soon as it is known, and at most one answer is owed for each command. The rest of
 * the wrong command is skipped silently, non-synchronising literals included, so that no octet of a message is
 * ever taken for a command. Where that would take more than `maxSkippedBytes`, or where nobody can know what
 * the client means, the error is fatal: say BYE and close.
 *
 * @module
 */
import { type Bytes, concat, fromLatin1, KiB, MiB, noBytes } from "../base/bytes.ts";
import { isAppend, maxCatenatedParts, readAppendHead, readAppendLine } from "./append.ts";
import { type AppendSoFar, beginning, eventsOf } from "./append_progress.ts";
import type { ParseMode } from "./command.ts";
import { CommandError } from "./command_error.ts";
import { isVerb, parseCommand, readHead } from "./parse_command.ts";
import type { ReaderError, ReaderEvent } from "./reader_event.ts";
import { literalAtEnd, type LiteralHeader, Scanner } from "./scanner.ts";

/** How much a client may send. All can be changed while running, with {@link CommandReader.limits}. */
export interface ReaderLimits {
  /** One line, or what stands between two literals, without CRLF. */
  readonly maxLineBytes: number;
  /** All lines of one command. */
  readonly maxTextBytes: number;
  readonly maxLiteralBytes: number;
  /** All literals of one command that are not messages. */
  readonly maxLiteralsBytes: number;
  /** Literals of one command, messages included. */
  readonly maxLiterals: number;
  /** One message of APPEND. */
  readonly maxMessageBytes: number;
  /** What is read and thrown away after an error before it is better to close. */
  readonly maxSkippedBytes: number;
}

/** For signed-in clients. Messages are limited by what the account may store. */
export const defaultLimits: ReaderLimits = {
  maxLineBytes: 16 * KiB, // RFC 7162 4 asks for at least 8 KiB.
  maxTextBytes: 256 * KiB,
  maxLiteralBytes: 100 * KiB,
  maxLiteralsBytes: MiB,
  maxLiterals: 1000,
  maxMessageBytes: Number.MAX_SAFE_INTEGER,
  maxSkippedBytes: 256 * MiB,
};

/** For strangers: enough for any LOGIN and AUTHENTICATE. Their APPEND is not in order, whatever its size. */
export const strangerLimits: ReaderLimits = {
  maxLineBytes: 16 * KiB,
  maxTextBytes: 16 * KiB,
  maxLiteralBytes: 4 * KiB,
  maxLiteralsBytes: 8 * KiB,
  maxLiterals: 4,
  maxMessageBytes: Number.MAX_SAFE_INTEGER,
  maxSkippedBytes: MiB,
};

type State = "line" | "literal" | "waiting" | "message" | "skipLine" | "skipLiteral" | "dead";

/** What is kept of a skipped line: enough for a literal header of any number below 2^63 at its end, and CRLF. */
const tailBytes = 32;
/** A collecting buffer larger than this is given back after the command. */
const keptBytes = 4 * KiB;

const cr = 0x0d;
const lf = 0x0a;

/** The state changed: look again. */
const again = Symbol("again");
type Step = ReaderEvent | typeof again | null;

/** See the module's description. */
export class CommandReader {
  /** From the next octet on. */
  limits: ReaderLimits;
  /** From the next command on. */
  mode: ParseMode = { utf8: false, rev2: false };

  #state: State = "line";
  #chunk: Bytes = noBytes;
  #chunkAt = 0;

  /** The command so far, as it came: lines with CRLF, and literals; of an APPEND only the current line. */
  #text: Bytes = noBytes;
  #length = 0;
  /** Where the current line begins in it. */
  #lineStart = 0;
  /** The next line is not a command. */
  #plainLine = false;

  #literals = 0;
  #literalBytes = 0;
  #textBytes = 0;
  /** Octets to come of the current literal or message. */
  #left = 0;
  /** Whether the client waits for `+` before it sends the announced literal. */
  #sync = false;
  /** An APPEND or REPLACE of which at least one message was announced. */
  #append: AppendSoFar | null = null;
  /** What the last line of it says besides, and is still to be told. */
  #queue: ReaderEvent[] = [];

  #skipped = 0;
  #tail: Bytes = noBytes;

  constructor(limits: ReaderLimits = defaultLimits) {
    this.limits = limits;
  }

  /** Octets pushed and not yet used. Not 0 behind STARTTLS means that someone injected them. */
  get buffered(): number {
    return this.#chunk.length - this.#chunkAt;
  }

  /** Whether the reader stands between two commands. */
  get idle(): boolean {
    const between = this.#state === "line" && this.#length === 0 && this.#append === null;
    return between && this.#queue.length === 0 && !this.#plainLine;
  }

  /** Adds what was read. The reader keeps the array until it is used up. */
  push(bytes: Bytes): void {
    if (this.#state === "dead") return;
    this.#chunk = this.buffered === 0 ? bytes : concat([this.#chunk.subarray(this.#chunkAt), bytes]);
    this.#chunkAt = 0;
  }

  /** Forgets what was pushed and not yet used: it was meant for somebody else. Only between two commands. */
  forget(): void {
    this.#chunk = noBytes;
    this.#chunkAt = 0;
  }

  /** The next line is not a command: DONE of IDLE (RFC 9051 6.3.13), or a response of SASL (6.2.2). */
  expectLine(): void {
    this.#plainLine = true;
  }

  /** Takes the announced message or part; its octets follow. */
  acceptMessage(): void {
    if (this.#state !== "waiting" || this.#queue.length > 0) throw new TypeError("no message is announced");
    this.#state = "message";
  }

  /** Gives up the APPEND under way, whose answer the caller has sent or will send. */
  refuse(): void {
    const wasRead = this.#queue.at(-1)?.kind === "command";
    const queued = this.#queue.length > 0;
    this.#queue = [];
    if (wasRead) return;
    if (this.#append === null) throw new TypeError("no APPEND is under way");
    if (this.#state === "line") this.#skipRestOfLine();
    // A client that waits for `+` sends nothing more of a command that was answered.
    else if ((this.#state === "waiting" || queued) && this.#sync) this.#reset();
    else this.#state = "skipLiteral";
    this.#append = null;
  }

  /** What the bytes pushed so far say next; null when more are needed. */
  next(): ReaderEvent | null {
    for (;;) {
      const step = this.#step();
      if (step === again) continue;
      if (this.buffered === 0) {
        this.#chunk = noBytes;
        this.#chunkAt = 0;
      }
      return step;
    }
  }

  #step(): Step {
    const told = this.#queue.shift();
    if (told !== undefined) return told;
    switch (this.#state) {
      case "line":
        return this.#readLine();
      case "literal":
        return this.#readLiteral();
      case "waiting":
        throw new TypeError("the announced message was neither accepted nor refused");
      case "message":
        return this.#readMessage();
      case "skipLine":
        return this.#skipLine();
      case "skipLiteral":
        return this.#skipLiteral();
      case "dead":
        return null;
    }
  }

  #readLine(): Step {
    const found = this.#chunk.indexOf(lf, this.#chunkAt);
    const end = found === -1 ? this.#chunk.length : found + 1;
    const room = Math.max(0, this.limits.maxLineBytes + 2 - (this.#length - this.#lineStart));
    if (end - this.#chunkAt > room) {
      this.#collect(room);
      return this.#lineTooLong();
    }
    this.#collect(end - this.#chunkAt);
    if (found === -1) return null;
    if (this.#text[this.#length - 2] !== cr || this.#length - this.#lineStart < 2) {
      // Taking a bare LF for a line end would let text that a client's user wrote become a command.
      return this.#die("a line must end in CRLF");
    }
    const lineEnd = this.#length - 2;
    if (this.#plainLine) {
      const bytes = this.#text.slice(0, lineEnd);
      this.#reset();
      return { kind: "line", bytes };
    }
    this.#textBytes += lineEnd - this.#lineStart;
    const literal = literalAtEnd(this.#text.subarray(this.#lineStart, lineEnd));
    try {
      if (this.#textBytes > this.limits.maxTextBytes) throw tooBig("command too long");
      return literal === null ? this.#finish(lineEnd) : this.#announce(literal, lineEnd);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return this.#fail(error, literal);
    }
  }

  #lineTooLong(): ReaderError {
    const error = this.#error(tooBig("line too long"));
    this.#skipRestOfLine();
    return error;
  }

  /** A line that ends in a literal header. */
  #announce(literal: LiteralHeader, lineEnd: number): Step {
    const { limits } = this;
    if (++this.#literals > limits.maxLiterals) throw new CommandError("NO", "LIMIT", "too many literals");
    const line = this.#text.subarray(0, lineEnd);
    if (this.#lineStart === 0 && this.#append === null) checkHead(line);
    if (this.#append !== null || isAppend(line)) return this.#readAppend(line, literal);
    // RFC 5464 5 (value)
    return this.#announceArgument(literal, literal.binary && readHead(line).verb === "SETMETADATA");
  }

  /** A literal that is collected with its command. */
  #announceArgument(literal: LiteralHeader, mayBeBinary = false): ReaderEvent {
    const { limits } = this;
    if (literal.binary && !mayBeBinary) throw new SyntaxError("literal8 is not allowed here");
    this.#literalBytes += literal.size;
    if (literal.size > limits.maxLiteralBytes || this.#literalBytes > limits.maxLiteralsBytes) {
      throw tooBig("literal too large");
    }
    this.#left = literal.size;
    this.#sync = literal.sync;
    this.#state = "literal";
    return { kind: "literal", size: literal.size, sync: literal.sync };
  }

  /** A line of APPEND or REPLACE. Returns the first of what it says; the rest is queued. */
  #readAppend(text: Bytes, literal: LiteralHeader | null): ReaderEvent | typeof again {
    const s = new Scanner(text);
    const append = this.#append ?? beginning(readAppendHead(s, this.mode));
    const line = readAppendLine(s, append.place, append.head.replaces === null);
    append.place = line.place;
    if (literal !== null && literal.size > this.limits.maxMessageBytes) throw tooBig("message too large");
    this.#append = append;
    this.#queue = eventsOf(append, line, literal);
    if (append.parts > maxCatenatedParts) {
      this.#queue = [];
      throw new CommandError("NO", "LIMIT", "too many parts");
    }
    if (line.literal === "command") {
      const { tag, mailbox, replaces } = append.head;
      const command = replaces === null
        ? { verb: "APPEND" as const, mailbox, messages: append.messages }
        : { verb: "REPLACE" as const, mailbox, uid: replaces.uid };
      const queue = this.#queue;
      this.#reset();
      this.#queue = [...queue, { kind: "command", tag, command }];
    } else if (literal !== null && line.literal === "url") {
      // The part that it belongs to is read again when it is complete.
      this.#text.copyWithin(0, line.from, this.#length);
      this.#length -= line.from;
      this.#queue.push(this.#announceArgument(literal));
    } else if (literal !== null) {
      this.#length = this.#lineStart = 0;
      this.#left = literal.size;
      this.#sync = literal.sync;
      this.#state = "waiting";
    }
    return again;
  }

  /** A line that ends the command. */
  #finish(lineEnd: number): Step {
    const bytes = this.#text.subarray(0, lineEnd);
    if (this.#append !== null || isAppend(bytes)) return this.#readAppend(bytes, null);
    const { tag, command } = parseCommand(bytes, this.mode);
    this.#reset();
    return { kind: "command", tag, command };
  }

  #readLiteral(): Step {
    const count = Math.min(this.#left, this.buffered);
    this.#collect(count);
    this.#left -= count;
    if (this.#left > 0) return null;
    this.#lineStart = this.#length;
    this.#state = "line";
    return again;
  }

  #readMessage(): Step {
    if (this.#left === 0) {
      this.#state = "line";
      return this.#append?.catenated === true ? again : { kind: "messageEnd" };
    }
    const count = Math.min(this.#left, this.buffered);
    if (count === 0) return null;
    const bytes = this.#chunk.subarray(this.#chunkAt, this.#chunkAt + count);
    this.#chunkAt += count;
    this.#left -= count;
    return { kind: "data", bytes };
  }

  #skipLine(): Step {
    const found = this.#chunk.indexOf(lf, this.#chunkAt);
    const end = found === -1 ? this.#chunk.length : found + 1;
    this.#skipped += end - this.#chunkAt;
    if (this.#skipped > this.limits.maxSkippedBytes) return this.#die("too much after an error");
    const kept = this.#chunk.subarray(Math.max(this.#chunkAt, end - tailBytes), end);
    this.#tail = concat([this.#tail, kept]).slice(-tailBytes);
    this.#chunkAt = end;
    if (found === -1) return null;
    if (this.#tail.at(-2) !== cr) return this.#die("a line must end in CRLF");
    const literal = literalAtEnd(this.#tail, this.#tail.length - 2);
    // More digits than are kept: leading zeros, or more than 2^63.
    if (/^\d+\+\}\r\n$/.test(fromLatin1(this.#tail))) return this.#die("literal too large");
    if (literal === null || literal.sync) this.#reset();
    else {
      this.#left = literal.size;
      this.#state = "skipLiteral";
    }
    return again;
  }

  #skipLiteral(): Step {
    if (this.#left > this.limits.maxSkippedBytes - this.#skipped) return this.#die("literal too large");
    const count = Math.min(this.#left, this.buffered);
    this.#chunkAt += count;
    this.#skipped += count;
    this.#left -= count;
    if (this.#left > 0) return null;
    this.#length = this.#lineStart = 0;
    this.#skipRestOfLine();
    return again;
  }

  /** Reports a wrong command, and sees to it that what follows of it is not taken for the next one. */
  #fail(error: SyntaxError, literal: LiteralHeader | null): ReaderError {
    const report = this.#error(error);
    this.#append = null;
    if (literal === null || literal.sync) this.#reset();
    else if (literal.size > this.limits.maxSkippedBytes) {
      this.#kill();
      return { ...report, fatal: true };
    } else {
      this.#left = literal.size;
      this.#state = "skipLiteral";
    }
    return report;
  }

  #error(error: SyntaxError): ReaderError {
    const known = this.#append !== null
      ? { tag: this.#append.head.tag, verb: this.#append.head.replaces === null ? "APPEND" : "REPLACE" }
      : this.#plainLine
      ? { tag: null, verb: null }
      : readHead(this.#text.subarray(0, this.#length));
    const answer = error instanceof CommandError
      ? error
      : { status: "BAD" as const, code: null, saves: false };
    return {
      kind: "error",
      tag: known.tag,
      verb: known.verb,
      status: answer.status,
      code: answer.code,
      saves: answer.saves,
      text: error.message,
      fatal: false,
    };
  }

  #die(text: string): ReaderError {
    const report = this.#error(new SyntaxError(text));
    this.#kill();
    return { ...report, fatal: true };
  }

  #kill(): void {
    this.#reset();
    this.#state = "dead";
    this.#chunk = noBytes;
    this.#chunkAt = 0;
  }

  /** The next octet begins a command. */
  #reset(): void {
    if (this.#text.length > keptBytes) this.#text = noBytes;
    this.#tail = noBytes;
    this.#length =
      this.#lineStart =
      this.#left =
      this.#skipped =
        0;
    this.#literals = this.#literalBytes = this.#textBytes = 0;
    this.#append = null;
    this.#plainLine = false;
    this.#state = "line";
  }

  #skipRestOfLine(): void {
    this.#tail = this.#text.slice(Math.max(this.#lineStart, this.#length - tailBytes), this.#length);
    this.#plainLine = false;
    this.#append = null;
    this.#state = "skipLine";
  }

  /** Moves octets from the chunk to the command. Grows with what has come, not with what was announced. */
  #collect(count: number): void {
    const needed = this.#length + count;
    if (needed > this.#text.length) {
      const larger = new Uint8Array(Math.max(needed, this.#text.length * 2, 256));
      larger.set(this.#text.subarray(0, this.#length));
      this.#text = larger;
    }
    this.#text.set(this.#chunk.subarray(this.#chunkAt, this.#chunkAt + count), this.#length);
    this.#length = needed;
    this.#chunkAt += count;
  }
}

function tooBig(text: string): CommandError {
  return new CommandError("NO", "TOOBIG", text);
}

/** Refuses literals of what can never be a command before they are sent. */
function checkHead(line: Uint8Array): void {
  const { tag, verb } = readHead(line);
  if (tag === null) throw new SyntaxError("expected a tag");
  if (verb === null || !isVerb(verb)) throw new SyntaxError("unknown command");
}
