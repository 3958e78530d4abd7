/**
 * How a program that calls sendmail learns what became of its message: the codes of BSD's sysexits.h, as sendmail has them.
 *
 * Tested by `src/cli/sendmail/submit_test.ts`.
 *
 * @module
 */
import type { Address } from "../../address/address.ts";
import type { Outcome } from "../../smtp/client_state.ts";

export const exitCodes = {
  /** Called wrongly. */
  usage: 64,
  /** The message cannot be sent as it is. */
  data: 65,
  /** The server knows a recipient not, or does not take mail for it. */
  noUser: 67,
  /** The server's name is not known. */
  noHost: 68,
  /** The server said no, for good. */
  unavailable: 69,
  /** A fault of this program. */
  software: 70,
  /** Nothing can be written where failures are kept. */
  cannotCreate: 73,
  /** It may work later. */
  temporary: 75,
  /** The server does not let us in. */
  noPermission: 77,
  /** The configuration is not there, or wrong. */
  config: 78,
} as const;

/** What follows from an outcome that is no success. */
export function exitCodeOf({ verdict, cause, step }: Outcome): number {
  // The session has these as temporary, since a person can mend them: here the person is who called.
  if (cause === "credentials" || cause === "noMechanism") return exitCodes.noPermission;
  if (verdict === "temporary") return exitCodes.temporary;
  if (step === "rcpt") return exitCodes.noUser;
  const isMessages = cause === "tooLarge" || cause === "noEightBit" || cause === "noSmtpUtf8";
  return isMessages || step === "end" || step === "chunk" ? exitCodes.data : exitCodes.unavailable;
}

/** A failure with its code. `message` is for people. */
export class SendFailure extends Error {
  override readonly name = "SendFailure";
  readonly code: number;
  /** Whom it concerns; null: everybody. */
  readonly recipients: readonly Address[] | null;

  constructor(code: number, message: string, recipients: readonly Address[] | null = null) {
    super(message);
    this.code = code;
    this.recipients = recipients;
  }
}
