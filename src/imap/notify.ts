/**
 * NOTIFY: which events the client wants to hear of, in which mailboxes. RFC 5465 8
 *
 * @module
 */
import type { ParseMode } from "./command.ts";
import type { Notify, NotifyEvents, NotifyGroup, SelectedEvents } from "./notify_set.ts";
import { CommandError } from "./command_error.ts";
import { readFetchItems } from "./fetch.ts";
import { readMailbox } from "./mailbox_name.ts";
import type { Scanner } from "./scanner.ts";

/** The most groups of one NOTIFY, and the most names in all of them: each is looked at for each change. */
export const maxNotifyGroups = 100;
export const maxNotifyNames = 1000;

/** The events that can be asked for, as BADEVENT lists them. */
const known = [
  "MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange",
  "MailboxMetadataChange ServerMetadataChange", // Both are required beside METADATA. RFC 5465 5.6, 5.7
].join(" ");

const events: Readonly<Record<string, Exclude<keyof Asked, "fetch">>> = {
  MESSAGENEW: "new",
  MESSAGEEXPUNGE: "expunge",
  FLAGCHANGE: "flags",
  MAILBOXNAME: "names",
  SUBSCRIPTIONCHANGE: "subscriptions",
  MAILBOXMETADATACHANGE: "annotations",
  SERVERMETADATACHANGE: "server",
};

/** What was asked for in one group. */
interface Asked {
  new: boolean;
  expunge: boolean;
  flags: boolean;
  names: boolean;
  subscriptions: boolean;
  annotations: boolean;
  server: boolean;
  fetch: SelectedEvents["fetch"] | null;
}

const open = 0x28;

export function parseNotify(s: Scanner, mode: ParseMode): Notify {
  s.space();
  const form = s.keyword("SET or NONE");
  if (form === "NONE") return { verb: "NOTIFY", set: null };
  if (form !== "SET") throw new SyntaxError("expected SET or NONE");
  s.space();
  const status = s.peek() !== open;
  if (status) {
    s.expect("STATUS");
    s.space();
  }
  let selecting = false;
  let selected: SelectedEvents | null = null;
  let server = false;
  let names = 0;
  const groups: NotifyGroup[] = [];
  let count = 0;
  do {
    if (++count > maxNotifyGroups) throw tooMuch();
    s.expect("(");
    const word = s.keyword("mailboxes");
    if (word === "SELECTED" || word === "SELECTED-DELAYED") {
      if (selecting) throw new SyntaxError("the selected mailbox is named twice"); // RFC 5465 6.1
      selecting = true;
      s.space();
      selected = selectedEvents(readEvents(s), word === "SELECTED-DELAYED");
    } else {
      const { group, asked } = readGroup(s, word, mode);
      server ||= asked.server;
      names += group.names.length;
      if (names > maxNotifyNames) throw tooMuch();
      groups.push(group);
    }
    s.expect(")");
  } while (s.take(" "));
  return { verb: "NOTIFY", set: { status, selected, groups, server } };
}

function readGroup(s: Scanner, word: string, mode: ParseMode): { group: NotifyGroup; asked: Asked } {
  const names: string[] = [];
  switch (word) {
    case "SUBTREE":
    case "MAILBOXES":
      s.space();
      if (s.peek() === open) names.push(...s.list((s) => readMailbox(s, mode)));
      else names.push(readMailbox(s, mode));
      break;
    case "PERSONAL":
    case "INBOXES":
    case "SUBSCRIBED":
      break;
    default:
      throw new SyntaxError("unknown mailboxes");
  }
  s.space();
  const asked = readEvents(s);
  return { group: { of: word, names, events: otherEvents(asked) }, asked };
}

/** `(event …)` or NONE. The parentheses are missing in the example of RFC 5465 3.1, so they may be. */
function readEvents(s: Scanner): Asked {
  const asked: Asked = {
    new: false,
    expunge: false,
    flags: false,
    names: false,
    subscriptions: false,
    annotations: false,
    server: false,
    fetch: null,
  };
  if (s.take("NONE")) return asked;
  const bare = s.peek() !== open;
  if (!bare) s.expect("(");
  do readEvent(s, asked); while (s.take(" "));
  if (!bare) s.expect(")");
  // RFC 5465 5: MessageNew and MessageExpunge go together, and nothing of messages without them.
  if (asked.new !== asked.expunge || (asked.flags && !asked.new)) {
    throw new SyntaxError("MessageNew and MessageExpunge go together, and FlagChange with them");
  }
  return asked;
}

function readEvent(s: Scanner, asked: Asked): void {
  const word = s.keyword("an event");
  const event = Object.hasOwn(events, word) ? events[word] : undefined;
  // RFC 5465 3.1: NO for every event that is not known, AnnotationChange too.
  if (event === undefined) throw new CommandError("NO", `BADEVENT (${known})`, "unsupported event");
  asked[event] = true;
  if (event === "new" && s.peek() === 0x20 && s.bytes[s.at + 1] === open) {
    s.space();
    asked.fetch = readFetchItems(s);
  }
}

function selectedEvents(asked: Asked, delayed: boolean): SelectedEvents | null {
  if (asked.names || asked.subscriptions || asked.annotations || asked.server) {
    throw new SyntaxError("the selected mailbox has events of messages only"); // RFC 5465 6.1
  }
  return asked.new ? { delayed, flags: asked.flags, fetch: asked.fetch ?? [] } : null;
}

function otherEvents(asked: Asked): NotifyEvents {
  // RFC 5465 8 (message-event)
  if (asked.fetch !== null) throw new SyntaxError("data items only for the selected mailbox");
  return {
    messages: asked.new,
    flags: asked.flags,
    names: asked.names,
    subscriptions: asked.subscriptions,
    annotations: asked.annotations,
  };
}

/** RFC 5465 3.1 */
function tooMuch(): CommandError {
  return new CommandError("NO", "NOTIFICATIONOVERFLOW", "too many mailboxes to watch");
}
