/**
 * Search with the parser, in a whole server: its text is found, its process may be killed, and nothing else is lost.
 *
 * @module
 */
import assert from "node:assert/strict";
import { imap, type LineClient } from "../support/line_client.ts";
import { join } from "../support/paths.ts";
import { deliver, signedIn } from "../support/scenario.ts";
import {
  mailden,
  makeFolder,
  type Mode,
  removeFolder,
  startServer,
  type TestServer,
} from "../support/server.ts";

const html = (words: string) =>
  `From: a@example.org\r\nSubject: html\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>${words}</p>\r\n`;

async function search(client: LineClient, text: string): Promise<string> {
  const lines = await imap(client, "s", `SEARCH ${text}`);
  assert.match(lines.at(-1) ?? "", /^s OK/, lines.join("\n"));
  return lines.find((line) => line.startsWith("* SEARCH"))?.slice("* SEARCH".length).trim() ?? "";
}

/** The parser's process; 0 if it does not run. */
function parserOf(server: TestServer): number {
  return server.pids().find((pid) => {
    try {
      return Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes("parser_main.ts");
    } catch {
      return false;
    }
  }) ?? 0;
}

for (const mode of ["localserve", "serve"] satisfies Mode[]) {
  Deno.test(`${mode}: HTML is found as its words, whatever becomes of the parser`, async () => {
    const made = await makeFolder();
    try {
      const server = await startServer(mode, made);
      try {
        await deliver(server, [html("Some<b>where</b> &uuml;ber the rainbow"), html("nothing")]);
        const client = await signedIn(server);
        await imap(client, "b", "SELECT INBOX");
        assert.equal(await search(client, "BODY somewhere"), "1");
        assert.equal(await search(client, "TEXT rainb"), "1");
        assert.equal(await search(client, "BODY <p>"), "");
        if (Deno.build.os === "linux") {
          const first = parserOf(server);
          assert.ok(first > 0, server.printed());
          Deno.kill(first, "SIGKILL");
          await deliver(server, [html("after<i>wards</i>")]);
          await imap(client, "n", "NOOP");
          assert.equal(await search(client, "BODY afterwards"), "3");
          const second = parserOf(server);
          assert.ok(second > 0 && second !== first);
          const status = Deno.readTextFileSync(`/proc/${second}/cmdline`).split("\0");
          assert.deepEqual(status.filter((each) => each.startsWith("--allow")), []);
          assert.ok(status.some((each) => each.includes("--max-old-space-size=")));
        }
        client.close();
        assert.doesNotMatch(server.printed(), /^\S+Z error /m);
      } finally {
        await server.stop();
      }
      // The index is there again after a start, and a command takes it away.
      const data = join(made.folder, "data");
      assert.ok((await Deno.stat(join(data, "text.sqlite"))).size > 0);
      const command = await mailden("reindex", data);
      assert.equal(command.code, 0, command.stderr);
      await assert.rejects(Deno.stat(join(data, "text.sqlite")), Deno.errors.NotFound);
      const again = await startServer(mode, made);
      const client = await signedIn(again);
      await imap(client, "b", "SELECT INBOX");
      assert.equal(await search(client, "BODY afterwards"), Deno.build.os === "linux" ? "3" : "");
      client.close();
      await again.stop();
    } finally {
      await removeFolder(made.folder);
    }
  });
}
