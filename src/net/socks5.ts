/**
 * SOCKS 5, as a client that wants one TCP connection: what is said, and what is answered. RFC 1928, RFC 1929
 *
 * Pure: octets in, a step out; `connectThroughSocks()` of `socks5_dial.ts` reads and writes. The target is always an
 * address, never a name: names are looked up, and addresses checked, by whoever dials.
 *
 * @module
 */
import { type Bytes, concat, utf8 } from "../base/bytes.ts";
import { parseIp } from "../base/ip_address.ts";

/** Who we are at the proxy; both empty: nobody in particular. */
export interface SocksLogin {
  readonly username: string;
  readonly password: string;
}

/** Octets of a user name, and of a password. RFC 1929 2 */
export const maxSocksLoginOctets = 255;

/** Octets of the longest answer: that of a request, with a domain name as the bound address. RFC 1928 6 */
export const maxSocksAnswer = 4 + 1 + 255 + 2;

const version = 5;
const loginVersion = 1;
const connectCommand = 1;
const methods = { none: 0, login: 2, refused: 0xff } as const;
const addressTypes = { ipv4: 1, name: 3, ipv6: 4 } as const;

/** RFC 1928 6 */
const refusals: readonly string[] = [
  "",
  "the proxy has failed",
  "the proxy's rules do not allow it",
  "the network cannot be reached",
  "the host cannot be reached",
  "the host refused the connection",
  "the packets did not live long enough",
  "the proxy does not know the command",
  "the proxy does not know addresses of this kind",
];

/** How far it has come. */
export type SocksPhase = "methods" | "login" | "request";

/** What the octets so far mean. */
export type SocksStep =
  /** More have to come. */
  | { readonly kind: "more" }
  /** This is to be said; the answer to it belongs to `phase`. The answer took `octets`. */
  | {
    readonly kind: "say";
    readonly phase: Exclude<SocksPhase, "methods">;
    readonly bytes: Bytes;
    readonly octets: number;
  }
  /** The connection stands; what comes behind `octets` is the target's. */
  | { readonly kind: "connected"; readonly octets: number }
  /** `why` is half a sentence. */
  | { readonly kind: "refused"; readonly why: string };

/** The first words: how we can say who we are. RFC 1928 3 */
export function socksGreeting(login: SocksLogin): Bytes {
  // Whoever has a password must not be let in without: the proxy would not know whose traffic it is.
  return new Uint8Array([version, 1, hasLogin(login) ? methods.login : methods.none]);
}

/**
 * Reads the answer of a phase.
 *
 * @throws {RangeError} If the target is no address, or its port none, or name or password cannot be said.
 */
export function readSocks(
  phase: SocksPhase,
  bytes: Uint8Array,
  target: { readonly address: string; readonly port: number },
  login: SocksLogin,
): SocksStep {
  switch (phase) {
    case "methods":
      return readMethod(bytes, target, login);
    case "login":
      return readLogin(bytes, target);
    case "request":
      return readReply(bytes);
  }
}

function readMethod(
  bytes: Uint8Array,
  target: { readonly address: string; readonly port: number },
  login: SocksLogin,
): SocksStep {
  const [said, method] = bytes;
  if (said !== undefined && said !== version) return refused("the proxy does not speak SOCKS 5");
  if (method === undefined) return { kind: "more" };
  if (method === methods.refused) {
    return refused(
      hasLogin(login) ? "the proxy takes no user names and passwords" : "the proxy wants to know who we are",
    );
  }
  if (hasLogin(login) && method === methods.login) {
    return { kind: "say", phase: "login", bytes: loginOctets(login), octets: 2 };
  }
  if (!hasLogin(login) && method === methods.none) {
    return { kind: "say", phase: "request", bytes: requestOctets(target), octets: 2 };
  }
  return refused("the proxy chose a method that was not offered");
}

/** RFC 1929 2 */
function readLogin(
  bytes: Uint8Array,
  target: { readonly address: string; readonly port: number },
): SocksStep {
  const [said, status] = bytes;
  if (said !== undefined && said !== loginVersion) return refused("the proxy's answer is none");
  if (status === undefined) return { kind: "more" };
  if (status !== 0) return refused("the proxy does not accept user name and password");
  return { kind: "say", phase: "request", bytes: requestOctets(target), octets: 2 };
}

/** RFC 1928 6. What the connection is bound to at the proxy is of no use to us. */
function readReply(bytes: Uint8Array): SocksStep {
  const [said, reply, , type, length] = bytes;
  if (said !== undefined && said !== version) return refused("the proxy's answer is none");
  if (reply === undefined) return { kind: "more" };
  if (reply !== 0) return refused(refusals[reply] ?? `the proxy refused it for reason ${reply}`);
  if (type === undefined) return { kind: "more" };
  let address: number;
  if (type === addressTypes.ipv4) address = 4;
  else if (type === addressTypes.ipv6) address = 16;
  else if (type !== addressTypes.name) return refused("the proxy's answer is none");
  else if (length === undefined) return { kind: "more" };
  else address = 1 + length;
  const octets = 4 + address + 2;
  return bytes.length < octets ? { kind: "more" } : { kind: "connected", octets };
}

/** RFC 1928 4 */
function requestOctets({ address, port }: { readonly address: string; readonly port: number }): Bytes {
  const ip = parseIp(address);
  if (ip === null) throw new RangeError(`not an IP address: ${address}`);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new RangeError(`not a port: ${port}`);
  const type = ip.version === 4 ? addressTypes.ipv4 : addressTypes.ipv6;
  return concat([
    new Uint8Array([version, connectCommand, 0, type]),
    ip.bytes,
    new Uint8Array([port >> 8, port & 0xff]),
  ]);
}

function loginOctets(login: SocksLogin): Bytes {
  const pieces: Uint8Array[] = [new Uint8Array([loginVersion])];
  for (const text of [login.username, login.password]) {
    const octets = utf8(text);
    if (octets.length < 1 || octets.length > maxSocksLoginOctets) {
      throw new RangeError("a proxy's user name and password have 1 to 255 octets each");
    }
    pieces.push(new Uint8Array([octets.length]), octets);
  }
  return concat(pieces);
}

function hasLogin({ username, password }: SocksLogin): boolean {
  return username !== "" || password !== "";
}

function refused(why: string): SocksStep {
  return { kind: "refused", why };
}
