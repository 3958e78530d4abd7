/**
 * A TLS server that shows any certificate and signs with any key: what no honest library can be talked into, for tests of
 * whether clients notice. TLS 1.3 with X25519, AES-128-GCM, SHA-256 and ECDSA on P-256, and no more of it than a client
 * needs to believe that the handshake is done. RFC 8446 2, 4, 7.1
 *
 * @module
 */
import { Buffer } from "node:buffer";
import {
  createCipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import { type Bytes, concat, noBytes, utf8 } from "../../base/bytes.ts";
import { type BareServer, startBareServer } from "./bare_server.ts";

/** Starts on 127.0.0.1. @param der Shown as its only certificate. @param key On P-256; what it signs with. */
export function startImpostor(der: Uint8Array, key: KeyObject): Promise<BareServer> {
  return startBareServer((socket) => {
    let input: Uint8Array = noBytes;
    let isAnswered = false;
    socket.on("data", (piece) => {
      input = concat([input, piece]);
      const length = input.length < 5 ? Infinity : 5 + uint16At(input, 3);
      if (isAnswered || input.length < length) return;
      isAnswered = true;
      socket.write(answerTo(input.slice(5, length), der, key));
    });
  });
}

const types = {
  serverHello: 2,
  encryptedExtensions: 8,
  certificate: 11,
  certificateVerify: 15,
  finished: 20,
} as const;
const groups = { x25519: 29 } as const;
const extensionTypes = { supportedVersions: 43, keyShare: 51 } as const;
const handshakeRecord = 22;
const protectedRecord = 23;

/** All that a server says in its handshake, in records. */
function answerTo(clientHello: Uint8Array, der: Uint8Array, key: KeyObject): Bytes {
  const { sessionId, share } = readHello(clientHello);
  const own = generateKeyPairSync("x25519");
  const peer = createPublicKey({
    key: { kty: "OKP", crv: "X25519", x: Buffer.from(share).toString("base64url") },
    format: "jwk",
  });
  const ownShare = own.publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  const serverHello = message(
    types.serverHello,
    octets(3, 3),
    crypto.getRandomValues(new Uint8Array(32)),
    vector(1, sessionId),
    octets(0x13, 0x01, 0), // TLS_AES_128_GCM_SHA256
    vector(
      2,
      uint(2, extensionTypes.supportedVersions),
      vector(2, octets(3, 4)),
      uint(2, extensionTypes.keyShare),
      vector(2, uint(2, groups.x25519), vector(2, ownShare)),
    ),
  );
  // RFC 8446 7.1
  const zeros = new Uint8Array(32);
  const early = hmac(zeros, zeros);
  const shared = diffieHellman({ privateKey: own.privateKey, publicKey: peer });
  const secret = hmac(expand(early, "derived", sha256(), 32), shared);
  const traffic = expand(secret, "s hs traffic", sha256(clientHello, serverHello), 32);
  const said: Uint8Array[] = [clientHello, serverHello];
  const say = (type: number, ...content: Uint8Array[]) => void said.push(message(type, ...content));
  say(types.encryptedExtensions, vector(2));
  say(types.certificate, vector(1), vector(3, vector(3, der), vector(2)));
  const proved = concat([
    new Uint8Array(64).fill(0x20),
    utf8("TLS 1.3, server CertificateVerify\0"),
    sha256(...said),
  ]);
  say(types.certificateVerify, uint(2, 0x0403), vector(2, sign("sha256", proved, key))); // ecdsa_secp256r1_sha256
  say(types.finished, hmac(expand(traffic, "finished", noBytes, 32), sha256(...said)));
  const content = concat([...said.slice(2), octets(handshakeRecord)]);
  const header = concat([octets(protectedRecord, 3, 3), uint(2, content.length + 16)]);
  const cipher = createCipheriv(
    "aes-128-gcm",
    expand(traffic, "key", noBytes, 16),
    expand(traffic, "iv", noBytes, 12),
  );
  cipher.setAAD(header);
  const sealed = concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  return concat([octets(handshakeRecord, 3, 3), vector(2, serverHello), header, sealed]);
}

/** RFC 8446 4.1.2 */
function readHello(hello: Uint8Array): { readonly sessionId: Uint8Array; readonly share: Uint8Array } {
  let at = 4 + 2 + 32;
  const sessionId = hello.slice(at + 1, at + 1 + (hello[at] ?? 0));
  at += 1 + sessionId.length;
  at += 2 + uint16At(hello, at); // Cipher suites.
  at += 1 + (hello[at] ?? 0) + 2; // Compression methods, and the length of all extensions.
  for (; at < hello.length; at += 4 + uint16At(hello, at + 2)) {
    if (uint16At(hello, at) !== extensionTypes.keyShare) continue;
    for (let share = at + 6; share < hello.length; share += 4 + uint16At(hello, share + 2)) {
      if (uint16At(hello, share) === groups.x25519) {
        return { sessionId, share: hello.slice(share + 4, share + 36) };
      }
    }
  }
  throw new SyntaxError("a client that does not offer X25519");
}

/** HKDF-Expand-Label for what needs one block. RFC 8446 7.1, RFC 5869 2.3 */
function expand(secret: Uint8Array, label: string, context: Uint8Array, length: number): Bytes {
  const info = concat([uint(2, length), vector(1, utf8(`tls13 ${label}`)), vector(1, context), octets(1)]);
  return hmac(secret, info).subarray(0, length);
}

function hmac(key: Uint8Array, data: Uint8Array): Bytes {
  return new Uint8Array(createHmac("sha256", key).update(data).digest());
}

function sha256(...pieces: Uint8Array[]): Bytes {
  return new Uint8Array(createHash("sha256").update(concat(pieces)).digest());
}

function message(type: number, ...content: Uint8Array[]): Bytes {
  return concat([octets(type), vector(3, ...content)]);
}

function vector(lengthOctets: 1 | 2 | 3, ...content: Uint8Array[]): Bytes {
  const all = concat(content);
  return concat([uint(lengthOctets, all.length), all]);
}

function uint(size: 1 | 2 | 3, n: number): Bytes {
  return octets(n >> 16, n >> 8 & 0xff, n & 0xff).subarray(3 - size);
}

function uint16At(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) << 8 | (bytes[at + 1] ?? 0);
}

function octets(...numbers: number[]): Bytes {
  return new Uint8Array(numbers);
}
