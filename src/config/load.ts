/**
 * Reading a configuration file: text in, the configuration or all of its faults out, each with path and line.
 *
 * @module
 */
import { parse, TomlError } from "smol-toml";
import { type Field, type Problem, tomlKey } from "./schema.ts";

/** A fault with its place in the file. */
export interface PlacedProblem extends Problem {
  /** From 1; of the nearest enclosing table where the value itself is not in the file. */
  readonly line: number;
}

/** A file that cannot be used; `message` lists every fault. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly file: string;
  readonly problems: readonly PlacedProblem[];

  constructor(file: string, problems: readonly PlacedProblem[]) {
    super(problems.map((each) => `${file}:${each.line}: ${each.path}: ${each.message}`).join("\n"));
    this.file = file;
    this.problems = problems;
  }
}

/** The largest file that is read, in characters. */
const maxFileLength = 16 * 1024 * 1024;

/**
 * Reads a file's text against a schema.
 *
 * @param file Its name, for messages.
 * @param check What no single field can tell.
 * @throws {ConfigError} With all faults.
 */
export function readConfig<T>(
  content: string,
  file: string,
  schema: Field<T>,
  check: (config: T) => readonly Problem[] = () => [],
): T {
  if (content.length > maxFileLength) {
    throw new ConfigError(file, [{
      line: 1,
      path: "",
      message: `is larger than ${maxFileLength} characters`,
    }]);
  }
  const value = parsed(content, file);
  const problems: Problem[] = [];
  const config = schema.read(value, "", problems);
  if (config !== undefined && problems.length === 0) problems.push(...check(config));
  if (config === undefined || problems.length > 0) {
    const lines = pathLines(content);
    const placed = problems.map((each) => ({ ...each, line: lineOf(lines, each.path) }));
    throw new ConfigError(file, placed.sort((a, b) => a.line - b.line));
  }
  return config;
}

function parsed(content: string, file: string): unknown {
  try {
    return parse(content);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const message = `column ${error.column}: this is not TOML: ${error.message.split("\n")[0] ?? ""}`;
    throw new ConfigError(file, [{ line: error.line, path: "(syntax)", message }]);
  }
}

/** `[table]` or `[[table]]`, and `key =`. Each in one pass: no two parts of a pattern match the same character. */
const tableLine = /^\s*(\[\[?)((?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\]"'])+)\]/;
const keyLine = /^\s*((?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_.-])+)\s*=/;

/** The last key or index of a path. */
const lastStep = /(?:\.?(?:"(?:[^"\\]|\\.)*"|[^.[\]"]+)|\[\d+\])$/;

/** The line on which each table and key stands. Multi-line strings can mislead it, which costs a wrong line at worst. */
function pathLines(content: string): Map<string, number> {
  const lines = new Map<string, number>();
  const arrays = new Map<string, number>();
  let current = "";
  for (const [i, line] of content.split("\n").entries()) {
    const header = tableLine.exec(line);
    const key = keyLine.exec(line);
    if (header?.[2] !== undefined) {
      current = normal(header[2]);
      if (header[1] === "[[") {
        const n = arrays.get(current) ?? 0;
        arrays.set(current, n + 1);
        current = `${current}[${n}]`;
      }
      lines.set(current, i + 1);
    } else if (key?.[1] !== undefined) {
      lines.set(current === "" ? normal(key[1]) : `${current}.${normal(key[1])}`, i + 1);
    }
  }
  return lines;
}

/** A dotted key as the schema writes paths: without spaces, quoted only where that is needed. */
function normal(key: string): string {
  const parts = key.match(/"(?:[^"\\]|\\.)*"|'[^']*'|[^."'\s]+/g) ?? [];
  return parts.map((part) => tomlKey(unquoted(part))).join(".");
}

/** A key without its quotes; escapes that JSON does not know stay as they are. */
function unquoted(part: string): string {
  if (part.startsWith("'")) return part.slice(1, -1);
  if (!part.startsWith('"')) return part;
  try {
    return JSON.parse(part) as string; // A quoted part is a string, if it is anything.
  } catch {
    return part.slice(1, -1);
  }
}

function lineOf(lines: ReadonlyMap<string, number>, path: string): number {
  for (let at = path; at !== "";) {
    const line = lines.get(at);
    if (line !== undefined) return line;
    const outside = at.replace(lastStep, "");
    if (outside === at) break;
    at = outside;
  }
  return 1;
}

/** The commented example of a schema: every setting with its meaning, kind and default. */
export function exampleFile(schema: Field<unknown>): string {
  return `${schema.example("", "").join("\n").trim()}\n`;
}
