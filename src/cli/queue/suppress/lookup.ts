/**
 * `queue suppress lookup`: is mail to an address sent?
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { SuppressionRow } from "../../../queue/queue_admin.ts";
import type { Command } from "../../command.ts";
import { askQueue } from "../ask.ts";
import { configOption, jsonOption } from "../filter.ts";
import { createdJson, suppressionLine } from "../queue_text.ts";
import { comparedAddress } from "./address.ts";

export const command: Command = {
  words: "queue suppress lookup",
  arguments: "ADDRESS",
  count: 1,
  server: true,
  summary: "look up for which accounts an address is suppressed, and why",
  help: `
Prints for which accounts mail to this address is not sent, since when and why. Exit code 1 if there is none.`,
  options: {
    account: { type: "string", value: "NAME", doc: "for this account alone" },
    ...configOption,
    ...jsonOption,
  },
  run(args, output, surroundings) {
    const address = comparedAddress(args.positionals[0] ?? "");
    const account = args.text("account") ?? null;
    return askQueue(surroundings, async (queue) => {
      const found: SuppressionRow[] = [];
      for await (const rows of queue.suppressions({ account })) {
        found.push(...rows.filter((row) => row.address === address));
      }
      if (args.is("json")) output.out(JSON.stringify(found.map(createdJson)));
      else if (found.length === 0) output.out(`${address} is not suppressed.`);
      else for (const row of found) output.out(suppressionLine(row));
      return found.length === 0 ? 1 : 0;
    });
  },
};
