import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import type { NotifyEvents, NotifyGroup, NotifySet } from "./notify_set.ts";
import { CommandError } from "./command_error.ts";
import { maxNotifyGroups, maxNotifyNames } from "./notify.ts";
import { parseCommand } from "./parse_command.ts";

const parse = (text: string) => parseCommand(utf8(`a NOTIFY ${text}`), { utf8: false, rev2: false }).command;

const nothing: NotifyEvents = {
  messages: false,
  flags: false,
  names: false,
  subscriptions: false,
  annotations: false,
};
const messages = { ...nothing, messages: true };
const set = (...groups: readonly NotifyGroup[]): NotifySet => ({
  status: false,
  selected: null,
  groups,
  server: false,
});
const personal = (events: NotifyEvents): NotifyGroup => ({ of: "PERSONAL", names: [], events });

const accepted: [text: string, set: NotifySet | null][] = [
  ["NONE", null],
  ["none", null],
  ["SET (PERSONAL (MessageNew MessageExpunge))", set(personal(messages))],
  ["set (personal (messageexpunge MESSAGENEW FlagChange))", set(personal({ ...messages, flags: true }))],
  ["SET (PERSONAL NONE)", set(personal(nothing))],
  ["SET (INBOXES (MailboxName))", set({ of: "INBOXES", names: [], events: { ...nothing, names: true } })],
  [
    "SET (SUBSCRIBED (SubscriptionChange MailboxName))",
    set({ of: "SUBSCRIBED", names: [], events: { ...nothing, names: true, subscriptions: true } }),
  ],
  // RFC 5465 6
  [
    "set (mailboxes INBOX (Messagenew messageExpunge)) (personal (SubscriptionChange))",
    set(
      { of: "MAILBOXES", names: ["Inbox"], events: messages },
      personal({ ...nothing, subscriptions: true }),
    ),
  ],
  [
    "set (selected (Messagenew (uid flags) messageExpunge)) (personal (MessageNew FlagChange MessageExpunge))",
    {
      status: false,
      selected: { delayed: false, flags: false, fetch: [{ item: "UID" }, { item: "FLAGS" }] },
      groups: [personal({ ...messages, flags: true })],
      server: false,
    },
  ],
  // RFC 5465 3.1, whose events stand without parentheses
  [
    "set status (selected MessageNew (uid body.peek[header.fields (from to subject)]) MessageExpunge)",
    {
      status: true,
      selected: {
        delayed: false,
        flags: false,
        fetch: [{ item: "UID" }, {
          item: "SECTION",
          section: { part: [], text: "HEADER.FIELDS", fields: ["from", "to", "subject"] },
          peek: true,
          partial: null,
          label: "BODY[HEADER.FIELDS (from to subject)]",
        }],
      },
      groups: [],
      server: false,
    },
  ],
  [
    "SET (SELECTED-DELAYED (MessageNew MessageExpunge FlagChange))",
    { status: false, selected: { delayed: true, flags: true, fetch: [] }, groups: [], server: false },
  ],
  ["SET STATUS (SELECTED NONE)", { status: true, selected: null, groups: [], server: false }],
  // RFC 5465 5.6, 5.7
  ["SET (PERSONAL (MailboxMetadataChange))", set(personal({ ...nothing, annotations: true }))],
  [
    "SET (PERSONAL (servermetadatachange)) (INBOXES NONE)",
    { ...set(personal(nothing), { of: "INBOXES", names: [], events: nothing }), server: true },
  ],
  [
    'SET (SUBTREE ("a b" inbox/x) (MailboxName)) (MAILBOXES {1+}\r\nc NONE)',
    set(
      { of: "SUBTREE", names: ["a b", "Inbox/x"], events: { ...nothing, names: true } },
      { of: "MAILBOXES", names: ["c"], events: nothing },
    ),
  ],
];
for (const [text, set] of accepted) {
  Deno.test(`parseNotify() reads ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parse(text), { verb: "NOTIFY", set });
  });
}

const refused = [
  "SET (SELECTED (MailboxMetadataChange))", // RFC 5465 6.1
  "SET (SELECTED-DELAYED (ServerMetadataChange))",
  "SET (PERSONAL (MailboxMetadataChange FlagChange))",
  "",
  "ALL",
  "NONE x",
  "SET",
  "SET ",
  "SET STATUS",
  "SET  (PERSONAL NONE)",
  "SET (PERSONAL)",
  "SET (PERSONAL ())",
  "SET (PERSONAL NONE",
  "SET PERSONAL NONE",
  "SET (PERSONAL NONE) ",
  "SET (PERSONAL NONE)(PERSONAL NONE)",
  "SET (NOBODY NONE)",
  "SET (MAILBOXES NONE)",
  "SET (MAILBOXES () NONE)",
  "SET (SUBTREE (a b NONE)",
  "SET (MAILBOXES * (MailboxName))", // No wildcards, and no astring. RFC 5465 6.6
  "SET (PERSONAL (MessageNew))", // RFC 5465 5
  "SET (PERSONAL (MessageExpunge))",
  "SET (PERSONAL (FlagChange))",
  "SET (PERSONAL (FlagChange MessageExpunge))",
  "SET (PERSONAL (MessageNew (UID) MessageExpunge))", // RFC 5465 8
  "SET (SELECTED (MessageNew () MessageExpunge))",
  "SET (SELECTED (MessageNew (ALL) MessageExpunge))",
  "SET (SELECTED (MailboxName))", // RFC 5465 6.1
  "SET (SELECTED (MessageNew MessageExpunge SubscriptionChange))",
  "SET (SELECTED NONE) (SELECTED NONE)",
  "SET (SELECTED NONE) (SELECTED-DELAYED NONE)",
];
for (const text of refused) {
  Deno.test(`parseNotify() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parse(text),
      (error) => error instanceof SyntaxError && !(error instanceof CommandError),
    );
  });
}

const no = (code: string) => (error: unknown) =>
  error instanceof CommandError && error.status === "NO" && error.code === code;

for (const event of ["AnnotationChange", "X-New"]) {
  Deno.test(`parseNotify() names the events that there are, asked for ${event}`, () => {
    const code = "BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange " +
      "MailboxMetadataChange ServerMetadataChange)";
    assert.throws(() => parse(`SET (PERSONAL (MessageNew MessageExpunge ${event}))`), no(code));
  });
}

Deno.test("parseNotify() has limits", () => {
  const group = (names: number) => `(MAILBOXES (${Array(names).fill("a").join(" ")}) NONE)`;
  parse(`SET ${group(maxNotifyNames)}`);
  assert.throws(() => parse(`SET ${group(maxNotifyNames)} ${group(1)}`), no("NOTIFICATIONOVERFLOW"));
  const groups = (count: number) => `SET ${Array(count).fill("(PERSONAL NONE)").join(" ")}`;
  parse(groups(maxNotifyGroups));
  assert.throws(() => parse(groups(maxNotifyGroups + 1)), no("NOTIFICATIONOVERFLOW"));
});
