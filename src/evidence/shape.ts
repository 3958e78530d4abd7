/**
 * Shapes of plain data: one value says what may stand there, how much of it, and how it is read back from somebody
 * who is not trusted.
 *
 * `fit` cuts down what is too long, for those who write; `read` refuses it, for those who read. What `fit` gives is
 * what `read` takes.
 *
 * @module
 */

/** How a value of one type looks. */
export interface Shape<T> {
  /** The same value within the limits. */
  fit(value: T): T;
  /** @throws {SyntaxError} If it is anything else, or larger. @param path For the error. */
  read(value: unknown, path: string): T;
}

/** The type of the values of a shape. */
export type Value<S> = S extends Shape<infer T> ? T : never;

/** Text of at most so many UTF-16 code units, without control characters. */
export function text(maxLength: number): Shape<string> {
  return {
    fit: (value) => clean(value.length > maxLength ? value.slice(0, maxLength) : value),
    read: (value, path) => {
      if (typeof value !== "string" || value.length > maxLength || clean(value) !== value) wrong(path);
      return value;
    },
  };
}

/** Line ends and other control characters would end what the text is put in. */
function clean(value: string): string {
  return value.toWellFormed().replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, " ");
}

/** A whole number from 0 to `max`. */
export function count(max = Number.MAX_SAFE_INTEGER): Shape<number> {
  return {
    fit: (value) => Number.isFinite(value) ? Math.min(Math.max(Math.trunc(value), 0), max) : 0,
    read: (value, path) => {
      if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > max) wrong(path);
      return value;
    },
  };
}

export const flag: Shape<boolean> = {
  fit: (value) => value,
  read: (value, path) => typeof value === "boolean" ? value : wrong(path),
};

/** One of some words. */
export function word<const W extends string>(...words: readonly W[]): Shape<W> {
  return {
    fit: (value) => value,
    read: (value, path) => words.find((one) => one === value) ?? wrong(path),
  };
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return {
    fit: (value) => value === null ? null : shape.fit(value),
    read: (value, path) => value === null ? null : shape.read(value, path),
  };
}

/** A list, of which the first `maxItems` are kept. */
export function list<T>(shape: Shape<T>, maxItems: number): Shape<readonly T[]> {
  return {
    fit: (values) => values.slice(0, maxItems).map((value) => shape.fit(value)),
    read: (values, path) => {
      if (!Array.isArray(values) || values.length > maxItems) wrong(path);
      return values.map((value, i) => shape.read(value, `${path}[${i}]`));
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
    fit: (value) => build((key) => shapes[key].fit(value[key])),
    read: (value, path) => {
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
