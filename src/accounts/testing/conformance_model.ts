/**
 * Conformance of `Mail`: whatever is done in whatever order, UIDs, flags and MODSEQs are those of a tiny model, and who
 * only listens to `changes` knows as much as who asks for everything.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Mail } from "../mail.ts";
import { textMessage } from "./built_message.ts";
import { flagsOf, mailboxOf, type MailTests, newMessage } from "./conformance_support.ts";

/** What can be done; `box` is 0 or 1, ranges are of UIDs. */
type Deed =
  | { readonly kind: "append"; readonly box: number; readonly bits: readonly number[] }
  | {
    readonly kind: "flags";
    readonly box: number;
    readonly from: number;
    readonly to: number;
    readonly bits: number;
    readonly mode: "add" | "remove" | "replace";
    readonly word: string | null;
  }
  | {
    readonly kind: "copy" | "move";
    readonly box: number;
    readonly from: number;
    readonly to: number;
    readonly into: number;
  }
  | { readonly kind: "expunge"; readonly box: number; readonly from: number; readonly to: number };

const box = fc.integer({ min: 0, max: 1 });
const range = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 6 }));
const bits = fc.integer({ min: 0, max: 15 });

const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({
    kind: fc.constant("append" as const),
    box,
    bits: fc.array(bits, { minLength: 1, maxLength: 3 }),
  }),
  fc.tuple(box, range, bits, fc.constantFrom("add", "remove", "replace"), fc.constantFrom(null, "a", "b"))
    .map(
      ([box, [from, more], bits, mode, word]): Deed => ({
        kind: "flags",
        box,
        from,
        to: from + more,
        bits,
        mode,
        word,
      }),
    ),
  fc.tuple(fc.constantFrom("copy", "move"), box, range, box).map(
    ([kind, box, [from, more], into]): Deed => ({ kind, box, from, to: from + more, into }),
  ),
  fc.tuple(box, range).map(([box, [from, more]]): Deed => ({ kind: "expunge", box, from, to: from + more })),
);

interface ModelMessage {
  bits: number;
  words: readonly string[];
}

/** Two mailboxes. */
class Model {
  readonly boxes: { next: number; messages: Map<number, ModelMessage> }[] = [
    { next: 1, messages: new Map() },
    { next: 1, messages: new Map() },
  ];

  apply(deed: Deed): void {
    const box = this.#box(deed.box);
    if (deed.kind === "append") {
      for (const bits of deed.bits) box.messages.set(box.next++, { bits, words: [] });
      return;
    }
    const chosen = [...box.messages].filter(([uid]) => uid >= deed.from && uid <= deed.to);
    for (const [uid, message] of chosen) {
      if (deed.kind === "flags") box.messages.set(uid, reflagged(message, deed));
      else if (deed.kind === "expunge") {
        if ((message.bits & 8) !== 0) box.messages.delete(uid);
      } else {
        const into = this.#box(deed.into);
        into.messages.set(into.next++, { ...message });
        if (deed.kind === "move") box.messages.delete(uid);
      }
    }
  }

  shown(at: number): Record<number, string> {
    const all = [...this.#box(at).messages].sort(([a], [b]) => a - b);
    return Object.fromEntries(
      all.map(([uid, { bits, words }]) => [uid, `${bits} ${words.join(" ")}`.trim()]),
    );
  }

  #box(at: number) {
    const box = this.boxes[at];
    assert.ok(box !== undefined);
    return box;
  }
}

function reflagged(message: ModelMessage, deed: Deed & { kind: "flags" }): ModelMessage {
  const words = deed.word === null ? [] : [deed.word];
  if (deed.mode === "replace") return { bits: deed.bits, words };
  if (deed.mode === "add") {
    return { bits: message.bits | deed.bits, words: [...new Set([...message.words, ...words])].sort() };
  }
  return { bits: message.bits & ~deed.bits, words: message.words.filter((word) => !words.includes(word)) };
}

async function perform(mail: Mail, ids: readonly number[], deed: Deed): Promise<void> {
  const mailbox = ids[deed.box] ?? 0;
  if (deed.kind === "append") {
    const messages = deed.bits.map((bits) => newMessage(textMessage("x"), { bits }));
    await mail.append({ mailbox, messages });
    return;
  }
  const uids = [deed.from, deed.to];
  if (deed.kind === "expunge") await mail.expunge({ mailbox, uids });
  else if (deed.kind === "flags") {
    const keywords = deed.word === null ? [] : [deed.word];
    await mail.storeFlags({
      mailbox,
      uids,
      mode: deed.mode,
      bits: deed.bits,
      keywords,
      unchangedSince: null,
    });
  } else await mail[deed.kind]({ mailbox, uids, to: ids[deed.into] ?? 0 });
}

/** What somebody knows who has only ever asked for changes. */
class Follower {
  readonly known = new Map<number, string>();
  modseq = 0;

  async follow(mail: Mail, mailbox: number): Promise<void> {
    const changes = await mail.changes({ mailbox, modseq: this.modseq, claimRecent: false });
    assert.ok(changes.highestModSeq >= this.modseq, "MODSEQ went back");
    assert.equal(changes.complete, true);
    for (const uid of changes.expunged) this.known.delete(uid);
    const { uids, bits, keywordSet, keywordSets } = changes.changed;
    for (const [i, uid] of uids.entries()) {
      this.known.set(uid, `${bits[i]} ${keywordSets[keywordSet[i] ?? -1]}`.trim());
    }
    this.modseq = changes.highestModSeq;
  }

  get shown(): Record<number, string> {
    return Object.fromEntries([...this.known].sort(([a], [b]) => a - b));
  }
}

let run = 0;

export const modelTests: MailTests = {
  async "any sequence of changes ends as the model says"({ mail }) {
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { minLength: 1, maxLength: 15 }), async (deeds) => {
        run++;
        const names = [`model${run}a`, `model${run}b`];
        for (const name of names) await mail.create({ name, specialUse: [] });
        const ids = await Promise.all(names.map(async (name) => (await mailboxOf(mail, name)).id));
        const model = new Model();
        const follower = new Follower();
        for (const deed of deeds) {
          await perform(mail, ids, deed);
          model.apply(deed);
          await follower.follow(mail, ids[0] ?? 0);
        }
        for (const [i, id] of ids.entries()) {
          assert.deepEqual(await flagsOf(mail, id), model.shown(i));
          const open = await mail.open({ mailbox: id, claimRecent: false });
          assert.deepEqual([...open.uids].map(String), Object.keys(model.shown(i)));
          assert.equal(open.info.uidNext, model.boxes[i]?.next);
          const unseen = Object.values(model.shown(i)).filter((flags) => (parseInt(flags) & 1) === 0);
          assert.equal(open.info.unseen, unseen.length);
        }
        assert.deepEqual(follower.shown, model.shown(0));
        for (const name of names) await mail.delete({ name });
      }),
      { numRuns: 25 },
    );
  },
};
