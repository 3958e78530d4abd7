/**
 * The bytes of a message on their way in: finds the end of DATA, undoes dot-stuffing, mends line ends, counts.
 * RFC 5321 4.1.1.4, 4.5.2, RFC 3030 2
 *
 * What ends DATA is CRLF `.` CRLF and nothing else. Two servers that disagree on that read two messages
 * where one was sent ("SMTP smuggling"), so whatever others might take for an end is refused, once the true
 * end has come: a CR without LF anywhere, and a dot alone between line ends of which one is a bare LF. Any
 * other bare LF is a careless client's: it becomes CRLF. A dot behind a bare LF is data and stays.
 *
 * Chunks of BDAT go by the same rule, without an end and without stuffing: `\r\n.\r\n` inside is plain data.
 *
 * Clean data pass through as subarrays of what came. Within a line only CR and LF matter, which are looked for
 * four octets at a time; around line ends each octet is a step of a small machine. On lines of 76 that is a quarter
 * of what a step for each octet costs, and less than half of one indexOf for each line (`data_reader_bench.ts`).
 * Only behind the first byte that has to change is the rest of a piece copied.
 *
 * @module
 */
import { type Bytes, noBytes } from "../base/bytes.ts";
import { nextControl, wordsOf } from "../base/words.ts";

/** Why the message cannot be taken, whatever follows. */
export type DataFault = "lineEnds" | "tooLarge";

const CR = 13;
const LF = 10;
const DOT = 46;

/** Where in a line the next byte is. */
type Place =
  /** Somewhere in it. */
  | 0
  /** At its start, behind CRLF. */
  | 1
  /** Behind a CR. */
  | 2
  /** Behind a dot at the start of a line. */
  | 3
  /** Behind such a dot and a CR. */
  | 4
  /** At its start, behind a bare LF. */
  | 5
  /** Behind a dot that follows a bare LF. */
  | 6
  /** Behind such a dot and a CR. */
  | 7;
const MID = 0, START = 1, AFTER_CR = 2, AFTER_DOT = 3, DOT_CR = 4, LF_START = 5, LF_DOT = 6, LF_DOT_CR = 7;

/** Reads one message, in pieces split anywhere. */
export class DataReader {
  readonly #stuffed: boolean;
  readonly #maxBytes: number;
  #place: Place = START;
  #bytes = 0;
  #taken = 0;
  #fault: DataFault | null = null;

  /** @param kind `data`: stuffed, with an end; `chunks`: BDAT. */
  constructor(kind: "data" | "chunks", maxBytes: number) {
    this.#stuffed = kind === "data";
    this.#maxBytes = maxBytes;
  }

  /** Octets given to the sink so far. RFC 1870 3 counts so: with CRLFs, without stuffing. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Octets taken from the network, also of what was refused. */
  get taken(): number {
    return this.#taken;
  }

  /** The first fault; since then nothing went to the sink. */
  get fault(): DataFault | null {
    return this.#fault;
  }

  /**
   * Takes the next bytes and gives the message's octets to `sink`, at most two pieces for each call, which may
   * be parts of `chunk`.
   *
   * @returns The offset in `chunk` behind the end of data, or -1 if that is still to come (always, for BDAT).
   */
  take(chunk: Bytes, sink: (piece: Bytes) => void): number {
    const edit = new Edit(chunk);
    const words = wordsOf(chunk);
    let place: Place = this.#place;
    let end = -1;
    let i = 0;
    for (; i < chunk.length && end === -1; i++) {
      if (place === MID) {
        i = nextControl(chunk, words, i);
        if (i === chunk.length) break;
      }
      const byte = chunk[i];
      switch (place) {
        case MID:
          if (byte === CR) place = AFTER_CR;
          else if (byte === LF) place = this.#bareLf(edit, i);
          break;
        case AFTER_CR:
          if (byte === LF) place = START;
          else place = this.#bareCr(byte);
          break;
        case START:
          if (byte === CR) place = AFTER_CR;
          else if (byte === LF) place = this.#bareLf(edit, i);
          else if (byte === DOT) {
            if (this.#stuffed) edit.drop(i);
            place = AFTER_DOT;
          } else place = MID;
          break;
        case AFTER_DOT:
          if (byte === CR) {
            // Held back with its dot: if LF follows, neither is part of the message.
            if (this.#stuffed) edit.drop(i);
            place = DOT_CR;
          } else if (byte === LF) {
            this.#refuse("lineEnds"); // CRLF . LF
            place = LF_START;
          } else place = MID;
          break;
        case DOT_CR:
          if (byte !== LF) place = this.#bareCr(byte);
          else if (this.#stuffed) end = i + 1;
          else place = START;
          break;
        case LF_START:
          if (byte === CR) place = AFTER_CR;
          else if (byte === LF) place = this.#bareLf(edit, i);
          else place = byte === DOT ? LF_DOT : MID;
          break;
        case LF_DOT:
          if (byte === CR) place = LF_DOT_CR;
          else if (byte === LF) {
            this.#refuse("lineEnds"); // LF . LF
            place = LF_START;
          } else place = MID;
          break;
        case LF_DOT_CR:
          if (byte === LF) {
            this.#refuse("lineEnds"); // LF . CRLF
            place = START;
          } else place = this.#bareCr(byte);
          break;
      }
    }
    this.#place = place;
    this.#taken += i;
    this.#give(edit, end === -1 ? chunk.length : end - 1, sink);
    return end;
  }

  /** No more chunks will come. A CR may be left without its LF. */
  finish(): void {
    if (this.#place === AFTER_CR || this.#place === DOT_CR || this.#place === LF_DOT_CR) {
      this.#refuse("lineEnds");
    }
  }

  /** @returns The place behind a byte that followed a CR and was no LF. */
  #bareCr(byte: number | undefined): Place {
    this.#refuse("lineEnds");
    return byte === CR ? AFTER_CR : MID;
  }

  #bareLf(edit: Edit, at: number): Place {
    edit.insertCr(at);
    return LF_START;
  }

  #refuse(fault: DataFault): void {
    this.#fault ??= fault;
  }

  #give(edit: Edit, end: number, sink: (piece: Bytes) => void): void {
    if (this.#fault !== null) return;
    const [clean, changed] = edit.result(end);
    if (this.#bytes + clean.length + changed.length > this.#maxBytes) {
      this.#fault = "tooLarge";
      return;
    }
    this.#bytes += clean.length + changed.length;
    if (clean.length > 0) sink(clean);
    if (changed.length > 0) sink(changed);
  }
}

/** Below this many bytes, a loop copies faster than making a subarray to copy from. */
const shortRun = 32;

/** A piece with some bytes left out and some put in; nothing is copied before the first change. */
class Edit {
  readonly #chunk: Bytes;
  /** Bytes before this were settled. */
  #from = 0;
  /** What stayed untouched before the first change; -1 while there is none. */
  #clean = -1;
  #out: Bytes = noBytes;
  #length = 0;

  constructor(chunk: Bytes) {
    this.#chunk = chunk;
  }

  drop(at: number): void {
    this.#settle(at);
    this.#from = at + 1;
  }

  insertCr(at: number): void {
    this.#settle(at);
    this.#out[this.#length++] = CR;
  }

  result(end: number): [clean: Bytes, changed: Bytes] {
    if (this.#clean === -1) {
      return [end === this.#chunk.length ? this.#chunk : this.#chunk.subarray(0, end), noBytes];
    }
    if (end > this.#from) this.#settle(end);
    return [this.#chunk.subarray(0, this.#clean), this.#out.subarray(0, this.#length)];
  }

  #settle(at: number): void {
    if (this.#clean === -1) {
      this.#clean = at;
      // Each byte that is still to come can bring at most one more.
      this.#out = new Uint8Array((this.#chunk.length - at) * 2);
    } else if (at - this.#from < shortRun) {
      for (let i = this.#from; i < at; i++) this.#out[this.#length++] = this.#chunk[i] ?? 0;
    } else {
      this.#out.set(this.#chunk.subarray(this.#from, at), this.#length);
      this.#length += at - this.#from;
    }
    this.#from = at;
  }
}
