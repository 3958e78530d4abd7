/**
 * `queue schedule`: when messages are tried next.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { Millis } from "../../base/clock.ts";
import { type Command, UsageError } from "../command.ts";
import { askQueue, tellChanged } from "./ask.ts";
import { changeOptions, filterHelp, readChangeFilter } from "./filter.ts";
import { parseMoment, parseSpan, timeText } from "./time_words.ts";

export const command: Command = {
  words: "queue schedule",
  arguments: "TIME",
  count: 1,
  server: true,
  summary: "change when messages are tried next",
  help: `
Sets the time of the next attempt. TIME is 'now'; a time, as 2026-11-21T15:30:00Z; or a span, as 30m, 2h or 1d, by which the
time that is set is put off (with --now: so long after now). A span to bring it forward is -2h, behind two dashes:
mailden queue schedule --all -- -2h. Attempts that were made count on. What is on hold stays so. Hosts that failed a moment ago
are tried again, and the DNS is asked anew, so that what was mended counts.
${filterHelp}`,
  options: { now: { type: "boolean", doc: "count the span from now" }, ...changeOptions },
  async run(args, output, surroundings) {
    const now = surroundings.now();
    const change = readWhen(args.positionals[0] ?? "", args.is("now"), now);
    const filter = readChangeFilter(args, now);
    const count = await askQueue(surroundings, (queue) => queue.schedule({ filter, ...change }));
    const what = change.at !== null
      ? `to be tried at ${timeText(change.at)}`
      : change.delayMs < 0
      ? "brought forward"
      : "put off";
    return tellChanged(count, what, args, output);
  },
};

/** @throws {UsageError} */
function readWhen(text: string, fromNow: boolean, now: Millis): { at: Millis | null; delayMs: number } {
  const span = parseSpan(text);
  if (span !== null) return fromNow ? { at: now + span, delayMs: 0 } : { at: null, delayMs: span };
  const at = parseMoment(text, now);
  if (at !== null && (!fromNow || text === "now")) return { at, delayMs: 0 };
  if (at !== null) throw new UsageError("--now is for a span, not for a time");
  throw new UsageError(`'${text}' is no time: say now, 30m, 2h, or 2026-11-21T15:30:00Z`);
}
