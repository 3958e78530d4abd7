/**
 * Whether who ended TLS was the server itself, or somebody on the way who cut the connection. RFC 8446 6.1
 *
 * @module
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { concat, noBytes, utf8 } from "../base/bytes.ts";
import { type BareServer, startBareServer } from "./testing/bare_server.ts";
import { dialLocally, listenLocally, readAll, trustLocalhost } from "./testing/loopback.ts";

/** Hands records on to clients until one is as long as an alert, and then ends the connection as TCP does. */
function startCutter(port: number): Promise<BareServer> {
  return startBareServer((client) => {
    const up = connect({ port, host: "127.0.0.1" });
    up.on("error", () => {});
    client.on("close", () => up.destroy());
    client.on("data", (bytes) => up.write(bytes));
    let input: Uint8Array = noBytes;
    up.on("data", (bytes) => {
      input = concat([input, bytes]);
      for (let end = recordEnd(input); end <= input.length; end = recordEnd(input)) {
        const isAlert = input[0] === 21 || input[0] === 23 && end === 5 + 19;
        if (isAlert) return void client.end();
        client.write(input.slice(0, end));
        input = input.slice(end);
      }
    });
  });
}

function recordEnd(input: Uint8Array): number {
  return input.length < 5 ? Infinity : 5 + (input[3] ?? 0) * 256 + (input[4] ?? 0);
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  for (const octets of [0, 5, 100_000]) {
    Deno.test(`${version}: an end after ${octets} octets is the server's own, or a cut`, async () => {
      const listener = await listenLocally({
        implicitTls: true,
        handler: async (transport) => {
          await transport.write(utf8("x".repeat(octets)));
          await transport.close();
        },
      });
      const cutter = await startCutter(listener.port);
      for (const [port, inOrder] of [[listener.port, true], [cutter.port, false]] as const) {
        const client = await dialLocally(port, { tls: { ...trustLocalhost(), maxVersion: version } });
        assert.equal((await readAll(client)).length, octets);
        assert.equal(client.endedInOrder, inOrder);
        client.destroy();
      }
      await cutter.close();
      await listener.close(0);
    });
  }
}
