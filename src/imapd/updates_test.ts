import assert from "node:assert/strict";
import fc from "fast-check";
import { settle } from "../../tests/support/fake_clock.ts";
import type { MemoryTransport } from "../../tests/support/memory_transport.ts";
import { type Bytes, concat, fromUtf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { Client } from "./testing/imap_client.ts";
import { ImapStage } from "./testing/imap_stage.ts";

interface KnownMessage {
  uid: number;
  flags: Set<string>;
  asked: boolean;
}

/**
 * A client as RFC 9051 5.2 and 7 want it: it knows only what it is told, and what it has asked for itself.
 */
class ModelClient {
  /** Message number minus one: UID (0: not told yet), and flags, which are told once they were asked. */
  readonly known: KnownMessage[] = [];
  modseq = 0;
  /** With UIDONLY, messages are ordered by UID, those of unknown UID last. */
  readonly #uidOnly: boolean;
  readonly #transport: MemoryTransport;
  #tag = 0;

  constructor(transport: MemoryTransport, uidOnly = false) {
    this.#transport = transport;
    this.#uidOnly = uidOnly;
  }

  /** The same command with UIDs; a message whose UID was not told is none. RFC 9586 3.2 */
  #withUids(text: string): string {
    const uidOf = (number: string) => String(this.known[Number(number) - 1]?.uid || 4294967295);
    return text.replace(/^SEARCH/, "UID SEARCH").replace(
      /^(FETCH|STORE|COPY|MOVE) (\d+)(?::(\d+|\*))?/,
      (_all, verb: string, first: string, last?: string) =>
        first === "1" && last === "*"
          ? `UID ${verb} 1:*`
          : `UID ${verb} ${uidOf(first)}${last === undefined ? "" : `:${last === "*" ? last : uidOf(last)}`}`,
    );
  }

  /** Commands sent at once; of several, only what may be sent without knowing the answer to those before. */
  async command(...given: readonly string[]): Promise<void> {
    const texts = this.#uidOnly ? given.map((text) => this.#withUids(text)) : given;
    const lines = texts.map((text) => `t${++this.#tag} ${text}\r\n`);
    await this.#transport.send(lines.join(""));
    const pieces: Bytes[] = [];
    for (await settle(); this.#transport.buffered > 0; await settle()) {
      const piece = await this.#transport.read();
      if (piece !== null) pieces.push(piece);
    }
    const answer = fromUtf8(concat(pieces)).replace(/\{\d+\}\r\n/g, "");
    const waiting = [...texts];
    for (const line of answer.split("\r\n")) {
      if (/^t\d/.test(line)) {
        assert.match(line, /^t\d+ (OK|NO \[EXPUNGEISSUED\])/, `${waiting.shift()}: ${answer}`);
      } else this.#hear(line, /^(FETCH|STORE|SEARCH)/.test(waiting[0] ?? ""));
    }
    assert.deepEqual(waiting, [], answer);
  }

  #hear(line: string, countsNumbers: boolean): void {
    if (line.startsWith("* OK [CLOSED]")) this.known.length = 0; // What was pushed until then was of the other. RFC 9051 7.1
    const vanished = /^\* VANISHED (\S+)$/.exec(line)?.[1];
    if (vanished !== undefined) {
      assert.ok(!countsNumbers, "VANISHED in the answer to a command that counts messages");
      for (const uid of numbersOf(vanished)) this.#vanish(uid);
    }
    const [, number, verb, rest = ""] = /^\* (\d+) (\w+)(.*)$/s.exec(line) ?? [];
    const at = Number(number) - 1;
    if (verb === "EXISTS") {
      assert.ok(at + 1 >= this.known.length, "EXISTS may not make a mailbox smaller");
      while (this.known.length <= at) this.known.push({ uid: 0, flags: new Set(), asked: false });
    } else if (verb === "UIDFETCH") {
      assert.ok(this.#uidOnly, line);
      this.#tell(this.#messageOf(at + 1), rest);
    } else if (verb === "EXPUNGE") {
      assert.ok(!this.#uidOnly, line);
      assert.ok(!countsNumbers, "EXPUNGE in the answer to a command that counts messages");
      assert.equal(this.known.splice(at, 1).length, 1, line);
    } else if (verb === "FETCH") {
      const message = this.known[at];
      assert.ok(message !== undefined && !this.#uidOnly, line);
      const uid = /\bUID (\d+)/.exec(rest)?.[1];
      if (uid !== undefined) {
        assert.ok(message.uid === 0 || message.uid === Number(uid), `${line}: was UID ${message.uid}`);
        message.uid = Number(uid);
      }
      this.#tell(message, rest);
    }
  }

  #tell(message: KnownMessage, items: string): void {
    const flags = /FLAGS \(([^)]*)\)/.exec(items)?.[1];
    if (flags !== undefined) {
      message.asked = true;
      message.flags = new Set(flags.split(" ").filter((flag) => flag !== "" && flag !== "\\Recent"));
    }
    const modseq = Number(/MODSEQ \((\d+)\)/.exec(items)?.[1] ?? 0);
    this.modseq = Math.max(this.modseq, modseq);
  }

  /** The message of a UID, which may be told for the first time. */
  #messageOf(uid: number): KnownMessage {
    const found = this.known.find((message) => message.uid === uid) ??
      this.known.find((message) => message.uid === 0);
    assert.ok(found !== undefined, `UID ${uid} is more than EXISTS has told`);
    found.uid = uid;
    this.known.sort((a, b) => (a.uid || Infinity) - (b.uid || Infinity) || 0);
    return found;
  }

  /** A message that was told with VANISHED was told with EXISTS before; perhaps its UID was never asked. */
  #vanish(uid: number): void {
    const known = this.#uidOnly
      ? this.known.indexOf(this.#messageOf(uid))
      : this.known.findIndex((message) => message.uid === uid);
    const at = known === -1 ? this.known.findLastIndex((_message, i) => this.#mayBe(i, uid)) : known;
    assert.equal(this.known.splice(at, at === -1 ? 0 : 1).length, 1, `VANISHED ${uid}`);
  }

  /** Whether a message's UID was not asked yet, and could be this one among the others. */
  #mayBe(at: number, uid: number): boolean {
    const fits = (other: { uid: number }, i: number) => other.uid === 0 || i < at === other.uid < uid;
    return this.known[at]?.uid === 0 && this.known.every(fits);
  }
}

function numbersOf(set: string): number[] {
  return set.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split(":").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

type Action =
  | { readonly by: "client"; readonly what: string; readonly at: number; readonly flag: string }
  | { readonly by: "other"; readonly what: string; readonly at: number; readonly flag: string };

const others: fc.Arbitrary<Action> = fc.record({
  by: fc.constant("other" as const),
  what: fc.constantFrom("deliver", "flag", "expunge", "forget", "elsewhere"),
  at: fc.nat(20),
  flag: fc.constantFrom("\\Seen", "\\Deleted", "\\Answered", "other"),
});

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    by: fc.constant("client" as const),
    what: fc.constantFrom(
      "store",
      "silent",
      "uid store",
      "read",
      "copy",
      "move",
      "expunge",
      "noop",
      "search",
      "uid search",
      "select",
      "pipeline",
    ),
    at: fc.nat(20),
    flag: fc.constantFrom("\\Seen", "\\Deleted", "\\Flagged", "word"),
  }),
  others,
);

/** Between the store's answer to the session and its arrival something else happens, as often as there is something. */
function interrupt(stage: ImapStage, next: () => Promise<unknown> | undefined): void {
  const { mail } = stage;
  let busy = false;
  const late = <T, R>(real: (request: T) => Promise<R>) => async (request: T): Promise<R> => {
    const answer = await real.call(mail, request);
    if (busy) return answer;
    busy = true;
    await next();
    for (let i = 0; i < 10; i++) await Promise.resolve(); // Until the feed has been heard.
    busy = false;
    return answer;
  };
  mail.open = late(mail.open);
  mail.changes = late(mail.changes);
  mail.storeFlags = late(mail.storeFlags);
  mail.copy = late(mail.copy);
  mail.move = late(mail.move);
  mail.expunge = late(mail.expunge);
  mail.append = late(mail.append);
}

async function act(stage: ImapStage, client: ModelClient, { by, what, at, flag }: Action): Promise<void> {
  const uids = stage.mail.messages("Inbox").map((message) => message.uid);
  if (by === "other") {
    const uid = String(uids[at % Math.max(1, uids.length)] ?? 0);
    if (what === "deliver") await stage.other(["deliver", "Inbox", "short"]);
    else if (what === "elsewhere") await stage.other(["deliver", "Sent", "short"]);
    else if (what === "forget") await stage.other(["forget", "Inbox"]);
    else await stage.other([what, "Inbox", uid, ...what === "flag" ? [flag] : []]);
    return;
  }
  if (what === "select") {
    await client.command("SELECT Inbox");
    if (client.known.length > 0) await client.command("FETCH 1:* (UID FLAGS)");
    return;
  }
  const count = client.known.length;
  if (count === 0) return await client.command("NOOP");
  const number = at % count + 1;
  switch (what) {
    case "store":
      return await client.command(`STORE ${number}:* +FLAGS (${flag})`);
    case "silent":
      client.known[number - 1]?.flags.add(flag); // What it is told meanwhile counts more.
      return await client.command(`STORE ${number} +FLAGS.SILENT (${flag})`);
    case "uid store":
      return await client.command(`UID STORE ${client.known[number - 1]?.uid || 1} -FLAGS (${flag})`);
    case "read":
      return await client.command(`FETCH ${number} (BODY[TEXT]<0.1>)`);
    case "copy":
      return await client.command(`COPY ${number} Inbox`);
    case "move":
      return await client.command(`MOVE ${number} Inbox`);
    case "search":
      return await client.command("SEARCH UNSEEN");
    case "pipeline":
      client.known[number - 1]?.flags.add(flag);
      return await client.command(
        `FETCH ${number} UID`,
        `STORE ${number} +FLAGS.SILENT (${flag})`,
        `FETCH 1:${count} (UID FLAGS)`,
        "SEARCH ALL",
        "NOOP",
      );
    case "uid search":
      return await client.command(`UID SEARCH KEYWORD ${flag === "word" ? flag : "x"}`);
    default:
      return await client.command(what.toUpperCase());
  }
}

/** Also pushed between commands; EXPUNGE waits, as the model counts messages. */
const notify = "NOTIFY SET (SELECTED-DELAYED (MessageNew (UID FLAGS) MessageExpunge FlagChange)) " +
  "(PERSONAL (MessageNew MessageExpunge FlagChange))";

const variants: [name: string, commands: readonly string[]][] = [
  ["IMAP4rev1", []],
  ["CONDSTORE", ["ENABLE CONDSTORE"]],
  ["IMAP4rev2", ["ENABLE IMAP4rev2"]],
  ["QRESYNC", ["ENABLE QRESYNC"]],
  ["UIDONLY", ["ENABLE UIDONLY"]],
  ["NOTIFY", [notify]],
  ["NOTIFY and CONDSTORE", ["ENABLE CONDSTORE", notify]],
  ["NOTIFY and QRESYNC", ["ENABLE QRESYNC", notify]],
];
for (const [name, commands] of variants) {
  Deno.test(`whatever happens, a client that listens ends up knowing the mailbox (${name})`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 25 }), fc.array(others), async (actions, meanwhile) => {
        const stage = new ImapStage({}, ["Inbox", "Sent"]);
        for (let i = 0; i < 4; i++) stage.deliver("Inbox", "short");
        const transport = stage.connect();
        const waiting = [...meanwhile];
        interrupt(stage, () => {
          const each = waiting.shift();
          return each && act(stage, client, each);
        });
        const client = new ModelClient(transport, commands.includes("ENABLE UIDONLY"));
        await client.command("LOGIN mjl@example.org secret123");
        for (const command of commands) await client.command(command);
        await client.command("SELECT Inbox");
        await client.command("FETCH 1:* (UID FLAGS)");
        for (const each of actions) await act(stage, client, each);
        waiting.length = 0;
        await client.command("IDLE\r\nDONE"); // Unlike NOOP, it asks the store for nothing that was not heard of.
        const unasked = client.known.some(({ uid, asked }) => uid === 0 || !asked);
        if (unasked) await client.command("FETCH 1:* (UID FLAGS)");
        const told = client.known.map(({ uid, flags }) => `${uid} ${[...flags].sort().join(" ")}`);
        await client.command("NOOP");
        if (client.known.length > 0) await client.command("FETCH 1:* (UID FLAGS)");
        const real = client.known.map(({ uid, flags }) => `${uid} ${[...flags].sort().join(" ")}`);
        assert.deepEqual(told, real);
        assert.deepEqual(
          client.known.map((message) => message.uid),
          stage.mail.messages("Inbox").map((message) => message.uid),
        );
        transport.endWriting();
        await stage.assertEnded();
      }),
      { numRuns: 40 },
    );
  });
}

Deno.test("what a FETCH marked as seen and could not tell is told as any change", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  for (let i = 0; i < 2; i++) stage.deliver("Inbox", "plain");
  const client = await Client.signedIn(stage);
  stage.mail.failNext("fetch", new Refused("tryLater", "busy"));
  assert.equal(
    await client.command("FETCH 1:2 BODY[TEXT]"),
    "* 1 FETCH (UID 1 FLAGS (\\Seen \\Recent))\r\n* 2 FETCH (UID 2 FLAGS (\\Seen \\Recent))\r\n" +
      "= NO [UNAVAILABLE] try again later\r\n",
  );
  // What it did tell is not told again.
  await client.command("STORE 1:2 -FLAGS.SILENT (\\Seen)");
  assert.equal((await client.command("FETCH 1:2 BODY[TEXT]")).match(/\\Seen/g)?.length, 2);
  client.end();
  await stage.assertEnded();
});
