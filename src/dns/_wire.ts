/**
 * Reading and writing numbers, octets and names of the DNS from left to right.
 *
 * Tested by `rdata_test.ts` and `message_test.ts`.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import { nameFromWire, nameToWire, type WireForm } from "./name.ts";
import type { Name } from "./record.ts";

/** Stands somewhere in octets. Everything throws SyntaxError where they end too early. */
export class WireReader {
  readonly bytes: Uint8Array;
  /** Index of the next octet. */
  at: number;
  /** Index after the last octet that belongs to this; a name's pointers may lead before `at`, never behind it. */
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  u8(): number {
    const at = this.#move(1);
    return this.bytes[at] ?? 0;
  }

  u16(): number {
    const at = this.#move(2);
    return ((this.bytes[at] ?? 0) << 8) | (this.bytes[at + 1] ?? 0);
  }

  u32(): number {
    const high = this.u16();
    return high * 0x10000 + this.u16();
  }

  /** Octets in memory of their own. */
  octets(count: number): Bytes {
    const at = this.#move(count);
    return new Uint8Array(this.bytes.subarray(at, at + count));
  }

  /** All that is left. */
  rest(): Bytes {
    return this.octets(this.left);
  }

  /** A character string: one octet of length, then that many. RFC 1035 3.3 */
  string(): Bytes {
    return this.octets(this.u8());
  }

  name(form: WireForm = {}): Name {
    const { name, end } = nameFromWire(this.bytes, this.at, form);
    this.#move(end - this.at);
    return name;
  }

  /** Makes sure that nothing is left. */
  finish(): void {
    if (this.at !== this.end) throw new SyntaxError(`${this.left} octets too many`);
  }

  #move(count: number): number {
    const at = this.at;
    if (at + count > this.end) throw new SyntaxError("data that are cut off");
    this.at = at + count;
    return at;
  }
}

/** Puts octets together. */
export class WireWriter {
  #bytes = new Uint8Array(128);
  length = 0;

  u8(value: number): this {
    checked(value, 0xff);
    this.#room(1);
    this.#bytes[this.length++] = value;
    return this;
  }

  u16(value: number): this {
    checked(value, 0xffff);
    return this.u8(value >> 8).u8(value & 0xff);
  }

  u32(value: number): this {
    checked(value, 0xffffffff);
    return this.u16(value >>> 16).u16(value & 0xffff);
  }

  octets(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  string(bytes: Uint8Array): this {
    if (bytes.length > 255) throw new SyntaxError("a character string over 255 octets");
    return this.u8(bytes.length).octets(bytes);
  }

  name(name: Name): this {
    return this.octets(nameToWire(name));
  }

  bytes(): Bytes {
    return this.#bytes.slice(0, this.length);
  }

  #room(more: number): void {
    const needed = this.length + more;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

function checked(value: number, most: number): number {
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw new SyntaxError(`${value} is no number up to ${most}`);
  }
  return value;
}
