/**
 * Reading ASN.1 values in DER, as far as certificates need it. ITU-T X.690 8 and 10
 *
 * For what strangers made: each step is bounded by the octets at hand, nothing recurses, and what is not the one
 * spelling that DER allows is refused.
 *
 * @module
 */
import { fromLatin1 } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";

/** One value. */
export interface DerValue {
  /** The identifier octet: class, constructed bit and number. */
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag, length and content. */
  readonly whole: Uint8Array;
}

/** Tags by their names. X.690 8.1.2, X.680 8.4 */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

/** Values that stand one after the other. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next value's tag without taking it; null at the end. */
  peek(): number | null {
    return this.#bytes[this.#at] ?? null;
  }

  /** Takes the next value. @throws {SyntaxError} If there is none, or (where `tag` is given) it is another. */
  take(tag?: number): DerValue {
    const found = this.#bytes[this.#at];
    if (found === undefined) throw new SyntaxError("a value is missing");
    if ((found & 0x1f) === 0x1f) throw new SyntaxError("a tag of several octets");
    if (tag !== undefined && found !== tag) {
      throw new SyntaxError(`a value with the tag ${found} instead of ${tag}`);
    }
    const start = this.#contentStart();
    const { at, length } = start;
    if (length > this.#bytes.length - at) throw new SyntaxError("a value that is cut off");
    const value = {
      tag: found,
      content: this.#bytes.subarray(at, at + length),
      whole: this.#bytes.subarray(this.#at, at + length),
    };
    this.#at = at + length;
    return value;
  }

  /** Takes the next value if it has this tag; else null, and nothing is taken. @throws {SyntaxError} */
  takeIf(tag: number): DerValue | null {
    return this.peek() === tag ? this.take() : null;
  }

  /** Makes sure that nothing is left. @throws {SyntaxError} */
  end(): void {
    if (!this.done) throw new SyntaxError("octets behind a value");
  }

  /** X.690 8.1.3, 10.1: a definite length in the fewest octets. */
  #contentStart(): { at: number; length: number } {
    const first = this.#bytes[this.#at + 1];
    if (first === undefined) throw new SyntaxError("a value without a length");
    if (first < 0x80) return { at: this.#at + 2, length: first };
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw new SyntaxError("a length that no value has");
    let length = 0;
    for (let i = 0; i < count; i++) {
      const octet = this.#bytes[this.#at + 2 + i];
      if (octet === undefined) throw new SyntaxError("a length that is cut off");
      length = length * 256 + octet;
    }
    if (length < 0x80 || length < 256 ** (count - 1)) {
      throw new SyntaxError("a length longer than it must be");
    }
    return { at: this.#at + 2 + count, length };
  }
}

/** The one value that `bytes` are, as a reader of what is inside. @throws {SyntaxError} */
export function inside(bytes: Uint8Array, tag: number = tags.sequence): DerReader {
  const outer = new DerReader(bytes);
  const { content } = outer.take(tag);
  outer.end();
  return new DerReader(content);
}

/** Longest object identifier that is read, in octets. */
export const maxIdentifierOctets = 64;

/** An object identifier in dotted form. X.690 8.19 @throws {SyntaxError} */
export function readIdentifier(content: Uint8Array): string {
  if (content.length === 0 || content.length > maxIdentifierOctets) {
    throw new SyntaxError("an object identifier of wrong length");
  }
  const arcs: number[] = [];
  let arc = 0;
  let open = false;
  for (const octet of content) {
    if (!open && octet === 0x80) throw new SyntaxError("an arc longer than it must be");
    arc = arc * 128 + (octet & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER) throw new SyntaxError("an arc that is too large");
    open = (octet & 0x80) !== 0;
    if (!open) {
      arcs.push(arc);
      arc = 0;
    }
  }
  if (open) throw new SyntaxError("an object identifier that is cut off");
  const [joined = 0, ...rest] = arcs;
  const first = Math.min(Math.floor(joined / 40), 2);
  return [first, joined - first * 40, ...rest].join(".");
}

/** TRUE or FALSE, in DER's spelling. X.690 11.1 @throws {SyntaxError} */
export function readBoolean(content: Uint8Array): boolean {
  const [octet] = content;
  if (content.length !== 1 || (octet !== 0 && octet !== 0xff)) throw new SyntaxError("not a boolean");
  return octet !== 0;
}

/** A number from 0 to 2^31 - 1. X.690 8.3 @throws {SyntaxError} */
export function readSmallInteger(content: Uint8Array): number {
  const [first = 0x80, second = 0] = content;
  const isLong = content.length > 1 && first === 0 && second < 0x80;
  if (content.length === 0 || content.length > 4 || first >= 0x80 || isLong) {
    throw new SyntaxError("not a small number");
  }
  return content.reduce((sum, octet) => sum * 256 + octet, 0);
}

/** UTCTime or GeneralizedTime in the one form that certificates have. RFC 5280 4.1.2.5 @throws {SyntaxError} */
export function readTime({ tag, content }: DerValue): Millis {
  const text = fromLatin1(content);
  const match = tag === tags.utcTime
    ? /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text)
    : tag === tags.generalizedTime
    ? /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text)
    : null;
  if (match === null) throw new SyntaxError("not a time");
  const [, digits = "", month, day, hour, minute, second] = match;
  // RFC 5280 4.1.2.5.1: 50 to 99 were the last century.
  const year = digits.length === 4 ? digits : `${Number(digits) >= 50 ? "19" : "20"}${digits}`;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const at = Date.parse(iso);
  // Date.parse takes the 30th of February for the 1st of March.
  if (Number.isNaN(at) || new Date(at).toISOString() !== iso) throw new SyntaxError("a time that never is");
  return at;
}
