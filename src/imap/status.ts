/**
 * STATUS, as command, as option of LIST, and as response. RFC 9051 6.3.11, 7.3.4, RFC 5819, RFC 8438
 *
 * @module
 */
import type { ParseMode, Status, StatusItem } from "./command.ts";
import { readMailbox } from "./mailbox_name.ts";
import type { ResponseWriter } from "./response_writer.ts";
import type { Scanner } from "./scanner.ts";

const items: readonly StatusItem[] = [
  "MESSAGES",
  "UIDNEXT",
  "UIDVALIDITY",
  "UNSEEN",
  "DELETED",
  "SIZE",
  "RECENT",
  "HIGHESTMODSEQ",
  "APPENDLIMIT",
  "DELETED-STORAGE",
  "MAILBOXID",
];

export function parseStatus(s: Scanner, mode: ParseMode): Status {
  s.space();
  const mailbox = readMailbox(s, mode);
  s.space();
  return { verb: "STATUS", mailbox, items: readStatusItems(s) };
}

/** `(MESSAGES UNSEEN)`, without doubles. */
export function readStatusItems(s: Scanner): StatusItem[] {
  const wanted = s.list((s) => {
    const name = s.keyword("a status item");
    const item = items.find((item) => item === name);
    if (item === undefined) throw new SyntaxError("unknown status item");
    return item;
  });
  return [...new Set(wanted)];
}

/** A value of STATUS: a number; null for NIL (APPENDLIMIT: none); text for MAILBOXID. */
export type StatusValue = readonly [item: StatusItem, value: number | string | null];

/** `* STATUS mailbox (MESSAGES 2 UNSEEN 1)` */
export function writeStatus(w: ResponseWriter, mailbox: string, values: readonly StatusValue[]): void {
  w.ascii("* STATUS ").mailbox(mailbox).ascii(" (");
  values.forEach(([item, value], i) => {
    w.ascii(i > 0 ? " " : "").ascii(item).ascii(" ");
    if (typeof value === "number") w.number(value);
    else w.ascii(value === null ? "NIL" : `(${value})`); // RFC 7889 4, RFC 8474 4.3
  });
  w.ascii(")\r\n");
}
