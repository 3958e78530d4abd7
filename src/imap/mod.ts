/**
 * IMAP's grammar, without sockets: a server's reader and parser of commands, and its writer of responses.
 * RFC 9051, RFC 3501 and extensions.
 *
 * @module
 */
export { anyone, changeableFlags, writeAcl, writeListRights, writeMyRights } from "./acl.ts";
export * from "./command.ts";
export * from "./fetch_item.ts";
export * from "./notify_set.ts";
export { CommandError, type CommandErrorCode } from "./command_error.ts";
export { CommandReader, defaultLimits, type ReaderLimits, strangerLimits } from "./command_reader.ts";
export { formatDate, formatDateTime } from "./date_time.ts";
export { formatFlags } from "./flag_list.ts";
export { flagBits, type Flags } from "./flags.ts";
export { writeId } from "./id.ts";
export { type ListResponse, writeList } from "./list.ts";
export { compileListPattern, type NameMatcher } from "./list_pattern.ts";
export { canonicalMailboxName, encodeMailboxName, mailboxNameProblem } from "./mailbox_name.ts";
export { writeMetadata, writeMetadataChanged } from "./metadata.ts";
export { decodeMutf7, encodeMutf7 } from "./mutf7.ts";
export { parseCommand } from "./parse_command.ts";
export { type QuotaUse, writeQuota, writeQuotaRoot } from "./quota.ts";
export * from "./response.ts";
export { ResponseWriter } from "./response_writer.ts";
export { allRights, formatRights, parseRights, right } from "./rights.ts";
export { resolveSearch, type SearchScope } from "./search.ts";
export { type Esearch, type ResultChange, writeEsearch, writeSearch, writeThread } from "./search_answer.ts";
export type { ReaderError, ReaderEvent } from "./reader_event.ts";
export type { Ranges, SearchKey } from "./search_key.ts";
export type { SortCriterion, SortKey, ThreadAlgorithm } from "./sort_key.ts";
export * from "./sharing_command.ts";
export { formatRanges, rangesOf, resolveSequence, selectNumbers, star } from "./sequence_set.ts";
export { type StatusValue, writeStatus } from "./status.ts";
