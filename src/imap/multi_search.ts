/**
 * ESEARCH, a search of several mailboxes, and CANCELUPDATE. RFC 7377, RFC 5465 6, RFC 5267 4.3.5
 *
 * @module
 */
import type { CancelUpdate, MailboxFilter, MultiSearch, ParseMode } from "./command.ts";
import { CommandError } from "./command_error.ts";
import { readMailbox } from "./mailbox_name.ts";
import type { Scanner } from "./scanner.ts";
import { readCharset, readProgram } from "./search.ts";
import { readReturns, readSaving } from "./search_return.ts";

/** The most names in one command. */
export const maxNamedMailboxes = 1000;

/** `IN (mailboxes "a" subtree "b") RETURN (COUNT) UNSEEN` */
export function parseMultiSearch(s: Scanner, mode: ParseMode): MultiSearch {
  s.space();
  const sources = readSources(s, mode);
  const options = readReturns(s);
  const program = readSaving(options, () => readProgram(s, readCharset(s, mode), options));
  return { verb: "ESEARCH", uid: true, sources, ...options, ...program };
}

/** With the space behind them. */
function readSources(s: Scanner, mode: ParseMode): MailboxFilter[] {
  if (!s.take("IN (")) return [{ filter: "selected" }]; // RFC 7377 2.2
  const sources: MailboxFilter[] = [];
  do {
    if (s.peek() === 0x28) throw new SyntaxError("unknown scope option");
    sources.push(readMailboxFilter(s, mode));
  } while (s.take(" "));
  s.expect(")");
  s.space();
  const named = sources.reduce((sum, each) => sum + ("mailboxes" in each ? each.mailboxes.length : 1), 0);
  if (named > maxNamedMailboxes) throw new CommandError("NO", "LIMIT", "too many mailboxes");
  return sources;
}

/** RFC 5465 8 (filter-mailboxes), RFC 7377 4 */
export function readMailboxFilter(s: Scanner, mode: ParseMode): MailboxFilter {
  const word = s.keyword("a mailbox specifier");
  switch (word) {
    case "SELECTED":
      return { filter: "selected" };
    case "INBOXES":
      return { filter: "inboxes" };
    case "PERSONAL":
      return { filter: "personal" };
    case "SUBSCRIBED":
      return { filter: "subscribed" };
    case "SUBTREE":
      return { filter: "subtree", mailboxes: readMailboxes(s, mode) };
    case "SUBTREE-ONE":
      return { filter: "subtree-one", mailboxes: readMailboxes(s, mode) };
    case "MAILBOXES":
      return { filter: "mailboxes", mailboxes: readMailboxes(s, mode) };
    default:
      throw new SyntaxError("unknown mailbox specifier");
  }
}

function readMailboxes(s: Scanner, mode: ParseMode): string[] {
  s.space();
  return s.peek() === 0x28 ? s.list((s) => readMailbox(s, mode)) : [readMailbox(s, mode)];
}

/** `"A1" "A2"` */
export function parseCancelUpdate(s: Scanner): CancelUpdate {
  const tags: string[] = [];
  do {
    s.space();
    tags.push(s.string("a tag"));
  } while (!s.atEnd);
  return { verb: "CANCELUPDATE", tags };
}
