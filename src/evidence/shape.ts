/**
 * Shapes of plain data: one value says what may stand there, how much of it, and how it is read back from somebody
 * who is not trusted.
 *
 * `fit` cuts down what is too long, for those who write; `read` refuses it, for those who read. What `fit` gives is
 * what `read` takes. `pack` leaves out the names of members, which are most of what plain data is made of: an object
 * becomes the list of its members in the order of the shape, and `read` is told that it gets such lists.
 *
 * @module
 */

/** How a value of one type looks. */
export interface Shape<T> {
  /** The same value within the limits: the very same where it is within them. */
  fit(value: T): T;
  /** Without names. */
  pack(value: T): Packed;
  /**
   * @param path For the error.
   * @param form Whether objects have their names, or are as `pack` makes them.
   * @throws {SyntaxError} If it is anything else, or larger.
   */
  read(value: unknown, path: string, form?: "named" | "packed"): T;
}

/** Values whose objects are lists. */
export type Packed = null | boolean | number | string | readonly Packed[];

/** The type of the values of a shape. */
export type Value<S> = S extends Shape<infer T> ? T : never;

/** Text of at most so many UTF-16 code units, without control characters. */
export function text(maxLength: number): Shape<string> {
  return {
    fit: (value) => clean(value.length > maxLength ? value.slice(0, maxLength) : value),
    pack: same,
    read: (value, path) => {
      if (typeof value !== "string" || value.length > maxLength || clean(value) !== value) wrong(path);
      return value;
    },
  };
}

const same = <T>(value: T): T => value;

/** Line ends and other control characters would end what the text is put in. */
function clean(value: string): string {
  if (/^[\x20-\x7e]*$/.test(value)) return value;
  return value.toWellFormed().replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, " ");
}

/** A whole number from 0 to `max`. */
export function count(max = Number.MAX_SAFE_INTEGER): Shape<number> {
  return {
    fit: (value) => Number.isFinite(value) ? Math.min(Math.max(Math.trunc(value), 0), max) : 0,
    pack: same,
    read: (value, path) => {
      if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > max) wrong(path);
      return value;
    },
  };
}

export const flag: Shape<boolean> = {
  fit: same,
  pack: same,
  read: (value, path) => typeof value === "boolean" ? value : wrong(path),
};

/** One of some words. */
export function word<const W extends string>(...words: readonly W[]): Shape<W> {
  return {
    fit: same,
    pack: same,
    read: (value, path) => words.find((one) => one === value) ?? wrong(path),
  };
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return {
    fit: (value) => value === null ? null : shape.fit(value),
    pack: (value) => value === null ? null : shape.pack(value),
    read: (value, path, form) => value === null ? null : shape.read(value, path, form),
  };
}

/** A list, of which the first `maxItems` are kept. */
export function list<T>(shape: Shape<T>, maxItems: number): Shape<readonly T[]> {
  return {
    fit: (values) => {
      if (values.length > maxItems) return values.slice(0, maxItems).map((value) => shape.fit(value));
      let fitted: T[] | null = null;
      for (const [i, value] of values.entries()) {
        const fit = shape.fit(value);
        if (fit !== value) (fitted ??= values.slice())[i] = fit;
      }
      return fitted ?? values;
    },
    pack: (values) => values.map((value) => shape.pack(value)),
    read: (values, path, form) => {
      if (!Array.isArray(values) || values.length > maxItems) wrong(path);
      return values.map((value, i) => shape.read(value, `${path}[${i}]`, form));
    },
  };
}

type Shapes<T> = { readonly [K in keyof T]: Shape<T[K]> };

/** An object of just these members. */
export function object<T extends object>(shapes: Shapes<T>): Shape<Readonly<T>> {
  // Object.keys() says string, where it is known to be the keys of T.
  const keys = Object.keys(shapes) as (keyof T & string)[];
  const build = (each: <K extends keyof T & string>(key: K) => T[K]): T => {
    const built: Partial<T> = {};
    for (const key of keys) built[key] = each(key);
    return built as T; // All keys of T were gone through.
  };
  return {
    fit: (value) => {
      let fitted: T | null = null;
      for (const key of keys) {
        const fit = shapes[key].fit(value[key]);
        if (fit !== value[key]) (fitted ??= { ...value })[key] = fit;
      }
      return fitted ?? value;
    },
    pack: (value) => keys.map((key) => shapes[key].pack(value[key])),
    read: (value, path, form = "named") => {
      if (form === "packed") {
        if (!Array.isArray(value) || value.length !== keys.length) wrong(path);
        const values: readonly unknown[] = value;
        let at = 0;
        return build((key) => shapes[key].read(values[at++], `${path}.${key}`, form));
      }
      if (typeof value !== "object" || value === null || Array.isArray(value)) wrong(path);
      const members: Readonly<Record<string, unknown>> = { ...value };
      const extra = Object.keys(members).find((key) => !Object.hasOwn(shapes, key));
      if (extra !== undefined) wrong(`${path}.${extra}`);
      return build((key) => shapes[key].read(members[key], `${path}.${key}`));
    },
  };
}

function wrong(path: string): never {
  throw new SyntaxError(`not as it must be: ${path}`);
}
