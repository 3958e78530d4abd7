/**
 * TLSA records: which of them can be used for SMTP, and which of those count. RFC 6698 2, RFC 7671 9, RFC 7672 3.1
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Bytes } from "../base/bytes.ts";
import { printData } from "../dns/rdata_text.ts";
import type { DataByType } from "../dns/record.ts";
import { readCertificate } from "../tls/certificate_fields.ts";
import { inside } from "../tls/der_reader.ts";

export type TlsaData = DataByType["TLSA"];

/** Certificate usages. RFC 7218 2.1 */
export const usages = { pkixTa: 0, pkixEe: 1, daneTa: 2, daneEe: 3 } as const;
/** What of the certificate is compared. RFC 7218 2.2 */
export const selectors = { certificate: 0, publicKey: 1 } as const;
/** How it is compared. RFC 7218 2.3 */
export const matchingTypes = { full: 0, sha256: 1, sha512: 2 } as const;

/** Most records of one name that are looked at. */
export const maxTlsaRecords = 100;

/** Octets of each digest. */
const digestOctets: Readonly<Record<number, number>> = { 1: 32, 2: 64 };

/** A record that counts for nothing. */
export interface UnusableRecord {
  readonly record: TlsaData;
  readonly why: string;
}

/** What is left of a set of records. */
export interface UsableRecords {
  /** Those that a certificate may match: the strongest digest of each usage and selector, and full values. */
  readonly usable: readonly TlsaData[];
  readonly unusable: readonly UnusableRecord[];
}

/** Sorts out what cannot be used, and then what is weaker than need be. RFC 7671 9: in this order. */
export function usableRecords(records: readonly TlsaData[]): UsableRecords {
  const unusable: UnusableRecord[] = [];
  const usable: TlsaData[] = [];
  for (const [i, record] of records.entries()) {
    const why = i < maxTlsaRecords ? problemOf(record) : `there are more than ${maxTlsaRecords} records`;
    if (why === null) usable.push(record);
    else unusable.push({ record, why });
  }
  const isStrongest = (record: TlsaData) =>
    record.matchingType === matchingTypes.full || record.matchingType === strongest(usable, record);
  for (const record of usable) {
    if (!isStrongest(record)) unusable.push({ record, why: "a stronger digest is published beside it" });
  }
  return { usable: usable.filter(isStrongest), unusable };
}

/** Why a record cannot be used, or null. */
export function problemOf({ usage, selector, matchingType, data }: TlsaData): string | null {
  if (usage === usages.pkixTa || usage === usages.pkixEe) {
    return `usage ${usage} asks for public authorities, which mean nothing between mail servers`; // RFC 7672 3.1.3
  }
  if (usage !== usages.daneTa && usage !== usages.daneEe) return `unknown usage ${usage}`;
  if (selector !== selectors.certificate && selector !== selectors.publicKey) {
    return `unknown selector ${selector}`;
  }
  if (matchingType === matchingTypes.full) return fullProblem(selector, data);
  const octets = digestOctets[matchingType];
  if (octets === undefined) return `unknown matching type ${matchingType}`;
  return data.length === octets ? null : `a digest of ${data.length} octets instead of ${octets}`;
}

/** The text of a record's data, as RFC 8460 4.5 wants it in reports. */
export function tlsaText(record: TlsaData): string {
  return printData("TLSA", record);
}

/** What a record with this selector and matching type holds of these octets. */
export function associationOf(octets: Uint8Array, matchingType: number): Bytes {
  switch (matchingType) {
    case matchingTypes.full:
      return octets.slice();
    case matchingTypes.sha256:
      return new Uint8Array(createHash("sha256").update(octets).digest());
    case matchingTypes.sha512:
      return new Uint8Array(createHash("sha512").update(octets).digest());
    default:
      throw new RangeError(`unknown matching type ${matchingType}`);
  }
}

function strongest(records: readonly TlsaData[], { usage, selector }: TlsaData): number {
  const same = records.filter((one) => one.usage === usage && one.selector === selector);
  return Math.max(...same.map((one) => one.matchingType)); // SHA2-512 is 2, SHA2-256 is 1.
}

function fullProblem(selector: number, data: Uint8Array): string | null {
  try {
    if (selector === selectors.certificate) readCertificate(data);
    else inside(data);
    return null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return `its data is no ${
      selector === selectors.certificate ? "certificate" : "public key"
    }: ${error.message}`;
  }
}
