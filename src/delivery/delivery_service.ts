/**
 * Deliveries as the store makes them: {@link Deliver} for anybody, {@link Submit} for who has signed in.
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
import { accountNamed } from "../store/accounts.ts";
import {
  addMessages,
  type BodyRows,
  maxPrefixBytes,
  type PreparedEmail,
  prepareEmail,
  writtenBytes,
} from "../store/add_message.ts";
import { checkIndex } from "../store/check_index.ts";
import { answerTo, keepAnswer } from "../store/deliveries.ts";
import type { Work } from "../store/query.ts";
import type { Spools } from "../store/spool.ts";
import type { Store } from "../store/store.ts";
import type { Transaction } from "../store/writer.ts";
import type { AddressBook } from "./address_book.ts";
import type { Deliver, DeliveryResult, Incoming, IncomingRecipient, Resolution, Submit } from "./deliver.ts";

/** Recipients of one delivery, whatever the edges allow. RFC 5321 4.5.3.1.8 asks for 100 at least. */
export const maxRecipients = 1000;

/** Where the mail of one connection goes in. */
export class DeliveryService implements Deliver {
  readonly #store: Store;
  readonly #book: AddressBook;
  readonly #spools: Spools;
  readonly #results: Counter;
  readonly #stillAllowed: () => void;

  /** @param stillAllowed Throws when nothing may be delivered any more; asked inside each transaction. */
  constructor(store: Store, book: AddressBook, stillAllowed: () => void = () => {}) {
    this.#store = store;
    this.#stillAllowed = stillAllowed;
    this.#book = book;
    this.#spools = store.spools.forOwner();
    this.#results = store.metrics.counter("mailden_delivery_total", "Recipients delivered to, by result.", [
      { result: "delivered" },
    ]);
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
  async deliver(request: Incoming): Promise<readonly DeliveryResult[]> {
    const id = idOf(request);
    const earlier = request.spool === null ? undefined : this.#store.read(answerTo(id));
    if (earlier !== undefined && request.spool !== null) {
      await this.#spools.drop(request.spool);
      return answerOf(earlier);
    }
    const body = await this.#store.bodies.ready(request, this.#spools);
    try {
      const email = prepareEmail(body, checkIndex(request.index, body.hashes.size));
      const answer = await this.#store.writer.run(
        (tx) => this.#unit(tx, id, email, request.recipients),
        writtenBytes(email) + request.recipients.length * 1024,
      );
      this.#note(request, body.hashes.size, answer);
      return answer;
    } finally {
      body.release();
    }
  }

  /** The connection is gone: its unfinished spool files go too. */
  close(): Promise<void> {
    return this.#spools.close();
  }

  *#unit(
    tx: Transaction,
    id: Bytes,
    email: PreparedEmail,
    recipients: readonly IncomingRecipient[],
  ): Work<readonly DeliveryResult[]> {
    this.#stillAllowed();
    const earlier = yield* answerTo(id);
    if (earlier !== undefined) return answerOf(earlier);
    const bodies: BodyRows = new Map();
    const answer: DeliveryResult[] = [];
    for (const recipient of recipients) answer.push(yield* this.#one(tx, email, recipient, bodies));
    yield* keepAnswer(id, tx.now, JSON.stringify(answer));
    return answer;
  }

  /** Delivers to one recipient. What it refuses it refuses before it has changed anything of the account. */
  *#one(
    tx: Transaction,
    email: PreparedEmail,
    { address, prefix }: IncomingRecipient,
    bodies: BodyRows,
  ): Work<DeliveryResult> {
    const found = this.#book.lookup(address);
    if (found.kind !== "local") return { kind: "refused", reason: reasonOf(found) };
    const account = yield* accountNamed(found.account);
    if (account === undefined) return { kind: "refused", reason: "noSuchMailbox" };
    try {
      const mailbox = yield* ensureMailbox({ accountId: account.id, tx }, found.mailbox);
      const addition = { email, prefix, bits: 0, keywords: [], internalDate: tx.now };
      const added = yield* addMessages(tx, account.id, mailbox.id, [addition], bodies);
      return { kind: "delivered", id: added.messages[0]?.objectId ?? "" };
    } catch (error) {
      if (error instanceof Refused) return { kind: "refused", reason: error.reason };
      throw error;
    }
  }

  #note(request: Incoming, bytes: number, answer: readonly DeliveryResult[]): void {
    for (const result of answer) {
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

/** What one signed-in account sends. For now it is delivered like what comes in; the queue comes later. */
export class SubmissionService implements Submit {
  readonly #delivery: DeliveryService;
  readonly #book: AddressBook;
  readonly #account: string;

  /**
   * @param account The name of the account that has signed in.
   * @param stillAllowed Throws when its session has ended; asked again inside the transaction.
   */
  constructor(store: Store, book: AddressBook, account: string, stillAllowed: () => void = () => {}) {
    this.#delivery = new DeliveryService(store, book, stillAllowed);
    this.#book = book;
    this.#account = account;
  }

  spoolOpen(request: Record<string, never>): Promise<string> {
    return this.#delivery.spoolOpen(request);
  }

  spoolWrite(request: { spool: string; bytes: Bytes }): Promise<void> {
    return this.#delivery.spoolWrite(request);
  }

  spoolDrop(request: { spool: string }): Promise<void> {
    return this.#delivery.spoolDrop(request);
  }

  maySend({ address }: { address: Address }): Promise<boolean> {
    return Promise.resolve(this.#mine(address));
  }

  resolve(request: { address: Address }): Promise<Resolution> {
    return this.#delivery.resolve(request);
  }

  /** As {@link DeliveryService.deliver}. @throws {Refused} Also `noPermission` if the sender is not the account's. */
  async submit(request: Incoming): Promise<readonly DeliveryResult[]> {
    if (request.from !== null && !this.#mine(request.from)) {
      throw new Refused("noPermission", `account ${this.#account} may not send as this sender`);
    }
    const { fromAddress } = request.index; // RFC 6409 8.1: the header's sender is checked as well.
    if (fromAddress === null) throw new Refused("badRequest", "a submission needs exactly one From address");
    if (!this.#mine(addressOf(fromAddress))) {
      throw new Refused("noPermission", `account ${this.#account} may not write From this address`);
    }
    return await this.#delivery.deliver(request);
  }

  close(): Promise<void> {
    return this.#delivery.close();
  }

  #mine(address: Address): boolean {
    return this.#book.maySend(this.#account, address);
  }
}

/** The delivery's id as bytes, after what else can be checked of the request. */
function idOf(request: Incoming): Bytes {
  if (!/^[0-9a-f]{32}$/.test(request.deliveryId)) {
    throw new Refused("badRequest", "the delivery id is not 32 hex digits");
  }
  const { recipients } = request;
  if (recipients.length === 0) throw new Refused("badRequest", "a delivery without recipients");
  if (recipients.length > maxRecipients) throw new Refused("tooMany", "too many recipients in one delivery");
  for (const { prefix } of recipients) {
    if (prefix.length > maxPrefixBytes) throw new Refused("tooLarge", "a recipient's prefix is too large");
    if (prefix.length > 0 && prefix.at(-1) !== 10) {
      throw new Refused("badRequest", "a prefix without line end");
    }
  }
  return Uint8Array.fromHex(request.deliveryId);
}

/** `MessageIndex.fromAddress` as an address. */
function addressOf(text: string): Address {
  const at = text.lastIndexOf("@");
  return { local: text.slice(0, Math.max(0, at)), domain: text.slice(at + 1) };
}

/** An answer as {@link keepAnswer} was given it. */
function answerOf(stored: string): readonly DeliveryResult[] {
  return JSON.parse(stored) as DeliveryResult[]; // Nobody else writes this column.
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
