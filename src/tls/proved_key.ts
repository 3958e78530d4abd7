/**
 * Whether the runtime checks that who shows a certificate has its key.
 *
 * A certificate is public; what proves that somebody is who it names is a signature in the handshake (RFC 8446 4.4.3,
 * RFC 5246 7.4.3 and 7.4.8). Deno 2.9.6 takes that signature for good, unchecked, where its reader of certificates
 * (rustls-webpki) cannot read one: X.509 versions 1 and 2, and whatever else is not just as it should be. Whoever trusts
 * chains never sees such a certificate, since it is in no chain that could be verified. But whoever goes by the key alone,
 * as DANE does and clients' certificates do, would believe anybody who has put somebody's public key into a broken
 * certificate. So only of certificates that its reader surely reads is anything believed: what is read here is a part of
 * what is read there.
 *
 * @module
 */
import { DerReader, inside, readBoolean, readIdentifier, readSmallInteger, tags } from "./der_reader.ts";

/** Values with longer contents are not read there. */
const maxContentOctets = 0xfffe;

/** Extensions of which the reader looks into the value, to find a sequence. RFC 5280 4.2.1 */
const sequences: ReadonlySet<string> = new Set([
  "2.5.29.17", // subjectAltName
  "2.5.29.19", // basicConstraints
  "2.5.29.30", // nameConstraints
  "2.5.29.31", // cRLDistributionPoints
  "2.5.29.37", // extKeyUsage
]);

/** Whether the handshake with it proved anything. @param der The certificate of whoever is at the other end. */
export function isKeyProved(der: Uint8Array): boolean {
  if (der.length > maxContentOctets) return false;
  try {
    readAsRuntime(der);
    return true;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return false;
  }
}

/** RFC 5280 4.1 */
function readAsRuntime(der: Uint8Array): void {
  const outer = inside(der);
  const r = new DerReader(outer.take(tags.sequence).content);
  outer.take(tags.sequence); // signatureAlgorithm
  readBits(outer);
  outer.end();
  const version = new DerReader(r.take(0xa0).content);
  if (readSmallInteger(version.take(tags.integer).content) !== 2) throw new SyntaxError("not version 3");
  version.end();
  r.take(tags.integer); // serialNumber
  for (let i = 0; i < 4; i++) r.take(tags.sequence); // signature, issuer, validity, subject
  const key = new DerReader(r.take(tags.sequence).content);
  key.take(tags.sequence);
  readBits(key);
  key.end();
  // Unique identifiers, which may stand here, are not read there.
  if (!r.done) readExtensions(r.take(0xa3).content);
  r.end();
}

function readExtensions(wrapped: Uint8Array): void {
  const list = inside(wrapped);
  do {
    const r = new DerReader(list.take(tags.sequence).content);
    const id = readIdentifier(r.take(tags.objectIdentifier).content);
    const critical = r.takeIf(tags.boolean);
    if (critical !== null) readBoolean(critical.content);
    const value = r.take(tags.octetString).content;
    r.end();
    if (sequences.has(id)) inside(value);
  } while (!list.done);
}

/** A bit string of whole octets. */
function readBits(r: DerReader): void {
  if (r.take(tags.bitString).content[0] !== 0) throw new SyntaxError("bits that fill no whole octets");
}
