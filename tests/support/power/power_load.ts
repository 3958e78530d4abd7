/**
 * A program that works a store as hard as it can, to be traced, and says what it is about to do and what was acknowledged:
 * lines of JSON (`promises.ts`) on its standard output.
 *
 * ```text
 * power_load.ts FOLDER '{"life":1,"seed":7,"phases":[40,40],"largestOctets":400000,"bulk":0,"ends":"killed"}'
 * ```
 *
 * Between phases it rests for so long that the store thinks itself idle, and checkpoints. It ends with its
 * standard input, so that nobody has to look for it.
 *
 * @module
 */
import { type Mail, mailMethods } from "../../../src/accounts/mail.ts";
import { type Bytes, utf8 } from "../../../src/base/bytes.ts";
import { type Deliver, deliverMethods, type Submit, submitMethods } from "../../../src/delivery/deliver.ts";
import { newDeliveryId } from "../../../src/delivery/delivery_id.ts";
import { deleted, seen } from "../../../src/imap/flags.ts";
import { type Queue, queueMethods, type QueueResult } from "../../../src/queue/queue.ts";
import { client } from "../../../src/rpc/client.ts";
import { sha256 } from "../../../src/store/block_hash.ts";
import { idleMs } from "../../../src/store/wal_keeper.ts";
import { randomFrom } from "./crash_states.ts";
import { ImapUser, type MailChanges, RpcUser, SmtpPeer } from "./power_clients.ts";
import { contentOf, deliver, handedIn, makePowerStore, signIn, startPowerStore } from "./power_store.ts";
import type { Ended, Place, Redelivery, Said } from "./promises.ts";

/** What is asked of the load. */
export interface LoadSettings {
  /** Which run of the store on the same folder this is: part of every id. */
  readonly life: number;
  readonly seed: number;
  /** Actions of each phase. */
  readonly phases: readonly number[];
  /** Of the largest messages, of which there are a few. */
  readonly largestOctets: number;
  /** Messages that are appended, copied, moved and expunged at once; 0: none. */
  readonly bulk: number;
  /** How the last phase ends: SIGKILL in its midst, or the store closes. */
  readonly ends: "killed" | "closed";
}

const mailboxNames = ["Inbox", "Work", "Other"] as const;

/** A message of a worker's own. */
interface Owned {
  readonly id: string;
  readonly content: Bytes;
  places: readonly Place[];
}

function say(said: Said): void {
  Deno.stdout.writeSync(utf8(`${JSON.stringify(said)}\n`));
}

class Load {
  readonly #settings: LoadSettings;
  readonly #random: () => number;
  readonly #mail: Mail;
  readonly #deliver: Deliver;
  readonly #submit: Submit;
  readonly #queue: Queue;
  readonly #smtp: SmtpPeer;
  readonly #viaImap: ImapUser;
  readonly #inBulkViaImap: ImapUser;
  readonly #viaRpc: RpcUser;
  readonly #mailboxes = new Map<string, number>();
  #lastId = 0;
  #left = 0;

  constructor(
    settings: LoadSettings,
    services: {
      mail: Mail;
      deliver: Deliver;
      submit: Submit;
      queue: Queue;
      smtp: SmtpPeer;
      imap: ImapUser;
      bulk: ImapUser;
    },
  ) {
    this.#settings = settings;
    this.#random = randomFrom(settings.seed);
    this.#mail = services.mail;
    this.#deliver = services.deliver;
    this.#submit = services.submit;
    this.#queue = services.queue;
    this.#smtp = services.smtp;
    this.#viaImap = services.imap;
    this.#inBulkViaImap = services.bulk;
    const { mail } = services;
    this.#viaRpc = new RpcUser(mail, (content) => handedIn(mail, content), (name) => this.#idOf(name));
  }

  async begin(): Promise<void> {
    for (const name of mailboxNames) {
      const info = await this.#mail.find({ name }) ?? await this.#mail.create({ name, specialUse: [] });
      this.#mailboxes.set(name, info.id);
      await this.#tell(name);
    }
  }

  /** Everybody at once, for so many actions. */
  async phase(actions: number, isLast: boolean): Promise<void> {
    this.#left = actions;
    const { bulk } = this.#settings;
    const workers = [
      this.#work(() => this.#deliverOne()),
      this.#work(() => this.#sendOne()),
      this.#work(() => this.#submitOne()),
      this.#work(() => this.#attemptOne()),
      ...[this.#viaRpc, this.#viaImap].map((user) => {
        const owned: Owned[] = [];
        return this.#work(() => this.#changeOne(user, owned));
      }),
      ...bulk > 0 ? [this.#inBulk(bulk)] : [],
    ];
    if (isLast && this.#settings.ends === "killed") {
      await Promise.race(workers);
      Deno.kill(Deno.pid, "SIGKILL");
    }
    await Promise.all(workers);
  }

  async #work(action: () => Promise<void>): Promise<void> {
    while (this.#left-- > 0) await action();
  }

  /** A message over SMTP: what counts is the 250. */
  async #sendOne(): Promise<void> {
    const id = this.#newId();
    const content = contentOf(id, this.#octets());
    const to = this.#random() < 0.3 ? ["ann", "bob"] : ["ann"];
    const places = to.map((name) => ({ mailbox: `${name}/Inbox`, uid: null, bits: 0 }));
    say({ kind: "mayBe", id, places, sha256: sha256(content) });
    await this.#smtp.send(content, to.map((name) => `${name}@example.org`));
    say({ kind: "is", id, places });
  }

  #newId(): string {
    return `${this.#settings.life}-${++this.#lastId}`;
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  /** Mostly small ones; some that are larger than a page, than a frame, and than all that is kept in the database. */
  #octets(): number {
    const kind = this.#random();
    if (kind < 0.7) return 200 + this.#below(3000);
    if (kind < 0.9) return 5000 + this.#below(60_000);
    if (kind < 0.95) return 270_000 + this.#below(100_000);
    return this.#settings.largestOctets - this.#below(1000);
  }

  async #deliverOne(): Promise<void> {
    const id = this.#newId();
    const octets = this.#octets();
    const content = contentOf(id, octets);
    const to = this.#random() < 0.3 ? ["ann", "bob"] : ["ann"];
    const again: Redelivery = {
      deliveryId: newDeliveryId(Date.now(), (count) => crypto.getRandomValues(new Uint8Array(count))),
      octets,
      to: to.map((name) => `${name}@example.org`),
    };
    const places = to.map((name) => ({ mailbox: `${name}/Inbox`, uid: null, bits: 0 }));
    say({ kind: "mayBe", id, places, sha256: sha256(content), again });
    const isTaken = await deliver(this.#deliver, (request) => this.#deliver.deliver(request), {
      ...again,
      content,
    });
    say(isTaken ? { kind: "is", id, places } : { kind: "isNot", id });
  }

  async #submitOne(): Promise<void> {
    const id = this.#newId();
    const content = contentOf(id, this.#octets());
    const recipients = Array.from(
      { length: 1 + this.#below(3) },
      (_, i) => `${id}.${i}@d${this.#below(4)}.example`,
    );
    say({ kind: "mayQueue", recipients, sha256: sha256(content) });
    const deliveryId = newDeliveryId(Date.now(), (count) => crypto.getRandomValues(new Uint8Array(count)));
    const isTaken = await deliver(this.#submit, (request) => this.#submit.submit(request), {
      deliveryId,
      content,
      to: recipients,
    });
    if (!isTaken) throw new Error("a submission was refused");
    say({ kind: "queued", recipients, sha256: sha256(content) });
  }

  async #attemptOne(): Promise<void> {
    const jobs = await this.#queue.take({ domain: null, busy: [], max: 3 });
    if (jobs.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const { recipients, attempts } of jobs) {
      for (const { address } of recipients) say({ kind: "attempted", recipient: address, attempts });
    }
    for (const { lease, recipients } of jobs) {
      if (this.#random() < 0.15) {
        for (const { address } of recipients) say({ kind: "mayGiveBack", recipient: address });
        await this.#queue.giveBack({ lease });
        for (const { address } of recipients) say({ kind: "gaveBack", recipient: address });
        continue;
      }
      const results = recipients.map(({ id }) => this.#result(id));
      const ends = recipients.map(({ address }, i) => ({ recipient: address, as: endOf(results[i]) }));
      for (const end of ends) say({ kind: "mayEnd", ...end });
      await this.#queue.report({ lease, startedAt: Date.now(), ms: 1, dialed: ["192.0.2.7"], results });
      for (const end of ends) say({ kind: "ended", ...end });
    }
  }

  #result(id: number): QueueResult {
    const which = this.#random();
    const [outcome, code, status]: [QueueResult["outcome"], number, string] = which < 0.6
      ? ["delivered", 250, "2.0.0"]
      : which < 0.8
      ? ["permanent", 550, "5.1.1"]
      : ["temporary", 451, "4.3.0"];
    const remote = { host: "mx.example", address: "192.0.2.7" };
    return { id, outcome, code, status, text: "so it said", remote, relaysDsn: false };
  }

  /** APPEND, STORE, COPY, MOVE or EXPUNGE of a few of a worker's own messages. */
  async #changeOne(user: MailChanges, owned: Owned[]): Promise<void> {
    const some = owned.filter(({ places }) => places.length > 0);
    const first = some[this.#below(some.length)];
    const place = first?.places[this.#below(first.places.length)];
    if (first === undefined || place === undefined || some.length < 4 || this.#random() < 0.25) {
      const id = this.#newId();
      const message: Owned = { id, content: contentOf(id, this.#octets()), places: [] };
      owned.push(message);
      return await this.#append(user, [message], this.#anyMailbox());
    }
    const from = place.mailbox;
    const group = some.filter(({ places }) => places.some(({ mailbox }) => mailbox === from)).slice(0, 3);
    switch (this.#below(6)) {
      case 0: // The same octets once more: one body, for two emails.
        await this.#append(user, [first], this.#anyMailbox());
        break;
      case 1:
        await this.#store(user, group, from, [1, 2, 4, 16][this.#below(4)] ?? 0);
        break;
      case 2:
        await this.#copy(user, group, from, this.#anyMailbox(), false);
        break;
      case 3:
        await this.#copy(user, group, from, this.#anyMailbox(), true);
        break;
      case 4:
        await this.#deleteAll(user, group.slice(0, 1), from);
        break;
      case 5:
        await this.#tell(nameOf(from));
    }
  }

  #anyMailbox(): string {
    return `ann/${mailboxNames[this.#below(mailboxNames.length)]}`;
  }

  /** Work in slices, of which some may be there when all the others are not. */
  async #inBulk(count: number): Promise<void> {
    const messages = Array.from({ length: count }, (): Owned => {
      const id = this.#newId();
      return { id, content: contentOf(id, 300), places: [] };
    });
    const [one, two] = ["ann/Work", "ann/Other"] as const;
    const user = this.#inBulkViaImap;
    await this.#append(user, messages, one);
    await this.#copy(user, messages, one, two, false);
    await this.#deleteAll(user, messages, two);
    await this.#copy(user, messages, one, two, true);
    await this.#deleteAll(user, messages, two);
  }

  /** Of each message there must be one copy there, where it is done in slices: of several, some would go before others. */
  async #deleteAll(user: MailChanges, messages: readonly Owned[], mailbox: string): Promise<void> {
    await this.#store(user, messages, mailbox, deleted);
    await this.#expunge(user, messages, mailbox);
  }

  async #append(user: MailChanges, messages: readonly Owned[], mailbox: string): Promise<void> {
    const may = (message: Owned) => [...message.places, { mailbox, uid: null, bits: seen }];
    for (const message of messages) this.#sayMay(message, may(message));
    const uids = await user.append(nameOf(mailbox), messages.map(({ content }) => content));
    for (const [i, message] of messages.entries()) {
      this.#sayIs(message, [...message.places, { mailbox, uid: uids[i] ?? null, bits: seen }]);
    }
  }

  async #store(user: MailChanges, messages: readonly Owned[], mailbox: string, bits: number): Promise<void> {
    const changed = (place: Place) => place.mailbox === mailbox ? { ...place, bits } : place;
    for (const message of messages) this.#sayMay(message, message.places.map(changed));
    await user.store(nameOf(mailbox), uidsIn(messages, mailbox), bits);
    for (const message of messages) this.#sayIs(message, message.places.map(changed));
  }

  async #copy(
    user: MailChanges,
    messages: readonly Owned[],
    mailbox: string,
    to: string,
    moves: boolean,
  ): Promise<void> {
    const copies = (message: Owned, uids: ReadonlyMap<number, number>) => {
      const copied = message.places.filter((place) => place.mailbox === mailbox)
        .map(({ uid, bits }) => ({ mailbox: to, uid: uids.get(uid ?? 0) ?? null, bits }));
      return [...message.places.filter((place) => !moves || place.mailbox !== mailbox), ...copied];
    };
    for (const message of messages) this.#sayMay(message, copies(message, new Map()));
    const uids = await user.copy(nameOf(mailbox), uidsIn(messages, mailbox), nameOf(to), moves);
    for (const message of messages) this.#sayIs(message, copies(message, uids));
  }

  async #expunge(user: MailChanges, messages: readonly Owned[], mailbox: string): Promise<void> {
    const left = (message: Owned) => message.places.filter((place) => place.mailbox !== mailbox);
    for (const message of messages) this.#sayMay(message, left(message));
    await user.expunge(nameOf(mailbox), uidsIn(messages, mailbox));
    for (const message of messages) this.#sayIs(message, left(message));
  }

  async #tell(name: string): Promise<void> {
    const info = await this.#mail.find({ name });
    if (info === null) throw new Error(`mailbox ${name} is gone`);
    const { uidValidity, uidNext, highestModSeq } = info;
    say({ kind: "told", mailbox: `ann/${name}`, uidValidity, uidNext, modSeq: highestModSeq });
  }

  #sayMay({ id, content }: Owned, places: readonly Place[]): void {
    say({ kind: "mayBe", id, places, sha256: sha256(content) });
  }

  #sayIs(message: Owned, places: readonly Place[]): void {
    message.places = places;
    say({ kind: "is", id: message.id, places });
  }

  #idOf(mailbox: string): number {
    const id = this.#mailboxes.get(mailbox);
    if (id === undefined) throw new Error(`there is no mailbox ${mailbox}`);
    return id;
  }
}

function nameOf(mailbox: string): string {
  return mailbox.slice(mailbox.indexOf("/") + 1);
}

function endOf(result: QueueResult | undefined): Ended | null {
  if (result?.outcome === "delivered") return "delivered";
  return result?.outcome === "permanent" ? "failed" : null;
}

/** All copies that the messages have in a mailbox. */
function uidsIn(messages: readonly Owned[], mailbox: string): number[] {
  return messages.flatMap(({ places }) =>
    places.flatMap((place) => place.mailbox === mailbox && place.uid !== null ? [place.uid] : [])
  );
}

/** Ends with whoever started it. */
async function endWithInput(): Promise<void> {
  for await (const _bytes of Deno.stdin.readable);
  Deno.exit(3);
}

if (import.meta.main) {
  const [folder = "", json = "{}"] = Deno.args;
  const settings = JSON.parse(json) as LoadSettings; // Written by `record.ts`.
  void endWithInput();
  await makePowerStore(folder);
  const store = await startPowerStore(folder);
  const connection = store.dial();
  const load = new Load(settings, {
    mail: client<Mail>(connection, "mail", mailMethods, await signIn(connection, "imap")),
    deliver: client<Deliver>(connection, "deliver", deliverMethods),
    submit: client<Submit>(connection, "submit", submitMethods, await signIn(connection, "submission")),
    queue: client<Queue>(connection, "queue", queueMethods),
    smtp: await SmtpPeer.connect(connection),
    imap: await ImapUser.connect(connection),
    bulk: await ImapUser.connect(connection),
  });
  await load.begin();
  for (const [i, actions] of settings.phases.entries()) {
    const isLast = i === settings.phases.length - 1;
    if (i > 0) await new Promise((resolve) => setTimeout(resolve, 1.3 * idleMs));
    await load.phase(actions, isLast);
  }
  await store.server.close();
  if (store.errors.length > 0) throw new Error(store.errors.join("\n"));
  Deno.exit(0);
}
