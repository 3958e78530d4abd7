/**
 * COMPRESS: from its answer on, everything is raw deflate, in both directions. RFC 4978
 *
 * It is in order for who has signed in: so no password is ever compressed together with something that others may have
 * chosen, and no stranger has our memory and time for it.
 *
 * Octets that came along with the command are compressed, as everything behind it is. Somebody who put commands there in plain
 * has sent nonsense, and the connection ends.
 *
 * Tested by `src/imapd/compress_test.ts`.
 *
 * @module
 */
import { DeflateTransport } from "../net/deflate_transport.ts";
import { bad, type Completion, ok } from "./replies.ts";
import { Farewell, type Session } from "./session.ts";

/** Whether the connection is compressed now. No TLS that the runtime speaks compresses. RFC 4978 3, RFC 8446 4.1.2 */
export function isCompressed({ transport }: Session): boolean {
  return transport instanceof DeflateTransport && transport.active;
}

/** RFC 4978 3: BAD, as it is no other layer that compresses. */
export function compress(session: Session): Completion {
  return isCompressed(session) ? bad("DEFLATE is active already", "COMPRESSIONACTIVE") : ok("DEFLATE active");
}

/** Once the command is answered. */
export async function beginCompression(session: Session): Promise<void> {
  const { input, out, transport } = session;
  await out.flush();
  input.unread();
  if (transport instanceof DeflateTransport) transport.begin();
  else session.use(new DeflateTransport(transport));
}

/** Once UNAUTHENTICATE is answered: the client's compression ended with the command. RFC 8437 4.1 */
export async function endCompression(session: Session): Promise<void> {
  const { input, out, transport } = session;
  if (!(transport instanceof DeflateTransport) || !transport.active) return;
  await out.flush();
  input.unread();
  if (!await transport.end()) throw new Farewell(null, "compressed octets behind UNAUTHENTICATE");
}
