/**
 * FETCH and UID FETCH. RFC 9051 6.4.5, 7.5.2, RFC 3501 6.4.5, RFC 3516, RFC 7162 3.1.4, 3.2.6, RFC 2180 4.1, RFC 9394 3.3,
 * RFC 9586 3.3
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { FetchBatch, Mail, Section } from "../accounts/mail.ts";
import { type Bytes, concat, MiB } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import type { Fetch, ResultRange } from "../imap/command.ts";
import type { FetchItem } from "../imap/fetch_item.ts";
import { fetchBegin, uidFetchBegin } from "../imap/response.ts";
import { seen } from "../imap/flags.ts";
import { right } from "../imap/rights.ts";
import type { Ranges } from "../imap/search_key.ts";
import { placesOf } from "../imap/result_range.ts";
import { rangesOf, selectNumbers } from "../imap/sequence_set.ts";
import { TransportError } from "../net/transport.ts";
import { tellVanished } from "./catch_up.ts";
import { choose, named } from "./chosen.ts";
import {
  type FetchPlan,
  isLarge,
  lengthOf,
  numberItem,
  placeValues,
  planFetch,
  type PlannedItem,
  problemOf,
  type Row,
} from "./fetch_plan.ts";
import { countFrom, refuseMany, shareOf, withLimit } from "./limit.ts";
import { bad, type Completion, ok, refusal } from "./replies.ts";
import type { Session } from "./session.ts";
import { enableCondstore, tellKeywords } from "./updates.ts";
import type { MailboxView } from "./view.ts";

/** Of a longer header, HEADER.FIELDS sees only so much: its answer must be counted before it can be sent. */
export const maxHeaderBytes = 8 * MiB;

/** So many messages, of which no text is asked, are kept to be told in the opposite order. */
const turned = 100;

type Asked = Parameters<Mail["fetch"]>[0];

/**
 * A value broke off, or had another length, after its length was told. Nothing that the client understands can follow:
 * the connection ends without another word.
 */
export class BrokenValue extends Error {
  override readonly name = "BrokenValue";
}

export async function fetch(
  session: Session,
  mail: Mail,
  view: MailboxView,
  command: Fetch,
): Promise<Completion> {
  if (command.vanished && !session.enabled.qresync) return bad("QRESYNC is not enabled"); // RFC 7162 3.2.6
  const { changedSince } = command;
  if (changedSince !== null || command.items.some((item) => item.item === "MODSEQ")) enableCondstore(session);
  const chosen = choose(view, command.set, command.uid);
  const part = command.partial === null ? null : partOf(view, chosen.uids, command.partial);
  const refused = part === null ? null : refuseMany(session, part.length);
  if (refused !== null) return refused;
  if (command.vanished && changedSince !== null) {
    const changes = await mail.changes({ mailbox: view.id, modseq: changedSince, claimRecent: false });
    tellVanished(session, view, changes, named(view, command.set));
  }
  const { uids, lowest } = shareOf(session, view, part === null ? chosen.uids : view.rangesOf(part));
  if (uids.length === 0) return ok("no messages");
  const fetching = new Fetching(session, mail, view, planFetch(allItems(session, command)));
  await fetching.run(uids, changedSince, lowest !== null);
  if (fetching.problem !== null) return withLimit(session, fetching.problem, lowest);
  const count = chosen.count === null || lowest === null
    ? chosen.count
    : countFrom(view, chosen.uids, lowest);
  const missing = count !== null && changedSince === null && fetching.count < count;
  return withLimit(session, missing ? refusal("expunged") : ok("done"), lowest); // RFC 2180 4.1.2
}

/** Of the messages named, those at some places, counted from the first or from the last. RFC 9394 3.3 */
function partOf(view: MailboxView, uids: Ranges, range: ResultRange): Uint32Array {
  const named = selectNumbers(uids, view.uids);
  return named.subarray(...placesOf(range, named.length));
}

/** FETCH responses that nobody asked for just now: of messages that arrived, as NOTIFY wants them. RFC 5465 5.2 */
export async function fetchArrived(
  session: Session,
  mail: Mail,
  view: MailboxView,
  uids: Ranges,
  items: readonly FetchItem[],
): Promise<void> {
  if (items.length > 0) await new Fetching(session, mail, view, planFetch(items)).run(uids, null);
}

/** What was asked and what the command implies. RFC 9051 6.4.9, RFC 7162 3.1.4.1 */
function allItems({ enabled }: Session, command: Fetch): FetchItem[] {
  const items = [...command.items];
  const has = (name: FetchItem["item"]) => items.some((item) => item.item === name);
  if (command.changedSince !== null && !has("MODSEQ")) items.push({ item: "MODSEQ" });
  if (command.uid && !enabled.uidOnly && !has("UID")) items.unshift({ item: "UID" });
  return items;
}

/** One FETCH under way. */
class Fetching {
  /** Messages answered. */
  count = 0;
  /** Why some values were left out. */
  problem: Completion | null = null;
  readonly #session: Session;
  readonly #mail: Mail;
  readonly #view: MailboxView;
  readonly #plan: FetchPlan;
  /** The plan's items, and what must be told of messages that this FETCH has marked \Seen. */
  readonly #itemsOfMarked: readonly PlannedItem[];
  #lastNumber = 0;

  constructor(session: Session, mail: Mail, view: MailboxView, plan: FetchPlan) {
    this.#session = session;
    this.#mail = mail;
    this.#view = view;
    this.#plan = plan;
    // RFC 9051 6.4.5; UID and MODSEQ: RFC 7162 3.2.4
    const { condstore, uidOnly } = session.enabled;
    const also = uidOnly ? ["FLAGS", "MODSEQ"] as const : ["UID", "FLAGS", "MODSEQ"] as const;
    const tells = condstore ? also : ["FLAGS"] as const;
    const told = tells.filter((name) => !plan.items.some((item) => item.label === `${name} `));
    this.#itemsOfMarked = [...plan.items, ...told.map((name) => numberItem(name, new Set()))];
  }

  /** @param downwards From the highest UID to the lowest. */
  async run(uids: Ranges, changedSince: number | null, downwards = false): Promise<void> {
    const { numbers, bytes, sections, marksSeen } = this.#plan;
    const marking = marksSeen && !this.#view.readOnly && (this.#view.rights & right.seen) !== 0; // RFC 4314 4
    let wanted: Ranges = uids;
    let since = changedSince;
    if (marking && since !== null) {
      // Marking would make them all changed.
      wanted = await this.#changed(uids, since);
      since = null;
      if (wanted.length === 0) return;
    }
    const marked = marking ? await this.#markSeen(wanted) : null;
    const columns = marking && !numbers.includes("flags") ? [...numbers, "flags" as const] : numbers;
    const request = {
      mailbox: this.#view.id,
      uids: wanted,
      numbers: columns,
      bytes,
      sections,
      changedSince: since,
    };
    if (downwards) return await this.#runDownwards(request, marked);
    for await (const batch of this.#mail.fetch(request)) await this.#writeBatch(batch, marked);
  }

  async #runDownwards(request: Asked, marked: ReadonlySet<number> | null): Promise<void> {
    const all = selectNumbers(request.uids, this.#view.uids);
    const step = request.sections.length === 0 ? turned : 1;
    for (let end = all.length; end > 0; end -= step) {
      const uids = this.#view.rangesOf(all.subarray(Math.max(0, end - step), end));
      const batches: FetchBatch[] = [];
      for await (const batch of this.#mail.fetch({ ...request, uids })) batches.push(batch);
      for (const batch of batches.reverse()) await this.#writeBatch(batch, marked, true);
    }
  }

  async #changed(uids: Ranges, changedSince: number): Promise<Ranges> {
    const found: number[] = [];
    const request = {
      mailbox: this.#view.id,
      uids,
      numbers: ["flags" as const],
      bytes: [],
      sections: [],
      changedSince,
    };
    for await (const batch of this.#mail.fetch(request)) found.push(...batch.uids);
    return rangesOf(found);
  }

  /** Returns the UIDs that were not \Seen before. */
  async #markSeen(uids: Ranges): Promise<ReadonlySet<number>> {
    const view = this.#view;
    const marked = new Set<number>();
    try {
      const { flags, before } = await this.#mail.storeFlags({
        mailbox: view.id,
        uids,
        mode: "add",
        bits: seen,
        keywords: [],
        unchangedSince: null,
      });
      flags.uids.forEach((uid, i) => {
        const modseq = flags.modseqs[i] ?? 0;
        if (modseq === before[i] && view.knows(uid, modseq)) return;
        marked.add(uid);
      });
    } catch (error) {
      // On a full disk, mail can still be read; also by who just lost the right to mark it.
      const { reason } = error instanceof Refused ? error : { reason: null };
      if (reason !== "diskFull" && reason !== "noPermission") throw error;
    }
    if (marked.size > 0) view.stale = true;
    view.noteChanged(Uint32Array.from(marked));
    return marked;
  }

  async #writeBatch(
    batch: FetchBatch,
    marked: ReadonlySet<number> | null,
    downwards = false,
  ): Promise<void> {
    const view = this.#view;
    const { out, enabled } = this.#session;
    const { sections } = this.#plan;
    if (batch.flags !== null) tellKeywords(this.#session, view, batch.flags);
    const row: Row = { batch, i: 0, recent: false, starts: new Float64Array(this.#plan.slots) };
    const count = batch.uids.length;
    const begins = downwards ? beginsOf(row, sections) : null;
    let at = 0;
    for (let done = 0; done < count; done++) {
      const i = downwards ? count - 1 - done : done;
      const uid = batch.uids[i] ?? 0;
      row.i = i;
      at = placeValues(row, sections, begins?.[i] ?? at);
      const number = view.numberAfter(this.#lastNumber, uid);
      if (number === 0) continue;
      this.#lastNumber = number;
      // Who is told a MODSEQ must have heard of every lower one when the command ends. RFC 7162 6
      const modseq = batch.flags?.modseqs[i] ?? 0;
      if (modseq > view.modseq) view.stale = true;
      if (modseq > view.highestTold) view.highestTold = modseq;
      row.recent = !enabled.rev2 && view.isRecent(uid);
      const isMarked = marked !== null && marked.has(uid);
      const items = isMarked ? this.#itemsOfMarked : this.#plan.items;
      out.w.ascii("* ").number(enabled.uidOnly ? uid : number);
      out.w.ascii(enabled.uidOnly ? uidFetchBegin : fetchBegin); // RFC 9586 3.3
      const wrote = sections.length > 0 && items.some((item) => isLarge(row, item))
        ? await this.#writeLarge(items, row, uid)
        : this.#writeItems(items, row, true);
      if (!wrote) out.w.ascii("UID ").number(uid); // The list may not be empty. RFC 9051 9 (msg-att)
      out.w.ascii(")\r\n");
      if (isMarked) view.told.set(uid, modseq); // Not before: what breaks off has told nothing.
      this.count++;
      if (out.full) await out.flush();
    }
  }

  /** Items whose values came with the batch; tells whether anything was written. */
  #writeItems(items: readonly PlannedItem[], row: Row, first: boolean): boolean {
    const { w } = this.#session.out;
    let wrote = false;
    for (const item of items) {
      const problem = problemOf(row, item);
      if (problem !== null) {
        this.problem ??= problem;
        continue;
      }
      w.ascii(first && !wrote ? "" : " ").ascii(item.label);
      item.write(w, row);
      wrote = true;
    }
    return wrote;
  }

  /** Items of which some are read on their own, in their order. */
  async #writeLarge(items: readonly PlannedItem[], row: Row, uid: number): Promise<boolean> {
    let wrote = false;
    for (const item of items) {
      const done: boolean = isLarge(row, item)
        ? await this.#writeValue(item, lengthOf(row, item.slot), uid, !wrote)
        : this.#writeItems([item], row, !wrote);
      wrote ||= done;
    }
    return wrote;
  }

  /** A value read on its own, piece by piece; tells whether there was one. */
  async #writeValue(item: PlannedItem, length: number, uid: number, first: boolean): Promise<boolean> {
    const { large } = item;
    const { out } = this.#session;
    if (large === null) return false;
    const pieces = this.#mail.read({ mailbox: this.#view.id, uid, section: large.section })
      [Symbol.asyncIterator]();
    try {
      let piece: IteratorResult<Bytes>;
      try {
        piece = await pieces.next();
      } catch (error) {
        // Nothing is told of it yet, so it can still be left out.
        if (!(error instanceof Refused)) throw error;
        this.problem ??= refusal(error.reason);
        return false;
      }
      out.w.ascii(first ? "" : " ").ascii(item.label);
      if (large.subset !== null) {
        const value = large.subset(await collect(piece, pieces));
        out.w.literalHeader(value.length).raw(value);
        return true;
      }
      out.w.literalHeader(length, large.binary);
      let left = length;
      for (; piece.done !== true; piece = await pieces.next()) {
        left -= piece.value.length;
        if (left < 0) break;
        out.w.raw(piece.value);
        if (out.full) await out.flush();
      }
      if (left !== 0) throw new BrokenValue(`a value has not the length that was told: ${left}`);
      return true;
    } catch (error) {
      if (error instanceof BrokenValue || error instanceof TransportError) throw error;
      throw new BrokenValue("a value broke off", { cause: error }); // Whatever it was: half an answer is out.
    } finally {
      await pieces.return?.();
    }
  }
}

/** Where the values of each message begin. */
function beginsOf(row: Row, sections: readonly Section[]): Float64Array {
  const begins = new Float64Array(row.batch.uids.length);
  let at = 0;
  for (row.i = 0; row.i < begins.length; row.i++) {
    begins[row.i] = at;
    at = placeValues(row, sections, at);
  }
  return begins;
}

/** At most {@link maxHeaderBytes} of what is read. */
async function collect(first: IteratorResult<Bytes>, pieces: AsyncIterator<Bytes>): Promise<Bytes> {
  const all: Bytes[] = [];
  let length = 0;
  for (let piece = first; piece.done !== true && length < maxHeaderBytes; piece = await pieces.next()) {
    all.push(piece.value);
    length += piece.value.length;
  }
  return concat(all).subarray(0, maxHeaderBytes);
}
