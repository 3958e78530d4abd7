/**
 * `queue suppress remove`: an account may write to an address again.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { Command } from "../../command.ts";
import { CommandError } from "../../command_error.ts";
import { askQueue } from "../ask.ts";
import { configOption, jsonOption } from "../filter.ts";
import { comparedAddress } from "./address.ts";

export const command: Command = {
  words: "queue suppress remove",
  arguments: "ACCOUNT ADDRESS",
  count: 2,
  server: true,
  summary: "send mail of an account to an address again",
  help: `
Takes back what 'mailden queue suppress add' said, or what the server concluded from mail that came back. If the address still
takes no mail, the next failure suppresses it again. Exit code 1 if it was not suppressed.`,
  options: { ...configOption, ...jsonOption },
  async run(args, output, surroundings) {
    const [account = "", address = ""] = args.positionals;
    const compared = comparedAddress(address);
    const was = await askQueue(surroundings, (queue) => queue.unsuppress({ account, address }));
    if (!was) throw new CommandError(`${compared} was not suppressed for account ${account}.`);
    output.out(
      args.is("json")
        ? JSON.stringify({ account, address: compared })
        : `Mail of account ${account} to ${compared} is sent again.`,
    );
    return 0;
  },
};
