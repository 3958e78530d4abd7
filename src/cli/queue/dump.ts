/**
 * `queue dump`: a message as it is sent.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { Command } from "../command.ts";
import { askQueue } from "./ask.ts";
import { configOption, idOf } from "./filter.ts";

export const command: Command = {
  words: "queue dump",
  arguments: "ID",
  count: 1,
  server: true,
  summary: "print a message of the queue as it is sent",
  help: `
Writes the message with this number (of 'mailden queue list') to standard output, octet for octet: in a file or a pipe it is
what other servers get. On a terminal, characters that could give it orders are written out.`,
  options: configOption,
  run(args, output, surroundings) {
    const id = idOf(args.positionals[0] ?? "");
    return askQueue(surroundings, async (queue) => {
      const { write } = surroundings;
      const decoder = new TextDecoder();
      let line = "";
      for await (const piece of queue.dump({ id })) {
        if (write !== null) {
          await write(piece);
          continue;
        }
        const lines = `${line}${decoder.decode(piece, { stream: true })}`.split("\n");
        line = lines.pop() ?? "";
        for (const each of lines) output.out(each.replace(/\r$/, ""));
      }
      if (line !== "") output.out(line);
      return 0;
    });
  },
};
