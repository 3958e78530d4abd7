/**
 * A DNS server on loopback, UDP and TCP on the same port, whose answers a test makes up.
 *
 * @module
 */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import { concat } from "../../src/base/bytes.ts";
import { decodeMessage, type DnsMessage, encodeMessage, type Question } from "../../src/dns/message.ts";
import { writeData } from "../../src/dns/rdata.ts";
import { type DataByType, type RecordType, typeNumbers } from "../../src/dns/record.ts";

/** How the query came, and the whole of it. */
export interface DnsRequest {
  readonly over: "udp" | "tcp";
  readonly query: DnsMessage;
  /** The port that it came from. */
  readonly port: number;
}

/**
 * What is answered:
 *
 * - parts of a message: the rest is filled in as a recursive server would (NOERROR, RA, the query's id and question);
 * - octets, as they are; several, one after the other;
 * - `drop`: nothing (over TCP, the connection is closed); `truncate`: an empty answer with TC over UDP.
 */
export type DnsReply = Partial<DnsMessage> | Uint8Array | readonly Uint8Array[] | "drop" | "truncate";

/** Answers one question. */
export type DnsHandler = (question: Question, request: DnsRequest) => DnsReply | Promise<DnsReply>;

/** A server that runs. */
export interface DnsServer {
  readonly address: string;
  readonly port: number;
  /** All that was asked, in order, as `example.org. 15 udp`. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** A record of the Internet. */
export function record<T extends RecordType>(name: string, type: T, data: DataByType[T], ttl = 300) {
  return { name, type: typeNumbers[type], class: 1, ttl, rdata: writeData(type, data) };
}

/** The SOA that a denial carries; `name` is the zone. */
export function soa(name: string, minimum = 60, ttl = 300) {
  const data = { primary: name, mailbox: name, serial: 1, refresh: 1, retry: 1, expire: 1, minimum };
  return record(name, "SOA", data, ttl);
}

/** An answer to a query, of these parts. */
export function replyTo(query: DnsMessage, parts: Partial<DnsMessage> = {}): DnsMessage {
  return {
    ...query,
    isResponse: true,
    authoritative: false,
    recursionAvailable: true,
    authenticData: false,
    edns: query.edns === null ? null : { ...query.edns, udpSize: 1232 },
    ...parts,
  };
}

/** Starts a server; stop it with `await server.close()`. */
export async function startDnsServer(handler: DnsHandler, address = "127.0.0.1"): Promise<DnsServer> {
  const asked: string[] = [];
  const answer = async (octets: Uint8Array, over: DnsRequest["over"], port: number) => {
    const query = readQuery(octets);
    const question = query?.question ?? null;
    if (query === null || question === null) return [];
    asked.push(`${question.name} ${question.type} ${over}`);
    return octetsOf(await handler(question, { over, query, port }), query, over);
  };
  const tcp = createServer({ noDelay: true }, (socket) => serve(socket, answer));
  const connections = new Set<Socket>();
  tcp.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
  });
  const [udp, port] = await bindBoth(tcp, address);
  let closed = false;
  udp.on("message", async (octets, from) => {
    for (const one of await answer(octets, "udp", from.port)) {
      if (!closed) udp.send(one, from.port, from.address);
    }
  });
  const close = async () => {
    closed = true;
    for (const socket of connections) socket.destroy();
    await Promise.all([
      new Promise<void>((resolve) => tcp.close(() => resolve())),
      new Promise<void>((resolve) => udp.close(() => resolve())),
    ]);
  };
  return { address, port, asked, close };
}

/** Null where it is none: such a client gets no answer. */
function readQuery(octets: Uint8Array): DnsMessage | null {
  try {
    return decodeMessage(octets);
  } catch {
    return null;
  }
}

/** The system picks the TCP port; where the UDP port of that number is taken, it picks again. */
async function bindBoth(tcp: ReturnType<typeof createServer>, address: string): Promise<[UdpSocket, number]> {
  for (;;) {
    await new Promise<void>((resolve) => tcp.listen(0, address, resolve));
    const bound = tcp.address();
    if (bound === null || typeof bound === "string") throw new Error("the server has no port");
    const udp = createSocket(address.includes(":") ? "udp6" : "udp4");
    try {
      await new Promise<void>((resolve, reject) => {
        udp.once("error", reject);
        udp.bind(bound.port, address, resolve);
      });
      return [udp, bound.port];
    } catch {
      await new Promise<void>((resolve) => tcp.close(() => resolve()));
    }
  }
}

function serve(
  socket: Socket,
  answer: (octets: Uint8Array, over: "tcp", port: number) => Promise<Uint8Array[]>,
): void {
  let buffered = new Uint8Array(0);
  socket.on("error", () => {});
  socket.on("data", async (octets: Uint8Array) => {
    buffered = concat([buffered, octets]);
    const length = ((buffered[0] ?? 0) << 8) | (buffered[1] ?? 0);
    if (buffered.length < 2 || buffered.length < 2 + length) return;
    const query = buffered.slice(2, 2 + length);
    buffered = buffered.slice(2 + length);
    const answers = await answer(query, "tcp", socket.remotePort ?? 0);
    for (const one of answers) socket.write(concat([Uint8Array.of(one.length >> 8, one.length), one]));
    if (answers.length === 0) socket.end();
  });
}

function octetsOf(reply: DnsReply, query: DnsMessage, over: DnsRequest["over"]): Uint8Array[] {
  if (reply === "drop") return [];
  if (reply === "truncate") {
    return [encodeMessage(replyTo(query, { truncated: over === "udp" }))];
  }
  if (reply instanceof Uint8Array) return [reply];
  if (Array.isArray(reply)) return reply;
  return [encodeMessage(replyTo(query, reply as Partial<DnsMessage>))]; // No array, so it is parts.
}
