/**
 * `queue retired print`: all that is known of a message that has left the queue.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { QueueFilter } from "../../../queue/queue_admin.ts";
import type { Command } from "../../command.ts";
import { CommandError } from "../../command_error.ts";
import { askQueue } from "../ask.ts";
import { configOption, idOf, jsonOption, readFilter } from "../filter.ts";
import { retiredJson, retiredLines } from "../queue_text.ts";

export const command: Command = {
  words: "queue retired print",
  arguments: "ID",
  count: 1,
  server: true,
  summary: "print what became of a message that has left the queue, attempt by attempt",
  help: `
Prints everything that is known of the message with this number (of 'mailden queue list' and 'mailden queue retired list'):
who sent it, what became of it, and what each attempt met with. Exit code 1 if nothing is known of it (any more).`,
  options: { ...configOption, ...jsonOption },
  run(args, output, surroundings) {
    const id = idOf(args.positionals[0] ?? "");
    const filter: QueueFilter = { ...readFilter(args, surroundings.now()), ids: [id] };
    return askQueue(surroundings, async (queue) => {
      for await (const rows of queue.retired({ filter })) {
        const row = rows.find((each) => each.id === id);
        if (row === undefined) continue;
        if (args.is("json")) output.out(JSON.stringify(retiredJson(row)));
        else for (const line of retiredLines(row)) output.out(line);
        return 0;
      }
      throw new CommandError(
        `Nothing is known of a message ${id} that has left the queue: it waits still, or it is too long ago.`,
      );
    });
  },
};
