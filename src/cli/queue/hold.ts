/**
 * `queue hold`: messages stay where they are.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { Command } from "../command.ts";
import { askQueue, tellChanged } from "./ask.ts";
import { changeOptions, filterHelp, readChangeFilter } from "./filter.ts";

export const command: Command = {
  words: "queue hold",
  server: true,
  summary: "put messages on hold: they are not delivered until somebody says so",
  help: `
Marks messages as held. They stay in the queue and are not tried, until 'mailden queue unhold' lets them go; one that is under
way at the moment is not called back. For messages that are yet to come there are 'mailden queue holdrules'.
${filterHelp}`,
  options: changeOptions,
  async run(args, output, surroundings) {
    const filter = readChangeFilter(args, surroundings.now());
    const count = await askQueue(surroundings, (queue) => queue.hold({ filter, hold: true }));
    return tellChanged(count, "on hold", args, output);
  },
};
