/**
 * One session of a model run: its client, what the client would come back with, and what it may name.
 *
 * Tested by `src/imapd/model_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Follower, Gone, type Wire } from "./follower.ts";
import type { Kept, Known } from "./known_messages.ts";
import type { ModelMailbox, ModelSearch } from "./model.ts";
import { WatchedMailboxes } from "./watched_mailboxes.ts";
import type { Witness } from "./witness.ts";

/** What a session enables, in turn. {@link freshIndex} counts on their order. */
const modes = [
  "",
  "CONDSTORE",
  "QRESYNC",
  "QRESYNC IMAP4rev2",
  "UIDONLY QRESYNC",
  "UIDONLY",
  "UIDONLY CONDSTORE",
] as const;

/** A player of this index knows of numbers and of QRESYNC. */
export const freshIndex = 2;

/** What a session can want of NOTIFY. `ids`: message numbers may change at any time. RFC 5465 5.3 */
export const listenings = ["delayed", "ids", "no flags", "nothing"] as const;
type Listening = typeof listenings[number];

/** How a run reaches its server. */
export interface Stage {
  readonly login: string;
  connect(): Promise<Wire>;
  /** Another account, with which the first shares its mailboxes; null where there is none. */
  readonly guest: Guest | null;
  /** Forgets what was expunged but for so many; null where that cannot be done. */
  readonly cutHistory: ((count: number) => Promise<void>) | null;
}

/** Who uses another's mailboxes. RFC 4314 */
export interface Guest {
  readonly login: string;
  /** As access control lists name it. */
  readonly name: string;
  connect(): Promise<Wire>;
  /** In front of the names of the shared mailboxes. */
  readonly prefix: string;
}

/** What a client names in a command. */
export interface Chosen {
  readonly uid: boolean;
  /** As it stands in the command. */
  readonly set: string;
  readonly messages: readonly Known[];
}

/** Most older states that a client keeps, to come back with one. */
const maxKept = 6;

/**
 * Whether sessions ask for news of mailboxes that they have not selected. Not in usual runs: what a client can know of them
 * when several sessions make, rename and list them at once is not modelled well enough, and some failures are false.
 */
const watchesOthers = Deno.env.has("MAILDEN_MODEL_WATCHES");

/** Mailboxes that stay, and that the guest may use. */
export const sharedNames = ["INBOX", "A", "B"] as const;

export class Player {
  readonly name: string;
  readonly mode: typeof modes[number];
  /** Null for the owner of the mailboxes. */
  readonly guest: Guest | null;
  readonly #compresses: boolean;
  readonly kept: Kept[] = [];
  /** What it follows or has followed, by tag. */
  readonly searches = new Map<string, ModelSearch>();
  /** In an exact run: what is selected. */
  mailbox: ModelMailbox | null = null;
  /** In an exact run: somebody deleted what is selected, so the next command ends the connection. */
  doomed = false;
  idle: string | null = null;
  listening: Listening | "without" = "without";
  /** So many until now. */
  connections = 0;
  readonly #stage: Stage;
  readonly #witness: Witness;
  #follower: Follower | null = null;

  constructor(stage: Stage, witness: Witness, index: number) {
    this.#stage = stage;
    this.#witness = witness;
    this.name = String.fromCharCode(97 + index % 26) + (index < 26 ? "" : Math.floor(index / 26));
    this.mode = modes[index % modes.length] ?? "";
    this.#compresses = index % 3 === 1;
    this.guest = index % 5 === 3 ? stage.guest : null;
  }

  get follower(): Follower {
    assert.ok(this.#follower !== null);
    return this.#follower;
  }

  get condstore(): boolean {
    return this.mode.includes("CONDSTORE") || this.qresync;
  }

  get qresync(): boolean {
    return this.mode.includes("QRESYNC");
  }

  /** It may use no message numbers. */
  get uidOnly(): boolean {
    return this.mode.startsWith("UIDONLY");
  }

  /** Its commands should name UIDs: message numbers may change at any time, or there are none. */
  get mustNameUids(): boolean {
    return this.listening === "ids" || this.uidOnly;
  }

  /** Whether it hears of everything that happens. */
  get listens(): boolean {
    return this.listening !== "no flags" && this.listening !== "nothing";
  }

  /** How it names a mailbox. */
  path(name: string): string {
    return this.guest === null ? name : `${this.guest.prefix}${name === "INBOX" ? "Inbox" : name}`;
  }

  /** The same, as it stands in a command. */
  quoted(name: string): string {
    return this.guest === null ? name : `"${this.path(name)}"`;
  }

  /** What it names so. */
  plain(path: string): string {
    if (this.guest === null) return path;
    const name = path.slice(this.guest.prefix.length);
    return name === "Inbox" ? "INBOX" : name;
  }

  /** What it hears of other mailboxes: of the guest's own there are none that matter. */
  #others(): string {
    if (this.guest === null) return "(PERSONAL (MailboxName MessageNew MessageExpunge FlagChange))";
    const names = sharedNames.map((name) => this.quoted(name)).join(" ");
    return `(MAILBOXES (${names}) (MessageNew MessageExpunge FlagChange))`;
  }

  async listen(how: Listening, watching = false): Promise<void> {
    const watched = watching && watchesOthers && how !== "nothing"
      ? new WatchedMailboxes(this.guest === null)
      : null;
    if (watched !== null) this.follower.watched = watched; // Something may be told in front of the answer.
    await this.#listen(how, watched !== null);
    this.follower.watched = watched;
    watched?.begin();
    if (watched !== null && watched.names !== null) await this.follower.run('LIST "" *');
  }

  async #listen(how: Listening, watching: boolean): Promise<void> {
    const items = `UID FLAGS${this.condstore ? " MODSEQ" : ""}`;
    const set = {
      delayed: `SET (SELECTED-DELAYED (MessageNew (${items}) MessageExpunge FlagChange))`,
      ids: "SET (SELECTED (MessageNew MessageExpunge FlagChange))",
      "no flags": `SET (SELECTED-DELAYED (MessageNew (${items}) MessageExpunge))`,
      nothing: "NONE",
    }[how];
    const all = watching ? `${set.replace("SET", "SET STATUS")} ${this.#others()}` : set;
    assert.equal((await this.follower.run(`NOTIFY ${all}`)).status, "OK");
    this.listening = how;
  }

  async connect(): Promise<void> {
    await this.close();
    this.mailbox = null;
    this.doomed = false;
    this.idle = null;
    this.listening = "without";
    const name = `${this.name}${++this.connections}`;
    const { connect, login } = this.guest ?? this.#stage;
    this.#follower = await Follower.open(name, await connect(), this.#witness);
    assert.equal((await this.follower.run(`LOGIN ${login}`)).status, "OK");
    if (this.#compresses) await this.follower.compress();
    if (this.mode !== "") assert.equal((await this.follower.run(`ENABLE ${this.mode}`)).status, "OK");
  }

  async close(): Promise<void> {
    await this.#follower?.close();
    this.#follower = null;
  }

  /** Ends IDLE, if it is in it. @throws {Gone} Also where that says that the mailbox is not there any more. */
  async wake(): Promise<void> {
    const { idle } = this;
    this.idle = null;
    if (idle === null) return;
    const { status, code } = await this.follower.endIdle(idle);
    if (code === "NONEXISTENT") throw new Gone("the mailbox was deleted");
    assert.equal(status, "OK");
  }

  /** The connection is to end, as the mailbox is gone. */
  async expectGone(): Promise<void> {
    await assert.rejects(async () => {
      await this.wake();
      if (this.listening === "nothing") await this.listen("delayed"); // Until then, nobody tells it that.
      await this.follower.run("NOOP");
    }, Gone);
    await this.connect();
  }

  /** Asks for what it does not know of the messages. */
  async learn(): Promise<void> {
    const { box } = this.follower;
    if (box === null || box.messages.length === 0 || this.follower.synced) return;
    const uid = this.mustNameUids ? "UID " : "";
    await this.follower.run(`${uid}FETCH 1:* (UID FLAGS${this.condstore ? " MODSEQ" : ""})`);
  }

  /** Writes down what it would come back with. */
  keep(): void {
    if (!this.qresync || !this.follower.synced) return;
    this.kept.push(this.follower.kept);
    if (this.kept.length > maxKept) this.kept.shift();
  }

  /** Some messages that it knows; null if it knows none. */
  choose(a: number, b: number, wantsUid: boolean): Chosen | null {
    const byUid = wantsUid || this.mustNameUids;
    const { box } = this.follower;
    if (box === null) return null;
    const known = box.messages.map((message, i) => ({ message, number: i + 1 })).filter(({ message }) =>
      message.uid !== 0
    );
    if (known.length === 0) return null;
    const from = a % known.length;
    const some = b % 7 === 6 ? known : known.slice(from, from + 1 + b % 4);
    const extra = b % 3 === 0 ? known.slice((from + 6) % known.length).slice(0, 1) : [];
    const all = [...new Set([...some, ...extra])].sort((x, y) => x.number - y.number);
    return {
      uid: byUid,
      set: all.map(({ message, number }) => byUid ? message.uid : number).join(","),
      messages: all.map(({ message }) => message),
    };
  }

  /** The connection is lost, perhaps in the middle of an answer, and the client knows no more than it has seen. */
  async lose(responses: number | null): Promise<void> {
    this.keep();
    if (responses !== null && this.qresync && this.follower.synced && this.idle === null) {
      const { modseq } = this.follower.kept;
      try {
        await this.follower.lose("NOOP", responses);
        const { messages, ...rest } = this.follower.kept;
        // Of what came, it need not have heard in the order of numbers: behind a gap it cannot number what it has.
        const gap = messages.findIndex(({ uid, flags }) => uid === 0 || flags === null);
        this.kept.push({ ...rest, modseq, messages: gap === -1 ? messages : messages.slice(0, gap) });
      } catch (error) {
        if (!(error instanceof Gone)) throw error;
      }
    }
    await this.connect();
  }
}
