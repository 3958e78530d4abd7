import assert from "node:assert/strict";
import fc from "fast-check";
import { settle } from "../../tests/support/fake_clock.ts";
import type { MemoryTransport } from "../../tests/support/memory_transport.ts";
import { type Bytes, concat, fromUtf8 } from "../base/bytes.ts";
import { ImapStage } from "./testing/imap_stage.ts";

/**
 * A client as RFC 9051 5.2 and 7 want it: it knows only what it is told, and what it has asked for itself.
 */
class ModelClient {
  /** Message number minus one: UID (0: not asked yet) and flags. */
  readonly known: { uid: number; flags: Set<string> }[] = [];
  modseq = 0;
  readonly #transport: MemoryTransport;
  #tag = 0;

  constructor(transport: MemoryTransport) {
    this.#transport = transport;
  }

  async command(text: string): Promise<void> {
    const tag = `t${++this.#tag}`;
    await this.#transport.send(`${tag} ${text}\r\n`);
    const pieces: Bytes[] = [];
    for (await settle(); this.#transport.buffered > 0; await settle()) {
      const piece = await this.#transport.read();
      if (piece !== null) pieces.push(piece);
    }
    const answer = fromUtf8(concat(pieces)).replace(/\{\d+\}\r\n/g, "");
    assert.match(answer, new RegExp(`^${tag} (OK|NO \\[EXPUNGEISSUED\\])`, "m"), answer);
    const countsNumbers = /^(FETCH|STORE|SEARCH)/.test(text);
    for (const line of answer.split("\r\n")) this.#hear(line, countsNumbers);
  }

  #hear(line: string, countsNumbers: boolean): void {
    const [, number, verb, rest = ""] = /^\* (\d+) (\w+)(.*)$/s.exec(line) ?? [];
    const at = Number(number) - 1;
    if (verb === "EXISTS") {
      assert.ok(at + 1 >= this.known.length, "EXISTS may not make a mailbox smaller");
      while (this.known.length <= at) this.known.push({ uid: 0, flags: new Set() });
    } else if (verb === "EXPUNGE") {
      assert.ok(!countsNumbers, "EXPUNGE in the answer to a command that counts messages");
      assert.equal(this.known.splice(at, 1).length, 1, line);
    } else if (verb === "FETCH") {
      const message = this.known[at];
      assert.ok(message !== undefined, line);
      const uid = /\bUID (\d+)/.exec(rest)?.[1];
      if (uid !== undefined) {
        assert.ok(message.uid === 0 || message.uid === Number(uid), `${line}: was UID ${message.uid}`);
        message.uid = Number(uid);
      }
      const flags = /FLAGS \(([^)]*)\)/.exec(rest)?.[1];
      if (flags !== undefined) {
        message.flags = new Set(flags.split(" ").filter((flag) => flag !== "" && flag !== "\\Recent"));
      }
      const modseq = Number(/MODSEQ \((\d+)\)/.exec(rest)?.[1] ?? 0);
      this.modseq = Math.max(this.modseq, modseq);
    }
  }
}

type Action =
  | { readonly by: "client"; readonly what: string; readonly at: number; readonly flag: string }
  | { readonly by: "other"; readonly what: string; readonly at: number; readonly flag: string };

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
    ),
    at: fc.nat(20),
    flag: fc.constantFrom("\\Seen", "\\Deleted", "\\Flagged", "word"),
  }),
  fc.record({
    by: fc.constant("other" as const),
    what: fc.constantFrom("deliver", "flag", "expunge", "forget", "elsewhere"),
    at: fc.nat(20),
    flag: fc.constantFrom("\\Seen", "\\Deleted", "\\Answered", "other"),
  }),
);

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
  const count = client.known.length;
  if (count === 0) return await client.command("NOOP");
  const number = at % count + 1;
  switch (what) {
    case "store":
      return await client.command(`STORE ${number}:* +FLAGS (${flag})`);
    case "silent": {
      await client.command(`STORE ${number} +FLAGS.SILENT (${flag})`);
      client.known[number - 1]?.flags.add(flag);
      return;
    }
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
    case "uid search":
      return await client.command(`UID SEARCH KEYWORD ${flag === "word" ? flag : "x"}`);
    default:
      return await client.command(what.toUpperCase());
  }
}

for (const enable of ["", "ENABLE CONDSTORE", "ENABLE IMAP4rev2"]) {
  Deno.test(`whatever happens, a client that listens ends up knowing the mailbox (${enable || "IMAP4rev1"})`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
        const stage = new ImapStage({}, ["Inbox", "Sent"]);
        for (let i = 0; i < 4; i++) stage.deliver("Inbox", "short");
        const transport = stage.connect();
        const client = new ModelClient(transport);
        await client.command("LOGIN mjl@example.org secret123");
        if (enable !== "") await client.command(enable);
        await client.command("SELECT Inbox");
        await client.command("FETCH 1:* (UID FLAGS)");
        for (const each of actions) await act(stage, client, each);
        await client.command("NOOP");
        const unasked = client.known.some((message) => message.uid === 0);
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
