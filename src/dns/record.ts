/**
 * DNS records as values: what a name, a type and the data of each type look like everywhere in this program.
 * RFC 1035, RFC 1034 3.6; each type cites its own.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";

/**
 * A domain name in presentation form: absolute, with its final dot, A-labels only, letters as they came off the
 * wire; the root is `.`. A dot or backslash inside a label is `\.` or `\\`, octets outside of printable ASCII are
 * `\DDD`. RFC 1035 5.1. Compare with `sameName()` of `name.ts`, never with `===`.
 */
export type Name = string;

/** The data of a record, by the name of its type. */
export interface DataByType {
  /** RFC 1035 3.4.1; dotted decimal. */
  readonly A: { readonly address: string };
  /** RFC 3596; in the form of RFC 5952. */
  readonly AAAA: { readonly address: string };
  /** RFC 1035 3.3.9; `.` as exchange is the null MX of RFC 7505. */
  readonly MX: { readonly preference: number; readonly exchange: Name };
  /** RFC 1035 3.3.14: character strings, octets as they are; SPF, DKIM and others join them. */
  readonly TXT: { readonly strings: readonly Bytes[] };
  /** RFC 1035 3.3.12. */
  readonly PTR: { readonly target: Name };
  /** RFC 1035 3.3.1. */
  readonly CNAME: { readonly target: Name };
  /** RFC 6672 2. */
  readonly DNAME: { readonly target: Name };
  /** RFC 1035 3.3.11. */
  readonly NS: { readonly host: Name };
  /** RFC 2782. */
  readonly SRV: {
    readonly priority: number;
    readonly weight: number;
    readonly port: number;
    readonly target: Name;
  };
  /** RFC 1035 3.3.13; times in seconds. */
  readonly SOA: {
    readonly primary: Name;
    readonly mailbox: Name;
    readonly serial: number;
    readonly refresh: number;
    readonly retry: number;
    readonly expire: number;
    readonly minimum: number;
  };
  /** RFC 8659 4. */
  readonly CAA: { readonly critical: boolean; readonly tag: string; readonly value: string };
  /** RFC 6698 2.1. */
  readonly TLSA: {
    readonly usage: number;
    readonly selector: number;
    readonly matchingType: number;
    readonly data: Bytes;
  };
  /** RFC 4034 5.1. */
  readonly DS: {
    readonly keyTag: number;
    readonly algorithm: number;
    readonly digestType: number;
    readonly digest: Bytes;
  };
  /** RFC 4034 2.1. */
  readonly DNSKEY: {
    readonly flags: number;
    readonly protocol: number;
    readonly algorithm: number;
    readonly publicKey: Bytes;
  };
  /** RFC 4034 3.1; times in seconds since 1970 modulo 2^32. */
  readonly RRSIG: {
    readonly typeCovered: number;
    readonly algorithm: number;
    readonly labels: number;
    readonly originalTtl: number;
    readonly expiration: number;
    readonly inception: number;
    readonly keyTag: number;
    readonly signer: Name;
    readonly signature: Bytes;
  };
  /** RFC 4034 4.1; types by number. */
  readonly NSEC: { readonly next: Name; readonly types: readonly number[] };
  /** RFC 5155 3.2; types by number. */
  readonly NSEC3: {
    readonly hashAlgorithm: number;
    readonly flags: number;
    readonly iterations: number;
    readonly salt: Bytes;
    readonly nextHash: Bytes;
    readonly types: readonly number[];
  };
  /** RFC 9460 9: the parameters as key number and value, uninterpreted. */
  readonly HTTPS: {
    readonly priority: number;
    readonly target: Name;
    readonly parameters: readonly (readonly [key: number, value: Bytes])[];
  };
}

/** Every type that this program asks for or reads. */
export type RecordType = keyof DataByType;

/** The numbers of the types. RFC 6895 3.1 and each type's own. */
export const typeNumbers = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  DNAME: 39,
  DS: 43,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  NSEC3: 50,
  TLSA: 52,
  HTTPS: 65,
  CAA: 257,
} as const satisfies Record<RecordType, number>;
