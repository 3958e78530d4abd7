/**
 * Reads one answer over HTTP/1.1 to a GET, from octets cut anywhere. RFC 9112, RFC 9110
 *
 * For the little that the server itself fetches from strangers. More than the grammar is read where nothing is lost by it
 * (a line may end with a bare LF, RFC 9112 2.2); what two readers could take for different things is refused. An answer
 * that only the connection's end delimits is whole where the peer ended TLS itself: anybody on the way can cut a
 * connection, and half an answer must not pass for a whole one (RFC 9112 9.8).
 *
 * @module
 */
import { type Bytes, concat, fromLatin1, KiB, noBytes } from "../base/bytes.ts";
import { asciiLower } from "../base/scanner.ts";

/** The part before the body. */
export interface ResponseHead {
  /** 200 to 599. */
  readonly status: number;
  /** Names in lower case, values without spaces around them, in their order; one character for each octet. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Octets of a head, and of all that is not body: interim answers, sizes of chunks, trailers. */
export const maxHeadOctets = 16 * KiB;
export const maxFramingOctets = 256 * KiB;
/** Fields of a head. */
export const maxFields = 100;
/** Answers with 1xx before the one that counts. */
export const maxInterim = 10;
/** Octets of the line with a chunk's size; extensions of it mean nothing. */
export const maxChunkLine = 1 * KiB;

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const statusLine = /^HTTP\/1\.([0-9]) ([1-5][0-9][0-9])(?: .*)?$/;
// deno-lint-ignore no-control-regex -- They are what is refused: CR, NUL and the others mean different things to different readers.
const controls = /[\x00-\x08\x0a-\x1f\x7f]/;

type Part = "status" | "fields" | "size" | "chunk" | "chunkEnd" | "trailers" | "body" | "toTheEnd" | "done";

/** Reads an answer; after a {@link SyntaxError} it is of no use. */
export class ResponseReader {
  readonly #maxBody: number;
  #part: Part = "status";
  /** A line that has not ended. */
  #line: Bytes = noBytes;
  #headOctets = 0;
  #framingOctets = 0;
  #interim = 0;
  #minor = 1;
  #status = 0;
  #fields: [name: string, value: string][] = [];
  #head: ResponseHead | null = null;
  /** Octets that the chunk, or the body, still has; `Infinity` where nobody has said. */
  #left = 0;
  readonly #body: Bytes[] = [];
  #bodyOctets = 0;

  /** @param maxBody Octets of the body that are wanted: with these it is done, whatever may follow. */
  constructor(maxBody: number) {
    this.#maxBody = maxBody;
  }

  /** Null until it was read. */
  get head(): ResponseHead | null {
    return this.#head;
  }

  /** Whether nothing more is wanted; if it is not after {@link end}, the answer is not whole. */
  get done(): boolean {
    return this.#part === "done";
  }

  /** What came of the body. */
  get body(): Bytes {
    return concat(this.#body);
  }

  /** @throws {SyntaxError} If it is no answer, or one that is not read. */
  push(bytes: Bytes): void {
    let at = 0;
    while (at < bytes.length && this.#part !== "done") {
      if (this.#part === "chunk" || this.#part === "body" || this.#part === "toTheEnd") {
        at += this.#take(bytes.subarray(at, at + this.#left));
        continue;
      }
      const end = bytes.indexOf(0x0a, at);
      const upTo = end === -1 ? bytes.length : end + 1;
      this.#count(upTo - at);
      const piece = bytes.slice(at, upTo);
      this.#line = this.#line.length === 0 ? piece : concat([this.#line, piece]);
      at = upTo;
      if (end === -1) return;
      const line = fromLatin1(this.#line).replace(/\r?\n$/, "");
      this.#line = noBytes;
      this.#readLine(line);
    }
  }

  /** The connection has ended. @param inOrder Whether the peer itself ended it. */
  end(inOrder: boolean): void {
    if (inOrder && this.#part === "toTheEnd") this.#part = "done";
  }

  #count(octets: number): void {
    this.#framingOctets += octets;
    if (this.#framingOctets > maxFramingOctets) throw new SyntaxError("too much around the body");
    if (this.#part === "size" || this.#part === "chunkEnd") {
      if (this.#line.length + octets > maxChunkLine) throw new SyntaxError("the size of a chunk is too long");
      return;
    }
    this.#headOctets += octets;
    if (this.#headOctets > maxHeadOctets) {
      throw new SyntaxError(`the head has more than ${maxHeadOctets} octets`);
    }
  }

  #readLine(line: string): void {
    if (controls.test(line)) throw new SyntaxError("a line with control characters");
    switch (this.#part) {
      case "status":
        return this.#readStatus(line);
      case "fields":
        return line === "" ? this.#headEnds() : this.#readField(line);
      case "size":
        return this.#readSize(line);
      case "chunkEnd":
        if (line !== "") throw new SyntaxError("a chunk that does not end where it should");
        this.#part = "size";
        return;
      case "trailers":
        if (line === "") this.#part = "done"; // What stands there is of no use here.
        return;
      case "chunk":
      case "body":
      case "toTheEnd":
      case "done":
    }
  }

  /** RFC 9112 4 */
  #readStatus(line: string): void {
    const match = statusLine.exec(line);
    if (match === null) throw new SyntaxError("it does not begin as HTTP/1.1 does");
    this.#minor = Number(match[1]);
    this.#status = Number(match[2]);
    this.#fields = [];
    this.#part = "fields";
  }

  /** RFC 9112 5 */
  #readField(line: string): void {
    if (/^[ \t]/.test(line)) { // RFC 9112 5.2
      const last = this.#fields.at(-1);
      if (last === undefined) throw new SyntaxError("a head that begins with a space");
      last[1] = `${last[1]} ${trimmed(line)}`;
      return;
    }
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0));
    if (!token.test(name)) throw new SyntaxError("a line of the head that is no field");
    if (this.#fields.length >= maxFields) throw new SyntaxError(`more than ${maxFields} fields`);
    this.#fields.push([asciiLower(name), trimmed(line.slice(colon + 1))]);
  }

  #headEnds(): void {
    if (this.#status < 200) { // RFC 9110 15.2
      if (this.#status === 101) throw new SyntaxError("it switches to a protocol that nobody asked for");
      if (++this.#interim > maxInterim) throw new SyntaxError(`more than ${maxInterim} interim answers`);
      this.#headOctets = 0;
      this.#part = "status";
      return;
    }
    this.#head = { status: this.#status, fields: this.#fields };
    if (this.#status === 204 || this.#status === 304) this.#part = "done"; // RFC 9112 6.3, item 1
    else this.#frame();
  }

  /** How the body is delimited. RFC 9112 6.3 */
  #frame(): void {
    const has = (name: string) => this.#fields.some(([one]) => one === name);
    const codings = this.#values("transfer-encoding");
    const lengths = this.#values("content-length");
    if (has("transfer-encoding")) {
      const isChunked = codings.length === 1 && asciiLower(codings[0] ?? "") === "chunked";
      // RFC 9112 6.1: of an older server, or beside a length, it is not to be trusted.
      if (!isChunked || has("content-length") || this.#minor === 0) {
        throw new SyntaxError("nobody can say where the body ends");
      }
      this.#part = "size";
      return;
    }
    if (!has("content-length")) return this.#begin("toTheEnd", Infinity, "done"); // Item 8.
    const [length = "", ...others] = lengths;
    const isNumber = /^[0-9]{1,15}$/.test(length);
    if (!isNumber || others.some((one) => one !== length)) {
      throw new SyntaxError("the length of the body is no number");
    }
    this.#begin("body", Number(length), "done");
  }

  /** RFC 9112 7.1 */
  #readSize(line: string): void {
    const match = /^([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?$/.exec(line);
    if (match === null) throw new SyntaxError("the size of a chunk is no number");
    this.#begin("chunk", parseInt(match[1] ?? "", 16), "trailers");
  }

  #begin(part: "body" | "chunk" | "toTheEnd", octets: number, ifEmpty: Part): void {
    this.#left = octets;
    this.#part = octets === 0 ? ifEmpty : part;
  }

  /** @returns How many of them. */
  #take(bytes: Bytes): number {
    const wanted = bytes.subarray(0, this.#maxBody - this.#bodyOctets);
    if (wanted.length > 0) this.#body.push(wanted.slice());
    this.#bodyOctets += wanted.length;
    this.#left -= bytes.length;
    if (this.#bodyOctets >= this.#maxBody) this.#part = "done";
    else if (this.#left === 0) this.#part = this.#part === "chunk" ? "chunkEnd" : "done";
    return bytes.length;
  }

  /** The members of a list, over all fields of a name. RFC 9110 5.6.1 */
  #values(name: string): string[] {
    return this.#fields.filter(([one]) => one === name).flatMap(([, value]) => value.split(",")).map(trimmed)
      .filter((value) => value !== "");
  }
}

/** The value of a field; null if there is none, or several that differ. @param name In lower case. */
export function fieldValue({ fields }: ResponseHead, name: string): string | null {
  const values = new Set(fields.filter(([one]) => one === name).map(([, value]) => value));
  return values.size === 1 ? [...values][0] ?? null : null;
}

function trimmed(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}
