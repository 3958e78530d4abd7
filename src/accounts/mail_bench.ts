/**
 * How long a mailbox of 100,000 messages takes. One iteration is one whole answer; making the mailbox takes some ten
 * seconds before the first.
 *
 * @module
 */
import { tempStore } from "../store/testing/temp_store.ts";
import { ensureAccount } from "./accounts.ts";
import type { FetchBatch } from "./mail.ts";
import { StoreMail } from "./mail_store.ts";
import { textMessage } from "./testing/built_message.ts";
import { every, fetchRequest, newMessage, section } from "./testing/conformance_support.ts";
import { fillMailbox } from "./testing/large_mailbox.ts";

const count = 100_000;
const few = { n: 3, warmup: 1 };

const { store, folder } = tempStore();
const accountId = await ensureAccount(store, { name: "bench", maxBytes: null });
const mailbox = await fillMailbox(store, accountId, "Inbox", count, 1500);
const larger = await fillMailbox(store, accountId, "Larger", 10_000, 8000);
const scratch = await fillMailbox(store, accountId, "Scratch", 1, 100);
const appended = newMessage(textMessage("All work and no play makes a dull message.\r\n".repeat(180)));
const mail = new StoreMail(store, accountId);
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

/** Takes everything, as a session does that writes it out. */
async function drain(stream: AsyncIterable<FetchBatch>): Promise<number> {
  let octets = 0;
  for await (const batch of stream) octets += batch.values.length;
  return octets;
}

Deno.bench("open (aim: 60 ms)", few, async () => {
  await mail.open({ mailbox, claimRecent: false });
});

Deno.bench("changes since the beginning", few, async () => {
  await mail.changes({ mailbox, modseq: 0, claimRecent: false });
});

Deno.bench("fetch flags (aim: 150 ms)", few, async () => {
  await drain(mail.fetch(fetchRequest(mailbox, { numbers: ["flags"] })));
});

Deno.bench("fetch envelopes, structures, flags, sizes, dates (aim: 1 s)", few, async () => {
  const numbers = ["flags", "size", "internalDate"] as const;
  await drain(mail.fetch(fetchRequest(mailbox, { numbers, bytes: ["envelope", "bodyStructure"] })));
});

Deno.bench("fetch bodies of 2 KB", few, async () => {
  await drain(mail.fetch(fetchRequest(mailbox, { sections: [section()] })));
});

Deno.bench("fetch 10,000 bodies of 8 KB (aim: 500 ms, 160 MB/s)", few, async () => {
  await drain(mail.fetch(fetchRequest(larger, { sections: [section()] })));
});

Deno.bench("append 200 messages of 8 KB in one call (aim: 100 ms)", { n: 10, warmup: 2 }, async () => {
  await mail.append({ mailbox: scratch, messages: Array(200).fill(appended) });
});

Deno.bench("search by flag", few, async () => {
  for await (const _batch of mail.search({ mailbox, key: { key: "flag", flag: "\\Flagged" } }));
});

Deno.bench("search by sender", few, async () => {
  const key = { key: "header", field: "from", text: "sender 7 " } as const;
  for await (const _batch of mail.search({ mailbox, key }));
});

Deno.bench("search by subject (aim: 100 ms)", few, async () => {
  const key = { key: "header", field: "subject", text: "99999" } as const;
  for await (const _batch of mail.search({ mailbox, key }));
});

for (const key of ["date", "subject", "from"] as const) {
  Deno.bench(`sort by ${key} (aim: 500 ms)`, few, async () => {
    const criteria = [{ key, reverse: true }];
    for await (const _batch of mail.sort({ mailbox, key: { key: "all" }, criteria }));
  });
}

for (const algorithm of ["references", "orderedSubject"] as const) {
  Deno.bench(`thread by ${algorithm} (aim: 500 ms)`, few, async () => {
    for await (const _batch of mail.thread({ mailbox, key: { key: "all" }, algorithm }));
  });
}

Deno.bench("search in bodies", few, async () => {
  for await (const _batch of mail.search({ mailbox, key: { key: "body", text: "nowhere" } }));
});

let bits = 4;
Deno.bench("store flags of 10,000 (aim: 150 ms)", few, async () => {
  bits ^= 6;
  await mail.storeFlags({
    mailbox,
    uids: [1, 10_000],
    mode: "replace",
    bits,
    keywords: [],
    unchangedSince: null,
  });
});

Deno.bench("store flags of all", few, async () => {
  bits ^= 6;
  await mail.storeFlags({ mailbox, uids: every, mode: "replace", bits, keywords: [], unchangedSince: null });
});
