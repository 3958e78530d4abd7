/**
 * Conformance of `Mail`: columns and sections of FETCH. RFC 9051 6.4.5
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Bytes, concat, fromUtf8, utf8 } from "../../base/bytes.ts";
import { maxInlineBytes, type Section } from "../mail.ts";
import { builtMessage, textMessage } from "./built_message.ts";
import {
  all,
  fetched,
  fetchRequest,
  fill,
  mailboxOf,
  type MailTests,
  newMessage,
  readAll,
  refuses,
  section,
  valuesOf,
} from "./conformance_support.ts";

/** The example of RFC 9051 6.4.5.1, with a base64 part, and parts that cannot be decoded. */
const example = builtMessage({
  header: ["Subject: example", "Content-Type: multipart/mixed; boundary==_b"],
  type: "multipart/mixed",
  children: [
    { header: ["Content-Type: text/plain", "X-Part: 1"], type: "text/plain", text: "first" },
    {
      header: ["Content-Transfer-Encoding: base64"],
      type: "application/octet-stream",
      encoding: "base64",
      text: "aGVsbG8gd29ybGQ=\r\n",
      decodedSize: 11,
    },
    {
      header: ["Content-Type: message/rfc822"],
      type: "message/rfc822",
      children: [{
        header: ["Subject: inner", "Content-Type: multipart/mixed; boundary==_b"],
        type: "multipart/mixed",
        children: [
          { header: ["X-Part: 3.1"], type: "text/plain", text: "inner text" },
          { header: [], type: "application/octet-stream", encoding: "unknown", decodedSize: -1, text: "?" },
        ],
      }],
    },
    {
      header: ["Content-Type: multipart/mixed; boundary==_b"],
      type: "multipart/mixed",
      children: [
        { header: ["X-Part: 4.1"], type: "image/gif", text: "GIF" },
        {
          header: ["X-Part: 4.2"],
          type: "message/rfc822",
          children: [{ header: ["Subject: deep"], type: "text/plain", text: "deep text" }],
        },
      ],
    },
    {
      header: ["Content-Transfer-Encoding: quoted-printable"],
      type: "text/plain",
      encoding: "quoted-printable",
      text: "caf=C3=A9 =\r\nau lait",
      decodedSize: 13,
    },
    { header: [], type: "text/plain", text: "" },
  ],
});

const whole = fromUtf8(example.content);
const prefix = utf8("Delivered-To: you\r\n");

/** What each section is; the whole message and its header begin with the prefix. */
const sections: [given: Partial<Section>, value: string | number][] = [
  [{}, fromUtf8(prefix) + whole],
  [
    { what: "header" },
    `${fromUtf8(prefix)}Subject: example\r\nContent-Type: multipart/mixed; boundary==_b\r\n\r\n`,
  ],
  [{ what: "text" }, whole.slice(whole.indexOf("\r\n\r\n") + 4)],
  [{ what: "binary" }, fromUtf8(prefix) + whole],
  [{ what: "binarySize" }, prefix.length + whole.length],
  [{ part: [1] }, "first"],
  [{ part: [1], what: "mime" }, "Content-Type: text/plain\r\nX-Part: 1\r\n\r\n"],
  [{ part: [1], what: "header" }, -1],
  [{ part: [3], what: "commonHeader" }, -1],
  [{ part: [1], what: "text" }, -1],
  [{ part: [1, 1] }, -1],
  [{ part: [2] }, "aGVsbG8gd29ybGQ=\r\n"],
  [{ part: [2], what: "binary" }, "hello world"],
  [{ part: [2], what: "binarySize" }, 11],
  [{ part: [2], what: "binary", offset: 6, length: 3 }, "wor"],
  [{ part: [2], what: "binary", offset: 6, length: 300 }, "world"],
  [{ part: [2], what: "binary", offset: 11 }, ""],
  [{ part: [3], what: "mime" }, "Content-Type: message/rfc822\r\n\r\n"],
  [{ part: [3], what: "header" }, "Subject: inner\r\nContent-Type: multipart/mixed; boundary==_b\r\n\r\n"],
  [{ part: [3, 1] }, "inner text"],
  [{ part: [3, 1], what: "mime" }, "X-Part: 3.1\r\n\r\n"],
  [{ part: [3, 2] }, "?"],
  [{ part: [3, 2], what: "binary" }, -2],
  [{ part: [3, 2], what: "binarySize" }, -2],
  [{ part: [3, 3] }, -1],
  [{ part: [4, 1] }, "GIF"],
  [{ part: [4], what: "header" }, -1],
  [{ part: [4, 2] }, "Subject: deep\r\n\r\ndeep text"],
  [{ part: [4, 2], what: "header" }, "Subject: deep\r\n\r\n"],
  [{ part: [4, 2], what: "text" }, "deep text"],
  [{ part: [4, 2, 1] }, "deep text"],
  [{ part: [4, 2, 1, 1] }, -1],
  [{ part: [4, 2, 2] }, -1],
  [{ part: [5], what: "binary" }, "café au lait"],
  [{ part: [6] }, ""],
  [{ part: [6], what: "mime" }, "\r\n"],
  [{ part: [7] }, -1],
  [{ part: [0] }, -1],
  [{ offset: 3, length: 10 }, "ivered-To:"],
  [{ offset: prefix.length - 2, length: 9 }, "\r\nSubject"],
  [{ offset: 1_000_000 }, ""],
  [{ offset: 5, length: 0 }, ""],
  [{ part: [1], offset: 2, length: 2 }, "rs"],
  [{ part: [1], offset: 2, length: 1_000_000 }, "rst"],
];

export const contentTests: MailTests = {
  async "every kind of section, by fetch and by read"({ mail, deliver }) {
    const uid = await deliver("Inbox", example, prefix);
    const { id } = await mailboxOf(mail, "Inbox");
    for (const [given, value] of sections) {
      const wanted = section(given);
      const name = JSON.stringify(given);
      assert.equal(await fetched(mail, id, uid, wanted), value, name);
      if (typeof value === "string") {
        assert.equal(fromUtf8(await readAll(mail, id, uid, wanted)), value, name);
      } else if (value === -1) await refuses("badRequest", readAll(mail, id, uid, wanted));
      else if (value === -2) await refuses("unknownEncoding", readAll(mail, id, uid, wanted));
    }
  },

  async "a message that is not multipart has a part 1"({ mail, deliver }) {
    const uid = await deliver("Inbox", textMessage("the text\r\n", ["Subject: s"]), prefix);
    const { id } = await mailboxOf(mail, "Inbox");
    const values: [Partial<Section>, string | number][] = [
      [{ part: [1] }, "the text\r\n"],
      [{ part: [1], what: "mime" }, "Subject: s\r\n\r\n"],
      [{ part: [1], what: "binary" }, "the text\r\n"],
      [{ part: [1, 1] }, -1],
      [{ part: [2] }, -1],
      [{ what: "text" }, "the text\r\n"],
    ];
    for (const [given, value] of values) assert.equal(await fetched(mail, id, uid, section(given)), value);
  },

  async "columns belong to their messages, in the order asked"({ mail }) {
    const { id } = await mailboxOf(mail, "Inbox");
    const built = ["one", "two"].map((text) =>
      textMessage(text, [], { subject: text, preview: `über ${text}` })
    );
    const messages = built.map((message, i) => newMessage(message, { internalDate: 1000 * i, bits: i }));
    await mail.append({ mailbox: id, messages });
    const request = fetchRequest(id, {
      numbers: ["flags", "size", "internalDate", "saveDate", "emailId", "threadId"],
      bytes: ["preview", "envelope", "body", "bodyStructure"],
      sections: [section({ part: [1] }), section({ part: [9] })],
    });
    const batches = await all(mail.fetch(request));
    assert.deepEqual(batches.flatMap((batch) => [...batch.uids]), [1, 2]);
    assert.deepEqual(batches.flatMap((batch) => [...batch.internalDates ?? []]), [0, 1000]);
    assert.deepEqual(
      batches.flatMap((batch) => [...batch.sizes ?? []]),
      built.map((message) => message.content.length),
    );
    assert.deepEqual(batches.flatMap((batch) => [...batch.flags?.bits ?? []]), [0, 1]);
    const emails = batches.flatMap((batch) => batch.emailIds ?? []);
    assert.equal(new Set(emails).size, 2);
    assert.ok(emails.every((each) => /^[A-Za-z0-9_-]{1,255}$/.test(each))); // RFC 8474 4
    const values = batches.flatMap((batch) => valuesOf(batch, maxInlineBytes));
    assert.deepEqual(
      values.map((value) => typeof value === "number" ? value : fromUtf8(value)),
      built.flatMap(({ index }, i) => [
        `über ${["one", "two"][i]}`,
        fromUtf8(index.envelope),
        fromUtf8(index.body),
        fromUtf8(index.bodyStructure),
        ["one", "two"][i],
        -1,
      ]),
    );
  },

  async "columns come along whatever their length"({ mail }) {
    const { id } = await mailboxOf(mail, "Inbox");
    const { content, index } = textMessage("text");
    const long = (octets: number) => utf8(`(${"x".repeat(octets)})`);
    const large = {
      ...index,
      envelope: long(maxInlineBytes + 1),
      body: long(maxInlineBytes - 2),
      bodyStructure: long(2 * maxInlineBytes),
    };
    const message = newMessage({ content, index: large });
    await mail.append({ mailbox: id, messages: Array(6).fill(message) });
    const bytes = ["envelope", "body", "bodyStructure", "preview"] as const;
    const batches = await all(mail.fetch(fetchRequest(id, { bytes, sections: [section({ part: [1] })] })));
    assert.ok(batches.length > 1, "batches are of about a megabyte");
    const values = batches.flatMap((batch) => valuesOf(batch, maxInlineBytes, bytes.length));
    const expected = [large.envelope, large.body, large.bodyStructure, utf8(""), utf8("text")];
    assert.equal(values.length, 6 * expected.length);
    for (const [i, value] of values.entries()) assert.deepEqual(value, expected[i % expected.length]);
  },

  async "what is not asked for is not there"({ mail }) {
    const id = await fill(mail, "Inbox", 1);
    const [batch] = await all(mail.fetch(fetchRequest(id)));
    assert.ok(batch !== undefined);
    const { uids, flags, sizes, internalDates, saveDates, emailIds, threadIds, lengths } = batch;
    assert.deepEqual([flags, sizes, internalDates, saveDates, emailIds, threadIds], [
      null,
      null,
      null,
      null,
      null,
      null,
    ]);
    assert.deepEqual([uids.length, lengths.length], [1, 0]);
    assert.deepEqual(await all(mail.fetch(fetchRequest(id, { uids: [5, 7] }))), []);
    await refuses("noSuchMailbox", all(mail.fetch(fetchRequest(99_999_999))));
  },

  async "changedSince leaves out what did not change"({ mail }) {
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
      mail.fetch(fetchRequest(id, { numbers: ["flags"], changedSince: highestModSeq })),
    );
    assert.deepEqual(batches.flatMap((batch) => [...batch.uids]), [2]);
  },

  async "values longer than a batch should hold are read apart"({ mail }) {
    const { id } = await mailboxOf(mail, "Inbox");
    const long = textMessage("0123456789abcde\n".repeat(200_000)); // 3.2 MB
    const spool = await mail.spoolOpen({});
    for (let at = 0; at < long.content.length; at += 500_000) {
      await mail.spoolWrite({ spool, bytes: long.content.slice(at, at + 500_000) });
    }
    const messages = [newMessage(long, { content: null, spool }), newMessage(textMessage("short"))];
    await mail.append({ mailbox: id, messages });
    const batches = await all(mail.fetch(fetchRequest(id, { sections: [section({ part: [1] })] })));
    const values = batches.flatMap((batch) => valuesOf(batch, maxInlineBytes));
    assert.equal(values[0], 3_200_000);
    assert.equal(fromUtf8(values[1] as Bytes), "short");
    const pieces = await all(mail.read({ mailbox: id, uid: 1, section: section() }));
    assert.ok(pieces.every((piece) => piece.length > 0 && piece.length <= 1024 * 1024));
    assert.deepEqual(concat(pieces), long.content);
    const middle = section({ part: [1], offset: 1_000_000, length: 300_000 });
    assert.equal(fromUtf8(await readAll(mail, id, 1, middle)), "0123456789abcde\n".repeat(300_000 / 16));
    await refuses("expunged", readAll(mail, id, 99, section()));
  },

  async "a large encoded part is decoded from any place"({ mail }) {
    const { id } = await mailboxOf(mail, "Inbox");
    const plain = "0123456789abcde\n".repeat(150_000);
    const text = utf8(plain).toBase64().replace(/.{76}/g, "$&\r\n");
    const message = builtMessage({
      header: ["Content-Transfer-Encoding: base64"],
      type: "text/plain",
      encoding: "base64",
      text,
      decodedSize: plain.length,
    });
    const spool = await mail.spoolOpen({});
    for (let at = 0; at < message.content.length; at += 1_000_000) {
      await mail.spoolWrite({ spool, bytes: message.content.slice(at, at + 1_000_000) });
    }
    await mail.append({ mailbox: id, messages: [newMessage(message, { content: null, spool })] });
    const end = section({ part: [1], what: "binary", offset: 2_399_990, length: 100 });
    assert.equal(await fetched(mail, id, 1, end), plain.slice(2_399_990));
    assert.equal(
      await fetched(mail, id, 1, section({ part: [1], what: "binary", offset: 16, length: 16 })),
      "0123456789abcde\n",
    );
    assert.equal(fromUtf8(await readAll(mail, id, 1, section({ part: [1], what: "binary" }))), plain);
  },

  async "a consumer may leave the loop"({ mail }) {
    const id = await fill(mail, "Inbox", 50);
    for await (const _batch of mail.fetch(fetchRequest(id, { sections: [section()] }))) break;
    for await (const _batch of mail.search({ mailbox: id, key: { key: "all" } })) break;
    assert.equal((await mailboxOf(mail, "Inbox")).messages, 50);
  },
};
