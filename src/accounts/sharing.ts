/**
 * What accounts share, as the edges see it: who may do what with a mailbox, quotas, annotations. Part of
 * {@link "./mail.ts".Mail}; plain data, as all of it.
 *
 * Tested by `src/accounts/mail_sharing_test.ts`.
 *
 * @module
 */
import type { EntryValue } from "../imap/sharing_command.ts";
import type { QuotaUse } from "../imap/quota.ts";
import type { Methods } from "../rpc/service.ts";

/** One line of an access control list. RFC 4314 2 */
export interface AclEntry {
  /** Name of an account, or `anyone`; with a dash in front where rights are taken away. */
  readonly identifier: string;
  /** Bits of `imap/rights.ts`. */
  readonly rights: number;
}

/** Who is meant: see `AclIdentifier`. Names and login addresses of accounts are known, and `anyone`. */
export interface Grantee {
  readonly name: string;
  readonly negative: boolean;
}

/** What a quota counts, and up to where. RFC 9208 3.2 */
export interface QuotaRoot {
  /** `#user/ann`: everything of an account. */
  readonly root: string;
  readonly bytes: QuotaUse;
  readonly messages: QuotaUse;
}

export interface AnnotationRequest {
  /** 0 for those of the server. */
  readonly mailbox: number;
  /** Lower case. */
  readonly entries: readonly string[];
  /** How many levels below each entry are wanted, too: 0, 1, or Infinity. RFC 5464 4.2.2 */
  readonly depth: number;
  /** Longer values are left out; null for none. */
  readonly maxSize: number | null;
}

export interface Annotations {
  /** Those that there are. */
  readonly values: readonly EntryValue[];
  /** Octets of the longest value that was left out, or 0. RFC 5464 4.2.1 */
  readonly longest: number;
}

/** Why annotations were not set. RFC 5464 4.3 */
export type AnnotationsSet = "set" | "tooLarge" | "tooMany" | "badUse";

/** Of one's own mailbox, this entry is its special uses, with spaces between; `badUse` for others. RFC 6154 4 */
export const specialUseEntry = "/private/specialuse";

/** Most annotations of one mailbox, of the shared ones and of each reader's own; and of the server, of each account's own. */
export const maxAnnotations = 100;

/** Most annotations of one account: those of its mailboxes that are shared, and its own anywhere; and their octets. */
export const maxAccountAnnotations = 10_000;
export const maxAccountAnnotationBytes = 16 * 1024 * 1024;

/** Octets of one annotation's value. */
export const maxAnnotationBytes = 16 * 1024;

/** Most lines of the access control list of one mailbox, and of all mailboxes of an account. */
export const maxAclEntries = 200;
export const maxAccountAclEntries = 5000;

/** Most mailboxes of others that are shown to an account. */
export const maxSharedMailboxes = 5000;

export interface Sharing {
  /** Needs `administer`. The owner comes first. RFC 4314 3.3 */
  acl(request: { mailbox: number }): Promise<readonly AclEntry[]>;
  /**
   * Needs `administer`. Refuses `badName` (no such account) and `tooMany`. The owner keeps `ownersRights` whatever is set.
   * RFC 4314 3.1
   */
  setAcl(
    request: { mailbox: number; grantee: Grantee; mode: "add" | "remove" | "replace"; rights: number },
  ): Promise<void>;
  /** Needs `administer`. The rights that an identifier always has: none but the owner has any. RFC 4314 3.4 */
  rightsAlways(request: { mailbox: number; grantee: Grantee }): Promise<number>;
  /** Tells of changes to these mailboxes of others from now on; those that may not be read are passed over. */
  watch(request: { mailboxes: readonly number[] }): Promise<void>;
  /** The quota that a name falls under: needs `read` if there is such a mailbox. RFC 9208 4.1.2 */
  quotaRoot(request: { name: string }): Promise<QuotaRoot>;
  /** One's own, and of those who let read a mailbox; else `noSuchMailbox`. RFC 9208 4.1.1, 8 */
  quota(request: { root: string }): Promise<QuotaRoot>;
  /** Needs `lookup` and one of `annotatingRights`. RFC 5464 3.3 */
  annotations(request: AnnotationRequest): Promise<Annotations>;
  /** The same, and for shared entries `write`. All or nothing. RFC 5464 4.3 */
  annotate(request: { mailbox: number; values: readonly EntryValue[] }): Promise<AnnotationsSet>;
}

export const sharingMethods = {
  acl: "call",
  setAcl: "call",
  rightsAlways: "call",
  watch: "call",
  quotaRoot: "call",
  quota: "call",
  annotations: "call",
  annotate: "call",
} as const satisfies Methods<Sharing>;
