/**
 * `queue transport`: which way messages go.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { Command } from "../command.ts";
import { askQueue, tellChanged } from "./ask.ts";
import { changeOptions, filterHelp, readChangeFilter } from "./filter.ts";

export const command: Command = {
  words: "queue transport",
  arguments: "NAME",
  count: 1,
  server: true,
  summary: "choose the transport of messages by hand, whatever the routes say",
  help: `
Sends messages, from their next attempt on, by the transport of this name (transports are in mailden.toml). An empty name,
written "", leaves it to the routes again. When they are tried is not changed: see 'mailden queue schedule'. The option
--transport is another thing: it selects messages that were given a transport before.
${filterHelp}`,
  options: changeOptions,
  async run(args, output, surroundings) {
    const [transport = ""] = args.positionals;
    const filter = readChangeFilter(args, surroundings.now());
    const count = await askQueue(surroundings, (queue) => queue.transport({ filter, transport }));
    const what = transport === "" ? "to go as the routes say" : `to go by transport ${transport}`;
    return tellChanged(count, what, args, output);
  },
};
