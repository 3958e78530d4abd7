import assert from "node:assert/strict";
import { ownTime } from "../../tests/support/own_time.ts";
import type { PartialRange, SectionSpec } from "./fetch_item.ts";
import { parseImapUrl } from "./imap_url.ts";

const all: SectionSpec = { part: [], text: "ALL", fields: [] };

interface Wanted {
  readonly mailbox: string;
  readonly uid: number;
  readonly uidValidity?: number;
  readonly section?: SectionSpec;
  readonly partial?: PartialRange;
}

const accepted: [url: string, selected: string | null, wanted: Wanted][] = [
  ["/Drafts/;UID=3002", null, { mailbox: "Drafts", uid: 3002 }],
  ["/Drafts;UIDVALIDITY=385759045/;UID=20", null, { mailbox: "Drafts", uid: 20, uidValidity: 385759045 }],
  [
    "/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER",
    null,
    { mailbox: "Drafts", uid: 20, uidValidity: 385759045, section: { ...all, text: "HEADER" } },
  ],
  ["/a/b/;uid=1/;SECTION=1.2.MIME", null, {
    mailbox: "a/b",
    uid: 1,
    section: { ...all, part: [1, 2], text: "MIME" },
  }],
  ["/inbox/;UID=1/;SECTION=1.3", "x", { mailbox: "Inbox", uid: 1, section: { ...all, part: [1, 3] } }],
  ["/a/;UID=1/;PARTIAL=0.1024", null, { mailbox: "a", uid: 1, partial: { offset: 0, length: 1024 } }],
  [
    "/a/;UID=1/;SECTION=TEXT/;PARTIAL=7",
    null,
    {
      mailbox: "a",
      uid: 1,
      section: { ...all, text: "TEXT" },
      partial: { offset: 7, length: Number.MAX_SAFE_INTEGER },
    },
  ],
  [
    "/a/;UID=1/;SECTION=HEADER.FIELDS%20(DATE%20FROM)",
    null,
    { mailbox: "a", uid: 1, section: { part: [], text: "HEADER.FIELDS", fields: ["DATE", "FROM"] } },
  ],
  ["/Entw%C3%BCrfe%20%26%20%2F;UIDVALIDITY=1/;UID=4294967295", null, {
    mailbox: "Entwürfe & /",
    uid: 4294967295,
    uidValidity: 1,
  }],
  // RFC 5092 9.1, RFC 3986 5.2.3
  [";UID=20", "Lists/foo", { mailbox: "Lists/foo", uid: 20 }],
  [";UID=20/;SECTION=1", "foo", { mailbox: "foo", uid: 20, section: { ...all, part: [1] } }],
  ["bar/;UID=20", "Lists/foo", { mailbox: "Lists/bar", uid: 20 }],
  ["bar/;UID=20", "foo", { mailbox: "bar", uid: 20 }],
  ["bar/baz/;UID=20", null, { mailbox: "bar/baz", uid: 20 }],
  ["..;UIDVALIDITY=385759045/;UID=20", "a/b", { mailbox: "a/..", uid: 20, uidValidity: 385759045 }],
];
for (const [url, selected, wanted] of accepted) {
  Deno.test(`parseImapUrl() reads ${url}`, () => {
    const { mailbox, uid, uidValidity = null, section = all, partial = null } = wanted;
    assert.deepEqual(parseImapUrl(url, selected), {
      mailbox,
      uid,
      uidValidity,
      section: { item: "SECTION", section, peek: true, partial, label: "" },
    });
  });
}

const refused = [
  "",
  "/",
  "/a",
  "/a/",
  "/a/;UID=",
  "/a/;UID=0",
  "/a/;UID=01",
  "/a/;UID=4294967296",
  "/a/;UID=1:2",
  "/a/;UID=*",
  "/a;UID=1",
  "/;UID=1",
  ";UID=1", // Nothing is selected.
  "/a/;UID=1/",
  "/a/;UID=1/;SECTION=",
  "/a/;UID=1/;SECTION=0",
  "/a/;UID=1/;SECTION=MIME",
  "/a/;UID=1/;SECTION=1]",
  "/a/;UID=1/;SECTION=1%5D",
  "/a/;UID=1/;SECTION=1/;PARTIAL=",
  "/a/;UID=1/;PARTIAL=1.0",
  "/a/;UID=1/;PARTIAL=-1",
  "/a/;UID=1/;PARTIAL=1/;SECTION=1",
  "/a/;UID=1;EXPIRE=2026-01-01T00:00:00Z;URLAUTH=anonymous:internal:0123456789abcdef0123456789abcdef",
  "/a;UIDVALIDITY=0/;UID=1",
  "/a;UIDVALIDITY=/;UID=1",
  ";UIDVALIDITY=1/;UID=1",
  "/a?SUBJECT%20x",
  "/a b/;UID=1",
  "/ä/;UID=1",
  "/%/;UID=1",
  "/%zz/;UID=1",
  "/%FF/;UID=1",
  "/;SECTION=1",
  ";PARTIAL=1",
  "imap://user@example.org/a/;UID=1", // RFC 4469 3
  "//user@example.org/a/;UID=1",
  "http://example.org/",
  "file:///etc/passwd",
  "/a/;UID=1\r\n",
];
for (const url of refused) {
  Deno.test(`parseImapUrl() refuses ${JSON.stringify(url)}`, () => {
    assert.equal(parseImapUrl(url, null), null);
  });
}

Deno.test("parseImapUrl() takes no long time for anything", () => {
  const took = ownTime();
  for (const piece of ["/;UID=1", ";UIDVALIDITY=1/", "/;SECTION=", "a/", "%41", ";"]) {
    parseImapUrl(piece.repeat(8000 / piece.length), "x");
  }
  const ms = took();
  assert.ok(ms < 500, `${ms} ms`);
});
