import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import type { Address } from "../address/address.ts";
import { concat, fromUtf8, MiB, utf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { maxHeaderOctets } from "../dkim/message_reader.ts";
import { DkimVerifier } from "../dkim/verifier.ts";
import { txt, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { Indexer } from "../message/indexer.ts";
import { createAccount } from "../store/accounts.ts";
import { many, prepared } from "../store/query.ts";
import type { Store } from "../store/store.ts";
import { tempStore } from "../store/testing/temp_store.ts";
import type { AddressBook } from "./address_book.ts";
import type { Incoming } from "./deliver.ts";
import { Signing } from "./signing.ts";
import { SubmissionService } from "./submission_service.ts";

/** ann and bob are here, dora is refused and may write all the same; nobody writes as the list, whose mail ann has. */
const book: AddressBook = {
  lookup({ local, domain }) {
    if (domain !== "example.org") return { kind: "unknownDomain" };
    if (local === "dora") return { kind: "refused", code: 550, text: "gone" };
    return { kind: "local", account: local === "lists" ? "ann" : local, mailbox: "Inbox" };
  },
  maySend: (account, { local, domain }) => domain === "example.org" && local === account,
};

const address = (text: string): Address => ({
  local: text.split("@")[0] ?? "",
  domain: text.split("@")[1] ?? "example.org",
});

const refused = (reason: string) => (error: unknown) => error instanceof Refused && error.reason === reason;

async function withStore(test: (store: Store) => Promise<void>): Promise<void> {
  await using temp = tempStore();
  for (const name of ["ann", "bob"]) {
    await temp.store.writer.run((tx) => createAccount(tx, { name, maxBytes: null }));
  }
  await test(temp.store);
}

let ids = 0;

/** A submission of ann's or another's, as an honest front sends it. */
function submitted(to: string[], from: string, text?: string): Incoming {
  const content = utf8(text ?? `From: <${from}@example.org>\r\nSubject: x\r\n\r\ntext\r\n`);
  const indexer = new Indexer();
  indexer.write(content);
  return {
    deliveryId: (++ids).toString(16).padStart(32, "0"),
    from: address(from),
    recipients: to.map((each) => ({ address: address(each), prefix: utf8("Received: from here\r\n") })),
    remoteAddress: "192.0.2.1",
    helo: "here.example.net",
    index: indexer.end(),
    evidence: null,
    content,
    spool: null,
    cid: "1",
  };
}

function signing(): Signing {
  const all = new Signing();
  const settings = {
    headers: [],
    dontSealHeaders: false,
    relaxedHeader: true,
    relaxedBody: true,
    expiration: 3_600_000,
  };
  all.add("example.org", "s", generateKeyPairSync("ed25519").privateKey, settings, true);
  return all;
}

const stored = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("emails as e").innerJoin("bodies as b", "b.id", "e.body_id").select(["e.prefix", "b.bytes"])
);

Deno.test("a submission is delivered here, from the account's own addresses only", () =>
  withStore(async (store) => {
    const submission = new SubmissionService(store, book, "ann");
    assert.equal(await submission.maySend({ address: address("ann") }), true);
    assert.equal(await submission.maySend({ address: address("bob") }), false);
    assert.equal(await submission.maySend({ address: address("lists") }), false);
    const dora = new SubmissionService(store, book, "dora");
    assert.equal(await dora.maySend({ address: address("dora") }), true);
    await dora.submit(submitted(["bob"], "dora"));
    await dora.close();
    const mine = submitted(["bob", "x@elsewhere.example"], "ann");
    const results = await submission.submit(mine);
    assert.deepEqual(results.map((result) => result.kind), ["delivered", "refused"]);
    await assert.rejects(submission.submit({ ...mine, from: address("bob") }), refused("noPermission"));
    const from = (fromAddress: string | null) => ({ ...mine, index: { ...mine.index, fromAddress } });
    await assert.rejects(submission.submit(from("bob@example.org")), refused("noPermission"));
    await assert.rejects(submission.submit(from(null)), refused("badRequest"));
    await submission.close();
  }));

Deno.test("an author whose localpart needs quotes is who it is", () =>
  withStore(async (store) => {
    await store.writer.run((tx) => createAccount(tx, { name: "a b", maxBytes: null }));
    const submission = new SubmissionService(store, book, "a b");
    const text = 'From: "a b"@example.org\r\n\r\ntext\r\n';
    const [result] = await submission.submit(submitted(["bob"], "a b", text));
    assert.equal(result?.kind, "delivered");
    await submission.close();
  }));

/** What a front that was taken over might say of a message that is not from the one who has signed in. */
const lies: [title: string, content: string, change: Partial<Incoming["index"]>][] = [
  ["the From of another", "From: <bob@example.org>\r\n\r\nx\r\n", {}],
  ["two From fields", "From: <ann@example.org>\r\nFrom: <bob@example.org>\r\n\r\nx\r\n", {}],
  ["two authors", "From: <ann@example.org>, <bob@example.org>\r\n\r\nx\r\n", {}],
  ["an author behind its own", "From: <ann@example.org> <bob@example.org>\r\n\r\nx\r\n", {}],
  ["an author in front of its own", "From: bob@example.org <ann@example.org>\r\n\r\nx\r\n", {}],
  ["an author that never ends", "From: <ann@example.org> (x bob@example.org\r\n\r\nx\r\n", {}],
  ["no From", "Subject: x\r\n\r\nFrom: <ann@example.org>\r\n", {}],
];
for (const [title, content, change] of lies) {
  Deno.test(`a message with ${title} is neither delivered nor signed, whatever its index says`, () =>
    withStore(async (store) => {
      const submission = new SubmissionService(store, book, "ann", undefined, signing());
      const honest = submitted(["bob"], "ann", content);
      const lying = { ...honest, index: { ...honest.index, fromAddress: "ann@example.org", ...change } };
      await assert.rejects(submission.submit(lying), refused("noPermission"));
      assert.deepEqual(store.read(many(stored, {})), []);
      await submission.close();
    }));
}

Deno.test("where the header ends is not the front's to say either", () =>
  withStore(async (store) => {
    const submission = new SubmissionService(store, book, "ann", undefined, signing());
    const honest = submitted(
      ["bob"],
      "ann",
      "Subject: x\r\nFrom: <bob@example.org>\r\n\r\nFrom: <ann@example.org>\r\n\r\n",
    );
    const { root } = honest.index;
    const lying = {
      ...honest,
      index: { ...honest.index, fromAddress: "ann@example.org", root: { ...root, bodyStart: root.bodyEnd } },
    };
    await assert.rejects(submission.submit(lying), refused("noPermission"));
    await submission.close();
  }));

Deno.test("a header section without end is refused at its limit, and leaves nothing", () =>
  withStore(async (store) => {
    const submission = new SubmissionService(store, book, "ann");
    const honest = submitted(["bob"], "ann");
    const spool = await submission.spoolOpen({});
    const head = utf8("From: <ann@example.org>\r\nX: ");
    await submission.spoolWrite({ spool, bytes: head });
    const filler = new Uint8Array(MiB / 2).fill(97);
    for (let n = 0; n <= maxHeaderOctets; n += filler.length) {
      await submission.spoolWrite({ spool, bytes: filler });
    }
    await assert.rejects(
      submission.submit({ ...honest, content: null, spool }),
      (error: unknown) => error instanceof Refused && ["tooLarge", "badRequest"].includes(error.reason),
    );
    assert.deepEqual(store.read(many(stored, {})), []);
    await submission.close();
  }));

Deno.test("what is sent is signed above its Received field, with the fields that it lacked", () =>
  withStore(async (store) => {
    const keys = signing();
    const submission = new SubmissionService(store, book, "ann", undefined, keys);
    const sent = submitted(["bob"], "ann");
    const prefix = utf8(
      "Return-Path: <ann@example.org>\r\nReceived: from here\r\nDate: Sat, 21 Nov 2026 12:00:00 +0000\r\n",
    );
    const [bob] = sent.recipients;
    assert.ok(bob !== undefined);
    const asked = {
      ret: null,
      envid: null,
      hold: { kind: "for", seconds: 86_400 },
      requireTls: false,
    } as const;
    await submission.submit({ ...sent, asked, recipients: [{ ...bob, prefix }] });
    await submission.close();
    const [row] = store.read(many(stored, {}));
    assert.ok(row?.bytes);
    assert.match(
      fromUtf8(row.prefix),
      /^Return-Path: [^]*\r\nDKIM-Signature: [^]*\r\nReceived: [^]*\r\nDate: /,
    );
    const zone = Object.fromEntries(
      keys.records.map(({ name, text }) => [name.slice(0, -1), { records: { TXT: txt(text) } }]),
    );
    const verifier = new DkimVerifier({ resolver: new ZoneResolver(zone), now: Date.now() });
    verifier.write(concat([row.prefix, row.bytes]));
    const [result] = await verifier.finish();
    assert.deepEqual([result?.status, result?.signature?.signedFields.includes("date")], ["pass", true]);
    // Held for a day, and then good for the hour that its selector says.
    const { timestamp, expiration } = result?.signature ?? assert.fail();
    assert.equal(expiration, Number(timestamp) + 86_400 + 3600);
  }));

const good = { ret: null, envid: null, hold: null, requireTls: false } as const;
const wishes: [what: string, change: Partial<Incoming>][] = [
  ["an identifier that would end the command", { asked: { ...good, envid: "a\r\nDATA" } }],
  ["an identifier of 95 characters", { asked: { ...good, envid: "x".repeat(95) } }],
  ["a release in a year", { asked: { ...good, hold: { kind: "for", seconds: 31_536_000 } } }],
  ["a release at no time", { asked: { ...good, hold: { kind: "until", at: NaN } } }],
  ["a release far ahead", { asked: { ...good, hold: { kind: "until", at: Number.MAX_SAFE_INTEGER } } }],
  ["notices of a kind that is none", {
    recipients: [{ address: address("bob"), prefix: utf8(""), asked: { notify: "ALWAYS", orcpt: null } }],
  }],
  ["an original recipient without type", {
    recipients: [{
      address: address("bob"),
      prefix: utf8(""),
      asked: { notify: null, orcpt: "bob@x.example" },
    }],
  }],
];
for (const [what, change] of wishes) {
  Deno.test(`a front cannot ask for ${what}`, () =>
    withStore(async (store) => {
      const submission = new SubmissionService(store, book, "ann");
      await assert.rejects(
        submission.submit({ ...submitted(["bob"], "ann"), ...change }),
        refused("badRequest"),
      );
      assert.deepEqual(store.read(many(stored, {})), []);
      await submission.close();
    }));
}
