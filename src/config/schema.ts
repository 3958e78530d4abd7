/**
 * A schema for configuration files: from one value come the types, the checks with all faults reported
 * together, and the commented example file.
 *
 * ```ts
 * const listener = table({
 *   port: integer({ doc: "TCP port.", min: 1, max: 65535, default: 25 }),
 * });
 * type Listener = Value<typeof listener>;
 * ```
 *
 * @module
 */

/** One fault of a file: where, what stands there, and what to do. */
export interface Problem {
  /** As `listeners.local.smtp.port`. */
  readonly path: string;
  /** What is wrong, with the value and the remedy. */
  readonly message: string;
}

/** How one value is read, checked and shown. */
export interface Field<T> {
  readonly doc: string;
  /** What stands in for a missing value; `undefined` if the value must be given. */
  readonly missing: (() => T) | undefined;
  /** Reads a value of the file; adds faults to `problems` and then returns undefined. */
  read(value: unknown, path: string, problems: Problem[]): T | undefined;
  /** Lines of the commented example. */
  example(name: string, path: string): string[];
}

/** The type that a field reads. */
export type Value<F> = F extends Field<infer T> ? T : never;

interface Common<T> {
  readonly doc: string;
  readonly default?: T;
}

interface ScalarSettings<T> extends Common<T> {
  /** What kind of value it is, for the example. */
  readonly kind: string;
  readonly show: (value: T) => string;
  readonly parse: (value: unknown) => T | string;
}

/** A field of one value; `parse` gives the value, or (as text) what is wrong with it. Not for text values: see `boxed`. */
function scalar<T>(settings: ScalarSettings<{ readonly it: T }>): Field<T> {
  const fallback = settings.default;
  return {
    doc: settings.doc,
    missing: fallback === undefined ? undefined : () => fallback.it,
    read(value, path, problems) {
      const read = settings.parse(value);
      if (typeof read !== "string") return read.it;
      problems.push({ path, message: `${shown(value)} ${read}` });
      return undefined;
    },
    example(name) {
      const value = fallback === undefined ? `<${settings.kind}>` : settings.show(fallback);
      const note = fallback === undefined ? `${settings.kind}, required` : `${settings.kind}, default`;
      return [...comment(settings.doc), `# ${tomlKey(name)} = ${value}  (${note})`];
    },
  };
}

/** A value as it stands in the file, short enough for a message. */
function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function comment(doc: string): string[] {
  return doc.split("\n").map((line) => `# ${line}`);
}

/** A key as TOML wants it: bare if it can be. */
export function tomlKey(name: string): string {
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name);
}

const boxed = <T>(value: T | undefined) => value === undefined ? {} : { default: { it: value } };

/** Text; `check` returns what is wrong with it (and the remedy), or null. */
export function text(
  settings: Common<string> & { readonly kind?: string; readonly check?: (value: string) => string | null },
): Field<string> {
  return scalar({
    doc: settings.doc,
    ...boxed(settings.default),
    kind: settings.kind ?? "text",
    show: (value) => JSON.stringify(value.it),
    parse: (value) => {
      if (typeof value !== "string") return "is not text: put it in quotes";
      return settings.check?.(value) ?? { it: value };
    },
  });
}

/** Text that is never shown, neither in a fault nor in an example. */
export function secret(
  settings: Common<string> & { readonly check?: (value: string) => string | null },
): Field<string> {
  const field = text({ ...settings, kind: "secret" });
  return {
    ...field,
    read(value, path, problems) {
      const found: Problem[] = [];
      const read = field.read(value, path, found);
      const hidden = `${shown(value)} `;
      problems.push(
        ...found.map(({ message }) => ({ path, message: message.replace(hidden, "the value ") })),
      );
      return read;
    },
  };
}

export function flag(settings: Common<boolean>): Field<boolean> {
  return scalar({
    doc: settings.doc,
    ...boxed(settings.default),
    kind: "true or false",
    show: (value) => String(value.it),
    parse: (value) =>
      typeof value === "boolean" ? { it: value } : "is neither true nor false (without quotes)",
  });
}

export function integer(
  settings: Common<number> & { readonly min: number; readonly max: number },
): Field<number> {
  const { min, max } = settings;
  return scalar({
    doc: settings.doc,
    ...boxed(settings.default),
    kind: `whole number from ${min} to ${max}`,
    show: (value) => String(value.it),
    parse: (value) => {
      if (typeof value !== "number" || !Number.isInteger(value)) return "is not a whole number";
      if (value < min || value > max) return `is out of range: use ${min} to ${max}`;
      return { it: value };
    },
  });
}

const byteUnits: readonly [unit: string, factor: number][] = [
  ["GB", 2 ** 30],
  ["MB", 2 ** 20],
  ["KB", 2 ** 10],
  ["B", 1],
];

/** The least and the most that a value may be. */
interface Range {
  readonly min?: number;
  readonly max?: number;
}

/** What is wrong with a value that is outside of its range, or null. */
function rangeFault(value: number, { min = 0, max = Infinity }: Range, print: (value: number) => string) {
  if (value < min) return `is too little: use at least "${print(min)}"`;
  return value > max ? `is too much: use at most "${print(max)}"` : null;
}

/** A number of octets: a whole number, or text as `100MB` (of 1024 KB). */
export function bytes(settings: Common<number> & Range): Field<number> {
  return scalar({
    doc: settings.doc,
    ...boxed(settings.default),
    kind: "size, as 100MB",
    show: (value) => JSON.stringify(printBytes(value.it)),
    parse: (value) => {
      const isCount = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
      const match = typeof value === "string" ? /^(\d{1,12}) ?(GB|MB|KB|B)$/.exec(value) : null;
      const factor = byteUnits.find(([unit]) => unit === match?.[2])?.[1];
      if (!isCount && factor === undefined) {
        return 'is no size: write a number of bytes, or a text as "100MB"';
      }
      const read = isCount ? value : Number(match?.[1]) * (factor ?? 1);
      return rangeFault(read, settings, printBytes) ?? { it: read };
    },
  });
}

function printBytes(value: number): string {
  for (const [unit, factor] of byteUnits) {
    if (value % factor === 0 && value >= factor) return `${value / factor}${unit}`;
  }
  return `${value}B`;
}

const durationUnits: readonly [unit: string, ms: number][] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

/** A time span in milliseconds, written as `30s`, `5m`, `24h`, `250ms`. */
export function duration(settings: Common<number> & Range): Field<number> {
  return scalar({
    doc: settings.doc,
    ...boxed(settings.default),
    kind: "time span, as 30s",
    show: (value) => JSON.stringify(printDuration(value.it)),
    parse: (value) => {
      const match = typeof value === "string" ? /^(\d{1,9})(ms|s|m|h|d)$/.exec(value) : null;
      const unit = durationUnits.find(([name]) => name === match?.[2])?.[1];
      if (unit === undefined) return 'is no time span: write it as "30s", "5m", "24h" or "250ms"';
      const read = Number(match?.[1]) * unit;
      return rangeFault(read, settings, printDuration) ?? { it: read };
    },
  });
}

function printDuration(ms: number): string {
  for (const [unit, factor] of durationUnits) {
    if (ms % factor === 0 && ms >= factor) return `${ms / factor}${unit}`;
  }
  return `${ms}ms`;
}

/** One of some words. */
export function choice<const T extends string>(words: readonly T[], settings: Common<T>): Field<T> {
  return scalar({
    doc: settings.doc,
    ...boxed(settings.default),
    kind: words.join(" | "),
    show: (value) => JSON.stringify(value.it),
    parse: (value) => {
      const found = words.find((word) => word === value);
      return found === undefined
        ? `is none of ${words.map((word) => `"${word}"`).join(", ")}`
        : { it: found };
    },
  });
}

/** A list of values of one kind; missing is empty unless `min` asks for some. */
export function list<T>(
  item: Field<T>,
  settings: { readonly doc: string; readonly min?: number; readonly default?: readonly T[] },
): Field<readonly T[]> {
  const fallback = settings.default ?? ((settings.min ?? 0) > 0 ? undefined : []);
  return {
    doc: settings.doc,
    missing: fallback === undefined ? undefined : () => fallback,
    read(value, path, problems) {
      if (!Array.isArray(value)) {
        problems.push({ path, message: `${shown(value)} is not a list: write it in brackets, as [a, b]` });
        return undefined;
      }
      if (value.length < (settings.min ?? 0)) problems.push({ path, message: "the list is empty" });
      const read: T[] = [];
      for (const [i, each] of value.entries()) {
        const one = item.read(each, `${path}[${i}]`, problems);
        if (one !== undefined) read.push(one);
      }
      return read;
    },
    example: (name) => [...comment(settings.doc), `# ${tomlKey(name)} = ${JSON.stringify(fallback ?? [])}`],
  };
}

type Fields = Readonly<Record<string, Field<unknown>>>;
type ValuesOf<F extends Fields> = { readonly [K in keyof F]: Value<F[K]> };

/** A table of named fields. A name that is not among them is a fault: misspelt settings never pass silently. */
export function table<const F extends Fields>(fields: F, doc = ""): Field<ValuesOf<F>> {
  const known = Object.keys(fields);
  const readAll = (value: Readonly<Record<string, unknown>>, path: string, problems: Problem[]) => {
    const result: Record<string, unknown> = {};
    for (const name of Object.keys(value)) {
      if (!Object.hasOwn(fields, name)) {
        const near = nearest(name, known);
        const remedy = near === null ? `known are ${known.join(", ")}` : `did you mean ${near}?`;
        problems.push({ path: join(path, name), message: `there is no setting of this name; ${remedy}` });
      }
    }
    for (const [name, field] of Object.entries(fields)) {
      if (Object.hasOwn(value, name)) result[name] = field.read(value[name], join(path, name), problems);
      else if (field.missing !== undefined) result[name] = field.missing();
      else problems.push({ path: join(path, name), message: `is missing: ${field.doc}` });
    }
    // The keys are those of F, each read by its own field.
    return result as ValuesOf<F>;
  };
  const allOptional = Object.values(fields).every((field) => field.missing !== undefined);
  return {
    doc,
    missing: allOptional ? () => readAll({}, "", []) : undefined,
    read(value, path, problems) {
      if (isTable(value)) return readAll(value, path, problems);
      problems.push({ path, message: `${shown(value)} is not a table: write [${path}]` });
      return undefined;
    },
    example: (_name, path) => [
      ...(doc === "" ? [] : comment(doc)),
      ...(path === "" ? [] : [`# [${path}]`]),
      ...Object.entries(fields).flatMap(([name, field]) => ["", ...field.example(name, join(path, name))]),
    ],
  };
}

/** A table whose keys the administrator chooses, as the names of listeners or accounts. */
export function map<T>(
  item: Field<T>,
  settings: {
    readonly doc: string;
    /** A name for the example. */
    readonly sample: string;
    readonly checkKey?: (key: string) => string | null;
  },
): Field<Readonly<Record<string, T>>> {
  return {
    doc: settings.doc,
    missing: () => ({}),
    read(value, path, problems) {
      if (!isTable(value)) {
        problems.push({
          path,
          message: `${shown(value)} is not a table: write [${join(path, settings.sample)}]`,
        });
        return undefined;
      }
      const read: [string, T][] = [];
      for (const [key, each] of Object.entries(value)) {
        const fault = settings.checkKey?.(key) ?? null;
        if (fault !== null) problems.push({ path: join(path, key), message: fault });
        const one = item.read(each, join(path, key), problems);
        if (one !== undefined) read.push([key, one]);
      }
      return Object.fromEntries(read);
    },
    example: (_name, path) => [...comment(settings.doc), ...item.example("", join(path, settings.sample))],
  };
}

/** A part that may be absent altogether (null). */
export function optional<T>(field: Field<T>): Field<T | null> {
  return {
    ...field,
    missing: () => null,
    read: (value, path, problems) => field.read(value, path, problems),
  };
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function join(path: string, name: string): string {
  return path === "" ? tomlKey(name) : `${path}.${tomlKey(name)}`;
}

/** The known name that differs by at most two letters (or only in case), or null. */
function nearest(name: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let least = 3;
  for (const each of known) {
    const away = distance(name.toLowerCase(), each.toLowerCase());
    if (away < least) [best, least] = [each, away];
  }
  return best;
}

/** Edits between two short words (Levenshtein). */
function distance(a: string, b: string): number {
  if (Math.max(a.length, b.length) > 64) return 64;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 64;
}
