/**
 * The tables of `mail.sqlite` and the meaning of each column.
 *
 * Times are milliseconds since 1970. Truth values are 0 or 1 (SQLite binds no booleans). Row ids are never
 * shown outside: outside stand object ids, 128 random bits in base64url. They are never used twice, but for those of
 * bodies, of which only the newest, once deleted, may give its number away. What belongs to an account has a
 * key that begins with `account_id`. `migrations.ts` makes what is described here.
 *
 * A delivered message adds to the ends of `messages`, `emails`, `bodies` and `deliveries`, and changes the rows of its
 * account and mailbox; none of its index entries falls just anywhere. Each page that a commit touches is written to the
 * log as a whole, and that is most of what a commit costs.
 *
 * @module
 */
import type { Generated } from "kysely";
import type { Bytes } from "../base/bytes.ts";
import type { QueueTables } from "./queue_schema.ts";

/**
 * Facts about the whole store: `schema`, `created`, `commit` (no change has a higher number, see `writer.ts`),
 * `message_ids` (the last email that is in that table for certain), `email_ids` (no email has a higher row id, see
 * `email_ids.ts`).
 */
export interface MetaTable {
  name: string;
  value: number;
}

/** Settings of the whole server (`account_id` 0) or of one account. */
export interface SettingsTable {
  account_id: number;
  name: string;
  value: string;
}

export interface AccountsTable {
  id: Generated<number>;
  object_id: string;
  /** Unique; what a person signs in with beside an address. */
  name: string;
  /** The last MODSEQ given to a change; grows only. RFC 7162 3.1 */
  modseq: number;
  /** The last UIDVALIDITY given to a mailbox; grows only, so that no name ever meets an old one. */
  uid_validity: number;
  /** Octets (prefix and body) of all messages that are not expunged. */
  bytes: number;
  /** The quota for `bytes`, or null for none. */
  max_bytes: number | null;
  /** Messages that are not expunged, in all mailboxes, and the quota for them; null for none. */
  messages: Generated<number>;
  max_messages: number | null;
  /** Why signing in is refused, in the administrator's words; null if it is not. Deliveries go on. */
  login_disabled: string | null;
  created: number;
}

/** Which account and mailbox an address delivers to. Unique by domain and local part. */
export interface AddressesTable {
  id: Generated<number>;
  account_id: number;
  /** As the domain's settings make it (lower case, NFC, what follows the separator cut off); empty for the catch-all. */
  local: string;
  /** U-labels, lower case. */
  domain: string;
  /** Name of the mailbox for its mail; made when it is missing. */
  mailbox: string;
}

/**
 * Secrets of an account and what else lets somebody in. Unique by account, kind and name; found by kind and
 * name as well (a certificate's fingerprint).
 */
export interface CredentialsTable {
  id: Generated<number>;
  account_id: number;
  /** `password`, `scramSha256`, `scramSha1`, `cramMd5`, `certificate`: whatever the authenticator says. */
  kind: string;
  /** Empty, or what tells several of a kind apart. */
  name: string;
  /** JSON. */
  data: string;
  created: number;
}

export interface MailboxesTable {
  id: Generated<number>;
  account_id: number;
  object_id: string;
  /** Unique in the account. Unicode in NFC, levels separated by `/`; the inbox is `Inbox`. */
  name: string;
  /** Special uses as RFC 6154 spells them, joined by spaces; empty for none. One mailbox has each use at most. */
  special_use: string;
  uid_validity: number;
  /** The UID of the next message; grows only. RFC 9051 2.3.1.1 */
  uid_next: number;
  /** MODSEQ of the newest change to the mailbox or to a message in it, expunging included. */
  highest_modseq: number;
  /** MODSEQ at which the mailbox was made. */
  createseq: number;
  /** Changes after this MODSEQ are all still known; what was expunged at or before it may be forgotten. */
  history_from: number;
  /** First UID of which no session has been told as \Recent. RFC 3501 2.3.2 */
  recent_uid: number;
  /** Messages that are not expunged; of these, without \Seen; with \Deleted. */
  messages: number;
  unseen: number;
  deleted: number;
  /** Octets of all messages, and of those with \Deleted. */
  bytes: number;
  deleted_bytes: number;
}

/** Every keyword (beside the well-known ones, which are bits) used in a mailbox since it was made. */
export interface MailboxKeywordsTable {
  account_id: number;
  mailbox_id: number;
  keyword: string;
}

/** Names subscribed to, whether or not there is such a mailbox. RFC 9051 6.3.7 */
export interface SubscriptionsTable {
  account_id: number;
  name: string;
}

/**
 * Who may do what with a mailbox, clustered by (account_id, mailbox_id, grantee_id, negative). RFC 4314 2. A mailbox
 * without rows is its owner's alone. An index finds what is shared with somebody by `grantee_id`.
 */
export interface MailboxRightsTable {
  /** The owner. */
  account_id: number;
  mailbox_id: number;
  /** An account, which may be gone; 0 for everybody who signs in. */
  grantee_id: number;
  /** 1: the rights are taken away. */
  negative: number;
  /** Bits of `imap/rights.ts`. */
  rights: number;
}

/**
 * Annotations, clustered by (account_id, mailbox_id, private, entry). RFC 5464 3. An index finds those of a mailbox.
 */
export interface AnnotationsTable {
  /** Whose they are: of shared ones the mailbox's owner, of private ones who reads them. */
  account_id: number;
  /** 0 for those of the server. */
  mailbox_id: number;
  private: number;
  /** In lower case, with `/private/` or `/shared/` in front. */
  entry: string;
  value: Bytes;
}

/**
 * Where emails are: one small row for each message in a mailbox, clustered by (account_id, mailbox_id, uid),
 * which makes SELECT and FETCH of flags one walk through neighbouring pages. `createseq` ascends with the UID, so the
 * same walk, from its end, finds what is new. What else changed (`modseq` above `createseq`) an index answers,
 * (account_id, mailbox_id, modseq), in which messages that were never changed are not.
 *
 * The row of an expunged message stays for QRESYNC, with `email_id` and `size` 0 and no keywords, until the
 * mailbox's history is cut off.
 */
export interface MessagesTable {
  account_id: number;
  mailbox_id: number;
  uid: number;
  /** Row of `emails`; 0 once expunged. */
  email_id: number;
  /** MODSEQ of the last change of its flags, or of its expunging. */
  modseq: number;
  /** MODSEQ at which it came into this mailbox. */
  createseq: number;
  /** Flags, as in `imap/flags.ts`. */
  bits: number;
  /** Keywords, lower case, ascending, joined by spaces; usually empty. */
  keywords: string;
  /** Octets, prefix included; as `emails.size`. */
  size: number;
  /** INTERNALDATE. RFC 9051 2.3.3 */
  internal_date: number;
  /** When it came into this mailbox (RFC 8514); of an expunged one, when it went. */
  save_date: number;
  expunged: number;
}

/**
 * What an account received, once however many mailboxes it is copied to. Immutable but for `copies`.
 *
 * Narrow columns first: SQLite reads a row from its beginning, and wide values lie on other pages.
 */
export interface EmailsTable {
  id: Generated<number>;
  account_id: number;
  /** EMAILID. RFC 8474 5.1 */
  object_id: string;
  /** Row of the first email of its thread, which may be gone; null in that email itself. */
  thread_id: number | null;
  /** THREADID, the same in all emails of a thread. RFC 8474 5.2 */
  thread_object_id: string;
  body_id: number;
  /** Whether other emails may have the same body: an index finds those by it. */
  body_shared: number;
  /** Messages (not expunged) that are this email; at 0 the row is deleted by whoever took the last one. */
  copies: number;
  /** Octets of prefix and body. */
  size: number;
  /** The mailbox that it first came to, which may be gone. For threads and reputation. */
  original_mailbox_id: number;
  /** When it first came: the internal date of the first message. */
  received: number;
  /** `hashId` of the Message-ID, and of the direct parent while no such email is known: see `threads.ts`. */
  message_id_hash: number | null;
  missing_parent_hash: number | null;
  /** Bits: 1 the subject is a reply's, 2 a report, 4 UTF-8 in headers, 8 octets above 127 in the body. */
  traits: number;
  /** `MessageIndex.version` it was indexed with. */
  parse_version: number;
  base_subject: string;
  /** `MessageIndex.fromAddress`. */
  from_address: string | null;
  preview: string;
  /** Trace fields in front of the body, each line with CRLF; usually a few hundred octets. */
  prefix: Bytes;
  /** Ready for FETCH. */
  envelope: Bytes;
  body: Bytes;
  body_structure: Bytes;
  /** `MessageIndex.root`, as `part_table.ts` writes it. Offsets are the body's: without the prefix. */
  parts: Bytes;
  /** `MessageIndex.problems`, one a line. */
  problems: string;
  /** What was found out of it when it came, encoded as `evidence/evidence.ts` does; null for what clients stored. */
  evidence: Bytes | null;
  /**
   * Header of the body with only the fields that clients ask for in lists (`message/header_fields.ts`), and the empty line.
   * Null where it is long, where the body is a file, and for what came before there was this column.
   */
  common_header: Bytes | null;
}

/**
 * What SEARCH, SORT and THREAD ask of an email, clustered by account and email: see `email_fields.ts`. Texts are folded as
 * `message/casemap.ts` does.
 */
export interface EmailFieldsTable {
  account_id: number;
  email_id: number;
  /** The Date field, or null. */
  sent: number | null;
  /** `hashId` of `emails.base_subject`; null if that is empty. */
  base_subject_hash: number | null;
  /** 1 if the subject says that it answers or forwards. RFC 5256 3 */
  is_reply: number;
  subject: string;
  from_text: string;
  to_text: string;
  cc_text: string;
  bcc_text: string;
  /** The base subject; null where it is the same as the subject. */
  sort_subject: string | null;
  /** `message/sort_keys.ts` */
  sort_from: string;
  sort_to: string;
  sort_cc: string;
  display_from: string;
  display_to: string;
  /** Without angle brackets, or null; not folded. */
  message_id: string | null;
  /** References oldest first, joined by spaces (a message id holds none); not folded. */
  refs: string;
}

/** What was sent, byte for byte, shared by every email that has it (each recipient of one delivery). */
export interface BodiesTable {
  id: Generated<number>;
  size: number;
  /** In hex. */
  sha256: string;
  /** 1: the bytes are a file named by `sha256`; one row for each such file. 0: they are in `bytes`. */
  in_file: number;
  /** SHA-256 of each MB, one after the other; empty where there is only one, which `sha256` covers. */
  blocks: Bytes;
  bytes: Bytes | null;
}

/** Emails by the hash of their Message-ID; the newest are missing, see `message_ids.ts`. */
export interface MessageIdsTable {
  account_id: number;
  hash: number;
  email_id: number;
}

/** Bodies that were found to be damaged, by a read or by the scrub. */
export interface DamagedTable {
  body_id: number;
  /** When it was found. */
  found: number;
  /** What is wrong, in words. */
  what: string;
}

/** Answers to deliveries of the last day, clustered by id. */
export interface DeliveriesTable {
  /** The 16 bytes of `Incoming.deliveryId`. Those of one time lie together: see `newDeliveryId`. */
  delivery_id: Bytes;
  at: number;
  /** What became of each recipient, in words: see `delivery_answer.ts`. */
  answer: string;
}

/** Recipients that an account has written to, one row for each message and recipient. For outgoing limits. */
export interface RecipientsTable {
  id: Generated<number>;
  account_id: number;
  /** Lower case, as `local@domain`. */
  address: string;
  sent: number;
  /** 1: the account had never written to it before. */
  first: Generated<number>;
}

/** Work with a due time. */
export interface JobsTable {
  id: Generated<number>;
  /** 0 if it belongs to no account. */
  account_id: number;
  kind: string;
  /** JSON. */
  payload: string;
  due: number;
  attempts: number;
  /** Until when somebody holds it; 0 if nobody does. */
  leased_until: number;
  created: number;
}

/** Every table. */
export interface Tables extends QueueTables {
  meta: MetaTable;
  settings: SettingsTable;
  accounts: AccountsTable;
  addresses: AddressesTable;
  credentials: CredentialsTable;
  mailboxes: MailboxesTable;
  mailbox_keywords: MailboxKeywordsTable;
  subscriptions: SubscriptionsTable;
  mailbox_rights: MailboxRightsTable;
  annotations: AnnotationsTable;
  messages: MessagesTable;
  emails: EmailsTable;
  email_fields: EmailFieldsTable;
  message_ids: MessageIdsTable;
  bodies: BodiesTable;
  damaged: DamagedTable;
  deliveries: DeliveriesTable;
  recipients: RecipientsTable;
  jobs: JobsTable;
}
