/**
 * `queue holdrules list`: which messages are held when they come.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { Command } from "../../command.ts";
import { askQueue } from "../ask.ts";
import { configOption, jsonOption } from "../filter.ts";
import { createdJson, holdRuleText } from "../queue_text.ts";
import { timeText } from "../time_words.ts";

export const command: Command = {
  words: "queue holdrules list",
  server: true,
  summary: "list the rules by which messages are put on hold when they come",
  help: `
Lists the rules that 'mailden queue holdrules add' has made, with their numbers.`,
  options: { ...configOption, ...jsonOption },
  async run(args, output, surroundings) {
    const rules = await askQueue(surroundings, (queue) => queue.holdRules({}));
    if (args.is("json")) output.out(JSON.stringify(rules.map(createdJson)));
    else if (rules.length === 0) output.out("There are no hold rules.");
    else {for (const rule of rules) {
        output.out(`${rule.id}: ${holdRuleText(rule)} (since ${timeText(rule.created)})`);
      }}
    return 0;
  },
};
