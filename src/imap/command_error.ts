/**
 * Why a command could not be read. The message may be shown to the peer: it repeats nothing that was sent.
 *
 * Plain {@link SyntaxError} is a tagged BAD without code. Where the grammar is right but what it says cannot
 * be, and a standard names the answer, it is a {@link CommandError}.
 *
 * Tested by `src/imap/search_test.ts`
 *
 * @module
 */

/** Response codes that parsing can give. RFC 9051 7.1, RFC 4469 4.2 (TOOBIG), RFC 5465 5.8, 8, RFC 6154 3 (USEATTR) */
export type CommandErrorCode =
  | "BADCHARSET (US-ASCII UTF-8)"
  | `BADEVENT (${string})`
  | "LIMIT"
  | "NOTIFICATIONOVERFLOW"
  | "TOOBIG"
  | "USEATTR";

/** A syntax error with an answer other than BAD without code. */
export class CommandError extends SyntaxError {
  readonly status: "NO" | "BAD";
  readonly code: CommandErrorCode;
  /** Whether the command was a search whose result was to be saved: nothing is saved then. RFC 5182 2.1 */
  readonly saves: boolean;

  constructor(status: "NO" | "BAD", code: CommandErrorCode, message: string, saves = false) {
    super(message);
    this.status = status;
    this.code = code;
    this.saves = saves;
  }
}
