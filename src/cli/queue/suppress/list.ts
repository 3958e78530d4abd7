/**
 * `queue suppress list`: addresses to which an account's mail is not sent.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { Command } from "../../command.ts";
import { askQueue } from "../ask.ts";
import { configOption } from "../filter.ts";
import { createdJson, suppressionLine } from "../queue_text.ts";

export const command: Command = {
  words: "queue suppress list",
  server: true,
  summary: "list addresses to which accounts' mail is not sent any more",
  help: `
An address is suppressed for an account when mail to it came back for good, because it does not exist for example, or when
somebody said so. Mail to it then fails at once, since senders who go on writing to such addresses lose their good name.
With --json one object a line.`,
  options: {
    account: { type: "string", value: "NAME", doc: "of this account alone" },
    ...configOption,
    json: { type: "boolean", doc: "print each address as JSON, one a line" },
  },
  run(args, output, surroundings) {
    const account = args.text("account") ?? null;
    return askQueue(surroundings, async (queue) => {
      let none = true;
      for await (const rows of queue.suppressions({ account })) {
        const lines = rows.map((row) =>
          args.is("json") ? JSON.stringify(createdJson(row)) : suppressionLine(row)
        );
        if (lines.length === 0) continue;
        none = false;
        output.out(lines.join("\n"));
      }
      if (none && !args.is("json")) output.out("No address is suppressed.");
      return 0;
    });
  },
};
