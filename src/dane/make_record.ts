/**
 * Makes the TLSA record of a certificate or key, for whoever publishes one. RFC 6698 2.1, RFC 7671 5.1
 *
 * @module
 */
import { createPublicKey } from "node:crypto";
import { type Bytes, fromBase64 } from "../base/bytes.ts";
import { readCertificate } from "../tls/certificate_fields.ts";
import { associationOf, matchingTypes, selectors, type TlsaData, usages } from "./records.ts";

/** What is to be published: a certificate (DER), or only the public key (SubjectPublicKeyInfo, DER). */
export type Published =
  | { readonly kind: "certificate"; readonly der: Bytes }
  | { readonly kind: "publicKey"; readonly der: Bytes };

/** Most characters of a PEM file. */
export const maxPemLength = 256 * 1024;

/**
 * Makes a record.
 *
 * @throws {RangeError} If usage, selector or matching type is none, or a key alone is to stand for a certificate.
 * @throws {SyntaxError} If the certificate cannot be read.
 */
export function makeRecord(
  kind: Pick<TlsaData, "usage" | "selector" | "matchingType">,
  published: Published,
): TlsaData {
  const { usage, selector, matchingType } = kind;
  const known = (numbers: object, n: number) => Object.values(numbers).includes(n);
  if (!known(usages, usage)) throw new RangeError(`unknown usage ${usage}`);
  if (!known(selectors, selector)) throw new RangeError(`unknown selector ${selector}`);
  if (!known(matchingTypes, matchingType)) throw new RangeError(`unknown matching type ${matchingType}`);
  return { usage, selector, matchingType, data: associationOf(selected(selector, published), matchingType) };
}

/**
 * Reads a PEM file: a certificate (the first, if there are several), a public key, or a private key, of which only the
 * public part is taken.
 *
 * @throws {SyntaxError} If it is none of these.
 */
export function readPublished(pem: string): Published {
  if (pem.length > maxPemLength) throw new SyntaxError("a file that is too large");
  const block = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/.exec(pem);
  if (block !== null) {
    const der = fromBase64((block[1] ?? "").replace(/\s+/g, ""));
    if (der === null) throw new SyntaxError("a certificate that is no base64");
    readCertificate(der);
    return { kind: "certificate", der };
  }
  try {
    const der = createPublicKey(pem).export({ type: "spki", format: "der" });
    return { kind: "publicKey", der: new Uint8Array(der) };
  } catch (error) {
    throw new SyntaxError("neither a certificate nor a key that can be read", { cause: error });
  }
}

function selected(selector: number, { kind, der }: Published): Uint8Array {
  if (kind === "certificate") {
    return selector === selectors.certificate ? der : readCertificate(der).publicKey;
  }
  if (selector === selectors.certificate) {
    throw new RangeError("selector 0 needs a certificate, not a key alone");
  }
  return der;
}
