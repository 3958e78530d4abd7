/**
 * Outgoing mail as the store has it: the queue with what the configuration says of it.
 *
 * Tested by `tests/scenarios/store_queue_test.ts`.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { accountOf } from "../accounts/accounts.ts";
import { hex } from "../base/bytes.ts";
import type { Signing } from "../delivery/signing.ts";
import { conclude, type ConcludeParts, giveUp } from "../queue/conclude.ts";
import { type OutgoingLimits, QueueOutbox, usualLimits } from "../queue/outbox.ts";
import { QueueAdminService } from "../queue/queue_admin_service.ts";
import { QueueDesk } from "../queue/queue_desk.ts";
import { composeSignedNotice } from "../queue/signed_notices.ts";
import { nameOfAccount } from "../store/accounts.ts";
import type { Store } from "../store/store.ts";
import type { Boot } from "./boot.ts";

/** For how long it is known what became of a message, where nothing else is said. */
export const usualKeepRetiredMs = 7 * 24 * 60 * 60 * 1000;

/** Outgoing mail of a store. */
export interface Outgoing {
  readonly desk: QueueDesk;
  /** Takes what accounts send to others. */
  readonly outbox: QueueOutbox;
  /** For whoever has the capability of administration. */
  readonly admin: QueueAdminService;
}

/** What an account's configuration says of its outgoing mail. */
interface OutgoingAccount {
  readonly domain: string;
  readonly maxOutgoingMessagesPerDay?: number;
  readonly maxFirstTimeRecipientsPerDay?: number;
  /** Milliseconds. */
  readonly keepRetiredMessages?: number;
}

/** What the configuration of the server says of it. */
interface OutgoingConfig {
  readonly hostname: string;
  /** By name. */
  readonly transports?: Readonly<Record<string, unknown>>;
}

/** @param postmaster Name of the account that hears of the server's own mail; null for none. */
export function openOutgoing(
  store: Store,
  boot: Pick<Boot, "config" | "domains">,
  signing: Signing,
  postmaster: string | null,
): Outgoing {
  const accounts: Readonly<Record<string, OutgoingAccount | undefined>> = boot.domains.accounts;
  const config: OutgoingConfig = boot.config;
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
  };
  const desk = new QueueDesk({
    store,
    conclude: (rows, report) => conclude(parts, rows, report),
    giveUp: (endings) => giveUp(parts, endings),
    random: Math.random,
  });
  const admin = new QueueAdminService({
    store,
    giveUp: (endings) => giveUp(parts, endings),
    hasTransport: (name) => Object.hasOwn(config.transports ?? {}, name),
    keepRetiredMs: parts.keepRetiredMs,
    isLeased: (id) => desk.leased.has(id),
    changed: () => desk.changed(),
  });
  return { desk, outbox: new QueueOutbox((name) => limitsOf(accounts[name]), () => desk.changed()), admin };
}

function limitsOf(account: OutgoingAccount | undefined): OutgoingLimits {
  return {
    messagesPerDay: account?.maxOutgoingMessagesPerDay ?? usualLimits.messagesPerDay,
    firstTimeRecipientsPerDay: account?.maxFirstTimeRecipientsPerDay ??
      usualLimits.firstTimeRecipientsPerDay,
  };
}
