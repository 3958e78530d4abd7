/**
 * Which certificate and which application protocol a client gets, from what its ClientHello says.
 *
 * Several certificates may cover one name, with keys of several kinds: ECDSA is smaller and faster, RSA is
 * what old clients know. All are replaced at once while connections come and go; a connection keeps what it
 * was given.
 *
 * @module
 */
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { base64Url } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import type { ClientHello } from "./client_hello.ts";
import type { PemPair } from "./self_signed.ts";

/** Kinds of keys that the runtime's TLS can sign with, the most wanted first. */
export const keyTypes = ["p256", "p384", "ed25519", "rsa"] as const;
export type KeyType = typeof keyTypes[number];

/** A certificate chain with its key, read and checked once. */
export interface LoadedCertificate extends PemPair {
  readonly keyType: KeyType;
  /** DNS names in lower case; `*.example.org` covers one more label. */
  readonly names: readonly string[];
  readonly notBefore: Millis;
  readonly notAfter: Millis;
  /** base64url(SHA-256(SubjectPublicKeyInfo)). */
  readonly fingerprint: string;
}

/** What a client gets. */
export interface CertificateChoice {
  readonly certificate: LoadedCertificate;
  /** `default` where the client named nothing, or nothing that we have. */
  readonly matched: "exact" | "wildcard" | "default";
  /** Speak only these protocols, whatever the listener speaks (for RFC 8737, `acme-tls/1`). */
  readonly alpn?: readonly string[];
}

/** Asked for each connection, before its handshake; may answer differently each time. */
export interface CertificateStore {
  /** Null if there is no certificate at all. */
  choose(hello: ClientHello): CertificateChoice | null;
}

/** Most bytes of PEM in a chain or key file. */
export const maxPemLength = 256 * 1024;

/**
 * Reads a certificate chain and its private key from the contents of their files.
 *
 * @throws {SyntaxError} If one cannot be read, they do not belong together, or TLS cannot use the key.
 */
export function loadCertificate(pair: PemPair): LoadedCertificate {
  if (pair.chainPem.length > maxPemLength || pair.keyPem.length > maxPemLength) {
    throw new SyntaxError("a certificate or key file is too large");
  }
  const certificate = read("certificate", () => new X509Certificate(pair.chainPem));
  const key = read("private key", () => createPrivateKey(pair.keyPem));
  const keyType = keyTypeOf(key);
  if (!certificate.checkPrivateKey(key)) {
    throw new SyntaxError("the private key belongs to another certificate");
  }
  return {
    chainPem: pair.chainPem,
    keyPem: pair.keyPem,
    keyType,
    names: dnsNames(certificate.subjectAltName ?? ""),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    fingerprint: fingerprintOf(certificate),
  };
}

/** base64url(SHA-256(SubjectPublicKeyInfo)), by which a key is registered. */
export function fingerprintOf(certificate: X509Certificate): string {
  const spki = certificate.publicKey.export({ type: "spki", format: "der" });
  return base64Url(createHash("sha256").update(spki).digest());
}

function read<T>(what: string, from: () => T): T {
  try {
    return from();
  } catch (error) {
    throw new SyntaxError(`the ${what} cannot be read`, { cause: error });
  }
}

function keyTypeOf(key: KeyObject): KeyType {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === "ec" && (curve === "prime256v1" || curve === "P-256")) return "p256";
  if (key.asymmetricKeyType === "ec" && (curve === "secp384r1" || curve === "P-384")) return "p384";
  if (key.asymmetricKeyType === "ed25519") return "ed25519";
  if (key.asymmetricKeyType === "rsa") {
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    if (bits >= 2048) return "rsa";
    throw new SyntaxError(`an RSA key needs at least 2048 bits, not ${bits}`);
  }
  throw new SyntaxError(`TLS cannot use a key of type ${key.asymmetricKeyType} ${curve ?? ""}`.trimEnd());
}

/** From `DNS:a.example, IP Address:192.0.2.1`. What is quoted there holds a comma, so it is no DNS name. */
function dnsNames(subjectAltName: string): string[] {
  const names: string[] = [];
  for (const entry of subjectAltName.split(", ")) {
    if (entry.startsWith("DNS:") && !entry.includes('"')) names.push(entry.slice(4).toLowerCase());
  }
  return names;
}

/** Certificates in memory; what {@link Certificates.replace} brings is used by the next connection. */
export class Certificates implements CertificateStore {
  #byName = new Map<string, LoadedCertificate[]>();
  #byDefault: readonly LoadedCertificate[] = [];

  /** The first certificate, and others for its first name, are for clients that ask for no name of ours. */
  constructor(certificates: readonly LoadedCertificate[]) {
    this.replace(certificates);
  }

  /** From now on these, and no others. */
  replace(certificates: readonly LoadedCertificate[]): void {
    const byName = new Map<string, LoadedCertificate[]>();
    for (const certificate of certificates) {
      for (const name of certificate.names) {
        const same = byName.get(name);
        if (same === undefined) byName.set(name, [certificate]);
        else same.push(certificate);
      }
    }
    const [first] = certificates;
    this.#byName = byName;
    this.#byDefault = byName.get(first?.names[0] ?? "") ?? certificates.slice(0, 1);
  }

  choose(hello: ClientHello): CertificateChoice | null {
    const name = hello.serverName;
    if (name !== null) {
      const exact = best(this.#byName.get(name), hello);
      if (exact !== null) return { certificate: exact, matched: "exact" };
      const dot = name.indexOf("."); // One label: RFC 6125 6.4.3.
      const wildcard = dot < 1 ? null : best(this.#byName.get(`*${name.slice(dot)}`), hello);
      if (wildcard !== null) return { certificate: wildcard, matched: "wildcard" };
    }
    const byDefault = best(this.#byDefault, hello);
    return byDefault && { certificate: byDefault, matched: "default" };
  }
}

/** The most wanted that the client can check; if it can check none, the first, and TLS will tell it so. */
function best(candidates: readonly LoadedCertificate[] | undefined, hello: ClientHello) {
  if (candidates === undefined) return null;
  for (const type of keyTypes) {
    if (!canCheck(hello, type)) continue;
    const found = candidates.find((certificate) => certificate.keyType === type);
    if (found !== undefined) return found;
  }
  return candidates[0] ?? null;
}

/** SignatureScheme (RFC 8446 4.2.3) and, for TLS 1.2, NamedGroup (RFC 8422 5.1.1) that each kind of key needs. */
const needs: Readonly<Record<KeyType, { schemes: readonly number[]; group: number | null }>> = {
  p256: { schemes: [0x0403], group: 23 },
  p384: { schemes: [0x0503], group: 24 },
  ed25519: { schemes: [0x0807], group: null },
  rsa: { schemes: [0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601], group: null },
};

/** TLS_ECDHE_ECDSA_* with AES-GCM or ChaCha20, which is what the runtime offers below TLS 1.3. RFC 5289, RFC 7905 */
const ecdsaSuites: readonly number[] = [0xc02b, 0xc02c, 0xcca9];

const tls13 = 0x0304;

/** Whether the client says that it can check signatures of this kind of key. */
export function canCheck(hello: ClientHello, type: KeyType): boolean {
  const { schemes, group } = needs[type];
  if (!schemes.some((scheme) => hello.signatureSchemes.includes(scheme))) return false;
  if (type === "rsa" || hello.versions.includes(tls13)) return true;
  if (group !== null && !hello.groups.includes(group)) return false;
  return ecdsaSuites.some((suite) => hello.cipherSuites.includes(suite));
}

/** The protocol to speak: ours that is most wanted among the client's. RFC 7301 3.2 */
export type AlpnChoice =
  | { readonly kind: "none" } // One side speaks of none.
  | { readonly kind: "agreed"; readonly protocol: string }
  | { readonly kind: "mismatch" }; // The handshake must fail (no_application_protocol).

export function chooseAlpn(offered: readonly string[], ours: readonly string[]): AlpnChoice {
  if (offered.length === 0 || ours.length === 0) return { kind: "none" };
  const protocol = ours.find((name) => offered.includes(name));
  return protocol === undefined ? { kind: "mismatch" } : { kind: "agreed", protocol };
}
