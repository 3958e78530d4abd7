/**
 * Making keys for signing, and the records that publish them. RFC 6376 3.6, RFC 8301 3.2, RFC 8463 4.2
 *
 * @module
 */
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { parseDomain } from "../address/domain.ts";
import { type Bytes, utf8 } from "../base/bytes.ts";
import { printKeyRecord } from "./key_record.ts";
import { algorithmOf } from "./sign.ts";
import { keyName, readSelector } from "./tag_values.ts";

/** RFC 8301 3.2 wants at least this, and every verifier can do it. */
export const generatedRsaBits = 2048;

/** A new private key, as PEM of a PKCS #8 block (RFC 7468 10). RSA takes up to some seconds. */
export function generateKey(type: "rsa" | "ed25519"): string {
  const { privateKey } = type === "rsa"
    ? generateKeyPairSync("rsa", { modulusLength: generatedRsaBits })
    : generateKeyPairSync("ed25519");
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/**
 * The text of the TXT record for a key.
 *
 * @param key Private, as it signs.
 * @throws {TypeError} If DKIM has no use for the key.
 */
export function recordOf(key: KeyObject): string {
  const isRsa = algorithmOf(key) === "rsa-sha256";
  // Whoever takes the private part as it is gets the public one; the types only know the public ones.
  const spki = new Uint8Array(createPublicKey(key).export({ type: "spki", format: "der" }));
  return printKeyRecord({
    keyType: isRsa ? "rsa" : "ed25519",
    // RFC 6376 3.6.1, erratum 3017, and RFC 8463 4.2: the bare 32 octets, which are the last of the structure.
    publicKey: isRsa ? spki : spki.slice(-32),
    hashes: ["sha256"],
    services: ["*"],
    flags: [],
  });
}

/** Longest string in a TXT record. RFC 1035 3.3 */
export const maxStringOctets = 255;

/** The strings of a TXT record that holds the text. RFC 6376 3.6.2.2 */
export function recordStrings(text: string): Bytes[] {
  const octets = utf8(text);
  const strings: Bytes[] = [];
  for (let at = 0; at === 0 || at < octets.length; at += maxStringOctets) {
    strings.push(octets.slice(at, at + maxStringOctets));
  }
  return strings;
}

/**
 * The record as it stands in a zone file. RFC 1035 5.1
 *
 * @param text ASCII, without quotes, backslashes and control characters, as {@link recordOf} makes it.
 * @throws {SyntaxError} If it is not, or there is no such name.
 */
export function zoneRecord(selector: string, domain: string, text: string): string {
  if (/[^\x20-\x7e]|["\\]/.test(text)) throw new SyntaxError("a record that would have to be escaped");
  const strings = text.match(new RegExp(`.{1,${maxStringOctets}}`, "g")) ?? [""];
  const name = keyName(readSelector(selector), parseDomain(domain));
  if (strings.length === 1) return `${name}\tIN\tTXT\t"${strings[0]}"`;
  return `${name}\tIN\tTXT\t(\n${strings.map((one) => `\t\t"${one}"`).join("\n")} )`;
}
