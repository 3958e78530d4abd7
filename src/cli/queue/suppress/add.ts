/**
 * `queue suppress add`: an account's mail is not sent to an address any more.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { Command } from "../../command.ts";
import { askQueue } from "../ask.ts";
import { configOption, jsonOption } from "../filter.ts";
import { comparedAddress } from "./address.ts";

export const command: Command = {
  words: "queue suppress add",
  arguments: "ACCOUNT ADDRESS",
  count: 2,
  server: true,
  summary: "send no more mail of an account to an address",
  help: `
Mail of the account to this address fails at once from now on. What follows a + in the local part does not count, nor does
upper case.`,
  options: {
    reason: { type: "string", value: "TEXT", doc: "why; shown where the address is listed" },
    ...configOption,
    ...jsonOption,
  },
  async run(args, output, surroundings) {
    const [account = "", address = ""] = args.positionals;
    const compared = comparedAddress(address);
    const reason = args.text("reason") ?? "";
    await askQueue(surroundings, (queue) => queue.suppress({ account, address, reason }));
    output.out(
      args.is("json")
        ? JSON.stringify({ account, address: compared })
        : `Mail of account ${account} to ${compared} fails from now on.`,
    );
    return 0;
  },
};
