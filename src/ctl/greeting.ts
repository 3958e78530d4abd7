/**
 * The first words on the control socket, from the server: one line of JSON with what opens the administration, or with why
 * not. Behind it both ends speak RPC. Whoever may open the socket (a file of mode 0600) is the administrator: the
 * capability keeps those out who reach the store on its other socket.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import { type Bytes, concat, fromUtf8, utf8 } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";

/** Octets of the line. */
export const maxGreetingBytes = 1024;

/** How long it may take to come. */
export const greetingMs = 10_000;

/** The line for a command that is let in. */
export function printGreeting(adminCapability: string): Bytes {
  return utf8(`${JSON.stringify({ adminCapability })}\n`);
}

/** The line for one that is not. */
export function printRefusal(refused: string): Bytes {
  return utf8(`${JSON.stringify({ refused })}\n`);
}

/**
 * Reads the line, and leaves what comes behind it in the stream, which is paused then.
 *
 * @returns The capability.
 * @throws {Refused} `tryLater` where the server says no, ends, says something else, or nothing in {@link greetingMs}.
 */
export async function readGreeting(stream: Duplex, clock: Clock): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const fail = (what: string) => reject(new Refused("tryLater", what));
  const timer = clock.after(greetingMs, () => fail("the server does not answer on its control socket"));
  let held = new Uint8Array(0);
  const onData = (piece: Uint8Array) => {
    const end = piece.indexOf(0x0a);
    held = concat([held, end === -1 ? piece : piece.subarray(0, end)]);
    if (held.length > maxGreetingBytes) return fail("what answers on the control socket is no server");
    if (end === -1) return;
    stream.pause();
    stream.off("data", onData);
    if (end + 1 < piece.length) stream.unshift(piece.subarray(end + 1));
    resolve(fromUtf8(held));
  };
  const onEnd = () => fail("the server closed the control socket");
  stream.on("data", onData);
  for (const event of ["end", "close", "error"]) stream.on(event, onEnd);
  try {
    return capabilityIn(await promise);
  } finally {
    timer.cancel();
    stream.off("data", onData);
    for (const event of ["end", "close", "error"]) stream.off(event, onEnd);
  }
}

function capabilityIn(line: string): string {
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    said = null;
  }
  if (typeof said === "object" && said !== null) {
    if ("adminCapability" in said && typeof said.adminCapability === "string") return said.adminCapability;
    if ("refused" in said && typeof said.refused === "string") throw new Refused("tryLater", said.refused);
  }
  throw new Refused("tryLater", "what answers on the control socket is no server");
}
