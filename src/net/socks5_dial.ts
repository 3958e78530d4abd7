/**
 * Connecting through a SOCKS 5 proxy. RFC 1928
 *
 * @module
 */
import { type Bytes, concat, noBytes } from "../base/bytes.ts";
import { readSocks, socksGreeting, type SocksLogin, type SocksPhase } from "./socks5.ts";
import { type Transport, TransportError } from "./transport.ts";

/** What the proxy said against it. The message is half a sentence. */
export class SocksRefused extends Error {
  override readonly name = "SocksRefused";
}

/**
 * Has a proxy connect a transport that leads to it to a target; from then on it leads there.
 *
 * The transport's own deadline bounds each wait. What goes wrong leaves the transport to whoever called.
 *
 * @throws {SocksRefused} If the proxy does not do it.
 * @throws {TransportError} If the proxy is lost.
 * @throws {RangeError} If the target is no address, or the login cannot be said.
 */
export async function connectThroughSocks(
  transport: Transport,
  target: { readonly address: string; readonly port: number },
  login: SocksLogin,
): Promise<void> {
  let phase: SocksPhase = "methods";
  let input: Bytes = noBytes;
  await transport.write(socksGreeting(login));
  for (;;) {
    // An answer in an earlier phase that is followed by more was not one to what was said then.
    const step = readSocks(phase, input, target, login);
    switch (step.kind) {
      case "refused":
        throw new SocksRefused(step.why);
      case "connected":
        if (input.length > step.octets) transport.unread(input.slice(step.octets));
        return;
      case "say":
        if (input.length > step.octets) throw new SocksRefused("the proxy answers what was not said");
        input = noBytes;
        phase = step.phase;
        await transport.write(step.bytes);
        continue;
      case "more": {
        const piece = await transport.read();
        if (piece === null) throw new TransportError("closed", "the proxy closed the connection");
        input = input.length === 0 ? piece : concat([input, piece]);
      }
    }
  }
}
