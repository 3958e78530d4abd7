/**
 * Outgoing mail as the store has it: the queue with what the configuration says of it.
 *
 * Tested by `tests/scenarios/store_queue_test.ts`.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { accountOf } from "../accounts/accounts.ts";
import type { Address } from "../address/address.ts";
import { type Bytes, hex } from "../base/bytes.ts";
import type { Outbox } from "../delivery/outbox.ts";
import type { ReturnedMail } from "../delivery/returned_mail.ts";
import type { Signing } from "../delivery/signing.ts";
import { conclude, type ConcludeParts, giveUp } from "../queue/conclude.ts";
import { newFromId, senderWithId } from "../queue/from_id.ts";
import { localFault } from "../queue/local_fault.ts";
import { type OutgoingLimits, QueueOutbox, usualLimits } from "../queue/outbox.ts";
import { QueueAdminService } from "../queue/queue_admin_service.ts";
import { freshPrefix } from "../queue/fresh_signatures.ts";
import { QueueDesk } from "../queue/queue_desk.ts";
import { ReturnedNotices } from "../queue/returned_notices.ts";
import { composeSignedNotice } from "../queue/signed_notices.ts";
import { nameOfAccount } from "../store/accounts.ts";
import type { Store } from "../store/store.ts";
import type { Boot } from "./boot.ts";

/** For how long it is known what became of a message of the server's own, or of an account that is gone. */
export const usualKeepRetiredMs = 7 * 24 * 60 * 60 * 1000;

/** Outgoing mail of a store. */
export interface Outgoing {
  readonly desk: QueueDesk;
  /** Takes what an account sends to others that has signed in with this address. */
  outboxFor(account: string, login: string): Outbox;
  /** Hears of notices that come back. */
  readonly returned: ReturnedMail;
  /** For whoever has the capability of administration. */
  readonly admin: QueueAdminService;
}

type AccountConfig = Boot["domains"]["accounts"][string];

/** @param leaseKey See `queue/lease_names.ts`. @param postmaster Name of the account that hears of the server's own mail; null for none. */
export function openOutgoing(
  store: Store,
  boot: Pick<Boot, "config" | "domains">,
  signing: Signing,
  leaseKey: Bytes,
  postmaster: string | null,
): Outgoing {
  const accounts: Readonly<Record<string, AccountConfig | undefined>> = boot.domains.accounts;
  const { config } = boot;
  const random = () => hex(new Uint8Array(randomBytes(16)));
  const notices = { hostname: config.hostname, signing, random };
  const parts: ConcludeParts = {
    store,
    compose: (facts, original) => composeSignedNotice(notices, facts, original),
    keepRetiredMs: (accountId) => {
      const name = accountId === 0 ? undefined : store.read(nameOfAccount(accountId));
      return (name === undefined ? undefined : accounts[name]?.keepRetiredMessages) ?? usualKeepRetiredMs;
    },
    postmaster: postmaster === null ? null : accountOf(store, postmaster)?.id ?? null,
    hasAccount: (name) => Object.hasOwn(accounts, name),
  };
  const desk = new QueueDesk({
    store,
    conclude: (rows, report) => conclude(parts, rows, report),
    giveUp: (endings) => giveUp(parts, endings),
    random: Math.random,
    freshPrefix: (row) => freshPrefix({ store, signing }, row),
    leaseKey,
  });
  const admin = new QueueAdminService({
    store,
    giveUp: (endings) => giveUp(parts, endings),
    hasTransport: (name) => Object.hasOwn(config.transports, name),
    keepRetiredMs: parts.keepRetiredMs,
    isLeased: (id, domain) => desk.isLeased(id, domain),
    isBusy: (domain) => desk.busy.has(domain),
    changed: (afresh) => desk.changed(afresh),
  });
  const separators = (domain: string) => boot.domains.domains[domain]?.localpartCatchallSeparators ?? [];
  const outbox = new QueueOutbox((name) => limitsOf(accounts[name]), () => desk.changed(), {
    maxAttempts: boot.config.queue.maxAttempts,
    ...(boot.config.localserve === null
      ? {}
      : { detains: (address: Address) => localFault(address) !== null }),
  });
  const withSenders = outbox.withSenders((from) => {
    const fromId = newFromId((octets) => new Uint8Array(randomBytes(octets)));
    const sender = senderWithId(from, fromId, separators(from.domain));
    return sender === null ? null : { sender, fromId };
  });
  return {
    desk,
    outboxFor(account, login) {
      const listed = accounts[account]?.fromIdLoginAddresses ?? [];
      return listed.some((each) => isSame(each, login)) ? withSenders : outbox;
    },
    returned: new ReturnedNotices(store, separators),
    admin,
  };
}

/** Whether somebody who signs in with an address uses that of the configuration. */
function isSame(listed: string, login: string): boolean {
  return listed.normalize("NFC").toLowerCase() === login.normalize("NFC").toLowerCase();
}

function limitsOf(account: AccountConfig | undefined): OutgoingLimits {
  return {
    messagesPerDay: account?.maxOutgoingMessagesPerDay ?? usualLimits.messagesPerDay,
    firstTimeRecipientsPerDay: account?.maxFirstTimeRecipientsPerDay ??
      usualLimits.firstTimeRecipientsPerDay,
  };
}
