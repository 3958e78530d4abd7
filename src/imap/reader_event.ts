/**
 * What the command reader tells its owner, one event after the other.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import type { AppendMessage, TaggedCommand } from "./command.ts";
import type { CommandErrorCode } from "./command_error.ts";

export type ReaderEvent =
  /** A literal of a command begins, which the reader collects. If `sync`, send `+` now. */
  | { readonly kind: "literal"; readonly size: number; readonly sync: boolean }
  /**
   * A message of APPEND or REPLACE is announced. Call `acceptMessage()` (and, if `sync`, send `+`), or answer the command
   * with NO or BAD and call `refuse()`. Of one that is put together (`size` is null), parts and URLs follow instead.
   */
  | {
    readonly kind: "message";
    readonly tag: string;
    readonly message: AppendMessage;
    readonly sync: boolean;
  }
  /** A part of a message is announced: as a message itself. RFC 4469 */
  | { readonly kind: "part"; readonly size: number; readonly binary: boolean; readonly sync: boolean }
  /** A part that is to be taken from elsewhere; it may be refused. RFC 4469 */
  | { readonly kind: "url"; readonly url: string }
  /** The next octets of an accepted message or part: some of what was pushed, not a copy. */
  | { readonly kind: "data"; readonly bytes: Bytes }
  /** The accepted message is complete. More may follow; the command itself comes last. */
  | { readonly kind: "messageEnd" }
  | ({ readonly kind: "command" } & TaggedCommand)
  /** What `expectLine()` asked for, without CRLF; its own memory. */
  | { readonly kind: "line"; readonly bytes: Bytes }
  | ReaderError;

/** Answer `TAG STATUS [CODE] text`, with `*` for the tag if it could not be read (RFC 9051 7.1.3). */
export interface ReaderError {
  readonly kind: "error";
  readonly tag: string | null;
  /** The command's name in upper case if it could be read, known or not. */
  readonly verb: string | null;
  readonly status: "NO" | "BAD";
  readonly code: CommandErrorCode | null;
  /** Whether the saved result of SEARCH becomes empty. RFC 5182 2.1 */
  readonly saves: boolean;
  /** May be shown to the peer. */
  readonly text: string;
  /** Whether nothing more can be read: say BYE instead, and close. */
  readonly fatal: boolean;
}
