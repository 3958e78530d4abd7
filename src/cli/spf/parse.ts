/**
 * `spf parse`: is this text a good record?
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { parseRecord, printRecord, type SpfRecord } from "../../spf/record.ts";
import type { Command } from "../command.ts";
import { CommandError } from "../command_error.ts";

/** Reads a record. @throws {CommandError} That says what is wrong with it. */
export function recordOf(text: string): SpfRecord {
  try {
    return parseRecord(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new CommandError(`this is no SPF record: ${error.message}`);
    throw error;
  }
}

export const command: Command = {
  words: "spf parse",
  arguments: "RECORD",
  count: 1,
  summary: "read an SPF record and say what is wrong with it",
  help: `
Reads the text of an SPF record (RFC 7208), as 'v=spf1 mx -all' in quotes, and prints it in its normal form, each term on
its line. Asks nobody. Exit code 1 if there is a fault: a receiver would then treat it as a permanent error.`,
  options: { json: { type: "boolean", doc: "print the terms as JSON" } },
  run(args, output) {
    const record = recordOf(args.positionals[0] ?? "");
    const terms = printRecord(record).split(" ");
    if (args.is("json")) output.out(JSON.stringify({ record: terms.join(" "), terms: terms.slice(1) }));
    else for (const term of terms) output.out(term);
    return Promise.resolve(0);
  },
};
