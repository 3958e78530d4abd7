/**
 * Data of records, made up at random, for properties.
 *
 * @module
 */
import fc from "fast-check";
import { printIp } from "../../base/ip_address.ts";
import { nameOfLabels } from "../name.ts";
import type { DataByType, Name, RecordType } from "../record.ts";

const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffffffff);

const octets = (maxLength: number, minLength = 0) =>
  fc.uint8Array({ minLength, maxLength }).map((made) => new Uint8Array(made));

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { noNullPrototype: true });

const label = fc.oneof(
  fc.constantFrom("example", "Mail", "_tcp", "*", "xn--bcher-kva").map((text) =>
    new TextEncoder().encode(text)
  ),
  octets(12, 1),
);

/** Names with plain labels and with any octets. */
export const anyName: fc.Arbitrary<Name> = fc.array(label, { maxLength: 5 }).map(nameOfLabels);

/** Ascending, each once. */
const types = fc.uniqueArray(fc.oneof(fc.nat(70), u16), { maxLength: 12 }).map((list) =>
  list.toSorted((a, b) => a - b)
);

const parameters = fc.uniqueArray(fc.tuple(u16, octets(20)), { maxLength: 4, selector: ([key]) => key })
  .map((list) => list.toSorted(([a], [b]) => a - b));

const makers: { readonly [T in RecordType]: fc.Arbitrary<DataByType[T]> } = {
  A: octets(4, 4).map((bytes) => ({ address: printIp({ version: 4, bytes }) })),
  AAAA: octets(16, 16).map((bytes) => ({ address: printIp({ version: 6, bytes }) })),
  MX: record({ preference: u16, exchange: anyName }),
  TXT: record({ strings: fc.array(octets(255), { minLength: 1, maxLength: 4 }) }),
  PTR: record({ target: anyName }),
  CNAME: record({ target: anyName }),
  DNAME: record({ target: anyName }),
  NS: record({ host: anyName }),
  SRV: record({ priority: u16, weight: u16, port: u16, target: anyName }),
  SOA: record({
    primary: anyName,
    mailbox: anyName,
    serial: u32,
    refresh: u32,
    retry: u32,
    expire: u32,
    minimum: u32,
  }),
  CAA: record({
    critical: fc.boolean(),
    tag: fc.constantFrom("issue", "issuewild", "iodef", "X1"),
    value: octets(40).map((made) => String.fromCharCode(...made)),
  }),
  TLSA: record({ usage: u8, selector: u8, matchingType: u8, data: octets(64) }),
  DS: record({ keyTag: u16, algorithm: u8, digestType: u8, digest: octets(48) }),
  DNSKEY: record({ flags: u16, protocol: u8, algorithm: u8, publicKey: octets(64) }),
  RRSIG: record({
    typeCovered: u16,
    algorithm: u8,
    labels: u8,
    originalTtl: u32,
    expiration: u32,
    inception: u32,
    keyTag: u16,
    signer: anyName,
    signature: octets(64),
  }),
  NSEC: record({ next: anyName, types }),
  NSEC3: record({
    hashAlgorithm: u8,
    flags: u8,
    iterations: u16,
    salt: octets(12),
    nextHash: octets(20, 1),
    types,
  }),
  HTTPS: record({ priority: u16, target: anyName, parameters }),
};

/** Any data of one type, spelt as they are read. */
export function anyData<T extends RecordType>(type: T): fc.Arbitrary<DataByType[T]> {
  return makers[type];
}
