/**
 * `queue holdrules remove`: ends a rule.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { Command } from "../../command.ts";
import { CommandError } from "../../command_error.ts";
import { askQueue } from "../ask.ts";
import { configOption, idOf, jsonOption } from "../filter.ts";

export const command: Command = {
  words: "queue holdrules remove",
  arguments: "ID",
  count: 1,
  server: true,
  summary: "remove a hold rule; messages that it put on hold stay so",
  help: `
Removes the rule with this number (of 'mailden queue holdrules list'). Messages on hold stay there, until
'mailden queue unhold' lets them go. Exit code 1 if there is no such rule.`,
  options: { ...configOption, ...jsonOption },
  async run(args, output, surroundings) {
    const id = idOf(args.positionals[0] ?? "");
    const was = await askQueue(surroundings, (queue) => queue.removeHoldRule({ id }));
    if (!was) {
      throw new CommandError(`There is no hold rule ${id}: 'mailden queue holdrules list' shows them.`);
    }
    output.out(args.is("json") ? JSON.stringify({ id }) : `${id}: removed. What is on hold stays so.`);
    return 0;
  },
};
