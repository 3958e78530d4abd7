/**
 * What the twin of the store has of sharing: it is one account, so nothing is shared with anybody, but there are
 * annotations and a quota. Dialogues between accounts are played against the store itself (`sharing_stage.ts`).
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { QuotaRoot, Sharing } from "../../accounts/sharing.ts";
import {
  type AnnotationRequest,
  type Annotations,
  maxAnnotationBytes,
  maxAnnotations,
  specialUseEntry,
} from "../../accounts/sharing.ts";
import type { AclEntry, AnnotationsSet } from "../../accounts/sharing.ts";
import { type SpecialUse, specialUses } from "../../accounts/mail.ts";
import { type Bytes, fromUtf8, utf8 } from "../../base/bytes.ts";
import { Refused } from "../../base/errors.ts";
import { allRights, ownersRights } from "../../imap/rights.ts";
import type { EntryValue } from "../../imap/sharing_command.ts";

/** The account's name. */
const owner = "mjl";

/** What an account has besides its mail. */
export abstract class MemorySharing implements Sharing {
  /** By mailbox, by entry. */
  readonly #annotations = new Map<number, Map<string, Bytes>>();

  protected abstract hasMailbox(id: number): boolean;

  protected abstract usesOf(id: number): readonly SpecialUse[];

  /** False if that mailbox cannot have these. */
  protected abstract changeUses(id: number, uses: readonly SpecialUse[]): boolean;

  protected abstract used(): { bytes: number; messages: number; maxBytes: number };

  // deno-lint-ignore require-await -- The contract is asynchronous; so are the methods below.
  async acl(request: { mailbox: number }): Promise<readonly AclEntry[]> {
    this.#check(request.mailbox);
    return [{ identifier: owner, rights: allRights }];
  }

  // deno-lint-ignore require-await
  async setAcl(request: Parameters<Sharing["setAcl"]>[0]): Promise<void> {
    this.#check(request.mailbox);
    throw new Refused("badName", "there is no other account");
  }

  // deno-lint-ignore require-await
  async rightsAlways(request: Parameters<Sharing["rightsAlways"]>[0]): Promise<number> {
    this.#check(request.mailbox);
    const { name, negative } = request.grantee;
    return name === owner && !negative ? ownersRights : 0;
  }

  watch(): Promise<void> {
    return Promise.resolve();
  }

  quotaRoot(): Promise<QuotaRoot> {
    const { bytes, messages, maxBytes } = this.used();
    const limit = maxBytes === Number.MAX_SAFE_INTEGER ? null : maxBytes;
    return Promise.resolve({
      root: `#user/${owner}`,
      bytes: { used: bytes, limit },
      messages: { used: messages, limit: null },
    });
  }

  quota({ root }: { root: string }): Promise<QuotaRoot> {
    if (root === `#user/${owner}`) return this.quotaRoot();
    return Promise.reject(new Refused("noSuchMailbox", "no such quota root"));
  }

  // deno-lint-ignore require-await
  async annotations({ mailbox, entries, depth, maxSize }: AnnotationRequest): Promise<Annotations> {
    this.#check(mailbox);
    const values: EntryValue[] = [];
    let longest = 0;
    const known = new Map(this.#annotations.get(mailbox));
    const uses = mailbox === 0 ? [] : this.usesOf(mailbox);
    if (uses.length > 0) known.set(specialUseEntry, utf8(uses.join(" ")));
    for (const [entry, value] of known) {
      const levels = (name: string) => name.split("/").length;
      const wanted = entries.some((asked) =>
        entry === asked || (entry.startsWith(`${asked}/`) && levels(entry) - levels(asked) <= depth)
      );
      if (!wanted) continue;
      if (maxSize === null || value.length <= maxSize) values.push([entry, value]);
      else longest = Math.max(longest, value.length);
    }
    return { values: values.sort(([a], [b]) => a < b ? -1 : 1), longest };
  }

  // deno-lint-ignore require-await
  async annotate(
    { mailbox, values }: { mailbox: number; values: readonly EntryValue[] },
  ): Promise<AnnotationsSet> {
    this.#check(mailbox);
    if (mailbox === 0 && values.some(([entry]) => entry.startsWith("/shared/"))) {
      throw new Refused("noPermission", "the server's annotations are fixed");
    }
    if (values.some(([, value]) => (value?.length ?? 0) > maxAnnotationBytes)) {
      return "tooLarge";
    }
    const after = new Map(this.#annotations.get(mailbox));
    for (const [entry, value] of values) {
      if (entry === specialUseEntry) {
        const words = value === null ? [] : fromUtf8(value).split(" ");
        const uses = specialUses.filter((use) => words.includes(use));
        if (mailbox === 0 || uses.length < words.length || !this.changeUses(mailbox, uses)) return "badUse";
        continue;
      }
      if (value === null) after.delete(entry);
      else after.set(entry, value);
    }
    if (after.size > maxAnnotations) return "tooMany";
    this.#annotations.set(mailbox, after);
    return "set";
  }

  #check(mailbox: number): void {
    if (mailbox !== 0 && !this.hasMailbox(mailbox)) throw new Refused("noSuchMailbox", `mailbox ${mailbox}`);
  }
}
