/**
 * RCPT, which names a recipient. RFC 5321 4.1.1.3
 *
 * Tested by `command_test.ts`.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { parseParameters, UnknownParameter } from "./parameters.ts";
import { printPath } from "../address/mailbox.ts";
import { isAscii } from "../address/domain.ts";
import { parsePath } from "./path.ts";

/** `RCPT TO:<to>`; the domain of `<Postmaster>` is empty. No parameter is known: DSN is not offered. */
export interface Rcpt {
  readonly verb: "RCPT";
  readonly to: Address;
  /** Whether the path was spelt with more than ASCII, which needs SMTPUTF8. RFC 6531 3.4 */
  readonly utf8: boolean;
}

/** Reads what follows the word RCPT, without CRLF. @throws {SyntaxError} 501. @throws {UnknownParameter} 555. */
export function parseRcpt(args: string): Rcpt {
  if (args.slice(0, 3).toUpperCase() !== "TO:") throw new SyntaxError("no TO:");
  const { address, end } = parsePath(args, args[3] === " " ? 4 : 3);
  for (const name of parseParameters(args, end).keys()) throw new UnknownParameter(name);
  return { verb: "RCPT", to: address, utf8: !isAscii(args.slice(0, end)) };
}

export function printRcpt(command: Rcpt): string {
  return `RCPT TO:${printPath(command.to, command)}`;
}
