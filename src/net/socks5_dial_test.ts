import assert from "node:assert/strict";
import { concat } from "../base/bytes.ts";
import { memoryTransports } from "../../tests/support/memory_transport.ts";
import { connectThroughSocks, SocksRefused } from "./socks5_dial.ts";
import { TransportError } from "./transport.ts";

const target = { address: "192.0.2.1", port: 25 };
const login = { username: "mail", password: "secret" };
const connected = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

/** The proxy says each answer when it has heard something. */
async function converse(answers: readonly number[][], behind: string, asked = login): Promise<string | null> {
  const { client, server } = memoryTransports();
  const proxy = (async () => {
    for (const [i, answer] of answers.entries()) {
      await server.read();
      const last = i === answers.length - 1;
      await server.write(concat([new Uint8Array(answer), new TextEncoder().encode(last ? behind : "")]));
    }
    if (behind === "") await server.close();
  })();
  try {
    await connectThroughSocks(client, target, asked);
    return behind === "" ? null : await client.receive();
  } finally {
    await proxy;
    client.destroy();
  }
}

Deno.test("a proxy connects, and what the target says at once is not lost", async () => {
  assert.equal(await converse([[5, 2], [1, 0], connected], "220 mx\r\n"), "220 mx\r\n");
  assert.equal(
    await converse([[5, 0], connected], "220 mx\r\n", { username: "", password: "" }),
    "220 mx\r\n",
  );
});

Deno.test("an answer may come octet by octet", async () => {
  const { client, server } = memoryTransports();
  const done = connectThroughSocks(client, target, { username: "", password: "" });
  for (const answer of [[5, 0], connected]) {
    await server.read();
    for (const octet of answer) await server.write(new Uint8Array([octet]));
  }
  await done;
  client.destroy();
});

Deno.test("a proxy that refuses, or answers ahead, is told apart from one that is lost", async () => {
  await assert.rejects(converse([[5, 255]], ""), SocksRefused);
  await assert.rejects(converse([[5, 2], [1, 1]], ""), SocksRefused);
  await assert.rejects(converse([[5, 2, 1, 0]], ""), SocksRefused);
  await assert.rejects(converse([[5, 2], [1, 0], [5, 5, 0, 1, 0, 0, 0, 0, 0, 0]], ""), SocksRefused);
  await assert.rejects(converse([[5, 2], [1, 0], [5, 0]], ""), TransportError);
});
