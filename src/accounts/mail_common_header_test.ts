/** HEADER.FIELDS as clients ask for it in lists: whatever is stored of it, the answer is the header's. */
import assert from "node:assert/strict";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import { headerFields } from "../message/header_fields.ts";
import { maxInlineBody } from "../store/bodies.ts";
import { one, prepared, run } from "../store/query.ts";
import { type BuiltMessage, textMessage } from "./testing/built_message.ts";
import {
  all,
  fetchRequest,
  mailboxOf,
  newMessage,
  section,
  valuesOf,
} from "./testing/conformance_support.ts";
import { type StoreUnderTest, storeUnderTest } from "./testing/store_under_test.ts";
import { maxInlineBytes } from "./mail.ts";

const fields = ["From", "To", "Subject", "Date", "Received"];
const lines = [
  "Received: x",
  "from: a@example.org",
  "To: b@example.org,\r\n\tc@example.org",
  "X-A: 1",
  "Date: d",
];
const wanted =
  "Received: x\r\nfrom: a@example.org\r\nTo: b@example.org,\r\n\tc@example.org\r\nDate: d\r\n\r\n";

async function withStore(test: (under: StoreUnderTest) => Promise<void>): Promise<void> {
  const under = await storeUnderTest();
  try {
    await test(under);
  } finally {
    await under.close();
  }
}

/** The asked fields of every message, made of what the store gives as the common header. */
async function asked(
  { mail }: StoreUnderTest,
  more: Parameters<typeof section>[0][] = [],
): Promise<string[]> {
  const { id } = await mailboxOf(mail, "Inbox");
  const sections = [section({ what: "commonHeader" }), ...more.map(section)];
  const batches = await all(mail.fetch(fetchRequest(id, { sections })));
  const values = batches.flatMap((batch) => valuesOf(batch, maxInlineBytes));
  return values.filter((_value, i) => i % sections.length === 0).map((value) => {
    assert.ok(value instanceof Uint8Array);
    return fromUtf8(headerFields(value, fields, false));
  });
}

const forget = prepared((db, _p: Record<string, never>) =>
  db.updateTable("emails").set({ common_header: null })
);
const stored = prepared((db, _p: Record<string, never>) => db.selectFrom("emails").select("common_header"));

function message(text: string): BuiltMessage {
  return textMessage(text, lines);
}

Deno.test("what is stored of a header is what clients ask for, and not all of it", () =>
  withStore(async (under) => {
    await under.deliver("Inbox", message("text"), utf8("Delivered-To: you\r\n"));
    assert.deepEqual(await asked(under), [wanted]);
    assert.deepEqual(await asked(under, [{ what: "text" }]), [wanted]);
  }));

Deno.test("a common field of the prefix is told as well", () =>
  withStore(async (under) => {
    await under.deliver("Inbox", message("text"), utf8("Subject: in front\r\n"));
    assert.deepEqual(await asked(under), [`Subject: in front\r\n${wanted}`]);
  }));

Deno.test("where none is stored, the header is read from the body", async () => {
  const under = await storeUnderTest();
  const { mail } = under;
  const { id } = await mailboxOf(mail, "Inbox");
  const large = message("x".repeat(maxInlineBody)); // A file: too large for the database.
  const spool = await mail.spoolOpen({});
  await mail.spoolWrite({ spool, bytes: large.content });
  await mail.append({ mailbox: id, messages: [{ ...newMessage(large), content: null, spool }] });
  assert.deepEqual(await asked(under), [wanted]);
  await mail.append({ mailbox: id, messages: [newMessage(message("old"))] });
  await under.run(function* () {
    yield* run(forget, {});
  });
  assert.equal((await under.run(() => one(stored, {})))?.common_header, null);
  assert.deepEqual(await asked(under), [wanted, wanted]);
  assert.deepEqual(await asked(under, [{ what: "text", length: 3 }]), [wanted, wanted]);
  await under.close();
});
