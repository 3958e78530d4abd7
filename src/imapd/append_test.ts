import assert from "node:assert/strict";
import { Refused } from "../base/errors.ts";
import { Client } from "./testing/imap_client.ts";
import { ImapStage } from "./testing/imap_stage.ts";

const missing = () => new Refused("noSuchMailbox", "it was deleted a moment ago");

Deno.test("only where the target is missing, a client is asked to make it: RFC 9051 7.1 (TRYCREATE)", async () => {
  const stage = new ImapStage();
  stage.deliver("Inbox", "plain");
  const client = await Client.signedIn(stage);
  stage.mail.failNext("append", missing());
  assert.match(await client.command("APPEND Archive {1+}\r\nx"), /^= NO \[TRYCREATE\] /m);
  // The store says no more than that one of two is gone; that the target was there is known.
  stage.mail.failNext("append", missing());
  assert.match(await client.command("REPLACE 1 Archive {1+}\r\nx"), /^= NO \[NONEXISTENT\] /m);
  assert.match(await client.command("REPLACE 1 Nowhere {1+}\r\nx"), /^= NO \[TRYCREATE\] /m);
  client.end();
  await stage.assertEnded();
});
