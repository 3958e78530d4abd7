/**
 * What the conformance tests of `Mail` share.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Bytes, concat, fromUtf8 } from "../../base/bytes.ts";
import { type Reason, Refused } from "../../base/errors.ts";
import type { Ranges, SearchKey } from "../../imap/search_key.ts";
import type { FetchBatch, FetchRequest, Mail, MailboxInfo, NewMessage, Section } from "../mail.ts";
import { type BuiltMessage, textMessage } from "./built_message.ts";

/** The mail of a new account, with its usual mailboxes. */
export interface MailUnderTest {
  readonly mail: Mail;
  /** Adds a message as the delivery of mail does; returns its UID. */
  deliver(mailbox: string, message: BuiltMessage, prefix?: Bytes): Promise<number>;
  /** Ends it, and checks what can be checked. */
  close(): Promise<void>;
}

export type MakeMail = () => MailUnderTest | Promise<MailUnderTest>;

/** One test. */
export type MailTests = Readonly<Record<string, (under: MailUnderTest) => Promise<void>>>;

/** Every UID. */
export const every: Ranges = [1, 0xffffffff];

/** Asserts that something is refused for this reason. */
export async function refuses(reason: Reason, work: Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof Refused, String(error));
    assert.equal(error.reason, reason);
    return true;
  });
}

/** The mailbox of that name. */
export async function mailboxOf(mail: Mail, name: string): Promise<MailboxInfo> {
  const found = (await mail.list({})).mailboxes.find((mailbox) => mailbox.name === name);
  assert.ok(found !== undefined, `no mailbox ${name}`);
  return found;
}

/** A message to be appended. */
export function newMessage(message: BuiltMessage, settings: Partial<NewMessage> = {}): NewMessage {
  return {
    bits: 0,
    keywords: [],
    internalDate: Date.UTC(2026, 0, 1),
    index: message.index,
    content: message.content,
    spool: null,
    ...settings,
  };
}

/** Appends so many short messages; returns the mailbox's id. */
export async function fill(mail: Mail, name: string, count: number): Promise<number> {
  const { id } = await mailboxOf(mail, name);
  const messages = Array.from(
    { length: count },
    (_, i) =>
      newMessage(textMessage(`text ${i}\r\n`, [`Subject: message ${i}`], { subject: `message ${i}` })),
  );
  if (count > 0) await mail.append({ mailbox: id, messages });
  return id;
}

/** Everything that a stream gives. */
export async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** A request for nothing but what is given. */
export function fetchRequest(mailbox: number, given: Partial<FetchRequest> = {}): FetchRequest {
  return { mailbox, uids: every, numbers: [], bytes: [], sections: [], changedSince: null, ...given };
}

/** Flags by UID, as text: bits, keywords. */
export async function flagsOf(mail: Mail, mailbox: number): Promise<Record<number, string>> {
  const found: Record<number, string> = {};
  for await (const { flags } of mail.fetch(fetchRequest(mailbox, { numbers: ["flags"] }))) {
    assert.ok(flags !== null);
    for (const [i, uid] of flags.uids.entries()) {
      found[uid] = `${flags.bits[i]} ${flags.keywordSets[flags.keywordSet[i] ?? -1]}`.trim();
    }
  }
  return found;
}

/** A section of a message: the whole of it, unless told. */
export function section(given: Partial<Section> = {}): Section {
  return { part: [], what: "all", offset: 0, length: null, ...given };
}

/**
 * The values of a batch: for each message, columns and sections; numbers say why there is none.
 *
 * @param columns How many bytes columns were asked for: they are always there.
 */
export function valuesOf(batch: FetchBatch, maxInline: number, columns = 0): (Bytes | number)[] {
  let at = 0;
  const slots = batch.lengths.length / batch.uids.length;
  const values = Array.from(batch.lengths, (length, i) => {
    if (length < 0 || (length > maxInline && i % slots >= columns)) return length;
    return batch.values.slice(at, at += length);
  });
  assert.equal(at, batch.values.length);
  return values;
}

/** One value of one message by FETCH, as text; or the number that stands for it. */
export async function fetched(
  mail: Mail,
  mailbox: number,
  uid: number,
  given: Section,
): Promise<string | number> {
  const request = fetchRequest(mailbox, { uids: [uid, uid], sections: [given] });
  const batches = await all(mail.fetch(request));
  assert.equal(batches.length, 1);
  const batch = batches[0];
  assert.ok(batch !== undefined);
  if (given.what === "binarySize") return batch.lengths[0] ?? NaN;
  const [value] = valuesOf(batch, 256 * 1024);
  return value instanceof Uint8Array ? fromUtf8(value) : value ?? NaN;
}

/** One value by `read`. */
export async function readAll(mail: Mail, mailbox: number, uid: number, given: Section): Promise<Bytes> {
  return concat(await all(mail.read({ mailbox, uid, section: given })));
}

/** UIDs that match. */
export async function found(mail: Mail, mailbox: number, key: SearchKey): Promise<number[]> {
  const batches = await all(mail.search({ mailbox, key }));
  const last = batches.at(-1);
  assert.equal(last?.looked, last?.total);
  for (const batch of batches) assert.equal(batch.modseqs.length, batch.uids.length);
  return batches.flatMap((batch) => [...batch.uids]);
}
