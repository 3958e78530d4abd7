/**
 * Commands of ACL (RFC 4314), QUOTA (RFC 9208) and METADATA (RFC 5464), as they are after parsing: part of
 * {@link "./command.ts".Command}.
 *
 * Tested by `src/imap/acl_test.ts`.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";

/** RFC 4314 3.1 */
export interface SetAcl {
  readonly verb: "SETACL";
  readonly mailbox: string;
  readonly identifier: AclIdentifier;
  /** Whether the rights are added to those there are, taken from them, or take their place. */
  readonly mode: "add" | "remove" | "replace";
  /** Bits of `rights.ts`. */
  readonly rights: number;
}

/** RFC 4314 3.2, 3.4 */
export interface AclQuery {
  readonly verb: "DELETEACL" | "LISTRIGHTS";
  readonly mailbox: string;
  readonly identifier: AclIdentifier;
}

/** Who is meant by an entry of an access control list. RFC 4314 2 */
export interface AclIdentifier {
  /** As it was sent: LISTRIGHTS tells it again. RFC 4314 3.4 */
  readonly written: string;
  /** Prepared, without the dash; `anyone` is everybody. */
  readonly name: string;
  /** It began with a dash: rights are taken away. */
  readonly negative: boolean;
}

/** RFC 4314 3.3, 3.5, RFC 9208 4.1.2 */
export interface SharingQuery {
  readonly verb: "GETACL" | "MYRIGHTS" | "GETQUOTAROOT";
  readonly mailbox: string;
}

/** RFC 9208 4.1.1, 4.1.3 */
export interface Quota {
  readonly verb: "GETQUOTA" | "SETQUOTA";
  readonly root: string;
}

/** RFC 5464 4.2 */
export interface GetMetadata {
  readonly verb: "GETMETADATA";
  /** Null for the server's own annotations. */
  readonly mailbox: string | null;
  /** Lower case, each once. */
  readonly entries: readonly string[];
  /** Longer values are not told, in octets; null for any. RFC 5464 4.2.1 */
  readonly maxSize: number | null;
  /** How many levels below each entry. RFC 5464 4.2.2 */
  readonly depth: MetadataDepth;
}

export type MetadataDepth = 0 | 1 | typeof Infinity;

/** RFC 5464 4.3 */
export interface SetMetadata {
  readonly verb: "SETMETADATA";
  readonly mailbox: string | null;
  /** Each entry once; null takes the entry away. */
  readonly values: readonly EntryValue[];
}

/** An annotation: its name in lower case, its octets. */
export type EntryValue = readonly [entry: string, value: Bytes | null];

export type SharingCommand = SetAcl | AclQuery | SharingQuery | Quota | GetMetadata | SetMetadata;
