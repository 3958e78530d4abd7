/**
 * What a subcommand is: a file with its words, arguments, summary and help, from which usage, `help` and the
 * README are made.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import type { Control } from "../ctl/control.ts";
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { nearest } from "./nearest.ts";

/** An option as `--name`. */
export interface Option {
  readonly type: "string" | "boolean";
  /** Shown for the value, as `DIR`. */
  readonly value?: string;
  readonly doc: string;
  readonly default?: string | boolean;
}

/** The arguments that a command was called with. */
export interface Arguments {
  readonly positionals: readonly string[];
  text(name: string): string | undefined;
  is(name: string): boolean;
}

/** Where a command writes. */
export interface Output {
  out(line: string): void;
  error(line: string): void;
}

/** What a command is given beside its arguments. */
export interface Surroundings {
  /** Connects to the running server; null in a process that may not. */
  readonly openControl: (() => Promise<Control>) | null;
  now(): Millis;
  /** Writes octets as they are to standard output; null where that is a terminal. */
  readonly write: ((bytes: Bytes) => Promise<void>) | null;
}

export interface Command {
  /** As `config test`. */
  readonly words: string;
  /** Positional arguments for the usage line, as `DIR`. */
  readonly arguments?: string;
  /** Whether it reads its words itself, as they are: then there are no options but --help. */
  readonly ownArguments?: true;
  /** How many positional arguments there must be. */
  readonly count?: number;
  /** What is a positional argument though it begins with -, as one id in 64 does. */
  readonly dashed?: RegExp;
  /** How many more there may be. */
  readonly optional?: number;
  /** Whether it asks the network: then it runs in a process that may, and may nothing else but read. */
  readonly network?: true;
  /** Whether it speaks with the running server: then it runs in a process that may do that, and nothing else. */
  readonly server?: true;
  /** One line. */
  readonly summary: string;
  /** Paragraphs that teach. */
  readonly help: string;
  readonly options: Readonly<Record<string, Option>>;
  /** @returns The exit code. */
  run(args: Arguments, output: Output, surroundings: Surroundings): Promise<number>;
}

/** Called wrongly; `message` says how, and the caller shows the usage. Exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Reads arguments against a command's options.
 *
 * @throws {UsageError}
 */
export function readArguments(command: Command, args: readonly string[]): Arguments {
  if (command.ownArguments === true) return { positionals: args, text: () => undefined, is: () => false };
  const { values, positionals } = parsed(command, behindOptions(command, args));
  checkCount(command, positionals);
  for (const [name, value] of Object.entries(values)) {
    if (value === "") throw new UsageError(needsValue(command, name)); // Of a variable that is not set, most often.
  }
  return {
    positionals,
    text: (name) => {
      const value = values[name] ?? command.options[name]?.default;
      return typeof value === "string" ? value : undefined;
    },
    is: (name) => (values[name] ?? command.options[name]?.default) === true,
  };
}

/** The same arguments; those that only look like options stand behind `--`. */
function behindOptions({ dashed }: Command, args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  if (dashed === undefined || end !== -1) return args;
  return [...args.filter((each) => !dashed.test(each)), "--", ...args.filter((each) => dashed.test(each))];
}

function parsed(command: Command, args: readonly string[]) {
  const options: ParseArgsOptionsConfig = {};
  for (const [name, option] of Object.entries(command.options)) options[name] = { type: option.type };
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const name = /'(-[^' ]*)/.exec(error.message)?.[1] ?? "";
    const code = "code" in error ? error.code : "";
    if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
      const meant = nearest(name, Object.keys(options).map((option) => `--${option}`));
      const remedy = meant !== null
        ? `; did you mean ${meant}?`
        : /^-\d/.test(name)
        ? "; what begins with - and is no option stands at the end, behind --"
        : "";
      throw new UsageError(`there is no option ${name}${remedy}`);
    }
    if (code === "ERR_PARSE_ARGS_INVALID_OPTION_VALUE") {
      throw new UsageError(needsValue(command, name.slice(2)));
    }
    throw new UsageError(error.message);
  }
}

function needsValue({ options }: Command, name: string): string {
  const option = options[name];
  return option?.type === "boolean"
    ? `--${name} takes no value`
    : `--${name} needs a value: --${name} ${option?.value ?? "TEXT"}`;
}

/** @throws {UsageError} */
function checkCount(
  { words, count = 0, optional = 0, arguments: wanted = "" }: Command,
  given: readonly string[],
): void {
  const most = count + optional;
  if (given.length < count) throw new UsageError(`${words} needs ${wanted}`);
  if (given.length <= most) return;
  const takes = most === 0 ? "nothing but options" : wanted;
  throw new UsageError(`${words} takes ${takes}: '${given[most]}' is one word too many`);
}

/** The usage line of a command. */
export function usage(command: Command): string {
  const options = Object.entries(command.options).map(([name, option]) =>
    option.type === "boolean" ? ` [--${name}]` : ` [--${name} ${option.value ?? "TEXT"}]`
  );
  const positionals = command.arguments === undefined ? "" : ` ${command.arguments}`;
  return `mailden ${command.words}${options.join("")}${positionals}`;
}

/** All that there is to know of a command. */
export function helpText(command: Command): string {
  const lines = [usage(command), "", command.help.trim()];
  const options = Object.entries(command.options);
  if (options.length > 0) {
    lines.push("", "Options:");
    for (const [name, option] of options) {
      const head = option.type === "boolean" ? `--${name}` : `--${name} ${option.value ?? "TEXT"}`;
      const fallback = option.default === undefined || option.default === false
        ? ""
        : ` (default ${option.default})`;
      lines.push(`  ${head.padEnd(22)} ${option.doc}${fallback}`);
    }
  }
  return lines.join("\n");
}
