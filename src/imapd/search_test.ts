import assert from "node:assert/strict";
import { Refused } from "../base/errors.ts";
import { Client } from "./testing/imap_client.ts";
import { ImapStage } from "./testing/imap_stage.ts";

for (const command of ["SEARCH RETURN (SAVE) ALL", "ESEARCH IN (selected) RETURN (SAVE) ALL"]) {
  Deno.test(`${command} that the store refuses leaves nothing saved`, async () => {
    const stage = new ImapStage({}, ["Inbox"]);
    stage.deliver("Inbox", "plain");
    const client = await Client.signedIn(stage);
    const { mail } = stage;
    const saved = async () => await client.command("SEARCH $");
    assert.equal(await client.command(command), "= OK done\r\n");
    assert.equal(await saved(), "* SEARCH 1\r\n= OK done\r\n");
    const { search } = mail;
    mail.search = () => {
      throw new Refused("timeout", "of this test");
    };
    assert.match(await client.command(command), /^= NO /);
    mail.search = search;
    assert.equal(await saved(), "* SEARCH\r\n= OK done\r\n");
    client.end();
    await stage.assertEnded();
  });
}
