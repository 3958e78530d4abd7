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
  const write = (level: Level, message: string, fields: Fields | undefined) => {
    if (levels.indexOf(level) < levels.indexOf(settings.level)) return;
    const line = settings.format === "json" ? json : text;
    sink(level, line(now(), level, message, fields === undefined ? own : { ...own, ...fields }));
  };
  return {
    trace: (message, fields) => write("trace", message, fields),
    debug: (message, fields) => write("debug", message, fields),
    info: (message, fields) => write("info", message, fields),
    warn: (message, fields) => write("warn", message, fields),
    error: (message, fields) => write("error", message, fields),
    with: (fields) => createLog(settings, now, sink, { ...own, ...fields }),
    enabled: (level) => levels.indexOf(level) >= levels.indexOf(settings.level),
  };
}

/** A log that drops everything, for tests and tools. */
export const silentLog: Log = createLog({ level: "error", format: "text" }, () => 0, () => {});

function json(time: number, level: Level, message: string, fields: Fields): string {
  const line: Record<string, unknown> = { time: new Date(time).toISOString(), level, message };
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) line[key] = plain(value);
  }
  return JSON.stringify(line);
}

function text(time: number, level: Level, message: string, fields: Fields): string {
  let line = `${new Date(time).toISOString()} ${level.padEnd(5)} ${message}`;
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${key}=${quoted(plain(value))}`;
  }
  return line;
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
