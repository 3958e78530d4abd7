/**
 * Real connections on this machine, for tests: a listener that hands over its end, and clients of every kind.
 *
 * @module
 */
import { connect, type Socket } from "node:net";
import { type Bytes, concat, fromUtf8 } from "../../base/bytes.ts";
import { silentLog } from "../../base/log.ts";
import { Certificates, loadCertificate, type LoadedCertificate } from "../../tls/certificates.ts";
import { createSelfSigned } from "../../tls/self_signed.ts";
import { dial, type DialedTransport, type DialSettings } from "../client.ts";
import { connectionIds } from "../connection_id.ts";
import { listen, type Listener, type ListenSettings } from "../listener.ts";
import { systemClock } from "../system_clock.ts";
import type { Transport } from "../transport.ts";

const day = 24 * 3600_000;

/** A new certificate for these names and 127.0.0.1. */
export function testCertificate(...names: string[]): LoadedCertificate {
  const now = systemClock.now();
  return loadCertificate(createSelfSigned({
    names,
    addresses: ["127.0.0.1"],
    notBefore: now - day,
    notAfter: now + day,
    serial: crypto.getRandomValues(new Uint8Array(8)).fill(1, 0, 1),
  }));
}

let shared: LoadedCertificate | null = null;

/** One certificate for localhost, made when first asked for. */
export function localhostCertificate(): LoadedCertificate {
  return shared ??= testCertificate("localhost");
}

export const localhostStore = () => new Certificates([localhostCertificate()]);

/** A listener on 127.0.0.1, with everything filled in that a test does not care for. */
export async function listenLocally(
  settings: Pick<ListenSettings, "handler"> & Partial<ListenSettings>,
): Promise<Listener & { port: number }> {
  const listener = await listen({
    addresses: [{ address: "127.0.0.1", port: 0 }],
    clock: systemClock,
    log: silentLog,
    newId: connectionIds(1),
    tls: { certificates: localhostStore() },
    ...settings,
  });
  return Object.assign(listener, { port: listener.addresses[0]?.port ?? 0 });
}

export function dialLocally(port: number, settings: Partial<DialSettings> = {}): Promise<DialedTransport> {
  return dial({ address: "127.0.0.1", port, clock: systemClock, ...settings });
}

/** TLS as a client that trusts {@link localhostCertificate}. */
export const trustLocalhost = () => ({ serverName: "localhost", trusted: [localhostCertificate().chainPem] });

/**
 * A connection whose server's end is in the test's hands until `run` returns.
 *
 * @param client Makes the client's end.
 */
export async function withServerEnd<C extends object>(
  settings: Partial<ListenSettings>,
  client: (port: number) => Promise<C>,
  run: (server: Transport, client: C) => Promise<void>,
): Promise<void> {
  const accepted = Promise.withResolvers<Transport>();
  const over = Promise.withResolvers<void>();
  const listener = await listenLocally({
    handler: (transport) => {
      accepted.resolve(transport);
      return over.promise;
    },
    ...settings,
  });
  let end: C | null = null;
  try {
    end = await client(listener.port);
    await run(await accepted.promise, end);
  } finally {
    if (end !== null && "destroy" in end && typeof end.destroy === "function") end.destroy();
    over.resolve();
    await listener.close(0);
  }
}

/** A bare socket, for peers that misbehave. */
export async function rawClient(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true });
  socket.on("error", () => {});
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return socket;
}

/** Everything until the end. */
export async function readAll(transport: Transport): Promise<Bytes> {
  const pieces: Bytes[] = [];
  for (let piece = await transport.read(); piece !== null; piece = await transport.read()) pieces.push(piece);
  return concat(pieces);
}

/** Reads until `text` has come, and gives what came so far. */
export async function readUntil(transport: Transport, text: string): Promise<string> {
  let got = "";
  while (!got.includes(text)) {
    const piece = await transport.read();
    if (piece === null) throw new Error(`the connection ended before ${JSON.stringify(text)}; got ${got}`);
    got += fromUtf8(piece);
  }
  return got;
}

/** Everything that a bare socket gets until it closes. */
export function received(socket: Socket): Promise<Bytes> {
  const pieces: Uint8Array[] = [];
  socket.on("data", (piece: Uint8Array) => pieces.push(piece));
  return new Promise((resolve) => socket.once("close", () => resolve(concat(pieces))));
}
