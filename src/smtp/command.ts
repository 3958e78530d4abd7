/**
 * Command lines: a word, and what each verb's own file reads behind it. RFC 5321 4.1.1
 *
 * @module
 */
import { fromStrictUtf8, fromUtf8 } from "../base/bytes.ts";
import { type Auth, parseAuth, printAuth } from "./auth.ts";
import { type Bdat, parseBdat, printBdat } from "./bdat.ts";
import { type Data, parseData, printData } from "./data.ts";
import { type Ehlo, parseEhlo, printEhlo } from "./ehlo.ts";
import { type Expn, parseExpn, printExpn } from "./expn.ts";
import { type Help, parseHelp, printHelp } from "./help.ts";
import { type Mail, parseMail, printMail } from "./mail.ts";
import { type Noop, parseNoop, printNoop } from "./noop.ts";
import { parseQuit, printQuit, type Quit } from "./quit.ts";
import { parseRcpt, printRcpt, type Rcpt } from "./rcpt.ts";
import { parseRset, printRset, type Rset } from "./rset.ts";
import { parseStartTls, printStartTls, type StartTls } from "./starttls.ts";
import { parseVrfy, printVrfy, type Vrfy } from "./vrfy.ts";

/** Every command that this server knows. */
export type Command =
  | Ehlo
  | Mail
  | Rcpt
  | Data
  | Bdat
  | Rset
  | Noop
  | Quit
  | Vrfy
  | Expn
  | Help
  | StartTls
  | Auth;

export type Verb = Command["verb"];

/** A word that is no command. */
export class UnknownCommand extends SyntaxError {
  override readonly name = "UnknownCommand";
}

/** How each verb reads its arguments, and how it is written. */
const grammar: { readonly [V in Verb]: (args: string) => Command } = {
  EHLO: (args) => parseEhlo("EHLO", args),
  HELO: (args) => parseEhlo("HELO", args),
  MAIL: parseMail,
  RCPT: parseRcpt,
  DATA: parseData,
  BDAT: parseBdat,
  RSET: parseRset,
  NOOP: parseNoop,
  QUIT: parseQuit,
  VRFY: parseVrfy,
  EXPN: parseExpn,
  HELP: parseHelp,
  STARTTLS: parseStartTls,
  AUTH: parseAuth,
};

/** Words, as HELP lists them. */
export const verbs = Object.keys(grammar) as readonly Verb[];

/** The verb of a line, or null if it begins with no word that is known. Case does not matter. RFC 5321 2.4 */
export function verbOf(line: string): Verb | null {
  const space = line.indexOf(" ");
  const word = (space === -1 ? line : line.slice(0, space)).toUpperCase();
  return Object.hasOwn(grammar, word) ? word as Verb : null;
}

/**
 * Reads a line without its CRLF.
 *
 * @throws {UnknownCommand} 500. @throws {UnknownParameter} 555. @throws {SyntaxError} 501.
 */
export function parseCommand(line: string): Command {
  const verb = verbOf(line);
  if (verb === null) throw new UnknownCommand("no such command");
  return grammar[verb](line.slice(verb.length + 1));
}

/** The line, without CRLF. */
export function printCommand(command: Command): string {
  switch (command.verb) {
    case "EHLO":
    case "HELO":
      return printEhlo(command);
    case "MAIL":
      return printMail(command);
    case "RCPT":
      return printRcpt(command);
    case "DATA":
      return printData(command);
    case "BDAT":
      return printBdat(command);
    case "RSET":
      return printRset(command);
    case "NOOP":
      return printNoop(command);
    case "QUIT":
      return printQuit(command);
    case "VRFY":
      return printVrfy(command);
    case "EXPN":
      return printExpn(command);
    case "HELP":
      return printHelp(command);
    case "STARTTLS":
      return printStartTls(command);
    case "AUTH":
      return printAuth(command);
  }
}

/** A line as text, or null if it holds a control character or is not UTF-8. RFC 5321 4.1.2, RFC 6531 3.3 */
export function lineText(line: Uint8Array): string | null {
  let ascii = true;
  for (let i = 0; i < line.length; i++) {
    const byte = line[i] ?? 0;
    if (byte < 0x20 && byte !== 9 || byte === 0x7f) return null;
    if (byte > 0x7f) ascii = false;
  }
  return ascii ? fromUtf8(line) : fromStrictUtf8(line);
}

/**
 * Whether a line is a web browser's (or a script's that was told to talk to us by one). Its next lines would be
 * chosen by a stranger, so nothing more is read of it.
 */
export function isHttp(line: string): boolean {
  return /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|CONNECT|TRACE|PATCH|PRI) /i.test(line) ||
    /^(?:Host|User-Agent|Content-Length):/i.test(line);
}
