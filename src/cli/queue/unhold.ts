/**
 * `queue unhold`: messages go on.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { Command } from "../command.ts";
import { askQueue, tellChanged } from "./ask.ts";
import { changeOptions, filterHelp, readChangeFilter } from "./filter.ts";

export const command: Command = {
  words: "queue unhold",
  server: true,
  summary: "let messages go that are on hold",
  help: `
Takes the mark away that 'mailden queue hold', or a hold rule, has set. The messages are tried when they are due, which they may
be at once: 'mailden queue schedule' changes that.
${filterHelp}`,
  options: changeOptions,
  async run(args, output, surroundings) {
    const filter = readChangeFilter(args, surroundings.now());
    const count = await askQueue(surroundings, (queue) => queue.hold({ filter, hold: false }));
    return tellChanged(count, "no longer on hold", args, output);
  },
};
