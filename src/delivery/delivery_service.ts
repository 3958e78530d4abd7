/**
 * Deliveries as the store makes them: {@link Deliver} for anybody; `submission_service.ts` for who has signed in.
 *
 * One delivery is one unit of the writer: the message of every recipient, its threads and counts, and the answer, which
 * is kept for a day under the delivery's id. The same id again, after a lost connection or a restart, gets the same answer
 * and no second copy. What takes time (hashing, large bodies on the disk, checking the index) is done before.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { ensureMailbox } from "../accounts/mail_mailboxes.ts";
import type { Bytes } from "../base/bytes.ts";
import { type Reason, Refused } from "../base/errors.ts";
import type { Counter } from "../base/metrics.ts";
import {
  addMessages,
  bodyRow,
  type BodyRows,
  maxPrefixBytes,
  type PreparedEmail,
  prepareEmail,
  writtenBytes,
} from "../store/add_message.ts";
import type { ReadyBody } from "../store/bodies.ts";
import { checkIndex } from "../store/check_index.ts";
import { answerTo, keepAnswer } from "../store/deliveries.ts";
import type { Work } from "../store/query.ts";
import type { Spools } from "../store/spool.ts";
import type { Store } from "../store/store.ts";
import type { Transaction } from "../store/transaction.ts";
import type { AddressBook } from "./address_book.ts";
import { withoutFinalTrace } from "./final_trace.ts";
import { wantsSuccess } from "../smtp/dsn_parameters.ts";
import type {
  AskedOfRecipient,
  Deliver,
  DeliveryResult,
  Incoming,
  IncomingRecipient,
  Resolution,
} from "./deliver.ts";
import { decodeEvidence, maxEvidenceBytes } from "../evidence/evidence.ts";
import type { Verdict } from "../evidence/verdict.ts";
import { parseAnswer, printAnswer } from "./delivery_answer.ts";
import type { Outbox } from "./outbox.ts";
import type { Judge } from "./judge.ts";
import type { NoteReturned, ReturnedMail } from "./returned_mail.ts";
import { UnderWay } from "./under_way.ts";

/** Recipients of one delivery, whatever the edges allow. RFC 5321 4.5.3.1.8 asks for 100 at least. */
export const maxRecipients = 1000;

/** Of a submission: who sends it, and what else becomes of it. */
export interface Sending {
  readonly account: string;
  /** Makes the recipients' prefixes once the body is there, and reads its header; may refuse it. */
  readonly stamp: (body: ReadyBody, request: Incoming) => Stamped;
  /** Takes what is for others; null: nothing is sent to others. */
  readonly outbox: Outbox | null;
}

/** What was made of a submission's header. */
export interface Stamped {
  readonly recipients: readonly IncomingRecipient[];
  /** As in {@link Outgoing}. */
  readonly requireTls: boolean | null;
}

/** Where mail goes that is taken and not believed. */
const junkMailbox = "Junk";

/** Where the mail of one connection goes in. */
export class DeliveryService implements Deliver {
  readonly #store: Store;
  readonly #book: AddressBook;
  readonly #spools: Spools;
  readonly #results: Counter;
  readonly #verdicts: Counter;
  readonly #stillAllowed: () => void;
  readonly #judge: Judge | null;
  readonly #returned: ReturnedMail | null;
  readonly #underWay: UnderWay;

  /**
   * @param stillAllowed Throws when nothing may be delivered any more; asked inside each transaction.
   * @param judge Says what becomes of mail by its evidence; null: all is taken.
   * @param returned Hears of notices that come in; null: nobody does.
   * @param underWay Of all connections on which the same delivery may be asked for again.
   */
  constructor(
    store: Store,
    book: AddressBook,
    stillAllowed: () => void = () => {},
    judge: Judge | null = null,
    returned: ReturnedMail | null = null,
    underWay = new UnderWay(),
  ) {
    this.#underWay = underWay;
    this.#judge = judge;
    this.#returned = returned;
    this.#store = store;
    this.#stillAllowed = stillAllowed;
    this.#book = book;
    this.#spools = store.spools.forOwner();
    this.#results = store.metrics.counter("mailden_delivery_total", "Recipients delivered to, by result.", [
      { result: "delivered" },
    ]);
    this.#verdicts = store.metrics.counter(
      "mailden_verdict_total",
      "Messages of strangers that were judged, by what is done and why.",
      [{ action: "accept", reason: "no-bad-signals" }],
    );
  }

  spoolOpen(_request: Record<string, never>): Promise<string> {
    return this.#spools.open();
  }

  spoolWrite({ spool, bytes }: { spool: string; bytes: Bytes }): Promise<void> {
    return this.#spools.write(spool, bytes);
  }

  spoolDrop({ spool }: { spool: string }): Promise<void> {
    return this.#spools.drop(spool);
  }

  resolve({ address }: { address: Address }): Promise<Resolution> {
    const found = this.#book.lookup(address);
    return Promise.resolve(found.kind === "local" ? { kind: "local" } : found);
  }

  /**
   * @throws {Refused} `badRequest`, `tooMany` or `tooLarge` if the request itself is wrong; `diskFull` or `tryLater`
   * if nothing was delivered. Then the same id may be tried again.
   */
  deliver(request: Incoming): Promise<readonly DeliveryResult[]> {
    return this.send(request, null);
  }

  /** As {@link deliver}, for what an account sends. Not for peers. */
  async send(request: Incoming, sending: Sending | null): Promise<readonly DeliveryResult[]> {
    const id = idOf(request);
    const judged = this.#judgement(request);
    if (judged !== null && judged.reply !== null) return await this.#refuse(request, judged, judged.reply);
    const send = () => this.#send(request, id, judged?.junk === true, sending);
    if (request.spool === null) return await send();
    const earlier = this.#store.read(answerTo(id));
    if (earlier === undefined) return await this.#underWay.join(request.deliveryId, send);
    await this.#spools.drop(request.spool);
    return parseAnswer(earlier);
  }

  async #send(
    request: Incoming,
    id: Bytes,
    junk: boolean,
    sending: Sending | null,
  ): Promise<readonly DeliveryResult[]> {
    const body = await this.#store.bodies.ready(request, this.#spools);
    try {
      const { recipients, requireTls } = sending === null
        ? { recipients: request.recipients, requireTls: null }
        : sending.stamp(body, request);
      const email = prepareEmail(body, checkIndex(request.index, body.hashes.size));
      // Of what own users send, nothing is an answer to what they sent.
      const returned = sending !== null ? null : this.#returned?.read(
        request,
        () => this.#store.bodies.pieces(body),
      ) ?? null;
      const answer = await this.#store.writer.run(
        (tx) => this.#unit(tx, id, email, { request, recipients, requireTls, sending, junk, returned }),
        writtenBytes(email) + recipients.length * (1024 + (request.evidence?.length ?? 0)),
      );
      this.#note(request, body.hashes.size, answer);
      return answer;
    } finally {
      body.release();
    }
  }

  /** Asked behind all that waits for the writer, among which it may be still. @throws {Refused} As {@link deliver}. */
  async outcome({ deliveryId }: { deliveryId: string }): Promise<readonly DeliveryResult[] | null> {
    const id = bytesOf(deliveryId);
    const answer = await this.#store.writer.run(() => answerTo(id));
    return answer === undefined ? null : parseAnswer(answer);
  }

  /** The connection is gone: its unfinished spool files go too. */
  close(): Promise<void> {
    return this.#spools.close();
  }

  *#unit(
    tx: Transaction,
    id: Bytes,
    email: PreparedEmail,
    delivery: JudgedDelivery,
  ): Work<readonly DeliveryResult[]> {
    this.#stillAllowed();
    const earlier = yield* answerTo(id);
    if (earlier !== undefined) return parseAnswer(earlier);
    const { sha256 } = email.body.hashes;
    const recipients = delivery.recipients.filter(({ got }) => got !== sha256);
    const results = (yield* this.#all(tx, email, { ...delivery, recipients }))[Symbol.iterator]();
    const each = delivery.recipients.map((recipient): DeliveryResult =>
      recipient.got === sha256 ? { kind: "delivered", id: "" } : results.next().value ?? lost
    );
    const answer = withBody(each, sha256);
    yield* keepAnswer(id, tx.now, printAnswer(answer));
    return answer;
  }

  /**
   * To all recipients. What a user sends goes to all or none of them, so that one reply can tell: what the outbox does not
   * take is not delivered here either, and who of ours cannot have now what others have is tried later, and the user told
   * if nothing comes of it. RFC 5321 4.2.5, 6.1
   */
  *#all(tx: Transaction, email: PreparedEmail, delivery: JudgedDelivery): Work<readonly DeliveryResult[]> {
    const { recipients } = delivery;
    const elsewhere = this.#elsewhere(delivery);
    const bodies: BodyRows | null = recipients.length > 1 || elsewhere.length > 0 ? new Map() : null;
    const sent = yield* this.#sendOn(tx, email, delivery, elsewhere, bodies);
    const notSent = sent.find(({ kind }) => kind === "refused");
    if (notSent !== undefined) return recipients.map(() => notSent);
    const results = new Map(elsewhere.map((recipient, i) => [recipient, sent[i]]));
    for (const recipient of recipients) {
      if (!results.has(recipient)) {
        results.set(recipient, yield* this.#one(tx, email, recipient, delivery, bodies));
      }
    }
    const refused = recipients.filter((recipient) => results.get(recipient)?.kind === "refused");
    if (refused.length > 0 && refused.length < recipients.length) {
      const later = yield* this.#sendOn(tx, email, delivery, refused, bodies);
      for (const [i, result] of later.entries()) {
        const recipient = refused[i];
        if (recipient !== undefined && result.kind === "delivered") results.set(recipient, result);
      }
    }
    return recipients.map((recipient) => results.get(recipient) ?? lost);
  }

  /** Recipients for whom others are responsible, or who have to wait; none where nothing is sent to others. */
  #elsewhere({ request, recipients, sending }: JudgedDelivery): readonly IncomingRecipient[] {
    const outbox = sending?.outbox ?? null;
    if (outbox === null) return [];
    return recipients.filter((recipient) => {
      const { kind } = this.#book.lookup(recipient.address);
      return kind === "unknownDomain" ||
        kind === "local" && (waits(request, recipient) || outbox.detains(recipient.address));
    });
  }

  *#sendOn(
    tx: Transaction,
    email: PreparedEmail,
    { request, requireTls, sending }: JudgedDelivery,
    elsewhere: readonly IncomingRecipient[],
    bodies: BodyRows | null,
  ): Work<readonly DeliveryResult[]> {
    if (sending === null || sending.outbox === null || elsewhere.length === 0) return [];
    const { account, outbox } = sending;
    const body = () => bodyRow(email.body, bodies);
    const recipients = elsewhere.map(({ address, prefix, asked = askedNothing }) => ({
      address,
      prefix: withoutFinalTrace(prefix),
      asked,
    }));
    return yield* outbox.add(tx, { account, request, email, body, requireTls, recipients });
  }

  /** Delivers to one recipient. What it refuses it refuses before it has changed anything of the account. */
  *#one(
    tx: Transaction,
    email: PreparedEmail,
    { address, prefix }: IncomingRecipient,
    { request: { evidence }, junk, returned }: JudgedDelivery,
    bodies: BodyRows | null,
  ): Work<DeliveryResult> {
    const found = this.#book.lookup(address);
    if (found.kind !== "local") return { kind: "refused", reason: reasonOf(found) };
    const account = yield* tx.counts.accountNamed(found.account);
    if (account === undefined) return { kind: "refused", reason: "noSuchMailbox" };
    try {
      const name = junk ? junkMailbox : found.mailbox;
      const mailbox = yield* ensureMailbox({ accountId: account.id, tx }, name);
      const addition = { email, prefix, evidence, bits: 0, keywords: [], internalDate: tx.now };
      const added = yield* addMessages(tx, account.id, mailbox.id, [addition], bodies);
      if (returned !== null) yield* returned(tx, account.id, address);
      return { kind: "delivered", id: added.messages[0]?.objectId ?? "" };
    } catch (error) {
      if (error instanceof Refused) return { kind: "refused", reason: error.reason };
      throw error;
    }
  }

  /** @throws {Refused} `badRequest` for evidence that is none. */
  #judgement({ evidence }: Incoming): Verdict | null {
    if (evidence === null) return null;
    if (evidence.length > maxEvidenceBytes) throw new Refused("tooLarge", "evidence is too large");
    if (this.#judge === null) return null;
    try {
      const verdict = this.#judge(decodeEvidence(evidence));
      this.#verdicts.add({ action: verdict.junk ? "junk" : verdict.action, reason: verdict.reason });
      return verdict;
    } catch (error) {
      if (error instanceof SyntaxError) throw new Refused("badRequest", `evidence: ${error.message}`, error);
      throw error;
    }
  }

  /** Nothing is kept: asked again, the same evidence gives the same answer. */
  async #refuse(
    request: Incoming,
    { action, reason, sentence }: Verdict,
    reply: { readonly code: number; readonly enhanced: string; readonly text: string },
  ): Promise<readonly DeliveryResult[]> {
    if (request.spool !== null) await this.#spools.drop(request.spool);
    this.#store.log.info("message judged and refused", { cid: request.cid, verdict: reason, why: sentence });
    const why = action === "reject" ? "unwanted" as const : "tryLater" as const;
    this.#results.add({ result: why }, request.recipients.length);
    return request.recipients.map(() => ({ kind: "refused", reason: why, reply }));
  }

  #note(request: Incoming, bytes: number, answer: readonly DeliveryResult[]): void {
    for (const result of answer) {
      if (result.kind === "delivered" && result.id === "") continue; // Counted when it came.
      this.#results.add({ result: result.kind === "delivered" ? "delivered" : result.reason });
    }
    const { log } = this.#store;
    if (!log.enabled("debug")) return;
    log.debug("message delivered", {
      cid: request.cid,
      deliveryId: request.deliveryId,
      from: request.from === null ? "" : `${request.from.local}@${request.from.domain}`,
      rcpts: answer.length,
      refused: answer.filter((result) => result.kind === "refused").length,
      bytes,
    });
  }
}

/** For a recipient who has no result; there is none. */
const lost: DeliveryResult = { kind: "refused", reason: "tryLater" };

/** Where only some have got it, the front must know the body again when it comes for the others. */
function withBody(answer: readonly DeliveryResult[], sha256: string): readonly DeliveryResult[] {
  const kinds = new Set(answer.map(({ kind }) => kind));
  if (kinds.size < 2) return answer;
  return answer.map((each) => each.kind === "delivered" ? { ...each, body: sha256 } : each);
}

/** A delivery with what was decided of it. */
interface JudgedDelivery {
  readonly request: Incoming;
  readonly recipients: readonly IncomingRecipient[];
  readonly requireTls: boolean | null;
  /** Null for what comes in. */
  readonly sending: Sending | null;
  readonly junk: boolean;
  /** Null unless it is a notice. */
  readonly returned: NoteReturned | null;
}

const askedNothing: AskedOfRecipient = { notify: null, orcpt: null };

/**
 * Whether mail for us goes through the queue: to be released later (RFC 4865), or since somebody wants to hear that it
 * arrived (RFC 3461 5.2.3), which the queue tells.
 */
function waits({ asked }: Incoming, recipient: IncomingRecipient): boolean {
  return (asked?.hold ?? null) !== null || wantsSuccess(recipient.asked?.notify ?? null);
}

function bytesOf(deliveryId: string): Bytes {
  if (!/^[0-9a-f]{32}$/.test(deliveryId)) {
    throw new Refused("badRequest", "the delivery id is not 32 hex digits");
  }
  return Uint8Array.fromHex(deliveryId);
}

/** The delivery's id as bytes, after what else can be checked of the request. */
function idOf(request: Incoming): Bytes {
  const id = bytesOf(request.deliveryId);
  const { recipients } = request;
  if (recipients.length === 0) throw new Refused("badRequest", "a delivery without recipients");
  if (recipients.length > maxRecipients) throw new Refused("tooMany", "too many recipients in one delivery");
  for (const { prefix } of recipients) {
    if (prefix.length > maxPrefixBytes) throw new Refused("tooLarge", "a recipient's prefix is too large");
    if (prefix.length > 0 && prefix.at(-1) !== 10) {
      throw new Refused("badRequest", "a prefix without line end");
    }
  }
  return id;
}

function reasonOf(resolution: Exclude<Resolution, { readonly kind: "local" }>): Reason {
  switch (resolution.kind) {
    case "unknownAddress":
    case "unknownDomain":
      return "noSuchMailbox";
    case "disabled":
      return "tryLater";
    case "refused":
      return resolution.code < 500 ? "tryLater" : "notPermitted";
  }
}
