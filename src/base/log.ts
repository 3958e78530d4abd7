/**
 * Logging: a constant sentence, with values as fields.
 *
 * `error` means that a person must act; `trace` is the transcript without secrets. A log carries fields of
 * its own (a connection's `cid`, a message's id), so that one search tells one story.
 *
 * @module
 */

/** From the most to the least talkative. */
export const levels = ["trace", "debug", "info", "warn", "error"] as const;
export type Level = typeof levels[number];

/** What may be logged. Values that hold text from the network are escaped by the writer. */
export type FieldValue = string | number | boolean | null | undefined | bigint | Error | readonly string[];
export type Fields = Readonly<Record<string, FieldValue>>;

/** A log with fields of its own. */
export interface Log {
  trace(message: string, fields?: Fields): void;
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** The same log, every line of which also carries `fields`. */
  with(fields: Fields): Log;
  /** Whether lines of this level are written; ask before costly formatting. */
  enabled(level: Level): boolean;
}

/** Takes one finished line, without its line end. */
export type Sink = (level: Level, line: string) => void;

/** Settings of {@link createLog}. */
export interface LogSettings {
  /** The least level that is written. Changed while running by whoever holds the object. */
  level: Level;
  /** `json` for machines, `text` for people (`key=value`). */
  format: "json" | "text";
}

/**
 * A log that formats lines and gives them to `sink`.
 *
 * @param now Milliseconds since 1970, for the `time` field.
 */
export function createLog(settings: LogSettings, now: () => number, sink: Sink, own: Fields = {}): Log {
  return new Writer({ settings, now, sink, shown: { at: NaN, text: "" } }, own);
}

const ranks: Readonly<Record<Level, number>> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4 };

/** What a log shares with those made from it. */
interface Shared {
  readonly settings: LogSettings;
  readonly now: () => number;
  readonly sink: Sink;
  /** The last time that was written out: many lines have the same. */
  readonly shown: { at: number; text: string };
}

class Writer implements Log {
  readonly #shared: Shared;
  readonly #own: Fields;
  /** The log's own fields as text, from the first line on that needs them. */
  #ownText: string | null = null;

  constructor(shared: Shared, own: Fields) {
    this.#shared = shared;
    this.#own = own;
  }

  trace(message: string, fields?: Fields): void {
    this.#write("trace", message, fields);
  }

  debug(message: string, fields?: Fields): void {
    this.#write("debug", message, fields);
  }

  info(message: string, fields?: Fields): void {
    this.#write("info", message, fields);
  }

  warn(message: string, fields?: Fields): void {
    this.#write("warn", message, fields);
  }

  error(message: string, fields?: Fields): void {
    this.#write("error", message, fields);
  }

  with(fields: Fields): Log {
    return new Writer(this.#shared, { ...this.#own, ...fields });
  }

  enabled(level: Level): boolean {
    return ranks[level] >= ranks[this.#shared.settings.level];
  }

  #write(level: Level, message: string, fields: Fields | undefined): void {
    if (!this.enabled(level)) return;
    const { settings, sink } = this.#shared;
    sink(
      level,
      settings.format === "json" ? this.#json(level, message, fields) : this.#text(level, message, fields),
    );
  }

  #json(level: Level, message: string, fields: Fields | undefined): string {
    const line: Record<string, unknown> = { time: this.#time(), level, message };
    for (const some of fields === undefined ? [this.#own] : [this.#own, fields]) {
      for (const [key, value] of Object.entries(some)) if (value !== undefined) line[key] = plain(value);
    }
    return JSON.stringify(line);
  }

  #text(level: Level, message: string, fields: Fields | undefined): string {
    const line = `${this.#time()} ${level.padEnd(5)} ${message}`;
    if (fields === undefined) return line + (this.#ownText ??= textOf(this.#own));
    for (const key in fields) {
      // One of the log's own fields, told anew.
      if (Object.hasOwn(this.#own, key)) return line + textOf({ ...this.#own, ...fields });
    }
    return line + (this.#ownText ??= textOf(this.#own)) + textOf(fields);
  }

  #time(): string {
    const { now, shown } = this.#shared;
    const at = now();
    if (at !== shown.at) {
      shown.at = at;
      shown.text = new Date(at).toISOString();
    }
    return shown.text;
  }
}

/** A log that drops everything, for tests and tools. */
export const silentLog: Log = createLog({ level: "error", format: "text" }, () => 0, () => {});

/** Each field as ` key=value`. */
function textOf(fields: Fields): string {
  let text = "";
  for (const key in fields) {
    const value = fields[key];
    if (value === undefined) continue;
    if (typeof value === "number") text += ` ${key}=${value}`;
    else text += ` ${key}=${quoted(plain(value))}`;
  }
  return text;
}

/** An error keeps its stack and its causes: what nobody logged, nobody finds. */
function plain(value: FieldValue): string | number | boolean | null | readonly string[] {
  if (value instanceof Error) {
    const stack = value.stack ?? `${value.name}: ${value.message}`;
    return value.cause instanceof Error ? `${stack}\ncaused by ${plain(value.cause)}` : stack;
  }
  if (typeof value === "bigint") return value.toString();
  return value ?? null;
}

/** Bare where that is unambiguous, else a JSON string: no line end or control character gets through. */
function quoted(value: string | number | boolean | null | readonly string[]): string {
  if (Array.isArray(value)) return JSON.stringify(value);
  const shown = String(value);
  return /^[\w.:@/+<>-]+$/.test(shown) ? shown : JSON.stringify(shown);
}
