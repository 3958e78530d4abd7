/**
 * A mail exchanger for benchmarks that takes everything at once and reads nothing but where a message ends. It knows our
 * client: an envelope comes as one group.
 *
 * @module
 */
import { createServer, type Socket } from "node:net";
import { concat, latin1 } from "../../../base/bytes.ts";

const replies = {
  greeting: latin1("220 sink\r\n"),
  ehlo: latin1("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n"),
  envelope: latin1("250 ok\r\n250 ok\r\n354 go on\r\n"),
  taken: latin1("250 taken\r\n"),
  bye: latin1("221 bye\r\n"),
};
const end = latin1("\r\n.\r\n");

export interface Sink {
  readonly port: number;
  connections(): number;
  close(): void;
}

/** Starts one on this machine. @param onTaken Called with the number of messages that were taken by then. */
export async function startSink(onTaken: (taken: number) => void = () => {}): Promise<Sink> {
  let taken = 0;
  let connections = 0;
  const serve = (socket: Socket): void => {
    let inData = false;
    let last = new Uint8Array(0);
    connections++;
    socket.on("error", () => {});
    socket.on("data", (chunk: Uint8Array) => {
      if (!inData) {
        const first = chunk[0];
        if (first === 0x45) return void socket.write(replies.ehlo); // EHLO
        if (first === 0x51) return void socket.end(replies.bye); // QUIT
        inData = true;
        return void socket.write(replies.envelope);
      }
      last = concat([last, chunk.subarray(-end.length)]).slice(-end.length);
      if (!last.every((octet, i) => octet === end[i])) return;
      inData = false;
      last = new Uint8Array(0);
      socket.write(replies.taken);
      onTaken(++taken);
    });
    socket.write(replies.greeting);
  };
  const server = createServer({ noDelay: true }, serve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port ?? 0 : 0;
  return { port, connections: () => connections, close: () => void server.close() };
}
