import assert from "node:assert/strict";
import type { FetchRequest, Section } from "../../accounts/mail.ts";
import { fromLatin1, latin1, MiB } from "../../base/bytes.ts";
import { Refused } from "../../base/errors.ts";
import type { SearchKey } from "../../imap/search_key.ts";
import { indexOf } from "./imap_stage.ts";
import { MemoryMail } from "./memory_mail.ts";
import type { MemoryMailSettings } from "./memory_settings.ts";
import { messages } from "./messages.ts";

async function mailWith(names: readonly string[], settings: Partial<MemoryMailSettings> = {}) {
  const mail = new MemoryMail(settings, ["Inbox", "Other"]);
  for (const name of names) {
    const body = latin1(messages[name] ?? "");
    mail.deliver("Inbox", body, indexOf(body), latin1("Return-Path: <>\r\n"));
  }
  const [inbox, other] = (await mail.list({})).mailboxes;
  assert.ok(inbox !== undefined && other !== undefined);
  return { mail, inbox: inbox.id, other: other.id };
}

function refusal(reason: string) {
  return (error: unknown) => error instanceof Refused && error.reason === reason;
}

const all = [1, 0xffff_ffff];
const noValues = { numbers: [], bytes: [], sections: [], changedSince: null } as const;

async function found(mail: MemoryMail, mailbox: number, key: SearchKey): Promise<number[]> {
  const uids: number[] = [];
  for await (const batch of mail.search({ mailbox, key })) uids.push(...batch.uids);
  return uids;
}

async function sections(
  mail: MemoryMail,
  request: Partial<FetchRequest> & { mailbox: number },
): Promise<(string | number)[]> {
  const values: (string | number)[] = [];
  for await (const batch of mail.fetch({ uids: all, ...noValues, ...request })) {
    let at = 0;
    for (const length of batch.lengths) {
      values.push(length < 0 ? length : fromLatin1(batch.values, at, at + length));
      at += Math.max(0, length);
    }
  }
  return values;
}

const section = (what: Section["what"], ...part: number[]): Section => ({
  part,
  what,
  offset: 0,
  length: null,
});

Deno.test("every change takes one higher MODSEQ, and nothing where nothing changes", async () => {
  const { mail, inbox } = await mailWith(["plain", "short"]);
  const store = {
    mailbox: inbox,
    uids: all,
    mode: "add",
    bits: 1,
    keywords: ["b", "a"],
    unchangedSince: null,
  } as const;
  const first = await mail.storeFlags(store);
  assert.deepEqual([...first.flags.modseqs], [4, 4]);
  assert.equal(first.flags.keywordSets[first.flags.keywordSet[0] ?? 0], "a b");
  assert.deepEqual([...(await mail.storeFlags(store)).flags.modseqs], [4, 4]);
  const conditional = await mail.storeFlags({ ...store, uids: [1, 1], mode: "remove", unchangedSince: 3 });
  assert.deepEqual([[...conditional.modified], [...conditional.flags.uids]], [[1], []]);
  const replaced = await mail.storeFlags({ ...store, uids: [2, 2], mode: "replace", bits: 8, keywords: [] });
  assert.deepEqual([[...replaced.flags.bits], [...replaced.flags.modseqs]], [[8], [5]]);
  assert.deepEqual([...await mail.expunge({ mailbox: inbox, uids: null })], [2]);
  const changes = await mail.changes({ mailbox: inbox, modseq: 4, claimRecent: false });
  assert.deepEqual([changes.highestModSeq, [...changes.expunged], [...changes.changed.uids]], [6, [2], []]);
  mail.forgetExpunged("Inbox");
  assert.equal((await mail.changes({ mailbox: inbox, modseq: 4, claimRecent: false })).complete, false);
  assert.equal((await mail.changes({ mailbox: inbox, modseq: 6, claimRecent: false })).complete, true);
});

Deno.test("copies and moves keep the email and take new UIDs; a move leaves an expunged row", async () => {
  const { mail, inbox, other } = await mailWith(["plain", "short", "mixed"]);
  const copied = await mail.copy({ mailbox: inbox, uids: [1, 1, 3, 9], to: other });
  assert.deepEqual([[...copied.from], [...copied.to]], [[1, 3], [1, 2]]);
  const moved = await mail.move({ mailbox: inbox, uids: [2, 3], to: inbox });
  assert.deepEqual([[...moved.from], [...moved.to]], [[2, 3], [4, 5]]);
  assert.deepEqual(mail.messages("Inbox").map((message) => message.uid), [1, 4, 5]);
  assert.equal(mail.messages("Inbox")[2]?.email, mail.messages("Other")[1]?.email);
  const changes = await mail.changes({ mailbox: inbox, modseq: copied.to.length, claimRecent: false });
  assert.deepEqual([...changes.expunged], [2, 3]);
});

Deno.test("what cannot be is refused, and changes nothing", async () => {
  const { mail, inbox } = await mailWith(["plain"], { quotaBytes: 300, maxMailboxes: 3 });
  await assert.rejects(mail.create({ name: "Inbox", specialUse: [] }), refusal("mailboxExists"));
  await assert.rejects(mail.create({ name: "a/b", specialUse: [] }), refusal("tooMany"));
  for (const name of ["", "/a", "a/", "a//b", ".", "a/../b", "#a", "inbox", "a\nb", "e\u0301"]) {
    await assert.rejects(mail.create({ name, specialUse: [] }), refusal("badName"), JSON.stringify(name));
  }
  await assert.rejects(mail.delete({ name: "Inbox" }), refusal("notPermitted"));
  await assert.rejects(mail.rename({ from: "Other", to: "Inbox" }), refusal("mailboxExists"));
  await assert.rejects(mail.open({ mailbox: 99, claimRecent: false }), refusal("noSuchMailbox"));
  await assert.rejects(mail.copy({ mailbox: inbox, uids: all, to: inbox }), refusal("overQuota"));
  assert.equal(mail.messages("Inbox").length, 1);
  assert.equal((await mail.list({})).mailboxes.length, 2);
});

Deno.test("recent messages belong to who claims them first", async () => {
  const { mail, inbox } = await mailWith(["plain"]);
  assert.equal((await mail.open({ mailbox: inbox, claimRecent: false })).recentFromUid, 1);
  assert.equal((await mail.open({ mailbox: inbox, claimRecent: true })).recentFromUid, 1);
  assert.equal((await mail.open({ mailbox: inbox, claimRecent: true })).recentFromUid, 2);
  const body = latin1(messages.short ?? "");
  mail.deliver("Inbox", body, indexOf(body));
  assert.equal((await mail.list({})).mailboxes[0]?.recent, 1);
  assert.equal((await mail.changes({ mailbox: inbox, modseq: 0, claimRecent: true })).recentFromUid, 2);
  assert.equal((await mail.list({})).mailboxes[0]?.recent, 0);
});

Deno.test("sections of parts, nested messages, decoded and not there", async () => {
  const { mail, inbox } = await mailWith(["mixed"]);
  const asked: [Section, string | number][] = [
    [section("all", 1), "first part"],
    [section("mime", 1), "Content-Type: text/plain\r\n\r\n"],
    [section("binary", 2), "\0\x01\x02\x03\x04"],
    [section("header", 3), "Subject: inner\r\nFrom: eve@example.com\r\n\r\n"],
    [section("text", 3), "inner text"],
    [section("all", 3, 1), "inner text"],
    [section("binary", 4), -2],
    [section("all", 5), -1],
    [section("all", 1, 1), -1],
    [section("header", 1), -1],
    [section("mime"), -1],
    [{ ...section("all", 1), offset: 2, length: 3 }, "rst"],
    [{ ...section("all", 1), offset: 99, length: 3 }, ""],
  ];
  const got = await sections(mail, { mailbox: inbox, sections: asked.map(([each]) => each) });
  assert.deepEqual(got, asked.map(([, value]) => value));
  const [whole, header] = await sections(mail, {
    mailbox: inbox,
    sections: [section("all"), section("header")],
  });
  assert.equal(whole, `Return-Path: <>\r\n${messages.mixed}`);
  assert.ok(String(whole).startsWith(String(header)));
});

Deno.test("batches are bounded, and long values are read in pieces", async () => {
  const { mail, inbox } = await mailWith(["plain", "plain", "plain"], { batchBytes: 400 });
  const body = latin1("x".repeat(2 * MiB + 1));
  mail.deliver("Inbox", body, indexOf(body));
  const sizes: number[] = [];
  for await (
    const batch of mail.fetch({ mailbox: inbox, uids: all, ...noValues, sections: [section("all")] })
  ) {
    sizes.push(batch.uids.length);
  }
  assert.deepEqual(sizes, [2, 2]);
  const pieces: number[] = [];
  for await (const piece of mail.read({ mailbox: inbox, uid: 4, section: section("all") })) {
    pieces.push(piece.length);
  }
  assert.deepEqual(pieces, [MiB, MiB, 1]);
  const gone = mail.read({ mailbox: inbox, uid: 9, section: section("all") });
  await assert.rejects(gone.next(), refusal("expunged"));
});

const searches: [name: string, key: SearchKey, uids: number[]][] = [
  ["header, decoded", { key: "header", field: "Subject", text: "grüsse".replace("ss", "ß") }, [3]],
  ["header, present", { key: "header", field: "X-Other", text: "" }, [2]],
  ["header, folded", { key: "header", field: "subject", text: "subject\tthat" }, [2]],
  ["prefix", { key: "header", field: "return-path", text: "<>" }, [1, 2, 3]],
  ["body, decoded, soft line break", { key: "body", text: "CAFÉ UND MEHR" }, [3]],
  ["text: header or body", { key: "text", text: "Ann" }, [1, 2]],
  ["sent on", { key: "date", of: "sent", is: "on", day: Date.UTC(1994, 1, 7) / 86_400_000 }, [1]],
  ["internal date", { key: "date", of: "internal", is: "before", day: 0 }, []],
  ["within", { key: "within", is: "younger", seconds: 1 }, [1, 2, 3]],
  ["uids and not", {
    key: "and",
    keys: [{ key: "uids", set: [2, 9] }, { key: "not", inner: { key: "uids", set: [3, 3] } }],
  }, [2]],
  ["modseq", { key: "modseq", atLeast: 3 }, [2, 3]],
  ["or", { key: "or", left: { key: "smaller", octets: 120 }, right: { key: "flag", flag: "\\Seen" } }, [2]],
];
for (const [name, key, uids] of searches) {
  Deno.test(`search by ${name}`, async () => {
    const { mail, inbox } = await mailWith(["plain", "folded", "latin"], { searchBatch: 2 });
    assert.deepEqual(await found(mail, inbox, key), uids);
  });
}

Deno.test("who listens hears of each change, until it leaves", async () => {
  const { mail, inbox } = await mailWith([]);
  const heard: { mailboxes: readonly number[]; list: boolean }[] = [];
  for await (const { mailboxes, list } of mail.listen({})) {
    heard.push({ mailboxes, list });
    if (heard.length === 1) await mail.create({ name: "New", specialUse: [] });
    if (heard.length === 2) {
      const body = latin1("a: b\r\n\r\n");
      mail.deliver("Inbox", body, indexOf(body));
    }
    if (heard.length === 3) break;
  }
  assert.deepEqual(heard, [{ mailboxes: [], list: false }, { mailboxes: [], list: true }, {
    mailboxes: [inbox],
    list: false,
  }]);
  assert.equal(mail.listeners, 0);
});
