/**
 * A message's parts as bytes: what `emails.parts` holds.
 *
 * A version byte, then each part before its children. A part is: five numbers (header's start after its parent's
 * body start, header's length, body's length, lines, decoded size plus one), the encoding's number, five texts (type,
 * subtype, charset, disposition, file name; each its length plus one and UTF-8, 0 for null), the number of
 * children. Numbers are 7 bits a byte, lowest first, the high bit set on all but the last.
 *
 * @module
 */
import { type Bytes, fromStrictUtf8, utf8 } from "../base/bytes.ts";
import type { Part, TransferEncoding } from "../message/message_index.ts";

const version = 1;

/** Their places are stored: only ever add at the end. */
const encodings: readonly TransferEncoding[] = [
  "7bit",
  "8bit",
  "binary",
  "quoted-printable",
  "base64",
  "unknown",
];

/** Writes the table of a message whose root is `root`. Parts must have been checked: `check_index.ts`. */
export function encodeParts(root: Part): Bytes {
  const out = new Output();
  out.byte(version);
  const open: { part: Part; base: number }[] = [{ part: root, base: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { part, base } = next;
    out.number(part.headerStart - base);
    out.number(part.bodyStart - part.headerStart);
    out.number(part.bodyEnd - part.bodyStart);
    out.number(part.lines);
    out.number(part.decodedSize + 1);
    out.byte(Math.max(0, encodings.indexOf(part.encoding)));
    for (const text of [part.type, part.subtype, part.charset, part.disposition, part.fileName]) {
      out.text(text);
    }
    out.number(part.children.length);
    for (const child of part.children.toReversed()) open.push({ part: child, base: part.bodyStart });
  }
  return out.bytes();
}

interface OpenPart extends Part {
  readonly children: Part[];
}

/** Reads a table. @throws {SyntaxError} If it is not one that {@link encodeParts} wrote. */
export function decodeParts(table: Bytes): Part {
  const input = new Input(table);
  if (input.byte() !== version) throw new SyntaxError("a part table of unknown version");
  const first = part(input, 0);
  const open: { part: OpenPart; left: number }[] = [{ part: first.part, left: first.children }];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    if (top.left === 0) open.pop();
    else {
      top.left--;
      const child = part(input, top.part.bodyStart);
      top.part.children.push(child.part);
      open.push({ part: child.part, left: child.children });
    }
  }
  if (!input.atEnd()) throw new SyntaxError("more than one part table");
  return first.part;
}

function part(input: Input, base: number): { part: OpenPart; children: number } {
  const headerStart = base + input.number();
  const bodyStart = headerStart + input.number();
  const bodyEnd = bodyStart + input.number();
  const lines = input.number();
  const decodedSize = input.number() - 1;
  const encoding = encodings[input.byte()] ?? "unknown";
  const type = input.text() ?? "";
  const subtype = input.text() ?? "";
  const charset = input.text();
  const disposition = input.text();
  const fileName = input.text();
  const children = input.number();
  return {
    part: {
      headerStart,
      bodyStart,
      bodyEnd,
      lines,
      decodedSize,
      type,
      subtype,
      charset,
      encoding,
      disposition,
      fileName,
      children: [],
    },
    children,
  };
}

/** Where tables are written before they are cut off; most fit. */
const scratch: Bytes = new Uint8Array(1024);

class Output {
  #bytes = scratch;
  #length = 0;

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  number(value: number): void {
    this.#room(8);
    while (value > 127) {
      this.#bytes[this.#length++] = value % 128 + 128;
      value = Math.floor(value / 128);
    }
    this.#bytes[this.#length++] = value;
  }

  text(value: string | null): void {
    if (value === null) return this.byte(0);
    // Short words in ASCII, nearly all of them: a byte for the length, and no help needed for the rest.
    const start = this.#length;
    if (value.length < 100) {
      this.#room(1 + value.length);
      this.#bytes[this.#length++] = value.length + 1;
      if (this.#ascii(value)) return;
      this.#length = start;
    }
    const bytes = utf8(value);
    this.number(bytes.length + 1);
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  bytes(): Bytes {
    return this.#bytes.slice(0, this.#length);
  }

  #ascii(value: string): boolean {
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 127) return false;
      this.#bytes[this.#length++] = code;
    }
    return true;
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.#length + more));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

class Input {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new SyntaxError("a part table that ends early");
    return value;
  }

  number(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 53; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
    }
    throw new SyntaxError("a number too large in a part table");
  }

  text(): string | null {
    const length = this.number() - 1;
    if (length < 0) return null;
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    const text = fromStrictUtf8(bytes);
    if (bytes.length !== length || text === null) {
      throw new SyntaxError("a text that ends early in a part table");
    }
    this.#at += length;
    return text;
  }
}
