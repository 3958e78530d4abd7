/**
 * A client that follows its mailbox from untagged responses alone, and fails at the first that may not be.
 *
 * What it checks at every moment: EXPUNGE and VANISHED only where they may come and only of what is there (RFC 9051
 * 7.5.1, RFC 7162 3.2.10), EXISTS never shrinks, message numbers and UIDs ascend together and stay together, MODSEQ
 * of a message never goes back and means the same flags to every client ({@link Witness}). What it would write down to
 * come back with QRESYNC is worked out as RFC 7162 6 says.
 *
 * Tested by `src/imapd/testing/follower_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fieldsOf, type Told } from "./fetch_fields.ts";
import { type FollowedResults, tagOf, tellsChange } from "./followed_results.ts";
import {
  type Kept,
  type Known,
  learnNamed,
  learnUid,
  opened,
  type Opening,
  openingFetch,
  openingUidFetch,
  placeOf,
  placeOfNamed,
} from "./known_messages.ts";
import { nameOf, readSet, readValues, ResponseBuffer, type Value } from "./response_reader.ts";
import type { WatchedMailboxes } from "./watched_mailboxes.ts";
import { Witness } from "./witness.ts";

/** A connection, as text in Latin-1. */
export interface Wire {
  send(text: string): Promise<void>;
  /** Null at the end. */
  receive(): Promise<string | null>;
  close(): Promise<void> | void;
  /** From now on all is compressed; not where that cannot be done. RFC 4978 */
  compress?(): void;
}

/** The selected mailbox. */
export interface Box {
  readonly name: string;
  readonly readOnly: boolean;
  uidValidity: number;
  /** When it was selected. */
  readonly uidNext: number;
  /** In the order of message numbers. */
  messages: Known[];
  /** What the client would write down, to come back with; RFC 7162 6. */
  modseq: number;
  /** Searches that it follows, by tag. RFC 5267 4.3 */
  readonly followed: Map<string, FollowedResults>;
}

/** How a command ended, and what came with it. */
export interface Answer {
  readonly status: string;
  /** The response code of the tagged response, and its argument. */
  readonly code: string;
  readonly argument: string;
  readonly untagged: readonly (readonly Value[])[];
  /** Response codes of untagged OK responses. */
  readonly codes: ReadonlyMap<string, string>;
}

/** The server said BYE, or closed the connection. */
export class Gone extends Error {
  override readonly name = "Gone";
}

/** What is under way. */
interface Running {
  readonly verb: string;
  readonly expungeAllowed: boolean;
  readonly untagged: Value[][];
  readonly codes: Map<string, string>;
  opening: Opening | null;
}

export class Follower {
  readonly name: string;
  readonly witness: Witness;
  box: Box | null = null;
  /** What it knows of other mailboxes, if it has asked for that. RFC 5465 */
  watched: WatchedMailboxes | null = null;
  condstore = false;
  qresync = false;
  /** It is told UIDs and never message numbers. RFC 9586 */
  uidOnly = false;
  readonly #wire: Wire;
  readonly #buffer = new ResponseBuffer();
  #running: Running | null = null;
  #tag = 0;
  /** MODSEQs of FETCH and the last HIGHESTMODSEQ since the last tagged response. RFC 7162 6 */
  #fetched = 0;
  #highest: number | null = null;

  private constructor(name: string, wire: Wire, witness: Witness) {
    this.name = name;
    this.#wire = wire;
    this.witness = witness;
  }

  static async open(name: string, wire: Wire, witness: Witness): Promise<Follower> {
    const follower = new Follower(name, wire, witness);
    await follower.#response();
    return follower;
  }

  close(): void | Promise<void> {
    return this.#wire.close();
  }

  /** Whether it could come back with QRESYNC: it knows UID and flags of all that it knows of. */
  get synced(): boolean {
    return this.box !== null && this.box.messages.every(({ uid, flags }) => uid !== 0 && flags !== null);
  }

  get kept(): Kept {
    const { box } = this;
    assert.ok(box !== null);
    const { name, uidValidity, modseq } = box;
    return { name, uidValidity, modseq, messages: box.messages.map((each) => ({ ...each })) };
  }

  /** The tag that the next command has. */
  get nextTag(): string {
    return `${this.name}.${this.#tag + 1}`;
  }

  /** Runs a command to its tagged response. @throws {Gone} */
  async run(command: string): Promise<Answer> {
    const tag = await this.begin(command);
    return await this.finish(tag);
  }

  /** Sends a command; {@link finish} must follow. */
  async begin(command: string, opening: Opening | null = null): Promise<string> {
    const tag = this.nextTag;
    this.#tag++;
    const [, uid, verb = ""] = /^(UID )?(\w+)/.exec(command) ?? [];
    // RFC 9051 7.5.1, RFC 7162 3.2.10.2
    const counts = uid === undefined && ["FETCH", "STORE", "SEARCH"].includes(verb);
    const expungeAllowed = !counts && opening === null;
    this.#running = { verb, expungeAllowed, untagged: [], codes: new Map(), opening };
    await this.#send(`${tag} ${command}\r\n`);
    return tag;
  }

  /** Takes responses until the command is answered. */
  async finish(tag: string): Promise<Answer> {
    const running = this.#running;
    assert.ok(running !== null);
    for (;;) {
      const response = await this.#response();
      if (!response.startsWith(`${tag} `)) {
        this.#take(response, running);
        continue;
      }
      const [, status = "", code = "", argument = ""] =
        /^\S+ (OK|NO|BAD) (?:\[([^\] ]+) ?([^\]]*)\])?/.exec(response) ?? [];
      assert.notEqual(status, "", response);
      if (code === "HIGHESTMODSEQ") this.#highest = Number(argument);
      this.#tagged();
      this.#running = null;
      return { status, code, argument, untagged: running.untagged, codes: running.codes };
    }
  }

  /** IDLE until {@link endIdle}. */
  async idle(): Promise<string> {
    const tag = await this.begin("IDLE");
    for (;;) {
      const response = await this.#response();
      if (response.startsWith("+")) return tag;
      assert.ok(this.#running !== null);
      this.#take(response, this.#running);
    }
  }

  async endIdle(tag: string): Promise<Answer> {
    await this.#send("DONE\r\n");
    return await this.finish(tag);
  }

  /** Takes what is told in IDLE, until the client knows enough. @throws {Gone} */
  async hear(enough: () => boolean): Promise<void> {
    const running = this.#running;
    assert.ok(running?.verb === "IDLE");
    while (!enough()) this.#take(await this.#response(), running);
  }

  /** Compresses from now on, if that can be done. */
  async compress(): Promise<void> {
    if (this.#wire.compress === undefined) return;
    assert.equal((await this.run("COMPRESS DEFLATE")).status, "OK");
    this.#wire.compress();
  }

  /** Sends a command and takes no more than so many responses: then the connection is lost. */
  async lose(command: string, responses: number): Promise<void> {
    const tag = await this.begin(command);
    const running = this.#running;
    assert.ok(running !== null);
    for (let i = 0; i < responses; i++) {
      const response = await this.#response();
      if (response.startsWith(`${tag} `)) break;
      this.#take(response, running);
    }
    await this.#wire.close();
  }

  /** SELECT or EXAMINE; with `kept`, the client comes back with all that it knew. */
  async select(
    verb: "SELECT" | "EXAMINE",
    name: string,
    parameters: string,
    kept: Kept | null,
  ): Promise<Answer> {
    const begun = this.witness.moment();
    const partial = /QRESYNC \(\d+ \d+ \d/.test(parameters);
    const opening = {
      kept,
      partial,
      first: null,
      exists: 0,
      vanished: new Set<number>(),
      fetched: new Map(),
    };
    const tag = await this.begin(`${verb} ${/ /.test(name) ? `"${name}"` : name}${parameters}`, opening);
    const answer = await this.finish(tag);
    this.box = null;
    this.#highest = null;
    this.#fetched = 0;
    if (answer.status !== "OK") return answer;
    const uidValidity = Number(answer.codes.get("UIDVALIDITY"));
    const modseq = Number(answer.codes.get("HIGHESTMODSEQ"));
    const uidNext = Number(answer.codes.get("UIDNEXT"));
    assert.ok(uidValidity > 0 && modseq > 0 && uidNext > 0, "SELECT tells too little");
    this.witness.opened(uidValidity, modseq, uidNext, begun);
    this.watched?.states.delete(name); // Of what is selected, it is told otherwise.
    this.box = {
      name,
      uidValidity,
      uidNext,
      modseq,
      readOnly: verb === "EXAMINE",
      messages: opened(opening, uidValidity, this.witness.quiet, this.uidOnly),
      followed: new Map(),
    };
    for (const { uid, flags, modseq } of this.box.messages) {
      if (uid !== 0 && flags !== null && modseq > 0) this.witness.flags(uidValidity, uid, modseq, flags);
    }
    return answer;
  }

  /** No mailbox is selected any more: what it knows of this one is what it must be told changes to. */
  leave(): void {
    if (this.box !== null) this.watched?.left(this.box.name, this.box.messages.length);
    this.box = null;
  }

  async #send(text: string): Promise<void> {
    this.witness.note(`${this.name} C: ${text.trimEnd()}`);
    await this.#wire.send(text).catch(() => {}); // Why the server has left, it has said.
  }

  async #response(): Promise<string> {
    for (;;) {
      const response = this.#buffer.next();
      if (response !== null) {
        this.witness.note(`${this.name} S: ${response}`);
        if (response.startsWith("* BYE")) throw new Gone(response);
        return response;
      }
      const text = await this.#wire.receive();
      if (text === null) throw new Gone("the connection was closed");
      this.#buffer.push(text);
    }
  }

  /** RFC 7162 6: what the client now may say that it knows. */
  #tagged(): void {
    const { box } = this;
    if (box !== null) box.modseq = this.#highest ?? Math.max(box.modseq, this.#fetched);
    this.#highest = null;
    this.#fetched = 0;
  }

  #take(response: string, running: Running): void {
    const condition = /^\* (OK|NO|BAD)(?: \[([^\] ]+) ?([^\]]*)\])?/.exec(response);
    if (condition !== null) {
      const [, , code, argument = ""] = condition;
      if (code === undefined) return;
      running.codes.set(code, argument);
      if (code === "NOUPDATE") {
        assert.ok(!this.witness.quiet, response);
        this.box?.followed.delete(argument.replaceAll('"', ""));
      }
      if (code === "CLOSED") this.leave();
      if (code === "HIGHESTMODSEQ") this.#highest = Number(argument);
      return;
    }
    // What is pushed until CLOSED is of the mailbox before. RFC 5465 5, RFC 9051 7.1
    const pushed = running.opening !== null && this.box !== null;
    if (pushed) running = { ...running, opening: null, expungeAllowed: true };
    const values = readValues(response);
    running.untagged.push(values);
    const [star, first, second, third] = values;
    assert.equal(star, "*", response);
    if (second === "EXISTS") return this.#exists(Number(first), running);
    if (second === "EXPUNGE") return this.#expunge(Number(first), running);
    if (second === "FETCH") return this.#fetch(Number(first), third, running);
    if (second === "UIDFETCH") return this.#uidFetch(Number(first), third, running);
    if (first === "ESEARCH") return this.#found(values);
    if (first === "STATUS") {
      assert.ok(this.watched !== null || running.verb === "STATUS", response);
      // Of what is selected, it is told otherwise.
      if (nameOf(second) !== this.box?.name) this.watched?.status(nameOf(second), third);
    }
    if (first === "LIST") {
      const [item, old] = Array.isArray(values[5]) ? values[5] : [];
      const oldName = nameOf(item) === "OLDNAME" && Array.isArray(old) ? nameOf(old[0]) : null;
      this.watched?.list(Array.isArray(second) ? second.map(String) : [], nameOf(values[4]), oldName);
    }
    if (first === "VANISHED") {
      const earlier = Array.isArray(second);
      return this.#vanished(readSet(earlier ? third : second), earlier, running);
    }
    if (first === "ENABLED") {
      this.qresync ||= values.includes("QRESYNC");
      this.condstore ||= values.includes("CONDSTORE") || this.qresync;
      this.uidOnly ||= values.includes("UIDONLY");
    }
  }

  #exists(count: number, { opening }: Running): void {
    if (opening !== null) {
      opening.first ??= count;
      assert.ok(count >= opening.exists, "EXISTS shrinks");
      opening.exists = count;
      return;
    }
    const { messages } = this.#selected();
    assert.ok(count >= messages.length, `EXISTS shrinks from ${messages.length} to ${count}`);
    while (messages.length < count) messages.push({ uid: 0, flags: null, modseq: 0 });
  }

  #expunge(number: number, running: Running): void {
    assert.ok(running.expungeAllowed, `EXPUNGE during ${running.verb}`);
    assert.ok(!this.qresync && !this.uidOnly, "EXPUNGE instead of VANISHED");
    const box = this.#selected();
    const gone = box.messages[number - 1];
    assert.ok(gone !== undefined, `EXPUNGE ${number} of ${box.messages.length}`);
    box.messages.splice(number - 1, 1);
    for (const each of box.followed.values()) each.expunged(number, gone.uid);
    if (gone.uid !== 0) this.witness.gone(box.uidValidity, gone.uid);
  }

  #vanished(uids: readonly number[], earlier: boolean, running: Running): void {
    assert.ok(this.qresync || this.uidOnly, "VANISHED without QRESYNC");
    const { opening } = running;
    if (earlier) {
      assert.ok(opening !== null || running.verb === "FETCH", `VANISHED (EARLIER) during ${running.verb}`);
      for (const uid of uids) {
        if (opening !== null) opening.vanished.add(uid);
        else {assert.ok(
            !this.#selected().messages.some((each) => each.uid === uid),
            "EARLIER of what is there",
          );}
      }
      return;
    }
    assert.ok(running.expungeAllowed, `VANISHED during ${running.verb}`);
    const box = this.#selected();
    for (const uid of uids) {
      const at = this.#placeOf(box, uid);
      assert.notEqual(at, -1, `VANISHED ${uid}, which was not there`);
      box.messages.splice(at, 1);
      for (const each of box.followed.values()) each.expunged(at + 1, uid);
      this.witness.gone(box.uidValidity, uid);
    }
  }

  /** What a followed search finds, or what comes to that or goes from it. RFC 5267 4.3 */
  #found(values: readonly Value[]): void {
    const followed = this.box?.followed.get(tagOf(values[2]) ?? "");
    if (followed === undefined) return assert.ok(!tellsChange(values), "a change to what is not followed");
    followed.hear(values);
    if (followed.cancelled) return;
    const box = this.#selected();
    const strange = followed.results.filter((each) =>
      followed.uid ? this.#placeOf(box, each) === -1 : each > box.messages.length
    );
    assert.deepEqual(strange, [], "results that the client knows nothing of");
  }

  #placeOf({ messages }: Box, uid: number): number {
    return this.uidOnly ? placeOfNamed(messages, uid) : placeOf(messages, uid);
  }

  #uidFetch(uid: number, values: Value | undefined, running: Running): void {
    assert.ok(this.uidOnly && Array.isArray(values));
    const told = fieldsOf(values);
    if (running.verb !== "FETCH" && this.condstore) {
      assert.ok(told.modseq !== null, "UIDFETCH without MODSEQ");
    }
    this.#fetched = Math.max(this.#fetched, told.modseq ?? 0);
    if (running.opening !== null) return openingUidFetch(running.opening, uid, told);
    const box = this.#selected();
    assert.ok((told.uid ?? uid) === uid);
    this.#learn(box, learnNamed(box.messages, uid), told);
  }

  #fetch(number: number, values: Value | undefined, running: Running): void {
    assert.ok(!this.uidOnly && Array.isArray(values));
    const told = fieldsOf(values);
    const unsolicited = running.verb !== "FETCH";
    if (unsolicited && this.condstore) {
      // RFC 7162 3.2.4
      assert.ok(told.uid !== null && told.modseq !== null, "FETCH without UID and MODSEQ");
    }
    this.#fetched = Math.max(this.#fetched, told.modseq ?? 0);
    if (running.opening !== null) return openingFetch(running.opening, number, told);
    const box = this.#selected();
    const message = box.messages[number - 1];
    assert.ok(message !== undefined, `FETCH ${number} of ${box.messages.length}`);
    if (told.uid !== null) learnUid(box.messages, number, told.uid);
    this.#learn(box, message, told);
  }

  #learn(box: Box, message: Known, told: Told): void {
    if (told.modseq !== null) {
      assert.ok(told.modseq >= message.modseq, `MODSEQ of ${message.uid} goes back to ${told.modseq}`);
      message.modseq = told.modseq;
    }
    if (told.flags !== null) {
      // Flags without MODSEQ, which NOTIFY may have kept back until now, are not those of the MODSEQ that is known.
      if (told.modseq === null && told.flags !== message.flags) message.modseq = 0;
      message.flags = told.flags;
      if (told.modseq !== null && message.uid !== 0) {
        this.witness.changed(box.uidValidity, told.modseq);
        this.witness.flags(box.uidValidity, message.uid, told.modseq, told.flags);
      }
    }
    if (told.subject !== null && message.uid !== 0) {
      this.witness.subject(box.uidValidity, message.uid, told.subject);
    }
  }

  #selected(): Box {
    assert.ok(this.box !== null, "told of a mailbox that is not selected");
    return this.box;
  }
}
