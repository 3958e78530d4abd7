import assert from "node:assert/strict";
import { hideableCapabilities } from "../imap/hideable.ts";
import { clientNeeds, clients } from "./client_needs.ts";
import { Client } from "./testing/imap_client.ts";
import { ImapStage } from "./testing/imap_stage.ts";

/** What shows that each of them is there, and is not when it is hidden. */
const uses: Readonly<Record<typeof hideableCapabilities[number], [command: string, there: RegExp]>> = {
  "COMPRESS=DEFLATE": ["COMPRESS DEFLATE", /^= OK DEFLATE active/],
  "IDLE": ["IDLE", /^\+ idling/],
  "IMAP4rev2": ["ENABLE IMAP4rev2", /^\* ENABLED IMAP4rev2\r\n/],
  "LANGUAGE": ["LANGUAGE", /^\* LANGUAGE /],
  "MOVE": ["MOVE 1 Trash", /^\* OK \[COPYUID/],
  "NOTIFY": ["NOTIFY NONE", /^= OK /],
  "QRESYNC": ["ENABLE QRESYNC", /\* ENABLED QRESYNC\r\n/],
  "REPLACE": ["REPLACE 1 Inbox {3+}\r\na\r\n", /^\* OK \[APPENDUID/],
  "UIDONLY": ["ENABLE UIDONLY", /^\* ENABLED UIDONLY\r\n/],
  "UNAUTHENTICATE": ["UNAUTHENTICATE", /^= OK signed out/],
  "UTF8=ACCEPT": ["ENABLE UTF8=ACCEPT", /^\* ENABLED UTF8=ACCEPT\r\n/],
};

for (const capability of hideableCapabilities) {
  Deno.test(`an account can hide ${capability}`, async () => {
    for (const hides of [false, true]) {
      const stage = new ImapStage({}, ["Inbox", "Trash"]);
      stage.deliver("Inbox", "short");
      stage.authenticator.hiddenCapabilities = hides ? [capability] : [];
      const transport = stage.connect();
      const client = new Client(transport);
      assert.ok((await client.read()).includes(capability) !== /COMPRESS|UNAUTH/.test(capability));
      const signedIn = await client.command("LOGIN mjl@example.org secret123");
      const told = / OK \[CAPABILITY ([^\]]*)\]/.exec(` ${signedIn}`)?.[1]?.split(" ") ?? [];
      assert.equal(told.includes(capability), !hides);
      assert.ok(told.includes("UIDPLUS"));
      await client.command("SELECT Inbox");
      const [command, there] = uses[capability];
      const answer = await client.command(command);
      if (!hides) assert.match(answer, there);
      else if (command.startsWith("ENABLE")) assert.equal(answer, "* ENABLED\r\n= OK done\r\n");
      else assert.equal(answer, "= BAD unknown command\r\n");
      client.end();
      await stage.assertEnded();
    }
  });
}

Deno.test("the table of clients names tests that there are, of every client", () => {
  const root = new URL("../../", import.meta.url);
  for (const { client, does, knownFrom, seen } of clientNeeds) {
    for (const file of seen) assert.ok(Deno.statSync(new URL(file, root)).isFile, `${client}: ${file}`);
    assert.ok(seen.length > 0, does);
    // A client runs only in these.
    const runs = seen.some((file) => /^tests\/(scenarios|peers)\//.test(file));
    assert.equal(runs, knownFrom === "running it", `${client}: ${does}`);
  }
  assert.deepEqual([...new Set(clientNeeds.map(({ client }) => client))], [...clients]);
});

Deno.test("every transcript of a client stands in the table", () => {
  const named = new Set(clientNeeds.flatMap(({ seen }) => seen));
  for (const { name } of Deno.readDirSync(new URL("../../tests/transcripts/imap/", import.meta.url))) {
    if (name.startsWith("client_")) assert.ok(named.has(`tests/transcripts/imap/${name}`), name);
  }
});
