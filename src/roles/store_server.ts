/**
 * The store as a server: who asks for what on which connection.
 *
 * It does not trust whoever connects. Anybody may deliver, sign in, see counts, and hand
 * in the root's keys, which are checked here; the mail of an account, and
 * sending in its name, need a capability that signing in gave on the same connection.
 *
 * What waits to be sent is the front's to send, so it must be able to have it, and no secret could tell it from somebody
 * who took it over. What protects the queue is the lease: a connection is given messages that are due, one domain and one
 * message at a time, each of which it may read until it has reported; every attempt is on record before; there is no list, no
 * message can be asked for by its number, and none comes twice at once. So who took over a front sees what goes through it
 * from then on, which it would anyhow, and not what was sent before, what waits for later, or what is on hold.
 *
 * Tested by `tests/scenarios/taken_over_test.ts` and `tests/scenarios/store_queue_test.ts`.
 *
 * @module
 */
import { accountOf, ensureAccount } from "../accounts/accounts.ts";
import { Addresses } from "../accounts/addresses.ts";
import { type Authenticator, authenticatorMethods } from "../accounts/authenticator.ts";
import type { Holder } from "../accounts/auth_capabilities.ts";
import { Authentication, type ConnectionAuthenticator } from "../accounts/auth_session.ts";
import { StoredCredentials } from "../accounts/auth_store.ts";
import { type Mail, mailMethods } from "../accounts/mail.ts";
import { type MailSurroundings, StoreMail } from "../accounts/mail_store.ts";
import { type Status, statusMethods } from "../accounts/status.ts";
import { StatusService } from "../accounts/status_service.ts";
import type { Address } from "../address/address.ts";
import { parseMailbox } from "../address/mailbox.ts";
import { type Bytes, utf8 } from "../base/bytes.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import { normalNames } from "../config/authentication_config.ts";
import { quotaOf } from "../config/dynamic_config.ts";
import type { AddressBook } from "../delivery/address_book.ts";
import { type Deliver, deliverMethods, type Submit, submitMethods } from "../delivery/deliver.ts";
import { DeliveryService } from "../delivery/delivery_service.ts";
import { type Judge, judgeStranger } from "../delivery/judge.ts";
import type { Signing } from "../delivery/signing.ts";
import { UnderWay } from "../delivery/under_way.ts";
import { SubmissionService } from "../delivery/submission_service.ts";
import { type RootKeys, rootKeysMethods } from "../evidence/root_keys.ts";
import { RootKeysService } from "../evidence/root_keys_service.ts";
import { type Queue, queueMethods } from "../queue/queue.ts";
import { type QueueAdmin, queueAdminMethods } from "../queue/queue_admin.ts";
import type { ConnectionQueue } from "../queue/queue_desk.ts";
import { offer, type Offers, offerWith } from "../rpc/callee.ts";
import type { Carrier } from "../rpc/carrier.ts";
import { connect, type Connection } from "../rpc/connection.ts";
import { equalSecrets } from "../sasl/secrets.ts";
import { disableLogin } from "../store/accounts.ts";
import { undoCopies } from "../accounts/mail_store.ts";
import { storeChores } from "../store/chores.ts";
import { Housekeeper } from "../store/housekeeping.ts";
import { settingOr } from "../store/settings.ts";
import { openStore, type Store } from "../store/store.ts";
import { openTexts } from "../store/text_indexer.ts";
import type { Boot } from "./boot.ts";
import { domainsOf } from "./domains.ts";
import type { ParserLink } from "./parser_link.ts";
import { openSigning } from "./signing_keys.ts";
import { openOutgoing, type Outgoing } from "./store_outgoing.ts";

/** What of the boot is the store's. */
export interface StoreServerBoot extends Pick<Boot, "config" | "domains"> {
  readonly places: Pick<Boot["places"], "data">;
  /** What the administrator's commands show; without it nobody administers. */
  readonly adminCapability?: string;
}

export interface StoreParts {
  readonly boot: StoreServerBoot;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Who makes text of messages for search; without it there is no full-text index. */
  readonly parser: ParserLink | null;
}

/** Characters of the capability of administration: 128 bits in base64url. */
const minAdminCapability = 22;

/** How often the store looks whether its database still works. */
const healthMs = 500;

export interface StoreServer {
  /** Resolves when the database failed in a way that only opening it anew can mend: the role must end. */
  readonly broken: Promise<Refused>;
  /** Serves a peer until its connection ends. */
  accept(carrier: Carrier): void;
  /** Ends all connections, finishes what was begun, closes the database. */
  close(): Promise<void>;
}

/** What all connections share. */
interface Shared extends StoreParts {
  readonly store: Store;
  readonly book: AddressBook;
  readonly authentication: Authentication;
  readonly signing: Signing;
  readonly surroundings: MailSurroundings;
  readonly rootKeys: RootKeysService;
  readonly outgoing: Outgoing;
  readonly underWay: UnderWay;
}

/** Opens the data folder, makes what the configuration names, and is then ready for connections. */
export async function startStore(parts: StoreParts): Promise<StoreServer> {
  const { boot, clock, log, metrics } = parts;
  const store = openStore({ folder: boot.places.data, clock, log, metrics });
  try {
    const domains = domainsOf(boot.config, boot.domains);
    const addresses = new Addresses(domains);
    const authentication = await openAuthentication(parts, store, addresses);
    await makeAccounts(parts, store, authentication);
    const book: AddressBook = {
      lookup: (address) => addresses.resolve(address),
      maySend: (account, address) => addresses.maySend(account, address),
    };
    const signing = await openSigning(boot.places.data, boot.domains, boot.config.localserve !== null);
    const { adminContact } = boot.config;
    const surroundings: MailSurroundings = {
      accountOfLogin: (login) => accountOfLogin(login, addresses),
      serverAnnotations: new Map(adminContact === "" ? [] : [["/shared/admin", utf8(adminContact)]]),
    };
    const rootKeys = new RootKeysService({ store, folder: boot.places.data });
    const leaseKey = await keptKey(store, "leaseKey");
    const outgoing = openOutgoing(store, boot, signing, leaseKey, domains.postmaster?.account ?? null);
    const shared: Shared = {
      ...parts,
      store,
      book,
      authentication,
      signing,
      rootKeys,
      surroundings,
      outgoing,
      underWay: new UnderWay(),
    };
    await takeBackCopies(store, log);
    const peers = new Set<Peer>();
    const health = watchHealth(store, clock);
    const housekeeper = new Housekeeper(store, storeChores(store, boot.config.history));
    housekeeper.start();
    const texts = parts.parser === null ? null : openTexts(store, boot.places.data, parts.parser);
    texts?.start();
    return {
      broken: health.broken,
      accept(carrier) {
        const peer = new Peer(shared, carrier, () => peers.delete(peer));
        peers.add(peer);
      },
      async close() {
        health.stop();
        await housekeeper.stop();
        parts.parser?.close();
        outgoing.desk.close();
        await Promise.all([...peers].map((peer) => peer.close()));
        await texts?.stop();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** What a crash left of copies, before anybody sees it. On a full disk mail must still be read. */
async function takeBackCopies(store: Store, log: Log): Promise<void> {
  try {
    await undoCopies(store);
  } catch (error) {
    log.warn("a copy that broke off could not be taken back", {
      error: error instanceof Error ? error : String(error),
    });
  }
}

/** After a failed fsync nobody knows what is on disk: the writer then refuses everything, and this tells. */
function watchHealth(store: Store, clock: Clock): { readonly broken: Promise<Refused>; stop(): void } {
  const { promise, resolve } = Promise.withResolvers<Refused>();
  const look = (): Timer =>
    clock.after(healthMs, () => {
      if (store.writer.closed === null) timer = look();
      else resolve(store.writer.closed);
    });
  let timer = look();
  return { broken: promise, stop: () => timer.cancel() };
}

/** A secret key of the store's own, the same for ever. */
async function keptKey(store: Store, name: string): Promise<Bytes> {
  const fresh = crypto.getRandomValues(new Uint8Array(32)).toBase64();
  return Uint8Array.fromBase64(await store.writer.run(() => settingOr(name, fresh)));
}

async function openAuthentication(
  { boot, clock, log, metrics }: StoreParts,
  store: Store,
  addresses: Addresses,
): Promise<Authentication> {
  const decoyKey = await keptKey(store, "decoyKey");
  return new Authentication({
    credentials: new StoredCredentials(store),
    resolveLogin: (name) => accountOfLogin(name, addresses),
    decoyKey,
    weakDecoys: Object.values(boot.domains.domains).some((domain) => domain.weakMechanisms),
    hiddenCapabilities: (account) => boot.domains.accounts[account]?.hiddenCapabilities ?? [],
    hostname: boot.config.hostname,
    clock,
    log,
    metrics,
  });
}

/** The account that signs in with what somebody typed, an address. */
function accountOfLogin(name: string, addresses: Addresses): string | null {
  let address: Address;
  try {
    address = parseMailbox(name);
  } catch {
    return null;
  }
  return addresses.accountOfLogin(address);
}

/** Accounts of the configuration exist; localserve's has its well-known password. */
async function makeAccounts(
  { boot, log }: StoreParts,
  store: Store,
  authentication: Authentication,
): Promise<void> {
  for (const [name, account] of Object.entries(boot.domains.accounts)) {
    const existed = accountOf(store, name) !== null;
    const id = await ensureAccount(store, { name, ...quotaOf(boot.domains, name) });
    const disabled = account.loginDisabled === "" ? null : account.loginDisabled;
    await store.writer.run(() => disableLogin(id, disabled));
    if (!existed) log.info("account was made", { account: name });
  }
  const local = boot.config.localserve;
  if (local !== null && (await new StoredCredentials(store).find(local.account))?.secrets === null) {
    const domain = boot.domains.accounts[local.account]?.domain ?? "";
    const weak = boot.domains.domains[domain]?.weakMechanisms ?? false;
    await authentication.setPassword(local.account, local.password, weak);
  }
}

/** Throws when a capability has ended; asked at the beginning of each call and again inside each change. */
function stillHeld(holder: Holder): () => void {
  return () => {
    if (holder.ended) throw new Refused("noCapability", "the session has ended");
  };
}

/** One RPC connection, and what belongs to it alone. */
class Peer {
  readonly #shared: Shared;
  readonly #connection: Connection;
  readonly #authenticator: ConnectionAuthenticator;
  readonly #deliver: DeliveryService;
  readonly #queue: ConnectionQueue;
  /** By capability. */
  readonly #mail = new Map<string, StoreMail>();
  readonly #submit = new Map<string, SubmissionService>();
  readonly #ended: () => void;
  #released: Promise<void> = Promise.resolve();

  constructor(shared: Shared, carrier: Carrier, ended: () => void) {
    const { store, book, clock, log } = shared;
    this.#shared = shared;
    this.#ended = ended;
    this.#authenticator = shared.authentication.forConnection((capability) =>
      this.#endCapability(capability)
    );
    // Who develops wants to see every message, and reads in it what would have become of it elsewhere.
    const judge = shared.boot.config.localserve === null ? this.#judge() : null;
    this.#deliver = new DeliveryService(
      store,
      book,
      undefined,
      judge,
      shared.outgoing.returned,
      shared.underWay,
    );
    this.#queue = shared.outgoing.desk.forConnection();
    this.#connection = connect(carrier, {
      clock,
      log,
      offers: this.#offers(),
      onClose: () => this.#onClose(),
    });
  }

  /** Whom to trust is the store's to know: a front says what it found, and not what follows from it. */
  #judge(): Judge {
    const sealers = normalNames(this.#shared.boot.config.authentication.trustedSealers);
    return (evidence) => judgeStranger(evidence, sealers);
  }

  async close(): Promise<void> {
    this.#connection.close();
    await this.#connection.ended;
    await this.#released;
  }

  #offers(): Offers {
    return {
      authenticator: offer<Authenticator>(authenticatorMethods, this.#authenticator),
      deliver: offer<Deliver>(deliverMethods, this.#deliver),
      status: offer<Status>(
        statusMethods,
        new StatusService(this.#shared.store, this.#shared.signing.records),
      ),
      rootKeys: offer<RootKeys>(rootKeysMethods, this.#shared.rootKeys),
      queue: offer<Queue>(queueMethods, this.#queue),
      mail: offerWith<Mail>(mailMethods, (capability) => this.#openMail(capability)),
      submit: offerWith<Submit>(submitMethods, (capability) => this.#openSubmit(capability)),
      queueAdmin: offerWith<QueueAdmin>(queueAdminMethods, (capability) => {
        this.#checkAdmin(capability);
        return this.#shared.outgoing.admin;
      }),
    };
  }

  /** The administrator's commands are told the capability; no front ever is. @throws {Refused} `noCapability` */
  #checkAdmin(capability: string): void {
    const { adminCapability = "" } = this.#shared.boot;
    const isRight = equalSecrets(utf8(capability), utf8(adminCapability));
    if (adminCapability.length < minAdminCapability || !isRight) {
      throw new Refused("noCapability", "this is not the capability of administration");
    }
  }

  #openMail(capability: string): StoreMail {
    const open = this.#mail.get(capability);
    if (open !== undefined) return open;
    const { store, surroundings } = this.#shared;
    const holder = this.#authenticator.capabilities.holder(capability);
    const account = accountOf(store, holder.account);
    if (account === null) throw new Refused("noCapability", `account ${holder.account} is gone`);
    const mail = new StoreMail(store, account.id, stillHeld(holder), surroundings);
    this.#mail.set(capability, mail);
    return mail;
  }

  #openSubmit(capability: string): SubmissionService {
    const open = this.#submit.get(capability);
    if (open !== undefined) return open;
    const { store, book, signing, outgoing } = this.#shared;
    const holder = this.#authenticator.capabilities.holder(capability);
    const submit = new SubmissionService(
      store,
      book,
      holder.account,
      stillHeld(holder),
      signing,
      outgoing.outboxFor(holder.account, holder.login),
    );
    this.#submit.set(capability, submit);
    return submit;
  }

  /** A session ended: what it had asked for is cancelled, what it had spooled is removed. */
  #endCapability(capability: string): void {
    this.#connection.endCapability(capability);
    const closing = [this.#mail.get(capability)?.close(), this.#submit.get(capability)?.close()];
    this.#mail.delete(capability);
    this.#submit.delete(capability);
    this.#release(Promise.all(closing));
  }

  #onClose(): void {
    this.#authenticator.close();
    this.#queue.close();
    this.#release(this.#deliver.close());
    this.#ended();
  }

  #release(closing: Promise<unknown>): void {
    this.#released = Promise.all([this.#released, closing]).then(() => {}, (error: unknown) => {
      this.#shared.log.warn("spool files were not removed", {
        error: error instanceof Error ? error : String(error),
      });
    });
  }
}
