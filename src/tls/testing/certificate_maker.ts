/**
 * Certificates made to order, for tests of who reads and judges them: authorities, servers, and what no honest issuer
 * would sign.
 *
 * @module
 */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { type Bytes, latin1, noBytes } from "../../base/bytes.ts";
import type { Millis } from "../../base/clock.ts";
import {
  bitString,
  boolean,
  der,
  explicit,
  implicit,
  objectIdentifier,
  octetString,
  sequence,
  setOfOne,
  time,
  unsignedInteger,
  utf8String,
} from "../der.ts";

/** The time at which tests stand; certificates are valid around it unless they say otherwise. */
export const testNow: Millis = Date.UTC(2026, 10, 21);
const day = 24 * 3600 * 1000;

export interface Wish {
  /** The common name; empty for an empty subject. */
  readonly name: string;
  /** DNS names of subjectAltName. */
  readonly dnsNames?: readonly string[];
  readonly notBefore?: Millis;
  readonly notAfter?: Millis;
  /** basicConstraints; false says that it is none. Left out: no such extension. */
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** The octet of keyUsage: 0x80 digitalSignature, 0x04 keyCertSign. */
  readonly keyUsage?: number;
  readonly purposes?: readonly string[];
  readonly permitted?: readonly string[];
  readonly excluded?: readonly string[];
  /** Dotted identifiers of critical extensions that nobody knows. */
  readonly critical?: readonly string[];
  readonly keyType?: KeyKind;
  /** Left out: signs itself. */
  readonly issuer?: Issued;
  readonly hash?: "sha256" | "sha384" | "sha1";
  /** The key of another certificate, for a renewed one. */
  readonly keys?: Keys;
}

export type KeyKind = "p256" | "p384" | "ed25519" | "rsa1024" | "rsa2048";

export interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export interface Issued {
  readonly der: Bytes;
  /** SubjectPublicKeyInfo. */
  readonly spki: Bytes;
  readonly name: string;
  readonly keys: Keys;
}

/** Makes a certificate. */
export function issue(wish: Wish): Issued {
  const keys = wish.keys ?? newKeys(wish.keyType ?? "p256");
  const spki = new Uint8Array(keys.publicKey.export({ type: "spki", format: "der" }));
  const signer = wish.issuer?.keys ?? keys;
  const signerType = signer.privateKey.asymmetricKeyType;
  const hash = wish.hash ?? "sha256";
  const algorithm = signerType === "ed25519"
    ? sequence(objectIdentifier("1.3.101.112"))
    : signerType === "rsa"
    ? sequence(objectIdentifier(rsa[hash]), der(0x05, noBytes))
    : sequence(objectIdentifier(ecdsa[hash]));
  const signed = sequence(
    explicit(0, unsignedInteger(new Uint8Array([2]))),
    unsignedInteger(createHash("sha256").update(spki).digest().subarray(0, 8)),
    algorithm,
    distinguishedName(wish.issuer?.name ?? wish.name),
    sequence(time(wish.notBefore ?? testNow - 30 * day), time(wish.notAfter ?? testNow + 60 * day)),
    distinguishedName(wish.name),
    spki,
    ...extensions(wish),
  );
  const signature = signerType === "ed25519" ? sign(null, signed, signer.privateKey) : sign(
    hash,
    signed,
    signerType === "rsa" ? signer.privateKey : { key: signer.privateKey, dsaEncoding: "der" },
  );
  return { der: sequence(signed, algorithm, bitString(signature)), spki, name: wish.name, keys };
}

/** A root, an authority below it, and a server's certificate of that one. */
export function testChain(server: Partial<Wish> = {}): { root: Issued; middle: Issued; leaf: Issued } {
  const root = issue({ name: "Test Root", ca: true, keyUsage: 0x04 });
  const middle = issue({ name: "Test Authority", ca: true, pathLength: 0, keyUsage: 0x04, issuer: root });
  const leaf = issue({
    name: "mx.example.org",
    dnsNames: ["mx.example.org"],
    keyUsage: 0x80,
    issuer: middle,
    ...server,
  });
  return { root, middle, leaf };
}

/** SubjectPublicKeyInfo of any key. */
export function spkiOf(key: KeyObject): Bytes {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
}

const ecdsa = {
  sha256: "1.2.840.10045.4.3.2",
  sha384: "1.2.840.10045.4.3.3",
  sha1: "1.2.840.10045.4.1",
} as const;

const rsa = {
  sha256: "1.2.840.113549.1.1.11",
  sha384: "1.2.840.113549.1.1.12",
  sha1: "1.2.840.113549.1.1.5",
} as const;

function newKeys(type: KeyKind): Keys {
  if (type === "ed25519") return generateKeyPairSync("ed25519");
  if (type === "rsa1024" || type === "rsa2048") {
    return generateKeyPairSync("rsa", { modulusLength: Number(type.slice(3)) });
  }
  return generateKeyPairSync("ec", { namedCurve: type === "p256" ? "P-256" : "P-384" });
}

function distinguishedName(name: string): Bytes {
  if (name === "") return sequence();
  return sequence(setOfOne(sequence(objectIdentifier("2.5.4.3"), utf8String(name))));
}

function extensions(wish: Wish): Bytes[] {
  const list: Bytes[] = [];
  const add = (id: string, critical: boolean, value: Bytes) =>
    list.push(
      critical
        ? sequence(objectIdentifier(id), boolean(true), octetString(value))
        : sequence(objectIdentifier(id), octetString(value)),
    );
  if (wish.ca !== undefined) {
    const length = wish.pathLength === undefined
      ? noBytes
      : unsignedInteger(new Uint8Array([wish.pathLength]));
    add("2.5.29.19", true, wish.ca ? sequence(boolean(true), length) : sequence());
  }
  if (wish.keyUsage !== undefined) {
    add("2.5.29.15", true, bitString(new Uint8Array([wish.keyUsage]), wish.keyUsage === 0x80 ? 7 : 2));
  }
  if (wish.purposes !== undefined) {
    add("2.5.29.37", false, sequence(...wish.purposes.map(objectIdentifier)));
  }
  if (wish.dnsNames !== undefined) {
    add("2.5.29.17", false, sequence(...wish.dnsNames.map((name) => implicit(2, latin1(name)))));
  }
  if (wish.permitted !== undefined || wish.excluded !== undefined) {
    const trees = (names: readonly string[]) => names.map((name) => sequence(implicit(2, latin1(name))));
    const lists: Bytes[] = [];
    if (wish.permitted !== undefined) lists.push(der(0xa0, joined(trees(wish.permitted))));
    if (wish.excluded !== undefined) lists.push(der(0xa1, joined(trees(wish.excluded))));
    add("2.5.29.30", true, sequence(...lists));
  }
  for (const id of wish.critical ?? []) add(id, true, sequence());
  return list.length === 0 ? [] : [explicit(3, sequence(...list))];
}

function joined(values: readonly Bytes[]): Bytes {
  const whole = sequence(...values);
  return whole.slice(whole.length < 0x82 ? 2 : whole[1] === 0x81 ? 3 : 4);
}
