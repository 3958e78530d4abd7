/**
 * Whether one certificate is signed with the key of another. RFC 5280 4.1.1.2, RFC 4055, RFC 5758, RFC 8410
 *
 * SHA-1, MD5 and RSA keys below 2048 bits are no signatures any more, as for the runtime's TLS. RSASSA-PSS is not
 * read: nobody issues with it to mail servers.
 *
 * Tested by `src/tls/certificate_fields_test.ts`
 *
 * @module
 */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import type { CertificateFields } from "./certificate_fields.ts";

/** Fewest bits of an RSA key that may sign. */
export const minRsaBits = 2048;

interface Algorithm {
  readonly keyType: "rsa" | "ec" | "ed25519";
  readonly hash: "sha256" | "sha384" | "sha512" | null;
}

const algorithms: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ["1.2.840.113549.1.1.11", { keyType: "rsa", hash: "sha256" }],
  ["1.2.840.113549.1.1.12", { keyType: "rsa", hash: "sha384" }],
  ["1.2.840.113549.1.1.13", { keyType: "rsa", hash: "sha512" }],
  ["1.2.840.10045.4.3.2", { keyType: "ec", hash: "sha256" }],
  ["1.2.840.10045.4.3.3", { keyType: "ec", hash: "sha384" }],
  ["1.2.840.10045.4.3.4", { keyType: "ec", hash: "sha512" }],
  ["1.3.101.112", { keyType: "ed25519", hash: null }],
]);

/**
 * Whether the signature of `certificate` is of this key.
 *
 * @param publicKey SubjectPublicKeyInfo in DER.
 */
export function isSignedWith(certificate: CertificateFields, publicKey: Uint8Array): boolean {
  const algorithm = algorithms.get(certificate.signatureAlgorithm);
  const key = algorithm === undefined ? null : keyOf(publicKey);
  if (algorithm === undefined || key === null || key.asymmetricKeyType !== algorithm.keyType) return false;
  if (algorithm.keyType === "rsa" && (key.asymmetricKeyDetails?.modulusLength ?? 0) < minRsaBits) {
    return false;
  }
  try {
    return verify(
      algorithm.hash,
      certificate.toBeSigned,
      algorithm.keyType === "ec" ? { key, dsaEncoding: "der" } : key,
      certificate.signature,
    );
  } catch {
    return false; // A signature or a pair of curve and hash that the runtime cannot read proves nothing.
  }
}

function keyOf(publicKey: Uint8Array): KeyObject | null {
  try {
    // The types ask for Node's Buffer; any Uint8Array will do.
    return createPublicKey({ key: publicKey as Uint8Array & Buffer, type: "spki", format: "der" });
  } catch {
    return null;
  }
}
