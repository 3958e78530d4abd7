import assert from "node:assert/strict";
import { maxInlineBytes } from "../accounts/mail.ts";
import { fromLatin1, latin1, MiB } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { maxCatenatedBytes } from "./catenate.ts";
import { Client } from "./testing/imap_client.ts";
import { ImapStage, indexOf } from "./testing/imap_stage.ts";

function deliverLarge(stage: ImapStage, octets: number): void {
  const bytes = latin1(`Subject: large\r\n\r\n${"0123456789abcdef".repeat(octets / 16)}`);
  stage.mail.deliver("Inbox", bytes, indexOf(bytes));
}

Deno.test("a part that does not fit in an answer of the store is read piece by piece", async () => {
  const stage = new ImapStage({}, ["Inbox", "Drafts"]);
  const client = await Client.signedIn(stage, null);
  deliverLarge(stage, 2 * maxInlineBytes);
  const url = "URL /Inbox/;UID=1/;SECTION=TEXT";
  assert.match(
    await client.command(`APPEND Drafts CATENATE (TEXT {2+}\r\n\r\n ${url} ${url})`),
    /= OK \[APPENDUID/,
  );
  const [message] = stage.mail.messages("Drafts");
  assert.equal(message?.email.body.length, 2 + 4 * maxInlineBytes);
  assert.ok(fromLatin1(message?.email.body ?? latin1("")).endsWith("abcdef".padStart(16, "0123456789")));
  client.end();
  await stage.assertEnded();
});

Deno.test("what a few URLs stand for is limited, before it is read", async () => {
  const stage = new ImapStage({}, ["Inbox", "Drafts"]);
  const client = await Client.signedIn(stage, null);
  deliverLarge(stage, MiB);
  const urls = (count: number) => Array(count).fill("URL /Inbox/;UID=1/;SECTION=TEXT").join(" ");
  const most = maxCatenatedBytes / MiB;
  let read = 0;
  stage.mail.read = async function* () {
    read++;
    await Promise.resolve();
    yield* [];
  };
  assert.match(await client.command(`APPEND Drafts CATENATE (${urls(most)})`), /= OK/);
  assert.equal(read, most);
  read = 0;
  const two = `CATENATE (${urls(most - 1)}) CATENATE (${urls(2)})`;
  assert.equal(
    await client.command(`APPEND Drafts ${two}`),
    "= NO [TOOBIG] the parts are too large together\r\n",
  );
  assert.equal(read, most);
  client.end();
  await stage.assertEnded();
});

Deno.test("a store that refuses in the middle of a message leaves nothing", async () => {
  const stage = new ImapStage({}, ["Inbox", "Drafts"]);
  const client = await Client.signedIn(stage, null);
  deliverLarge(stage, 2 * maxInlineBytes);
  const real = stage.mail.read;
  stage.mail.read = async function* (request) {
    for await (const piece of real.call(stage.mail, request)) {
      yield piece;
      throw new Refused("damaged", "a test");
    }
  };
  assert.equal(
    await client.command("APPEND Drafts CATENATE (URL /Inbox/;UID=1 URL /Inbox/;UID=1)"),
    "= NO [CORRUPTION] the message is damaged\r\n",
  );
  assert.equal(stage.mail.messages("Drafts").length, 0);
  client.end();
  await stage.assertEnded();
});
