/**
 * Plain data: what may cross an RPC connection, whichever carrier it has. See `service.ts`.
 *
 * Tested by `src/rpc/codec_test.ts` and `src/rpc/testing/carrier_conformance.ts`, which both carriers pass.
 *
 * @module
 */
import { type Bytes, KiB } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";

/** Anything that can cross. (Interfaces have no index signature, so the compiler cannot check more.) */
export type Plain = unknown;

/** A typed array, of a kind that can cross. */
export type Column =
  | Uint8Array
  | Int8Array
  | Uint8ClampedArray
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** How a column of some kind is made of memory. */
export type ColumnConstructor = {
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): Column;
  readonly BYTES_PER_ELEMENT: number;
};

/** The kinds, at the place that is their number on the wire. Only ever added to. */
export const columnKinds: readonly ColumnConstructor[] = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];

const kindNumbers = new Map(columnKinds.map((kind, number) => [kind.name, number]));

/** The number of a typed array's kind. A subclass (Node's `Buffer`) counts as what it extends. */
export function kindOf(column: ArrayBufferView): number {
  const tag = (column as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  const kind = tag === undefined ? undefined : kindNumbers.get(tag);
  if (kind === undefined) throw notPlain(`a ${tag ?? "view"}`);
  return kind;
}

/** Whether an object is a bare one, of `{}` or of a null prototype (as rows of the database are). */
export function isBare(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** Octets of an array from which on moving it is cheaper than copying. */
export const worthMoving = 64 * KiB;

const given = new WeakSet<ArrayBufferView>();

/**
 * Says that nobody uses these bytes any more once they are sent: a carrier then moves them instead of making a copy.
 * Good for one message; without effect on few bytes, or where they are not all of their memory.
 */
export function giveAway(bytes: Bytes): Bytes {
  if (bytes.length >= worthMoving && bytes.length === bytes.buffer.byteLength) given.add(bytes);
  return bytes;
}

/** Whether an array may be moved: true once for what was given away. */
export function takeGiven(column: ArrayBufferView): column is Bytes {
  return column.byteLength >= worthMoving && given.delete(column);
}

/** What is thrown for a value that cannot cross: a mistake of whoever wrote the call. */
export function notPlain(what: string): TypeError {
  return new TypeError(`only plain data can be sent, not ${what}`);
}

/** What is thrown for a message over a named limit. */
export function tooLarge(what: string, limit: number): Refused {
  return new Refused("tooLarge", `an RPC message has more than ${limit} ${what}`);
}

/** A member's name that would change what the object is. */
export const forbiddenKey = "__proto__";
