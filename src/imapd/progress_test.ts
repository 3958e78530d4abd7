import assert from "node:assert/strict";
import type { SearchBatch, SearchRequest, ThreadBatch } from "../accounts/mail.ts";
import type { FakeClock } from "../../tests/support/fake_clock.ts";
import { progressMs } from "./progress.ts";
import { Client } from "./testing/imap_client.ts";
import { ImapStage } from "./testing/imap_stage.ts";
import type { MemoryMail } from "./testing/memory_mail.ts";

/** A stage on which finding takes four steps of six seconds. */
async function slowStage(tags = "Inbox"): Promise<{ stage: ImapStage; client: Client }> {
  const stage = new ImapStage({}, ["Inbox", "Other"]);
  for (let i = 0; i < 4; i++) stage.deliver("Inbox", "plan");
  slow(stage.mail, stage.clock);
  return { stage, client: await Client.signedIn(stage, tags) };
}

function slow(mail: MemoryMail, clock: FakeClock): void {
  async function* steps() {
    for (let looked = 0; looked <= 4; looked++) {
      await clock.advance(looked === 0 ? 0 : 6000);
      yield { looked, total: 4 };
    }
  }
  const search = async function* (_request: SearchRequest): AsyncGenerator<SearchBatch> {
    for await (const step of steps()) {
      yield { uids: new Uint32Array(), modseqs: new Float64Array(), scores: null, ...step };
    }
  };
  const thread = async function* (): AsyncGenerator<ThreadBatch> {
    for await (const step of steps()) yield { uids: new Uint32Array(), depths: new Uint32Array(), ...step };
  };
  Object.assign(mail, { search, sort: search, thread });
}

/** Sends a command and reads until it is answered, while the clock moves. */
async function answerTo(client: Client, tag: string, command: string): Promise<string> {
  await client.send(`${tag} ${command}\r\n`);
  let answer = "";
  for (let i = 0; i < 100 && !answer.includes(`${tag} OK`); i++) answer += await client.read();
  return answer;
}

const told: [command: string, answer: string][] = [
  ["SEARCH ALL", "* SEARCH"],
  ["SORT (DATE) UTF-8 ALL", "* SORT"],
  ["THREAD REFERENCES UTF-8 ALL", "* THREAD"],
  ["ESEARCH IN (mailboxes Inbox) ALL", ""],
];
for (const [command, answer] of told) {
  Deno.test(`${command.split(" ")[0]} tells how far it has come every ten seconds, and never that it has arrived`, async () => {
    const { stage, client } = await slowStage();
    const lines = (await answerTo(client, "x", command)).split("\r\n").filter((line) => line !== "");
    assert.deepEqual(lines, [
      '* OK [INPROGRESS ("x" 2 4)] still working',
      '* OK [INPROGRESS ("x" 3 4)] still working',
      ...answer === "" ? [] : [answer],
      "x OK done",
    ]);
    client.end();
    await stage.assertEnded();
  });
}

Deno.test("a tag with a bracket is not repeated", async () => {
  const { stage, client } = await slowStage();
  assert.match(await answerTo(client, "a]b", "SEARCH ALL"), /^\* OK \[INPROGRESS \(NIL 2 4\)\]/);
  client.end();
  await stage.assertEnded();
});

const others = ["COPY 1:* Other", "MOVE 1:* Other", "STORE 1:* +FLAGS (\\Seen)", "EXPUNGE"];
for (const command of others) {
  Deno.test(`${command.split(" ")[0]} that takes long tells that it goes on`, async () => {
    const { stage, client } = await slowStage();
    const { mail, clock } = stage;
    for (const method of ["copy", "move", "storeFlags", "expunge"] as const) {
      const real = mail[method].bind(mail) as (request: never) => Promise<unknown>;
      const later = async (request: never) => {
        await clock.advance(2 * progressMs + 1);
        return await real(request);
      };
      Object.assign(mail, { [method]: later });
    }
    const answer = await answerTo(client, "x", command);
    assert.equal(answer.match(/\* OK \[INPROGRESS \("x" NIL NIL\)\]/g)?.length, 2, answer);
    assert.match(answer, /^x OK/m);
    client.end();
    await stage.assertEnded();
  });
}

for (const command of ["SEARCH ALL", "SORT (DATE) UTF-8 ALL", "THREAD REFERENCES UTF-8 ALL"]) {
  Deno.test(`${command} ends when nobody waits for it any more`, async () => {
    const stage = new ImapStage({}, ["Inbox"]);
    stage.deliver("Inbox", "plan");
    let ended = false;
    let steps = 0;
    const transport = stage.connect();
    const client = new Client(transport);
    const endless = async function* () {
      try {
        for (;; steps++) {
          if (steps === 3) transport.destroy();
          await Promise.resolve();
          assert.ok(steps < 1000, "it goes on for nobody");
          yield {
            uids: new Uint32Array(),
            depths: new Uint32Array(),
            modseqs: [],
            scores: null,
            looked: 0,
            total: 9,
          };
        }
      } finally {
        ended = true;
      }
    };
    Object.assign(stage.mail, { search: endless, sort: endless, thread: endless });
    await client.command("LOGIN mjl@example.org secret123");
    await client.command("SELECT Inbox");
    await client.send(`x ${command}\r\n`);
    await stage.assertEnded();
    assert.ok(ended);
  });
}
