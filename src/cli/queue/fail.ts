/**
 * `queue fail`: gives messages up.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { Command } from "../command.ts";
import { askQueue, tellEnded } from "./ask.ts";
import { changeOptions, filterHelp, readChangeFilter } from "./filter.ts";

export const command: Command = {
  words: "queue fail",
  server: true,
  summary: "give messages up, and tell their senders that they were not delivered",
  help: `
Ends the delivery of messages as if it had failed for good: senders get a notice, unless they wanted none. It cannot be undone.
What is being sent at this moment may still arrive; if it does not, that was its last attempt.
Without a notice: 'mailden queue drop'.
${filterHelp}`,
  options: changeOptions,
  async run(args, output, surroundings) {
    const filter = readChangeFilter(args, surroundings.now());
    const ended = await askQueue(surroundings, (queue) => queue.fail({ filter }));
    return tellEnded(ended, "given up; senders are told", args, output);
  },
};
