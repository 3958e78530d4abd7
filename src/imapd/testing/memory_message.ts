/**
 * A message as the twin keeps it.
 *
 * @module
 */
import type { Bytes } from "../../base/bytes.ts";
import type { MessageIndex } from "../../message/message_index.ts";

/** A message in a mailbox; `email` stays the same when it is copied or moved. */
export interface MemoryMessage {
  readonly uid: number;
  modseq: number;
  bits: number;
  keywords: readonly string[];
  readonly internalDate: number;
  readonly saveDate: number;
  readonly email: MemoryEmail;
}

export interface MemoryEmail {
  readonly emailId: string;
  readonly threadId: string;
  readonly prefix: Bytes;
  readonly body: Bytes;
  readonly index: MessageIndex;
  /** Set by a test: what the disk gives back is not what was stored. */
  damaged: boolean;
}
