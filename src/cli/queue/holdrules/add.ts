/**
 * `queue holdrules add`: messages are held when they come.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import { type Command, UsageError } from "../../command.ts";
import { parseDomain } from "../../../address/domain.ts";
import { askQueue, counted } from "../ask.ts";
import { configOption, jsonOption } from "../filter.ts";
import { holdRuleText } from "../queue_text.ts";

export const command: Command = {
  words: "queue holdrules add",
  server: true,
  summary: "put messages on hold when they come, and those that wait already",
  help: `
Makes a rule: messages that match everything it says are on hold from the start, and so are those that wait now. For example,
an account that sends what it should not: mailden queue holdrules add --account bob. 'mailden queue unhold' lets single ones go.`,
  options: {
    account: { type: "string", value: "NAME", doc: "messages of this account" },
    senderdom: { type: "string", value: "DOMAIN", doc: "messages from addresses at this domain" },
    recipientdom: { type: "string", value: "DOMAIN", doc: "messages to addresses at this domain" },
    all: { type: "boolean", doc: "every message" },
    ...configOption,
    ...jsonOption,
  },
  async run(args, output, surroundings) {
    const rule = {
      account: args.text("account") ?? "",
      senderDomain: domainIn(args.text("senderdom")),
      recipientDomain: domainIn(args.text("recipientdom")),
    };
    const everything = Object.values(rule).every((value) => value === "");
    if (everything !== args.is("all")) {
      throw new UsageError(
        everything
          ? "say which messages, with --account, --senderdom or --recipientdom, or --all for every one"
          : "--all and something else exclude each other",
      );
    }
    const { id, held } = await askQueue(surroundings, (queue) => queue.addHoldRule(rule));
    if (args.is("json")) output.out(JSON.stringify({ id, held }));
    else {
      const now = held === 0 ? "nothing that waits matches" : `${counted(held)} on hold now`;
      output.out(`${id}: ${holdRuleText(rule)}; ${now}.`);
    }
    return 0;
  },
};

/** A domain in normal form, empty for none. @throws {UsageError} */
function domainIn(text: string | undefined): string {
  if (text === undefined) return "";
  try {
    return parseDomain(text.replace(/^@/, ""));
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`'${text}' is no domain: ${error.message}`);
    throw error;
  }
}
