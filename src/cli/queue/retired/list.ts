/**
 * `queue retired list`: what has left the queue.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { Command } from "../../command.ts";
import { askQueue, counted } from "../ask.ts";
import { configOption, filterHelp, pastFilterOptions, readFilter } from "../filter.ts";
import { retiredJson, retiredLine } from "../queue_text.ts";

export const command: Command = {
  words: "queue retired list",
  server: true,
  summary: "list messages that were delivered, given up or removed",
  help: `
Lists messages that have left the queue, those that were submitted last first, for as long as the configuration has them
remembered. With --json one object a line.
${filterHelp}`,
  options: {
    ...pastFilterOptions,
    max: { type: "string", value: "N", doc: "at most so many, the latest" },
    ...configOption,
    json: { type: "boolean", doc: "print each message as JSON, one a line" },
  },
  run(args, output, surroundings) {
    const filter = readFilter(args, surroundings.now());
    return askQueue(surroundings, async (queue) => {
      let count = 0;
      for await (const rows of queue.retired({ filter })) {
        count += rows.length;
        const lines = rows.map((row) =>
          args.is("json") ? JSON.stringify(retiredJson(row)) : retiredLine(row)
        );
        if (lines.length > 0) output.out(lines.join("\n"));
      }
      if (!args.is("json")) output.out(count === 0 ? "No message matches." : `${counted(count)}.`);
      return 0;
    });
  },
};
