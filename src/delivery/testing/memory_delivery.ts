/**
 * Deliver and Submit in memory: keep what was delivered, fail as told. For tests.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Spool } from "../../accounts/mail.ts";
import type { Address } from "../../address/address.ts";
import { printMailbox } from "../../address/mailbox.ts";
import { type Bytes, concat, fromLatin1 } from "../../base/bytes.ts";
import { type Reason, Refused } from "../../base/errors.ts";
import type { Deliver, DeliveryResult, Incoming, Resolution, Submit } from "../deliver.ts";

/** A copy that a recipient got. */
export interface Copy {
  readonly to: string;
  readonly from: string;
  readonly prefix: string;
  readonly body: string;
  readonly incoming: Incoming;
}

/** Addresses at `example.org` are local but for the odd ones named here; other domains are unknown. */
export class MemoryDelivery implements Deliver, Submit, Spool {
  readonly copies: Copy[] = [];
  /** Reasons for which recipients are refused after the message. */
  readonly refused = new Map<string, Reason>();
  /** What `deliver` throws, call after call. */
  readonly throws: unknown[] = [];
  /** What spoolWrite throws, call after call. */
  readonly spoolThrows: unknown[] = [];
  /** Open spool files, by id. */
  readonly spools = new Map<string, Bytes[]>();
  /** What deliveries came to, by their ids. */
  readonly outcomes = new Map<string, readonly DeliveryResult[]>();
  /** Delivery ids, of all calls. */
  readonly ids: string[] = [];
  /** Most spoolWrites under way at once. */
  busiest = 0;
  #writing = 0;
  #count = 0;

  resolve({ address }: { address: Address }): Promise<Resolution> {
    return new Promise((resolve) => resolve(resolution(address)));
  }

  maySend({ address }: { address: Address }): Promise<boolean> {
    return Promise.resolve(address.local === "user" && address.domain === "example.org");
  }

  submit(request: Incoming): Promise<readonly DeliveryResult[]> {
    return this.deliver(request);
  }

  deliver(incoming: Incoming): Promise<readonly DeliveryResult[]> {
    this.ids.push(incoming.deliveryId);
    if (this.throws.length > 0) return Promise.reject(this.throws.shift());
    const body = incoming.content ?? concat(this.spools.get(incoming.spool ?? "") ?? []);
    const sha256 = createHash("sha256").update(body).digest("hex");
    const results = incoming.recipients.map(({ address, prefix, got }): DeliveryResult => {
      if (got === sha256) return { kind: "delivered", id: "", body: sha256 };
      const to = printMailbox(address);
      const reason = this.refused.get(to);
      if (reason !== undefined) return { kind: "refused", reason };
      const from = incoming.from === null ? "" : printMailbox(incoming.from);
      this.copies.push({ to, from, prefix: fromLatin1(prefix), body: fromLatin1(body), incoming });
      return { kind: "delivered", id: `m${this.copies.length}`, body: sha256 };
    });
    if (incoming.spool !== null) this.spools.delete(incoming.spool);
    this.outcomes.set(incoming.deliveryId, results);
    return Promise.resolve(results);
  }

  outcome({ deliveryId }: { deliveryId: string }): Promise<readonly DeliveryResult[] | null> {
    return Promise.resolve(this.outcomes.get(deliveryId) ?? null);
  }

  spoolOpen(): Promise<string> {
    const id = `spool${++this.#count}`;
    this.spools.set(id, []);
    return Promise.resolve(id);
  }

  async spoolWrite({ spool, bytes }: { spool: string; bytes: Bytes }): Promise<void> {
    this.busiest = Math.max(this.busiest, ++this.#writing);
    await Promise.resolve();
    this.#writing--;
    if (this.spoolThrows.length > 0) throw this.spoolThrows.shift();
    const pieces = this.spools.get(spool);
    if (pieces === undefined) throw new Refused("badRequest", "no such spool file");
    pieces.push(bytes.slice());
  }

  spoolDrop({ spool }: { spool: string }): Promise<void> {
    this.spools.delete(spool);
    return Promise.resolve();
  }
}

function resolution(address: Address): Resolution {
  if (address.domain === "" && address.local === "postmaster") return { kind: "local" };
  if (address.domain === "disabled.example") return { kind: "disabled" };
  if (address.domain !== "example.org" && address.domain !== "bücher.example") {
    return { kind: "unknownDomain" };
  }
  if (address.local.startsWith("nobody")) return { kind: "unknownAddress" };
  if (address.local === "moved") return { kind: "refused", code: 550, text: "moved to elsewhere" };
  if (address.local === "broken") throw new TypeError("a bug in resolve");
  if (address.local === "busy") throw new Refused("tryLater", "the store is away");
  return { kind: "local" };
}
