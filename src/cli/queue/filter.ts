/**
 * Which messages of the queue a command is about: the options of all commands that take many.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { Millis } from "../../base/clock.ts";
import type { QueueFilter, Span } from "../../queue/queue_admin.ts";
import { type Arguments, type Option, UsageError } from "../command.ts";
import { parseSpan } from "./time_words.ts";

/** Ids of one command. */
const maxIds = 10_000;

export const configOption = {
  config: { type: "string", value: "DIR", doc: "folder of mailden.toml", default: "." },
} as const satisfies Record<string, Option>;

export const jsonOption = {
  json: { type: "boolean", doc: "print the result as JSON" },
} as const satisfies Record<string, Option>;

/** Those that also apply to what has left the queue. */
export const pastFilterOptions = {
  ids: { type: "string", value: "ID,ID", doc: "these messages, by the numbers that 'queue list' shows" },
  account: { type: "string", value: "NAME", doc: "of this account" },
  own: { type: "boolean", doc: "the server's own messages: bounces and reports" },
  from: {
    type: "string",
    value: "TEXT",
    doc: "sender's address holds TEXT, as @example.org; <> for no sender",
  },
  to: { type: "string", value: "TEXT", doc: "recipient's address holds TEXT" },
  submitted: { type: "string", value: "WHEN", doc: "submitted then: '<-2h' is before two hours ago" },
  max: { type: "string", value: "N", doc: "at most so many, those that are due first" },
} as const satisfies Record<string, Option>;

export const filterOptions = {
  ...pastFilterOptions,
  hold: { type: "string", value: "yes|no", doc: "only those that are, or are not, on hold" },
  nextattempt: {
    type: "string",
    value: "WHEN",
    doc: "next tried then: '<1h' is before an hour from now, 'now' is due",
  },
  transport: { type: "string", value: "NAME", doc: "given this transport by hand; 'none' for no such" },
} as const satisfies Record<string, Option>;

/** Said in the help of each command that takes a filter. */
export const filterHelp = `
WHEN is '<SPAN' (before now + SPAN), '>SPAN' (after it) or 'now' (until now); SPAN is as 90s, 1h30m, 2d, and -2d for the past.
In a shell it needs quotes: --nextattempt '<1h'. What several options say must all be so.`;

/** What was asked for. @throws {UsageError} */
export function readFilter(args: Arguments, now: Millis): QueueFilter {
  const account = args.text("account") ?? null;
  if (args.is("own") && account !== null) throw new UsageError("--own and --account exclude each other");
  const transport = args.text("transport") ?? null;
  return {
    ids: idsOf(args.text("ids")),
    account: args.is("own") ? "" : account,
    from: args.text("from") ?? null,
    to: args.text("to") ?? null,
    hold: holdOf(args.text("hold")),
    submitted: spanOf("submitted", args.text("submitted"), now),
    nextAttempt: spanOf("nextattempt", args.text("nextattempt"), now),
    transport: transport === "none" ? "" : transport,
    max: maxOf(args.text("max")),
  };
}

/** The same for a command that changes what it finds: everything must be asked for by name. @throws {UsageError} */
export function readChangeFilter(args: Arguments, now: Millis): QueueFilter {
  const filter = readFilter(args, now);
  const everything = Object.values(filter).every((value) => value === null);
  if (everything === args.is("all")) return filter;
  throw new UsageError(
    everything
      ? "say which messages, with --ids or another filter, or --all for every one"
      : "--all and a filter exclude each other",
  );
}

/** Options of commands that change. */
export const changeOptions = {
  ...filterOptions,
  all: { type: "boolean", doc: "every message of the queue" },
  ...configOption,
  ...jsonOption,
} as const satisfies Record<string, Option>;

/** A number that the queue gives, from an argument. @throws {UsageError} */
export function idOf(text: string): number {
  const id = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(id)) return id;
  throw new UsageError(`'${text}' is no number of a message: 'mailden queue list' shows them`);
}

function idsOf(text: string | undefined): number[] | null {
  if (text === undefined) return null;
  const ids = text.split(",").map((each) => idOf(each.trim()));
  if (ids.length > maxIds) throw new UsageError(`--ids takes at most ${maxIds} numbers`);
  return ids;
}

function holdOf(text: string | undefined): boolean | null {
  if (text === undefined) return null;
  if (text === "yes" || text === "true") return true;
  if (text === "no" || text === "false") return false;
  throw new UsageError(`--hold is yes or no, not '${text}'`);
}

function maxOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`--max is a whole number from 1 on, not '${text}'`);
}

function spanOf(option: string, text: string | undefined, now: Millis): Span | null {
  if (text === undefined) return null;
  if (text === "now") return { from: null, until: now + 1 };
  const span = parseSpan(text.slice(1));
  if (span !== null && text.startsWith("<")) return { from: null, until: now + span };
  if (span !== null && text.startsWith(">")) return { from: now + span + 1, until: null };
  throw new UsageError(
    `--${option} is now, '<SPAN' or '>SPAN' with a span as 90s, 1h30m or -2d, not '${text}'`,
  );
}
