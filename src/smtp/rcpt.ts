/**
 * RCPT, which names a recipient. RFC 5321 4.1.1.3
 *
 * Tested by `command_test.ts`.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { readNotify, readOrcpt } from "./dsn_parameters.ts";
import { parseParameters, printParameters, UnknownParameter } from "./parameters.ts";
import { printPath } from "../address/mailbox.ts";
import { isAscii } from "../address/domain.ts";
import { parsePath } from "./path.ts";

/** `RCPT TO:<to>`; the domain of `<Postmaster>` is empty. */
export interface Rcpt {
  readonly verb: "RCPT";
  readonly to: Address;
  /** Whether the path was spelt with more than ASCII, which needs SMTPUTF8. RFC 6531 3.4 */
  readonly utf8: boolean;
  /** When the sender wants to be told, as it came. RFC 3461 4.1 */
  readonly notify: string | null;
  /** The recipient as the sender first wrote it, encoded as it came. RFC 3461 4.2 */
  readonly orcpt: string | null;
}

/** Reads what follows the word RCPT, without CRLF. @throws {SyntaxError} 501. @throws {UnknownParameter} 555. */
export function parseRcpt(args: string): Rcpt {
  if (args.slice(0, 3).toUpperCase() !== "TO:") throw new SyntaxError("no TO:");
  const { address, end } = parsePath(args, args[3] === " " ? 4 : 3);
  let notify: string | null = null;
  let orcpt: string | null = null;
  for (const [name, value] of parseParameters(args, end)) {
    if (name === "NOTIFY") notify = readNotify(value);
    else if (name === "ORCPT") orcpt = readOrcpt(value);
    else throw new UnknownParameter(name);
  }
  return { verb: "RCPT", to: address, utf8: !isAscii(args.slice(0, end)), notify, orcpt };
}

export function printRcpt(command: Rcpt): string {
  const { to, notify, orcpt } = command;
  const parameters = new Map<string, string | null>();
  if (notify !== null) parameters.set("NOTIFY", notify);
  if (orcpt !== null) parameters.set("ORCPT", orcpt);
  return `RCPT TO:${printPath(to, command)}${printParameters(parameters)}`;
}
