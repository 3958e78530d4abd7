/**
 * Whether a certificate is what a TLSA record holds. RFC 6698 2.1
 *
 * Tested by `src/dane/verify_test.ts`
 *
 * @module
 */
import { equalBytes } from "../base/bytes.ts";
import { maxCertificateOctets } from "../tls/certificate_fields.ts";
import { DerReader, tags } from "../tls/der_reader.ts";
import { associationOf, selectors, type TlsaData } from "./records.ts";

/** Whether it is; what that says depends on the record's usage. @param der The certificate. */
export function matches(record: TlsaData, der: Uint8Array): boolean {
  const octets = record.selector === selectors.certificate ? der : publicKeyOf(der);
  return octets !== null && equalBytes(associationOf(octets, record.matchingType), record.data);
}

/**
 * SubjectPublicKeyInfo, read without asking the rest to make sense: DANE-EE relies on nothing else, and servers have
 * certificates of all kinds. RFC 5280 4.1
 */
function publicKeyOf(der: Uint8Array): Uint8Array | null {
  if (der.length > maxCertificateOctets) return null;
  try {
    const whole = new DerReader(der).take(tags.sequence);
    const r = new DerReader(new DerReader(whole.content).take(tags.sequence).content);
    r.takeIf(0xa0); // version
    r.take(tags.integer); // serialNumber
    for (let i = 0; i < 4; i++) r.take(tags.sequence); // signature, issuer, validity, subject
    return r.take(tags.sequence).whole;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}
