/**
 * Certificates that vouch for themselves: ECDSA P-256, for local use and until a real one is there. RFC 5280
 *
 * An end-entity certificate (basicConstraints CA:FALSE): whoever puts it into a trust store trusts this one
 * server, not all that its key might sign; and clients that refuse a CA as a server accept it.
 *
 * @module
 */
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { base64, type Bytes, latin1 } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { parseIp } from "../base/ip_address.ts";
import {
  bitString,
  boolean,
  explicit,
  implicit,
  objectIdentifier,
  octetString,
  sequence,
  setOfOne,
  time,
  unsignedInteger,
  utf8String,
} from "./der.ts";

/** What the certificate shall say. */
export interface SelfSignedSettings {
  /** DNS names, the first of which is also the common name; `*.` may lead. ASCII. */
  readonly names: readonly string[];
  /** IP addresses by which clients reach the server. */
  readonly addresses?: readonly string[];
  readonly notBefore: Millis;
  readonly notAfter: Millis;
  /** 1 to 20 bytes by which no other certificate of this name is known; random. RFC 5280 4.1.2.2 */
  readonly serial: Uint8Array;
}

/** A certificate and its private key, as the files that hold them. */
export interface PemPair {
  /** `CERTIFICATE` blocks, the server's own first. RFC 7468 5 */
  readonly chainPem: string;
  /** A `PRIVATE KEY` block, PKCS #8. RFC 7468 10 */
  readonly keyPem: string;
}

/** Most names and addresses together. */
export const maxSelfSignedNames = 100;

const oid = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2", // RFC 5758 3.2
  commonName: "2.5.4.3",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
} as const;

/** Longest commonName. RFC 5280 A.1 (ub-common-name) */
const maxCommonName = 64;

/**
 * Makes a new key and a certificate for it.
 *
 * @throws {RangeError} For a name, address, serial number or time that no certificate can have.
 */
export function createSelfSigned(settings: SelfSignedSettings): PemPair {
  check(settings);
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
  const signed = toBeSigned(settings, spki);
  const signature = sign("sha256", signed, { key: privateKey, dsaEncoding: "der" });
  const certificate = sequence(signed, algorithm(), bitString(signature));
  return {
    chainPem: pem("CERTIFICATE", certificate),
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function check(settings: SelfSignedSettings): void {
  const { names, addresses = [], serial } = settings;
  if (names.length === 0 || names.length + addresses.length > maxSelfSignedNames) {
    throw new RangeError(`a certificate needs 1 to ${maxSelfSignedNames} names`);
  }
  for (const name of names) {
    const labels = /^(?:\*\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i;
    if (name.length > 253 || !labels.test(name)) throw new RangeError(`not a DNS name: ${name}`);
  }
  if (serial.length < 1 || serial.length > 19 && (serial.length > 20 || (serial[0] ?? 0) >= 0x80)) {
    throw new RangeError("a serial number has 1 to 20 bytes");
  }
  if (serial.every((byte) => byte === 0)) throw new RangeError("a serial number is above 0");
  if (!(settings.notAfter > settings.notBefore)) {
    throw new RangeError("a certificate must end after it begins");
  }
}

/** TBSCertificate. RFC 5280 4.1 */
function toBeSigned(settings: SelfSignedSettings, spki: Bytes): Bytes {
  const name = distinguishedName(settings.names[0] ?? "");
  return sequence(
    explicit(0, unsignedInteger(new Uint8Array([2]))), // Version 3.
    unsignedInteger(settings.serial),
    algorithm(),
    name,
    sequence(time(settings.notBefore), time(settings.notAfter)),
    name,
    spki,
    explicit(3, extensions(settings, spki)),
  );
}

function algorithm(): Bytes {
  return sequence(objectIdentifier(oid.ecdsaWithSha256));
}

/** A longer name stands in subjectAltName only, where clients look (RFC 6125 6.4.4). */
function distinguishedName(name: string): Bytes {
  const shown = name.length <= maxCommonName ? name : name.slice(-maxCommonName);
  return sequence(setOfOne(sequence(objectIdentifier(oid.commonName), utf8String(shown))));
}

function extensions(settings: SelfSignedSettings, spki: Bytes): Bytes {
  const keyId = createHash("sha256").update(spki).digest(); // RFC 7093 2 (4)
  return sequence(
    extension(oid.basicConstraints, true, sequence()), // CA is FALSE where it is left out. RFC 5280 4.2.1.9
    extension(oid.keyUsage, true, bitString(new Uint8Array([0x80]), 7)), // digitalSignature. 4.2.1.3
    extension(oid.extKeyUsage, false, sequence(objectIdentifier(oid.serverAuth))), // 4.2.1.12
    extension(oid.subjectAltName, false, sequence(...generalNames(settings))), // 4.2.1.6
    extension(oid.subjectKeyIdentifier, false, octetString(keyId)), // 4.2.1.2
    extension(oid.authorityKeyIdentifier, false, sequence(implicit(0, keyId))), // 4.2.1.1
  );
}

function extension(id: string, critical: boolean, value: Bytes): Bytes {
  const inner = octetString(value);
  return critical
    ? sequence(objectIdentifier(id), boolean(true), inner)
    : sequence(objectIdentifier(id), inner);
}

function generalNames(settings: SelfSignedSettings): Bytes[] {
  const names = settings.names.map((name) => implicit(2, latin1(name.toLowerCase())));
  const addresses = (settings.addresses ?? []).map((address) => {
    const ip = parseIp(address);
    if (ip === null) throw new RangeError(`not an IP address: ${address}`);
    return implicit(7, ip.bytes);
  });
  return [...names, ...addresses];
}

/** Base64 in lines of 64 between its labels. RFC 7468 2 */
function pem(label: string, bytes: Uint8Array): string {
  const lines = base64(bytes).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
