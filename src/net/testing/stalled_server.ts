/**
 * A server with TLS that does nothing until it is told to, in a process of its own, so that its memory is its
 * own. Prints its port; then answers each line on standard input with one line of JSON:
 *
 * - `look`: what it has of memory and of undelivered bytes;
 * - `read N`: reads so many bytes;
 * - `write N`: writes so many, and says how that ended.
 *
 * @module
 */
import { stdin } from "node:process";
import { createInterface } from "node:readline";
import { listenLocally } from "./loopback.ts";
import { type Transport, TransportError } from "../transport.ts";

const say = (value: unknown) => Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(value) + "\n"));

const accepted = Promise.withResolvers<Transport>();
const listener = await listenLocally({
  implicitTls: true,
  handler: async (transport) => {
    accepted.resolve(transport);
    await new Promise((resolve) => transport.ended.addEventListener("abort", resolve));
  },
});
say(listener.port);

for await (const line of createInterface({ input: stdin })) {
  const [verb, count] = line.split(" ");
  const transport = await accepted.promise;
  let result = "ok";
  if (verb === "read") {
    for (let left = Number(count); left > 0;) left -= (await transport.read())?.length ?? Infinity;
  } else if (verb === "write") {
    transport.writeTimeoutMs = 300;
    result = await transport.write(new Uint8Array(Number(count))).then(
      () => "ok",
      (error) => error instanceof TransportError ? error.failure : String(error),
    );
  }
  say({ result, rss: Deno.memoryUsage().rss, buffered: transport.buffered });
}
