/**
 * Annotations at the store's interface: their limits, and where they go with a mailbox. RFC 5464
 *
 * @module
 */
import assert from "node:assert/strict";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import { one } from "../store/query.ts";
import { annotationSum } from "../store/annotation_sum.ts";
import { tempStore } from "../store/testing/temp_store.ts";
import { ensureAccount } from "./accounts.ts";
import { StoreMail } from "./mail_store.ts";
import {
  maxAccountAnnotationBytes,
  maxAccountAnnotations,
  maxAnnotationBytes,
  maxAnnotations,
} from "./sharing.ts";
import { refuses } from "./testing/conformance_support.ts";

async function withMail(
  test: (mail: StoreMail, sum: () => { count: number; bytes: number }) => Promise<void>,
) {
  const temp = tempStore();
  const accountId = await ensureAccount(temp.store, { name: "ann", maxBytes: null });
  const mail = new StoreMail(temp.store, accountId);
  try {
    await test(mail, () => temp.store.read(one(annotationSum, { accountId })) ?? { count: -1, bytes: -1 });
  } finally {
    await mail.close();
    await temp.close();
  }
}

async function asked(
  mail: StoreMail,
  mailbox: number,
  entry: string,
  depth = 0,
  maxSize: number | null = null,
) {
  const { values, longest } = await mail.annotations({ mailbox, entries: [entry], depth, maxSize });
  return { values: values.map(([name, value]) => [name, fromUtf8(value ?? utf8("NIL"))]), longest };
}

Deno.test("depth is how many levels below are told, and the longest value that is left out", () =>
  withMail(async (mail) => {
    const inbox = (await mail.find({ name: "Inbox" }))?.id ?? 0;
    const entries = ["/private/a", "/private/a/b", "/private/a/b/c", "/private/ab", "/shared/a"];
    await mail.annotate({ mailbox: inbox, values: entries.map((entry) => [entry, utf8(entry)]) });
    const names = async (depth: number, entry = "/private/a") =>
      (await asked(mail, inbox, entry, depth)).values.map(([name]) => name);
    assert.deepEqual(await names(0), ["/private/a"]);
    assert.deepEqual(await names(1), ["/private/a", "/private/a/b"]);
    assert.deepEqual(await names(Infinity), ["/private/a", "/private/a/b", "/private/a/b/c"]);
    assert.deepEqual(await names(1, "/private"), ["/private/a", "/private/ab"]);
    assert.deepEqual(await names(0, "/private/none"), []);
    assert.deepEqual(await asked(mail, inbox, "/private/a", Infinity, 12), {
      values: [["/private/a", "/private/a"], ["/private/a/b", "/private/a/b"]],
      longest: 14,
    });
  }));

Deno.test("all values are set, or none; what is taken away makes room", () =>
  withMail(async (mail, sum) => {
    const inbox = (await mail.find({ name: "Inbox" }))?.id ?? 0;
    const many = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => [`/private/n${from + i}`, utf8("x")] as const);
    const set = (values: Parameters<StoreMail["annotate"]>[0]["values"]) =>
      mail.annotate({ mailbox: inbox, values });
    assert.equal(await set(many(0, maxAnnotations)), "set");
    assert.equal(await set([["/private/n0", utf8("y")], ["/private/more", utf8("y")]]), "tooMany");
    assert.deepEqual((await asked(mail, inbox, "/private/n0")).values, [["/private/n0", "x"]]);
    assert.equal(await set([["/shared/more", utf8("y")]]), "set"); // Shared ones count by themselves.
    assert.equal(await set([["/private/n0", null], ["/private/more", utf8("y")]]), "set");
    assert.equal(await set([["/private/more", new Uint8Array(maxAnnotationBytes + 1)]]), "tooLarge");
    assert.equal(await set([["/private/more", new Uint8Array(maxAnnotationBytes)]]), "set");
    assert.deepEqual(sum(), { count: maxAnnotations + 1, bytes: maxAnnotations + maxAnnotationBytes });
    await refuses("tooMany", set(many(0, maxAnnotations + 1)));
  }));

Deno.test("an account has so many annotations, and so many octets of them", () =>
  withMail(async (mail, sum) => {
    const value = new Uint8Array(maxAnnotationBytes);
    const most = maxAccountAnnotationBytes / maxAnnotationBytes;
    assert.ok(most < maxAccountAnnotations);
    let left = most;
    for (let i = 0; left > 0; i++) {
      const { id } = await mail.create({ name: `m${i}`, specialUse: [] });
      const count = Math.min(left, maxAnnotations);
      const values = Array.from({ length: count }, (_, n) => [`/private/n${n}`, value] as const);
      assert.equal(await mail.annotate({ mailbox: id, values }), "set");
      left -= count;
    }
    const { id } = await mail.create({ name: "last", specialUse: [] });
    assert.equal(await mail.annotate({ mailbox: id, values: [["/shared/x", utf8("x")]] }), "tooMany");
    assert.equal(
      await mail.annotate({ mailbox: 0, values: [["/private/vendor/x/y", utf8("x")]] }),
      "tooMany",
    );
    await mail.delete({ name: "m0" });
    assert.equal(sum().count, most - maxAnnotations);
    for (let i = 0; sum().count < maxAccountAnnotations; i++) {
      const { id } = await mail.create({ name: `n${i}`, specialUse: [] });
      const count = Math.min(maxAnnotations, maxAccountAnnotations - sum().count);
      const values = Array.from({ length: count }, (_, n) => [`/private/n${n}`, utf8("")] as const);
      assert.equal(await mail.annotate({ mailbox: id, values }), "set");
    }
    assert.equal(await mail.annotate({ mailbox: id, values: [["/shared/x", utf8("")]] }), "tooMany");
    await refuses(
      "tooMany",
      mail.rename({ from: "Inbox", to: "Moved" }).then(async () => {
        // The inbox has none, so that it can be renamed; with one it cannot.
        await mail.delete({ name: "n0" });
        const inbox = (await mail.find({ name: "Inbox" }))?.id ?? 0;
        const values = Array.from(
          { length: maxAnnotations },
          (_, n) => [`/private/n${n}`, utf8("")] as const,
        );
        assert.equal(await mail.annotate({ mailbox: inbox, values }), "set");
        await mail.rename({ from: "Inbox", to: "Again" });
      }),
    );
  }));

Deno.test("annotations follow their mailbox; those of the inbox stay and go along", () =>
  withMail(async (mail) => {
    const { id } = await mail.create({ name: "a", specialUse: [] });
    const inbox = (await mail.find({ name: "Inbox" }))?.id ?? 0;
    for (const mailbox of [id, inbox]) {
      await mail.annotate({ mailbox, values: [["/private/x", utf8("p")], ["/shared/x", utf8("s")]] });
    }
    await mail.rename({ from: "a", to: "b" });
    await mail.rename({ from: "Inbox", to: "c" });
    for (const name of ["b", "c", "Inbox"]) {
      const mailbox = (await mail.find({ name }))?.id ?? 0;
      assert.deepEqual((await asked(mail, mailbox, "/private/x")).values, [["/private/x", "p"]]);
      assert.deepEqual((await asked(mail, mailbox, "/shared/x")).values, [["/shared/x", "s"]]);
    }
    await mail.delete({ name: "b" });
    const again = await mail.create({ name: "b", specialUse: [] });
    assert.deepEqual((await asked(mail, again.id, "/private/x")).values, []);
  }));
