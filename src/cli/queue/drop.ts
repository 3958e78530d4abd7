/**
 * `queue drop`: removes messages, and tells nobody.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { Command } from "../command.ts";
import { askQueue, tellChanged } from "./ask.ts";
import { changeOptions, filterHelp, readChangeFilter } from "./filter.ts";

export const command: Command = {
  words: "queue drop",
  server: true,
  summary: "remove messages from the queue; nobody is told",
  help: `
Removes messages from the queue. Neither senders nor recipients hear of it, and it cannot be undone. To tell the senders:
'mailden queue fail'.
${filterHelp}`,
  options: changeOptions,
  async run(args, output, surroundings) {
    const filter = readChangeFilter(args, surroundings.now());
    const count = await askQueue(surroundings, (queue) => queue.drop({ filter }));
    return tellChanged(count, "removed; nobody is told", args, output);
  },
};
