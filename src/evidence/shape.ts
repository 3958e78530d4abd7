/**
 * Shapes of plain data: one value says what may stand there, how much of it, and how it is read back from somebody
 * who is not trusted.
 *
 * `pack` is for those who write: it cuts down what is too long, and leaves out the names of members, which are most of
 * what plain data is made of. An object becomes the list of its members in the order of the shape. `read` is for those who
 * read: it refuses what is too long, takes what `pack` gives, and is told whether objects have their names.
 *
 * @module
 */

/** How a value of one type looks. */
export interface Shape<T> {
  /** The same value within the limits, without names. */
  pack(value: T): Packed;
  /**
   * @param form Whether objects have their names, or are as `pack` makes them.
   * @throws {SyntaxError} If it is anything else, or larger; it says where.
   */
  read(value: unknown, form: Form): T;
}

/** How objects are written. */
export type Form = "named" | "packed";

/** Values whose objects are lists. */
export type Packed = null | boolean | number | string | readonly Packed[];

/** The type of the values of a shape. */
export type Value<S> = S extends Shape<infer T> ? T : never;

/** Text of at most so many UTF-16 code units, without control characters. */
export function text(maxLength: number): Shape<string> {
  return {
    pack: (value) => clean(value.length > maxLength ? value.slice(0, maxLength) : value),
    read: (value) =>
      typeof value === "string" && value.length <= maxLength && clean(value) === value ? value : wrong(),
  };
}

/** Line ends and other control characters would end what the text is put in. */
function clean(value: string): string {
  if (/^[\x20-\x7e]*$/.test(value)) return value;
  return value.toWellFormed().replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, " ");
}

/** A whole number from 0 to `max`. */
export function count(max = Number.MAX_SAFE_INTEGER): Shape<number> {
  return {
    pack: (value) => Number.isFinite(value) ? Math.min(Math.max(Math.trunc(value), 0), max) : 0,
    read: (value) =>
      typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max ? value : wrong(),
  };
}

export const flag: Shape<boolean> = {
  pack: (value) => value,
  read: (value) => typeof value === "boolean" ? value : wrong(),
};

/** One of some words. */
export function word<const W extends string>(...words: readonly W[]): Shape<W> {
  return {
    pack: (value) => value,
    read: (value) => words.find((one) => one === value) ?? wrong(),
  };
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return {
    pack: (value) => value === null ? null : shape.pack(value),
    read: (value, form) => value === null ? null : shape.read(value, form),
  };
}

/** A list, of which the first `maxItems` are kept. */
export function list<T>(shape: Shape<T>, maxItems: number): Shape<readonly T[]> {
  return {
    pack: (values) => values.slice(0, maxItems).map((value) => shape.pack(value)),
    read: (values, form) => {
      if (!Array.isArray(values) || values.length > maxItems) wrong();
      return values.map((value, i) => readAt(shape, value, form, i));
    },
  };
}

type Shapes<T> = { readonly [K in keyof T]: Shape<T[K]> };

/** An object of just these members. */
export function object<T extends object>(shapes: Shapes<T>): Shape<Readonly<T>> {
  // Object.keys() says string, where it is known to be the keys of T.
  const keys = Object.keys(shapes) as (keyof T & string)[];
  return {
    pack: (value) => keys.map((key) => shapes[key].pack(value[key])),
    read: (value, form) => {
      const members = form === "packed" ? packedMembers(value, keys.length) : namedMembers(value, keys);
      const built: Partial<T> = {};
      for (const [i, key] of keys.entries()) built[key] = readAt(shapes[key], members[i], form, key);
      return built as T; // All keys of T were gone through.
    },
  };
}

function packedMembers(value: unknown, count: number): readonly unknown[] {
  return Array.isArray(value) && value.length === count ? value : wrong();
}

function namedMembers(value: unknown, keys: readonly string[]): readonly unknown[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) wrong();
  const members = new Map<string, unknown>(Object.entries(value));
  const extra = members.keys().find((key) => !keys.includes(key));
  if (extra !== undefined) wrong(`.${extra}`);
  return keys.map((key) => members.get(key));
}

/** A value that is not of its shape: the path is put together on its way out, which nobody pays for where all is well. */
class Misfit extends SyntaxError {
  readonly path: string;

  constructor(path: string) {
    super(`not as it must be: ${path}`);
    this.path = path;
  }
}

function readAt<T>(shape: Shape<T>, value: unknown, form: Form, where: string | number): T {
  try {
    return shape.read(value, form);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    throw new Misfit(`${typeof where === "number" ? `[${where}]` : `.${where}`}${error.path}`);
  }
}

function wrong(path = ""): never {
  throw new Misfit(path);
}
