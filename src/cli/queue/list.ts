/**
 * `queue list`: what waits to be delivered, and why.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { Command } from "../command.ts";
import { askQueue, counted } from "./ask.ts";
import { configOption, filterHelp, filterOptions, readFilter } from "./filter.ts";
import { queuedJson, queuedLines } from "./queue_text.ts";

export const command: Command = {
  words: "queue list",
  server: true,
  summary: "list the messages that wait to be delivered, and why they wait",
  help: `
Lists outgoing messages that were not delivered yet, those that are due first. Each recipient of a message waits by itself,
under a number of its own. For each it says who sends to whom, what the other side said in the last attempt (or which policy,
such as DANE or MTA-STS, kept us from sending), and when it is tried next. With --json one object a line.
${filterHelp}`,
  options: {
    ...filterOptions,
    ...configOption,
    json: { type: "boolean", doc: "print each message as JSON, one a line" },
  },
  run(args, output, surroundings) {
    const now = surroundings.now();
    const filter = readFilter(args, now);
    return askQueue(surroundings, async (queue) => {
      let count = 0;
      for await (const rows of queue.list({ filter })) {
        count += rows.length;
        const lines = args.is("json")
          ? rows.map((row) => JSON.stringify(queuedJson(row)))
          : rows.flatMap((row) => queuedLines(row, now));
        if (lines.length > 0) output.out(lines.join("\n")); // At once: a write costs more than all the rest.
      }
      if (args.is("json")) return 0;
      const all = Object.values(filter).every((value) => value === null);
      output.out(count > 0 ? `${counted(count)}.` : all ? "The queue is empty." : "No message matches.");
      return 0;
    });
  },
};
