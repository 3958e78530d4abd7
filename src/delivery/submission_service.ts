/**
 * Submissions: what one signed-in account sends, from its own addresses only, signed for its author's domain. RFC 6409
 * 6.1, 8.1
 *
 * The front has looked at the author already, to refuse early; the store looks again, in the message itself, since a
 * front that was taken over could say anything of a message and have it signed.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { type Bytes, concat, noBytes, utf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { saysTlsRequiredNo } from "../message/tls_required.ts";
import type { ReadyBody } from "../store/bodies.ts";
import type { Store } from "../store/store.ts";
import type { AddressBook } from "./address_book.ts";
import type { DeliveryResult, Incoming, IncomingRecipient, Resolution, Submit } from "./deliver.ts";
import { checkAsked, releaseOf } from "./asked.ts";
import { addressOf, authorOf, cut, headerOf } from "./author.ts";
import { DeliveryService, type Stamped } from "./delivery_service.ts";
import { endOfFinalTrace } from "./final_trace.ts";
import type { Outbox } from "./outbox.ts";
import type { Signing } from "./signing.ts";

/** What one signed-in account sends, signed for its domain: delivered here, or handed to the outbox. */
export class SubmissionService implements Submit {
  readonly #delivery: DeliveryService;
  readonly #book: AddressBook;
  readonly #account: string;
  readonly #store: Store;
  readonly #signing: Signing | null;
  readonly #outbox: Outbox | null;

  /**
   * @param account The name of the account that has signed in.
   * @param stillAllowed Throws when its session has ended; asked again inside the transaction.
   * @param signing Null where nothing is signed.
   * @param outbox Takes what is for others; null: nothing is sent to others.
   */
  constructor(
    store: Store,
    book: AddressBook,
    account: string,
    stillAllowed: () => void = () => {},
    signing: Signing | null = null,
    outbox: Outbox | null = null,
  ) {
    this.#outbox = outbox;
    this.#store = store;
    this.#signing = signing;
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
    const from = addressOf(request.index.fromAddress); // RFC 6409 8.1: the header's sender is checked as well.
    if (from === null) throw new Refused("badRequest", "a submission needs exactly one From address");
    if (!this.#mine(from)) {
      throw new Refused("noPermission", `account ${this.#account} may not write From this address`);
    }
    checkAsked(request, this.#store.clock.now());
    if (request.evidence !== null) throw new Refused("badRequest", "evidence of a submission");
    return await this.#delivery.send(request, {
      account: this.#account,
      stamp: (body) => this.#stamp(body, request),
      outbox: this.#outbox,
    });
  }

  close(): Promise<void> {
    return this.#delivery.close();
  }

  /** The prefixes with signatures, of a message whose author is looked up in its own octets. */
  #stamp(body: ReadyBody, request: Incoming): Stamped {
    const pieces = () => this.#store.bodies.pieces(body);
    const header = headerOf(pieces());
    const author = authorOf(header);
    if (author === null || !this.#mine(author)) {
      throw new Refused("noPermission", `the message of account ${this.#account} is not from it alone`);
    }
    const fields = this.#sign(author.domain, header, body, request);
    return {
      recipients: fields === "" ? request.recipients : stamped(request, fields),
      // The parameter goes before the field. RFC 8689 4.1
      requireTls: request.asked?.requireTls === true ? true : saysTlsRequiredNo(header) ? false : null,
    };
  }

  /** DKIM-Signature fields; none for a message that cannot be signed, which is sent all the same. */
  #sign(fromDomain: string, header: Bytes, body: ReadyBody, request: Incoming): string {
    if (this.#signing === null) return "";
    const { bodies, clock, log } = this.#store;
    const { prefix } = request.recipients[0] ?? { prefix: noBytes };
    try {
      return this.#signing.sign({
        fromDomain,
        header: concat([prefix, header]), // With the fields that the message lacked.
        body: cut(bodies.pieces(body), header.length, body.hashes.size),
        now: clock.now(),
        release: releaseOf(request.asked, clock.now()),
      });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      log.warn("message is sent without signature", { cid: request.cid, error });
      return "";
    }
  }

  #mine(address: Address): boolean {
    return this.#book.maySend(this.#account, address);
  }
}

/** Puts fields above Received, which is older, and below what only this delivery adds. RFC 5321 4.4 */
function stamped({ recipients }: Incoming, fields: string): IncomingRecipient[] {
  return recipients.map((recipient) => {
    const { prefix } = recipient;
    const at = endOfFinalTrace(prefix);
    return { ...recipient, prefix: concat([prefix.subarray(0, at), utf8(fields), prefix.subarray(at)]) };
  });
}
