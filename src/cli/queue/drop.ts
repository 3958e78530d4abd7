/**
 * `queue drop`: removes messages, and tells nobody.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { Command } from "../command.ts";
import { askQueue, tellEnded } from "./ask.ts";
import { changeOptions, filterHelp, readChangeFilter } from "./filter.ts";

export const command: Command = {
  words: "queue drop",
  server: true,
  summary: "remove messages from the queue; nobody is told",
  help: `
Removes messages from the queue. Neither senders nor recipients hear of it, and it cannot be undone. What is being sent at
this moment may still arrive; if it does not, it is removed then: 'mailden queue retired list' shows what became of it.
To tell the senders: 'mailden queue fail'.
${filterHelp}`,
  options: changeOptions,
  async run(args, output, surroundings) {
    const filter = readChangeFilter(args, surroundings.now());
    const ended = await askQueue(surroundings, (queue) => queue.drop({ filter }));
    return tellEnded(ended, "removed; nobody is told", args, output);
  },
};
