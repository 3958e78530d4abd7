import assert from "node:assert/strict";
import { type Bytes, latin1, utf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import type { SearchKey } from "../imap/search_key.ts";
import { indexOf } from "../message/testing/check_index.ts";
import { maxIndexedChars } from "../store/text_file.ts";
import { ensureAccount } from "./accounts.ts";
import type { Mail } from "./mail.ts";
import { maxNarrowed } from "./mail_search_index.ts";
import { StoreMail } from "./mail_store.ts";
import type { BuiltMessage } from "./testing/built_message.ts";
import { found, mailboxOf } from "./testing/conformance_support.ts";
import { fillMailbox } from "./testing/large_mailbox.ts";
import { storeUnderTest } from "./testing/store_under_test.ts";

function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

type Pick = <T>(from: readonly [T, ...T[]]) => T;

function message(lines: readonly string[], body: Uint8Array | string = ""): BuiltMessage {
  const head = utf8(lines.map((line) => `${line}\r\n`).join("") + "\r\n");
  const bytes = typeof body === "string" ? utf8(body) : body;
  const content: Bytes = new Uint8Array(head.length + bytes.length);
  content.set(head);
  content.set(bytes, head.length);
  return { content, index: indexOf(content) };
}

const words = [
  "Sommerfest",
  "GRÜSSE",
  "naïve",
  "отпуск",
  "東京都",
  "ΣΊΣΥΦΟΣ",
  "ab",
  "x",
  "100%",
  'a"b',
  "'",
  "Ärger",
] as const;

/** Charsets, and how to write in them; what they cannot write is left out. */
const charsets: readonly [string, (text: string) => Uint8Array, RegExp][] = [
  ["utf-8", utf8, /[^]/u],
  ["iso-8859-1", latin1, /[\x00-\xff]/],
  ["us-ascii", utf8, /[\x00-\x7f]/],
  [
    "utf-16be",
    (text) => Uint8Array.from([...text].flatMap((c) => [c.charCodeAt(0) >> 8, c.charCodeAt(0) & 255])),
    /[^]/u,
  ],
];

const quoted = (bytes: Uint8Array) =>
  [...bytes].map((byte) =>
    byte > 32 && byte < 127 && byte !== 61
      ? String.fromCharCode(byte)
      : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`
  ).join("");

function part(next: () => number, pick: Pick): string {
  const text = Array.from({ length: Math.floor(next() * 6) }, () => pick(words)).join(
    pick([" ", "  ", "\r\n", ""]),
  );
  const [charset, encode, writable] = pick(charsets as unknown as readonly [typeof charsets[number]]);
  const html = next() < 0.4;
  const shown = html
    ? `<p title="${pick(words)}">${text.replaceAll('"', "&quot;")}<img alt=${
      pick(["Bild", "'x y'"])
    }><style>${pick(words)}</style>`
    : text;
  const bytes = encode([...shown].filter((c) => writable.test(c)).join(""));
  const [encoding, body] = pick([["base64", bytes.toBase64()], ["quoted-printable", quoted(bytes)]]);
  const name = pick(["", "", `; filename*=utf-8''${encodeURIComponent(pick(words))}.pdf`]);
  const type = pick([
    html ? "text/html" : "text/plain",
    html ? "text/html" : "text/calendar",
    "application/pdf",
  ]);
  return `Content-Type: ${type}; charset=${charset}\r\nContent-Transfer-Encoding: ${encoding}\r\n` +
    `Content-Disposition: attachment${name}\r\n\r\n${body}\r\n`;
}

function sample(seed: number): BuiltMessage {
  const next = random(seed);
  const pick: Pick = (from) => from[Math.floor(next() * from.length)] ?? from[0];
  const lines = [
    `From: =?utf-8?B?${utf8(pick(words)).toBase64()}?= <a@example.org>`,
    `Subject: =?utf-8?Q?${quoted(utf8(pick(words)))}?=`,
    `X-Word: =?utf-8?B?${utf8(pick(words)).toBase64()}?=`,
  ];
  const parts = Array.from({ length: Math.floor(next() * 4) }, () => part(next, pick));
  const nested = next() < 0.3
    ? `--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner ${pick(["Sommerfest", "ab"])}\r\n\r\n${
      pick(["ab", "x y"])
    }\r\n`
    : "";
  return message(
    [...lines, "Content-Type: multipart/mixed; boundary=b"],
    `${parts.map((each) => `--b\r\n${each}`).join("")}${nested}--b--\r\n`,
  );
}

/** Keys of all kinds over the words and pieces of them. */
function keyOf(next: () => number, depth = 0): SearchKey {
  const pick: Pick = (from) => from[Math.floor(next() * from.length)] ?? from[0];
  const kind = pick(["text", "text", "body", "body", "header", "and", "or", "not", "flag", "uids"]);
  const word = pick([...words, "bild", "filename", ".pdf", "x-word", "nowhere", "inner sommerfest"]);
  const from = Math.floor(next() * word.length);
  const text = pick([word, word.toUpperCase(), word.slice(from, from + 1 + Math.floor(next() * 5)), ""]);
  if (kind === "text" || kind === "body") return { key: kind, text };
  if (kind === "header") return { key: "header", field: pick(["X-Word", "Subject", "Content-Type"]), text };
  if (kind === "flag") return { key: "flag", flag: "\\Seen" };
  if (kind === "uids" || depth > 2) return { key: "uids", set: [2, 9] };
  if (kind === "not") return { key: "not", inner: keyOf(next, depth + 1) };
  if (kind === "or") return { key: "or", left: keyOf(next, depth + 1), right: keyOf(next, depth + 1) };
  return { key: "and", keys: [keyOf(next, depth + 1), keyOf(next, depth + 1)] };
}

/** The answers to many keys. */
async function answers(
  mail: Mail,
  mailbox: number,
  seed: number,
  count: number,
): Promise<[string, number[]][]> {
  const next = random(seed);
  const all: [string, number[]][] = [];
  for (let i = 0; i < count; i++) {
    const key = keyOf(next);
    all.push([JSON.stringify(key), await found(mail, mailbox, key)]);
  }
  return all;
}

Deno.test("the index changes no answer: none, some or all of the mail in it", async () => {
  const seed = Number(Deno.env.get("MAILDEN_SEED") ?? Date.now() % 1_000_000);
  const under = await storeUnderTest({ texts: true });
  const { mail, indexer, parser } = under;
  try {
    for (let i = 0; i < 20; i++) await under.deliver("Inbox", sample(seed + i));
    const { id } = await mailboxOf(mail, "Inbox");
    const none = await answers(mail, id, seed, 150);
    await indexer?.catchUp();
    assert.equal(under.store.texts?.done, under.store.emailIds.last);
    parser.asked = 0;
    assert.deepEqual(await answers(mail, id, seed, 150), none, `seed ${seed}`);
    assert.equal(parser.asked, 0, "what is indexed is not parsed again");
    for (let i = 20; i < 30; i++) await under.deliver("Inbox", sample(seed + i));
    const some = await answers(mail, id, seed, 60);
    await indexer?.catchUp();
    assert.deepEqual(await answers(mail, id, seed, 60), some, `seed ${seed}`);
  } finally {
    await under.close();
  }
});

Deno.test("what readers see is found: HTML as words, names of files, every part", async () => {
  const under = await storeUnderTest({ texts: true });
  try {
    await under.deliver(
      "Inbox",
      message(
        ["Subject: s", "Content-Type: multipart/mixed; boundary=b"],
        "--b\r\nContent-Type: text/html\r\n\r\n<p>Some<b>where</b> &uuml;ber\r\n the <a href='http://link.example/'>rainbow</a>" +
          "<img alt='a cat'><script>secret()</script>\r\n" +
          "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''%C3%9Cbersicht.pdf\r\n\r\nneedle\r\n" +
          "--b\r\nContent-Type: text/calendar\r\n\r\nSUMMARY:Picnic\r\n--b--\r\n",
      ),
    );
    const { id } = await mailboxOf(under.mail, "Inbox");
    for (const indexed of [false, true]) {
      if (indexed) await under.indexer?.catchUp();
      const body = async (text: string) => (await found(under.mail, id, { key: "body", text })).length;
      const text = async (text: string) => (await found(under.mail, id, { key: "text", text })).length;
      for (const each of ["somewhere über the rainbow", "A CAT", "picnic", "re"]) {
        assert.equal(await body(each), 1, each);
      }
      for (const each of ["secret", "link.example", "<b>", "needle", "übersicht"]) {
        assert.equal(await body(each), 0, each);
      }
      for (const each of ["Übersicht.PDF", "multipart/mixed", "picnic", "%C3%9C"]) {
        assert.equal(await text(each), 1, each);
      }
    }
  } finally {
    await under.close();
  }
});

Deno.test("a message that the parser fails on, and one too long for the index, are looked at themselves", async () => {
  const under = await storeUnderTest({ texts: true });
  try {
    under.parser.fails = { on: "poison" };
    await under.deliver("Inbox", message(["Subject: poison"], "quite plain text"));
    const long = "many words in one line\r\n".repeat(maxIndexedChars / 20);
    await under.deliver("Inbox", message(["Subject: long"], `${long}the last word`));
    await under.deliver("Inbox", message(["Subject: short"], "the last word"));
    await under.indexer?.catchUp();
    const { id } = await mailboxOf(under.mail, "Inbox");
    assert.deepEqual(await found(under.mail, id, { key: "text", text: "poison" }), [1]);
    assert.deepEqual(await found(under.mail, id, { key: "body", text: "plain text" }), [1]);
    assert.deepEqual(await found(under.mail, id, { key: "body", text: "the last word" }), [2, 3]);
    assert.deepEqual(
      await found(under.mail, id, { key: "not", inner: { key: "body", text: "in one line" } }),
      [1, 3],
    );
    assert.deepEqual(under.store.texts?.known(under.accountId).except, [1, 2]);
  } finally {
    await under.close();
  }
});

Deno.test("without a parser everything is served, and what is indexed as before", async () => {
  const under = await storeUnderTest({ texts: true });
  try {
    await under.deliver("Inbox", message(["Subject: one", "Content-Type: text/html"], "<p>be<b>fore</b>"));
    await under.indexer?.catchUp();
    under.parser.fails = "tryLater";
    await under.deliver("Inbox", message(["Subject: two"], "after"));
    await assert.rejects(async () => await under.indexer?.catchUp(), Refused);
    const { id } = await mailboxOf(under.mail, "Inbox");
    assert.deepEqual(await found(under.mail, id, { key: "body", text: "before" }), [1]);
    assert.deepEqual(await found(under.mail, id, { key: "body", text: "after" }), [2]);
    assert.deepEqual(await found(under.mail, id, { key: "text", text: "subject" }), [1, 2]);
    under.parser.fails = "never";
    await under.indexer?.catchUp();
    assert.deepEqual(await found(under.mail, id, { key: "body", text: "after" }), [2]);
  } finally {
    await under.close();
  }
});

Deno.test("an account's search sees nothing of another's, and copies are found where they are", async () => {
  const under = await storeUnderTest({ texts: true });
  const { mail } = under;
  try {
    await under.deliver("Inbox", message(["Subject: s"], "wanted"));
    const bob = await ensureAccount(under.store, { name: "bob", maxBytes: null });
    const theirs = await fillMailbox(under.store, bob, "Inbox", 3, 100);
    const { id } = await mailboxOf(mail, "Inbox");
    const { id: archive } = await mail.create({ name: "Copies", specialUse: [] });
    await mail.copy({ mailbox: id, to: archive, uids: [1, 1] });
    await under.indexer?.catchUp();
    assert.deepEqual(await found(mail, archive, { key: "body", text: "wanted" }), [1]);
    const bobs = new StoreMail(under.store, bob);
    assert.deepEqual(await found(bobs, theirs, { key: "text", text: "wanted" }), []);
    assert.deepEqual(await found(bobs, theirs, { key: "text", text: "number 2" }), [3]);
    assert.deepEqual(await found(mail, id, { key: "text", text: "number 2" }), []);
    await bobs.close();
    await mail.storeFlags({
      mailbox: id,
      uids: [1, 1],
      mode: "add",
      bits: 8,
      keywords: [],
      unchangedSince: null,
    });
    await mail.expunge({ mailbox: id, uids: null });
    assert.deepEqual(await found(mail, id, { key: "body", text: "wanted" }), []);
    assert.deepEqual(await found(mail, archive, { key: "body", text: "wanted" }), [1]);
  } finally {
    await under.close();
  }
});

Deno.test("a text that more messages have than a search is narrowed to is found in all", async () => {
  const under = await storeUnderTest({ texts: true });
  try {
    const count = maxNarrowed + 50;
    const id = await fillMailbox(under.store, under.accountId, "Large", count, 60);
    await under.indexer?.catchUp();
    assert.equal((await found(under.mail, id, { key: "text", text: "quick brown" })).length, count);
    assert.deepEqual(await found(under.mail, id, { key: "text", text: `number ${count - 1}` }), [count]);
    const both: SearchKey = {
      key: "or",
      left: { key: "text", text: "number 77 nowhere" },
      right: { key: "body", text: "nowhere" },
    };
    assert.deepEqual(await found(under.mail, id, both), []);
  } finally {
    await under.close();
  }
});
