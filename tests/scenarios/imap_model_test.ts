/**
 * The model of IMAP over real sockets: sessions work at once on one account of a whole server, and all that they are told
 * must fit together. See `src/imapd/model_test.ts`, which looks more closely.
 *
 * @module
 */
import { fromLatin1, latin1 } from "../../src/base/bytes.ts";
import type { Wire } from "../../src/imapd/testing/follower.ts";
import { searchDeeds } from "../../src/imapd/testing/model_search.ts";
import { runDeeds } from "../../src/imapd/testing/model_run.ts";
import { imap } from "../support/line_client.ts";
import { password, scenario, signedIn, user } from "../support/scenario.ts";
import type { TestServer } from "../support/server.ts";

const seconds = Number(Deno.env.get("MAILDEN_MODEL_SECONDS") ?? 2);
const seed = Number(Deno.env.get("MAILDEN_MODEL_SEED") ?? Date.now() % 2 ** 30);

async function connect(server: TestServer): Promise<Wire> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.ports.imap });
  connection.setNoDelay(true);
  const buffer = new Uint8Array(64 * 1024);
  let open = true;
  return {
    async send(text) {
      const bytes = latin1(text);
      for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    },
    async receive() {
      const count = await connection.read(buffer);
      return count === null ? null : fromLatin1(buffer, 0, count);
    },
    close() {
      if (open) connection.close();
      open = false;
    },
  };
}

/** As a run wants to find the account: the inbox, A and B, empty. */
async function clear(server: TestServer): Promise<void> {
  const client = await signedIn(server);
  const lines = await imap(client, "l", 'LIST "" *');
  for (const line of lines) {
    const name = /^\* LIST \([^)]*\) "\/" (.*)$/.exec(line)?.[1];
    if (name !== undefined && name.toUpperCase() !== "INBOX") await imap(client, "d", `DELETE ${name}`);
  }
  await imap(client, "s", "SELECT INBOX");
  await imap(client, "t", "STORE 1:* +FLAGS.SILENT (\\Deleted)");
  await imap(client, "e", "EXPUNGE");
  for (const name of ["A", "B"]) await imap(client, "c", `CREATE ${name}`);
  client.close();
}

scenario(
  "8 sessions over sockets: what they are told fits together, and in the end all agree",
  true,
  async (server) => {
    const stage = {
      login: `${user} ${password}`,
      connect: () => connect(server),
      guest: null,
      cutHistory: null,
    };
    await searchDeeds({ seconds, seed, most: 300 }, async (list) => {
      await clear(server);
      await runDeeds(stage, 8, list, "at once");
    });
  },
);
