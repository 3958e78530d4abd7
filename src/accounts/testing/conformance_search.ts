/**
 * Conformance of `Mail`: searching. RFC 9051 6.4.4
 *
 * @module
 */
import assert from "node:assert/strict";
import { utf8 } from "../../base/bytes.ts";
import type { SearchKey } from "../../imap/search_key.ts";
import { type BuiltMessage, builtMessage, textMessage } from "./built_message.ts";
import { all, fill, found, mailboxOf, type MailTests, newMessage, refuses } from "./conformance_support.ts";

const dayMs = 24 * 60 * 60 * 1000;
const day = (year: number, month: number, date: number) => Date.UTC(year, month - 1, date) / dayMs;

/** Message 1: plain, with encoded words. */
const plain = textMessage(
  "Grüße aus KÖLN\r\nsecond line\r\n",
  [
    "From: =?UTF-8?Q?J=C3=BCrgen?= <juergen@example.org>",
    "To: Ann <ann@example.org>",
    "Subject: =?ISO-8859-1?Q?Caf=E9?= at",
    " noon",
    "X-List: <one.lists.example>",
    // In UTC this is the second of March already.
    "Date: Sun, 1 Mar 2026 20:30:00 -0800",
  ],
  {
    subject: "Café at noon",
    from: "Jürgen <juergen@example.org>",
    to: "Ann <ann@example.org>",
    date: Date.UTC(2026, 2, 2, 4, 30),
  },
);

/** Message 2: parts in other charsets and encodings, a nested message, an attachment that is no text. */
const parts = builtMessage({
  header: [
    "From: bob@example.org",
    "Subject: parts",
    "Bcc: hidden@example.org",
    "Date: 31 Dec 2025 12:00:00 +0000",
  ],
  type: "multipart/mixed",
  children: [
    {
      header: ["X-Part-Name: alpha"],
      type: "text/plain",
      charset: "koi8-r",
      encoding: "8bit",
      text: Uint8Array.of(0xcf, 0xd4, 0xd0, 0xd5, 0xd3, 0xcb), // отпуск
    },
    {
      header: [],
      type: "text/html",
      charset: "utf-8",
      encoding: "base64",
      text: utf8("<p>Sommerfest im Garten</p>").toBase64(),
      decodedSize: 27,
    },
    { header: [], type: "application/octet-stream", text: "binary needle" },
    {
      header: [],
      type: "message/rfc822",
      children: [{
        header: ["Subject: nested subject"],
        type: "text/plain",
        encoding: "quoted-printable",
        text: "nested =\r\ntext",
        decodedSize: 11,
      }],
    },
  ],
}, {
  subject: "parts",
  from: "bob@example.org",
  bcc: "hidden@example.org",
  date: Date.UTC(2025, 11, 31, 12),
});

/** Message 3: nothing in it. */
const empty = textMessage("", [], {});

const messages: [message: BuiltMessage, bits: number, keywords: string[], internalDate: number][] = [
  [plain, 1, ["work"], Date.UTC(2026, 2, 2, 23, 59)],
  [parts, 4, [], Date.UTC(2026, 2, 3)],
  [empty, 0, ["work", "later"], Date.UTC(2020, 0, 1)],
];

const header = (field: string, text: string): SearchKey => ({ key: "header", field, text });
const body = (text: string): SearchKey => ({ key: "body", text });
const text = (text: string): SearchKey => ({ key: "text", text });
const not = (inner: SearchKey): SearchKey => ({ key: "not", inner });
const and = (...keys: SearchKey[]): SearchKey => ({ key: "and", keys });
const or = (left: SearchKey, right: SearchKey): SearchKey => ({ key: "or", left, right });
const date = (of: "internal" | "sent" | "saved", is: "before" | "on" | "since", day: number): SearchKey => ({
  key: "date",
  of,
  is,
  day,
});

const keys: [key: SearchKey, uids: number[]][] = [
  [{ key: "all" }, [1, 2, 3]],
  [and(), [1, 2, 3]],
  [{ key: "uids", set: [1, 1, 3, 10] }, [1, 3]],
  [and({ key: "uids", set: [2, 3] }, { key: "uids", set: [1, 2] }), [2]],
  [{ key: "uids", set: [] }, []],
  [{ key: "flag", flag: "\\Seen" }, [1]],
  [not({ key: "flag", flag: "\\Seen" }), [2, 3]],
  [{ key: "flag", flag: "work" }, [1, 3]],
  [{ key: "flag", flag: "wor" }, []],
  [header("Subject", "CAFÉ"), [1]],
  [header("Subject", "at noon"), [1]],
  [header("subject", ""), [1, 2]],
  [header("From", "jürgen"), [1]],
  [header("From", "JUERGEN@example"), [1]],
  [header("From", "<juergen"), [1]],
  [header("Bcc", "hidden"), [2]],
  [header("X-List", "one.lists"), [1]],
  [header("X-List", ""), [1]],
  [header("X-Other", ""), []],
  [header("X-Part-Name", "alpha"), []], // A part's header is not the message's.
  [body("köln"), [1]],
  [body("second LINE"), [1]],
  [body("noon"), []],
  [body("ОТПУСК"), [2]],
  [body("sommerfest im garten"), [2]],
  [body("nested text"), [2]],
  [text("nested subject"), [2]],
  [text("X-Part-Name: alpha"), [2]],
  [text("café"), [1]],
  [text("köln"), [1]],
  [text("nowhere"), []],
  [not(body("köln")), [2, 3]],
  [{ key: "larger", octets: plain.content.length }, parts.content.length > plain.content.length ? [2] : []],
  [{ key: "smaller", octets: 3 }, [3]],
  [date("internal", "on", day(2026, 3, 2)), [1]],
  [date("internal", "before", day(2026, 3, 3)), [1, 3]],
  [date("internal", "since", day(2026, 3, 3)), [2]],
  [date("sent", "on", day(2026, 3, 1)), [1]], // As it is written, not in UTC.
  [date("sent", "on", day(2026, 3, 2)), []],
  [date("sent", "before", day(2026, 3, 2)), [1, 2]],
  [date("sent", "since", day(2026, 3, 2)), []],
  [date("saved", "before", day(2000, 1, 1)), []],
  [date("saved", "since", day(2000, 1, 1)), [1, 2, 3]],
  [{ key: "within", is: "younger", seconds: 1 }, []],
  [and(header("Subject", "parts"), { key: "flag", flag: "\\Flagged" }, body("garten")), [2]],
  [or(body("köln"), { key: "flag", flag: "later" }), [1, 3]],
  [not(or(body("köln"), header("From", "bob"))), [3]],
  [{ key: "saveDateSupported" }, [1, 2, 3]],
  [{ key: "emailId", id: "nobody" }, []],
  [{ key: "threadId", id: "nobody" }, []],
];

export const searchTests: MailTests = {
  async "every key finds what it should"({ mail }) {
    const { id } = await mailboxOf(mail, "Inbox");
    const added = messages.map(([message, bits, keywords, internalDate]) =>
      newMessage(message, { bits, keywords: [...keywords].sort(), internalDate })
    );
    await mail.append({ mailbox: id, messages: added });
    for (const [key, uids] of keys) assert.deepEqual(await found(mail, id, key), uids, JSON.stringify(key));
  },

  async "ids and MODSEQs are found"({ mail }) {
    const id = await fill(mail, "Inbox", 3);
    const { highestModSeq } = await mailboxOf(mail, "Inbox");
    await mail.storeFlags({
      mailbox: id,
      uids: [2, 2],
      mode: "add",
      bits: 1,
      keywords: [],
      unchangedSince: null,
    });
    const batches = await all(
      mail.search({ mailbox: id, key: { key: "modseq", atLeast: highestModSeq + 1 } }),
    );
    assert.deepEqual(batches.flatMap((batch) => [...batch.uids]), [2]);
    assert.deepEqual(batches.flatMap((batch) => [...batch.modseqs]), [
      (await mailboxOf(mail, "Inbox")).highestModSeq,
    ]);
    const numbers = ["emailId", "threadId"] as const;
    for await (
      const batch of mail.fetch({
        mailbox: id,
        uids: [3, 3],
        numbers,
        bytes: [],
        sections: [],
        changedSince: null,
      })
    ) {
      assert.deepEqual(await found(mail, id, { key: "emailId", id: batch.emailIds?.[0] ?? "" }), [3]);
      assert.ok((await found(mail, id, { key: "threadId", id: batch.threadIds?.[0] ?? "" })).includes(3));
    }
  },

  async "an empty mailbox gives one batch"({ mail }) {
    const { id } = await mailboxOf(mail, "Inbox");
    const batches = await all(mail.search({ mailbox: id, key: { key: "all" } }));
    assert.deepEqual(batches.map((batch) => [batch.uids.length, batch.looked, batch.total]), [[0, 0, 0]]);
    await refuses("noSuchMailbox", all(mail.search({ mailbox: 99_999_999, key: { key: "all" } })));
  },
};
