/**
 * A server that may have few files open: connections are refused before the system does it, for then the runtime's listeners
 * would accept none any more, and say nothing.
 *
 * @module
 */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { has } from "../support/scenario.ts";
import { type Mode, removeFolder, startServer } from "../support/server.ts";

/** With so many files the roles start; connections may have half of them. */
const openFiles = 300;
const tried = 400;

/** How long is waited for places that must become free. */
const freeAgainMs = 20_000;

interface Tried {
  readonly socket: Socket;
  /** The beginning of the first line; empty where the connection was closed without one. */
  readonly said: Promise<string>;
}

function dial(port: number): Tried {
  const socket = connect(port, "127.0.0.1");
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.on("error", () => {});
  socket.once("data", (bytes: Uint8Array) => resolve(new TextDecoder().decode(bytes.subarray(0, 4))));
  socket.once("close", () => resolve(""));
  return { socket, said: promise };
}

const isGreeting = (said: string) => said === "220 " || said === "* OK";

for (const mode of ["localserve", "serve"] satisfies Mode[]) {
  const ready = has("sh", "-c", "ulimit -n");
  Deno.test({
    name: `${mode} with few open files refuses connections, and takes them again when others have left${
      ready ? "" : " (skipped: no shell)"
    }`,
    ignore: !ready,
    async fn() {
      const server = await startServer(mode, undefined, undefined, { openFiles });
      try {
        const { smtp, imap, submission } = server.ports;
        const all = Array.from({ length: tried }, (_, i) => dial([smtp, imap, submission][i % 3] ?? 0));
        const said = await Promise.all(all.map((each) => each.said));
        assert.equal(said.filter(isGreeting).length, openFiles / 2);
        assert.ok(said.every((each) => isGreeting(each) || /^(|421 |\* BY)$/.test(each)), said.join());
        for (const { socket } of all) socket.destroy();
        for (const port of [smtp, imap, submission]) {
          const until = performance.now() + freeAgainMs;
          for (let greeted = false; !greeted;) {
            assert.ok(performance.now() < until, `nobody accepts connections any more:\n${server.printed()}`);
            const again = dial(port);
            greeted = isGreeting(await again.said);
            again.socket.destroy();
          }
        }
        assert.match(server.printed(), /too many connections, more are refused[^\n]*ulimit/);
      } finally {
        await server.stop();
        await removeFolder(server.folder);
      }
    },
  });
}
