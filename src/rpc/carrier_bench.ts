/**
 * Calls a second over both carriers, the other end in a Worker: one at a time, and many at once.
 *
 * @module
 */
import * as net from "node:net";
import { silentLog } from "../base/log.ts";
import type { Carrier } from "./carrier.ts";
import { client } from "./client.ts";
import { connect } from "./connection.ts";
import { giveAway } from "./plain_data.ts";
import { PortCarrier } from "./port_carrier.ts";
import { SocketCarrier } from "./socket_carrier.ts";

interface Echo {
  echo(request: unknown): Promise<unknown>;
}

const clock = { now: () => 0, monotonic: () => performance.now(), after: () => ({ cancel() {} }) };
const worker = new Worker(new URL("./testing/echo_worker.ts", import.meta.url), { type: "module" });
const folder = await Deno.makeTempDir({ prefix: "rpc" });
const socketWorker = new Worker(new URL("./testing/echo_socket_worker.ts", import.meta.url), {
  type: "module",
});
const listening = new Promise((resolve) => socketWorker.onmessage = resolve);
socketWorker.postMessage(`${folder}/s`);
await listening;
const socket = net.connect(`${folder}/s`);
await new Promise<void>((resolve) => socket.once("connect", resolve));

const carriers: [name: string, carrier: Carrier][] = [
  ["port", new PortCarrier(worker)],
  ["socket", new SocketCarrier(socket)],
];

const request = {
  mailbox: 7,
  uids: new Uint32Array([1, 100]),
  name: "Inbox",
  flags: ["seen"],
  modseq: 12345678,
};

for (const [name, carrier] of carriers) {
  const connection = connect(carrier, { clock, log: silentLog });
  const { echo } = client<Echo>(connection, "echo", { echo: "call" });
  Deno.bench(`${name}: 1 call`, async () => void await echo(request));
  Deno.bench(`${name}: 100 calls at once`, async () => {
    await Promise.all(Array.from({ length: 100 }, () => echo(request)));
  });
  const large = { bytes: new Uint8Array(256 * 1024) };
  Deno.bench(`${name}: 1 call of 256 KB`, async () => void await echo(large));
  Deno.bench(`${name}: 1 call of 256 KB, given away`, async () => {
    await echo({ bytes: giveAway(new Uint8Array(256 * 1024)) });
  });
}
