/**
 * `queue requiretls`: how much TLS a message needs.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import { type Command, UsageError } from "../command.ts";
import { askQueue, tellChanged } from "./ask.ts";
import { changeOptions, filterHelp, readChangeFilter } from "./filter.ts";

/** What each word asks for, and says. */
const words = new Map<string, readonly [requireTls: boolean | null, what: string]>([
  ["yes", [true, "to be sent only over verified TLS, from server to server (REQUIRETLS)"]],
  ["no", [false, "to be sent also where TLS cannot be verified"]],
  ["default", [null, "to be sent as the receiving domain asks for"]],
]);

export const command: Command = {
  words: "queue requiretls",
  arguments: "yes|no|default",
  count: 1,
  server: true,
  summary: "demand verified TLS for messages, or do without it",
  help: `
yes: messages are delivered only over TLS with a verified certificate, to servers that hand the demand on (RFC 8689).
no: they are delivered even where DANE or MTA-STS of the receiving domain forbids it, or without TLS: what such a policy
protects from can then happen. default: as the receiving domain asks for. When they are tried next is not changed: see
'mailden queue schedule'.
${filterHelp}`,
  options: changeOptions,
  async run(args, output, surroundings) {
    const [word = ""] = args.positionals;
    const chosen = words.get(word);
    if (chosen === undefined) throw new UsageError(`say yes, no or default, not '${word}'`);
    const [requireTls, what] = chosen;
    const filter = readChangeFilter(args, surroundings.now());
    const count = await askQueue(surroundings, (queue) => queue.requireTls({ filter, requireTls }));
    return tellChanged(count, what, args, output);
  },
};
