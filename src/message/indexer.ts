/**
 * Makes the index of a message while its octets stream by, wherever they are cut.
 *
 * One pass over the lines. A stack holds the parts that are open, outermost first; its top is in its header or
 * in its content. A line that begins with two hyphens may be the delimiter of any open multipart: then all parts
 * inside that one end in front of it. RFC 2046 5.1
 *
 * Nothing that a message can hold makes it throw, recurse, take more than linear time, or keep more than its
 * headers up to a limit and the beginning of a text. Beyond a limit the rest is the content of whatever part it
 * stands in, and the index says so in `problems`; the message is served all the same.
 *
 * @module
 */
import {
  briefUtf8,
  type Bytes,
  concat,
  fromLatin1,
  fromUtf8,
  KiB,
  latin1,
  MiB,
  noBytes,
} from "../base/bytes.ts";
import {
  entityFields,
  type EntityHeader,
  FieldIndex,
  identityEncodings,
  maxBoundaryLength,
  octetStream,
  readEntityHeader,
} from "./entity_header.ts";
import { printEnvelope, type Structure } from "./imap_value.ts";
import {
  type AddressBudget,
  messageFields,
  type MessageSummary,
  readEnvelope,
  summarize,
} from "./message_fields.ts";
import { maxProblems, type MessageIndex, parseVersion, type Part } from "./message_index.ts";
import { nextDashes, OctetTally } from "./octet_tally.ts";
import { OctetCollector } from "./octet_collector.ts";
import { isMessageType, OpenPart } from "./open_part.ts";

/** How much of a message is looked into. */
export interface IndexLimits {
  /** Parts, messages in messages included. */
  readonly maxParts: number;
  /** Parts in parts. */
  readonly maxDepth: number;
  /** Octets of one header section that are read. */
  readonly maxHeaderOctets: number;
  /** Octets of all header sections together that are read. */
  readonly maxAllHeaderOctets: number;
  /** Octets of one line of a header that are read. */
  readonly maxHeaderLine: number;
  /** Addresses of all envelopes together. */
  readonly maxAddresses: number;
}

export const indexLimits: IndexLimits = {
  maxParts: 1000,
  maxDepth: 100,
  maxHeaderOctets: 1 * MiB,
  maxAllHeaderOctets: 4 * MiB,
  maxHeaderLine: 64 * KiB,
  maxAddresses: 5000,
};

/** A longer line is no delimiter: hyphens, boundary, hyphens, and white space that transports added. */
const maxDelimiterLine = maxBoundaryLength + 300;

const partFields: ReadonlySet<string> = new Set(entityFields);
const lineEnd = new Uint8Array([0x0d, 0x0a]);

/** A line that ends all parts inside of `part`: to begin another in it, or to end the last. */
interface Delimiter {
  readonly part: OpenPart;
  readonly closes: boolean;
  /** Just behind the line, in the chunk. */
  readonly end: number;
}

/** The index of one message. Write all of it, then call {@link Indexer.end}. */
export class Indexer {
  readonly #limits: IndexLimits;
  readonly #problems = new Set<string>();
  readonly #addresses: AddressBudget;

  /** Offset of the chunk at hand. */
  #offset = 0;
  /** The beginning of a line of which more must be seen. */
  #carry: Bytes = noBytes;
  #lineStart = true;
  /** The last two octets in front of the chunk. */
  #last = 0;
  #lastButOne = 0;

  readonly #stack: OpenPart[] = [];
  /** Open multiparts by their boundary; of those with the same, the innermost. */
  readonly #boundaries = new Map<string, OpenPart>();
  #parts = 0;
  /** Whether there are too many parts, so that no delimiter counts any more. */
  #isOpaque = false;
  #ended = false;

  #inHeader = true;
  /** What is kept of the header at hand, and how much of all. */
  readonly #kept = new OctetCollector();
  #allKept = 0;
  /** Octets of the header line at hand in earlier chunks. */
  #lineLength = 0;

  readonly #rootHeaderTally = new OctetTally();
  readonly #partHeaderTally = new OctetTally();
  readonly #bodyTally = new OctetTally();
  #work = 0;

  #summary: MessageSummary | null = null;
  #rootEnvelope = "";
  #root: { part: Part; structure: Structure } | null = null;
  #plainPreview = "";
  #htmlPreview = "";

  constructor(limits: Partial<IndexLimits> = {}) {
    this.#limits = { ...indexLimits, ...limits };
    this.#addresses = { left: this.#limits.maxAddresses };
    this.#open(0, true, false);
  }

  /** Octets looked at so far, each time that they are: at most a few times the size. */
  get work(): number {
    return this.#work;
  }

  /** The next octets. They are copied where they are kept. */
  write(bytes: Uint8Array): void {
    if (this.#ended) throw new TypeError("the index is made already");
    if (bytes.length === 0) return;
    const chunk = this.#carry.length === 0 ? bytes : concat([this.#carry, bytes]);
    this.#carry = noBytes;
    this.#read(chunk, false);
  }

  /** No more octets will come. */
  end(): MessageIndex {
    if (this.#ended) throw new TypeError("the index is made already");
    const rest = this.#carry;
    this.#carry = noBytes;
    this.#read(rest, true);
    this.#ended = true;
    if (this.#inHeader) this.#endHeader(noBytes, 0, 0, 0, false);
    while (this.#stack.length > 0) this.#close(this.#offset, 0);
    return this.#index();
  }

  #index(): MessageIndex {
    if (this.#root === null || this.#summary === null) throw new TypeError("no root");
    const { part, structure } = this.#root;
    // One piece of memory instead of three: each costs more than the octets that are in it.
    const printed = octets(this.#rootEnvelope + structure.body + structure.extended);
    const bodyAt = this.#rootEnvelope.length;
    const bodyStructureAt = bodyAt + structure.body.length;
    return {
      version: parseVersion,
      size: this.#offset,
      root: part,
      envelope: printed.subarray(0, bodyAt),
      body: printed.subarray(bodyAt, bodyStructureAt),
      bodyStructure: printed.subarray(bodyStructureAt),
      ...this.#summary,
      isReport: part.type === "multipart" && part.subtype === "report",
      preview: this.#plainPreview || this.#htmlPreview,
      hasUtf8Headers: (this.#rootHeaderTally.combined | this.#partHeaderTally.combined) > 0x7f,
      has8Bit: (this.#bodyTally.combined | this.#partHeaderTally.combined) > 0x7f,
      problems: [...this.#problems],
    };
  }

  #report(problem: string): void {
    if (this.#problems.size < maxProblems) this.#problems.add(problem);
  }

  /** Reads a chunk, up to where more is needed. At the end of the message nothing more is. */
  #read(chunk: Uint8Array, isEnd: boolean): void {
    let at = 0;
    while (at < chunk.length) {
      const next = this.#inHeader ? this.#readHeader(chunk, at, isEnd) : this.#readContent(chunk, at, isEnd);
      if (next < 0) {
        at = ~next;
        this.#carry = chunk.slice(at);
        break;
      }
      at = next;
    }
    if (at >= 2) this.#lastButOne = chunk[at - 2] ?? 0;
    else if (at === 1) this.#lastButOne = this.#last;
    if (at >= 1) this.#last = chunk[at - 1] ?? 0;
    this.#offset += at;
  }

  /** Reads lines of a header; returns where it stopped, or the complement of where more must be seen. */
  #readHeader(chunk: Uint8Array, start: number, isEnd: boolean): number {
    let from = start;
    let at = start;
    while (at < chunk.length) {
      const stop = this.#lineStart ? this.#headerStop(chunk, at, isEnd) : null;
      if (stop === "more") {
        this.#tallyHeader(chunk, start, at);
        this.#keep(chunk, from, at);
        return ~at;
      }
      if (stop !== null) {
        const isEmptyLine = typeof stop === "number";
        const bodyAt = isEmptyLine ? stop : at;
        this.#tallyHeader(chunk, start, bodyAt);
        this.#endHeader(chunk, from, at, bodyAt, isEmptyLine);
        return isEmptyLine ? stop : this.#delimit(chunk, at, stop);
      }
      const lf = chunk.indexOf(0x0a, at);
      const end = lf === -1 ? chunk.length : lf + 1;
      from = this.#limitLine(chunk, from, at, end, lf !== -1);
      this.#lineStart = lf !== -1;
      at = end;
    }
    this.#tallyHeader(chunk, start, at);
    this.#keep(chunk, from, at);
    return at;
  }

  /** What ends a header at this line: an empty one (where the body begins is returned), or a delimiter. */
  #headerStop(chunk: Uint8Array, at: number, isEnd: boolean): number | Delimiter | "more" | null {
    if (chunk[at] === 0x0a) return at + 1;
    if (chunk[at] !== 0x0d) return this.#delimiterAt(chunk, at, isEnd);
    if (chunk[at + 1] === 0x0a) return at + 2;
    return at + 1 === chunk.length && !isEnd ? "more" : null;
  }

  /** Cuts a line that is too long; returns from where on the chunk is not kept yet. */
  #limitLine(chunk: Uint8Array, from: number, at: number, end: number, isWhole: boolean): number {
    const before = this.#lineLength;
    const length = before + end - at;
    this.#lineLength = isWhole ? 0 : length;
    const { maxHeaderLine } = this.#limits;
    if (length <= maxHeaderLine) return from;
    this.#report("header line too long");
    this.#keep(chunk, from, at + Math.max(0, maxHeaderLine - before));
    if (isWhole) this.#keep(lineEnd, 0, lineEnd.length);
    return end;
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    if (from >= to) return;
    const end = Math.min(to, from + this.#room());
    if (end < to) this.#report("header too large");
    if (end <= from) return;
    this.#kept.add(chunk, from, end);
    this.#allKept += end - from;
  }

  /** How much more may be kept of the header at hand. */
  #room(): number {
    const { maxHeaderOctets, maxAllHeaderOctets } = this.#limits;
    return Math.max(0, Math.min(maxHeaderOctets - this.#kept.length, maxAllHeaderOctets - this.#allKept));
  }

  #tallyHeader(chunk: Uint8Array, start: number, end: number): void {
    const tally = this.#stack.length === 1 ? this.#rootHeaderTally : this.#partHeaderTally;
    tally.add(chunk, start, end);
    this.#work += end - start;
  }

  /** The header at hand, whose last octets are `from` to `to`, as text. */
  #headerText(chunk: Uint8Array, from: number, to: number): string {
    if (this.#kept.length === 0 && to - from <= this.#room()) {
      this.#allKept += to - from;
      return this.#text(chunk.subarray(from, to));
    }
    this.#keep(chunk, from, to);
    return this.#text(this.#kept.octets);
  }

  /** One character for each octet of a header; where all so far were ASCII, the fast way. */
  #text(header: Uint8Array): string {
    const combined = this.#rootHeaderTally.combined | this.#partHeaderTally.combined;
    return combined > 0x7f ? fromLatin1(header) : fromUtf8(header);
  }

  /** Reads the header, now that it is whole, and gets ready for the body. */
  #endHeader(chunk: Uint8Array, from: number, to: number, bodyAt: number, mayNest: boolean): void {
    const part = this.#top();
    const report = (problem: string) => this.#report(problem);
    const text = this.#headerText(chunk, from, to);
    this.#work += text.length;
    const fields = new FieldIndex(text, part.isMessage ? messageFields : partFields);
    part.header = readEntityHeader(fields, part.inDigest, report);
    part.bodyStart = this.#offset + bodyAt;
    part.linesBefore = this.#lines();
    if (part.isMessage) {
      const envelope = readEnvelope(fields, this.#addresses, report);
      part.envelope = printEnvelope(envelope);
      if (this.#stack.length === 1) this.#summary = summarize(fields, envelope, report);
    }
    this.#inHeader = false;
    this.#lineStart = true;
    this.#beginBody(part, part.header, mayNest);
  }

  #beginBody(part: OpenPart, header: EntityHeader, mayNest: boolean): void {
    const isTooDeep = this.#stack.length >= this.#limits.maxDepth;
    if (header.boundary !== null && !isTooDeep) {
      part.kind = "multipart";
      if (!identityEncodings.has(header.encoding)) this.#report("encoded multipart");
      part.shadowed = this.#boundaries.get(header.boundary) ?? null;
      this.#boundaries.set(header.boundary, part);
      return;
    }
    if (header.boundary !== null) {
      this.#report("parts nested too deep");
      part.header = { ...header, ...octetStream, parameters: [], boundary: null };
    } else if (isMessageType(header) && this.#mayLookInto(header, isTooDeep, mayNest)) {
      part.kind = "message";
      this.#open(part.bodyStart, true, false);
      return;
    }
    part.beginLeaf(part.header ?? header, this.#plainPreview === "");
  }

  #mayLookInto(header: EntityHeader, isTooDeep: boolean, mayNest: boolean): boolean {
    if (!identityEncodings.has(header.encoding)) this.#report("encoded message");
    else if (isTooDeep) this.#report("parts nested too deep");
    else if (this.#parts >= this.#limits.maxParts) this.#report("too many parts");
    else return mayNest;
    return false;
  }

  /** Reads content; returns where it stopped, or the complement of where more must be seen. */
  #readContent(chunk: Uint8Array, start: number, isEnd: boolean): number {
    let at = start;
    while (this.#boundaries.size > 0 && !this.#isOpaque && at < chunk.length) {
      const dashes = nextDashes(chunk, at, this.#lineStart);
      this.#take(chunk, at, dashes);
      if (dashes === chunk.length) return dashes;
      this.#lineStart = true;
      const delimiter = this.#delimiterAt(chunk, dashes, isEnd);
      if (delimiter === "more") return ~dashes;
      if (delimiter !== null) return this.#delimit(chunk, dashes, delimiter);
      at = dashes + 1;
      this.#take(chunk, dashes, at);
    }
    this.#take(chunk, at, chunk.length);
    return chunk.length;
  }

  /** Octets of a leaf, or of a multipart's preamble or epilogue. */
  #take(chunk: Uint8Array, start: number, end: number): void {
    if (start >= end) return;
    const part = this.#top();
    if (part.kind === "leaf") part.take(chunk, start, end, this.#bodyTally);
    else this.#bodyTally.add(chunk, start, end);
    this.#lineStart = chunk[end - 1] === 0x0a;
    this.#work += end - start;
  }

  /** The delimiter that begins at a line's first octet; null if that is none. RFC 2046 5.1.1 */
  #delimiterAt(chunk: Uint8Array, at: number, isEnd: boolean): Delimiter | "more" | null {
    if (chunk[at] !== 0x2d || this.#boundaries.size === 0 || this.#isOpaque) return null;
    if (at + 1 < chunk.length && chunk[at + 1] !== 0x2d) return null;
    const lf = chunk.indexOf(0x0a, at);
    let last = lf === -1 ? chunk.length : lf;
    this.#work += last - at;
    if (last - at > maxDelimiterLine) return null;
    if (lf === -1 && !isEnd) return "more";
    while (last > at + 2 && isPadding(chunk[last - 1])) last--;
    const text = fromLatin1(chunk, at + 2, last);
    const end = lf === -1 ? chunk.length : lf + 1;
    const part = this.#boundaries.get(text);
    if (part !== undefined) return this.#mayOpen() ? { part, closes: false, end } : null;
    const closed = text.endsWith("--") ? this.#boundaries.get(text.slice(0, -2)) : undefined;
    return closed === undefined ? null : { part: closed, closes: true, end };
  }

  /** Beyond the limit of parts, what looks like another is content of the last. */
  #mayOpen(): boolean {
    if (this.#parts < this.#limits.maxParts) return true;
    this.#isOpaque = true;
    this.#report("too many parts");
    return false;
  }

  /** Ends what a delimiter ends, and begins what it begins; returns where to go on. */
  #delimit(chunk: Uint8Array, at: number, { part, closes, end }: Delimiter): number {
    const lineEndOctets = this.#lineEndBefore(chunk, at);
    while (this.#top() !== part) this.#close(this.#offset + at, lineEndOctets);
    this.#bodyTally.add(chunk, at, end);
    this.#lineStart = true;
    if (closes) this.#forget(part);
    else this.#open(this.#offset + end, false, part.header?.subtype === "digest");
    return end;
  }

  #open(headerStart: number, isMessage: boolean, inDigest: boolean): void {
    this.#stack.push(new OpenPart(headerStart, isMessage, inDigest));
    this.#parts++;
    this.#inHeader = true;
    this.#lineStart = true;
    this.#kept.clear();
    this.#lineLength = 0;
  }

  /** Ends the innermost part at `end`; the octets of the line end in front of it belong to the delimiter. */
  #close(end: number, lineEndOctets: number): void {
    const part = this.#top();
    const { header } = part;
    if (header === null) throw new TypeError("a part ends before its header");
    if (this.#forget(part)) this.#report("multipart without its last delimiter");
    // An empty line that ends the header of what is inside is that header's, not the delimiter's.
    const inside = part.children.at(-1)?.bodyEnd ?? part.bodyStart;
    const bodyEnd = Math.max(inside, end - lineEndOctets);
    const lines = this.#lines() - part.linesBefore - (bodyEnd < end ? 1 : 0);
    const closed = part.close(header, bodyEnd, lines, lineEndOctets > 0);
    this.#notePreview(part, header);
    this.#stack.pop();
    const parent = this.#stack.at(-1);
    if (parent === undefined) {
      this.#root = closed;
      this.#rootEnvelope = part.envelope;
    } else parent.adopt(closed, part.envelope);
  }

  #notePreview(part: OpenPart, header: EntityHeader): void {
    const preview = part.preview(header) ?? "";
    if (header.subtype === "html") this.#htmlPreview ||= preview;
    else this.#plainPreview ||= preview;
  }

  /** No more delimiters of this part, and again those of one outside with the same boundary. */
  #forget(part: OpenPart): boolean {
    const boundary = part.header?.boundary ?? null;
    if (boundary === null || this.#boundaries.get(boundary) !== part) return false;
    if (part.shadowed === null) this.#boundaries.delete(boundary);
    else this.#boundaries.set(boundary, part.shadowed);
    return true;
  }

  /** Lines of the message's body so far. */
  #lines(): number {
    return this.#bodyTally.lines + this.#partHeaderTally.lines;
  }

  #top(): OpenPart {
    const part = this.#stack.at(-1);
    if (part === undefined) throw new TypeError("no part is open");
    return part;
  }

  /** Octets of the line end in front of `at`: 2 for CRLF, 1 for LF, 0 for none. */
  #lineEndBefore(chunk: Uint8Array, at: number): number {
    const last = at >= 1 ? chunk[at - 1] : this.#last;
    if (last !== 0x0a) return 0;
    const lastButOne = at >= 2 ? chunk[at - 2] : at === 1 ? this.#last : this.#lastButOne;
    return lastButOne === 0x0d ? 2 : 1;
  }
}

/** One octet for each character; nearly always all are ASCII, and then the platform's encoder is the fastest. */
function octets(text: string): Bytes {
  const bytes = briefUtf8(text);
  return bytes.length === text.length ? bytes : latin1(text);
}

/** Space, tab, and the CR of the line end. RFC 2046 5.1.1, transport-padding */
function isPadding(octet: number | undefined): boolean {
  return octet === 0x20 || octet === 0x09 || octet === 0x0d;
}
