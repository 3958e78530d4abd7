/**
 * Messages signed with the keys of RFC 8463 appendix A.1, and what a verifier says of them.
 *
 * @module
 */
import { createPrivateKey } from "node:crypto";
import { type Bytes, concat, fromBase64, indexOfBytes, latin1, noBytes } from "../../base/bytes.ts";
import { txt, type Zone, ZoneResolver } from "../../dns/testing/zone_resolver.ts";
import { recordOf } from "../keys.ts";
import { bodyHasherFor, type Signer, signMessage } from "../sign.ts";
import { type DkimOptions, type DkimResult, DkimVerifier } from "../verifier.ts";

/** RSA of 1024 bits: small, and so quick. */
export const rsaKey = createPrivateKey(`-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi
Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM
KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB
AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm
6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe
zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy
6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc
uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy
WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd
WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a
licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst
o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe
uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL
-----END RSA PRIVATE KEY-----`);

const pkcs8Prefix = Uint8Array.fromHex("302e020100300506032b657004220420"); // RFC 8410 7
export const ed25519Key = createPrivateKey({
  key: concat([
    pkcs8Prefix,
    fromBase64("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=") ?? noBytes,
  ]) as Bytes & Buffer, // The types ask for Node's Buffer; any Uint8Array will do.
  format: "der",
  type: "pkcs8",
});

/** When everything here is signed and received. */
export const now = Date.UTC(2026, 0, 2);

export const rsaSigner: Signer = {
  domain: "example.org",
  selector: "rsa",
  key: rsaKey,
  headerCanonicalization: "relaxed",
  bodyCanonicalization: "relaxed",
};

export const ed25519Signer: Signer = { ...rsaSigner, selector: "ed", key: ed25519Key };

/** The records of both keys at example.org. */
export const zone: Zone = {
  "rsa._domainkey.example.org": { records: { TXT: txt(recordOf(rsaKey)) } },
  "ed._domainkey.example.org": { records: { TXT: txt(recordOf(ed25519Key)) } },
};

/** A message of one character for each octet, LF as line end, as CRLF octets. */
export function octets(text: string): Bytes {
  return latin1(text.replaceAll("\n", "\r\n"));
}

export const plainMessage = octets(
  "From: Joe <joe@example.org>\nTo: a@example.net\nSubject: Is dinner ready?\nDate: Fri, 2 Jan 2026 00:00:00 +0000\n" +
    "Message-ID: <1@example.org>\n\nHi.\n\nWe lost  the game. \n",
);

/** The message with a signature for each signer on top. */
export function signed(message: Bytes, signers: readonly Signer[] = [rsaSigner], at = now): Bytes {
  const split = indexOfBytes(message, latin1("\r\n\r\n"));
  const [header, body] = [message.subarray(0, split + 2), message.subarray(split + 4)];
  const hasher = bodyHasherFor(signers);
  hasher.write(body);
  hasher.finish();
  const fields = signMessage({ header, body: hasher, signers, now: at });
  return concat([...fields.map(latin1), message]);
}

/** What a verifier says, fed in pieces of this many octets. */
export function verified(
  message: Bytes,
  options: Partial<DkimOptions> = {},
  pieceOctets = message.length,
): Promise<DkimResult[]> {
  const verifier = new DkimVerifier({ resolver: new ZoneResolver(zone), now, ...options });
  for (let at = 0; at < message.length; at += pieceOctets) {
    verifier.write(message.subarray(at, at + pieceOctets));
  }
  return verifier.finish();
}
