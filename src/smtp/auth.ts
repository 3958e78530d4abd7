/**
 * AUTH, and the lines of the exchange that follows it. RFC 4954 4
 *
 * Tested by `command_test.ts`.
 *
 * @module
 */
import { base64, type Bytes, fromBase64, noBytes } from "../base/bytes.ts";

/** `AUTH mechanism [initial]`. */
export interface Auth {
  readonly verb: "AUTH";
  /** In upper case. */
  readonly mechanism: string;
  /** Decoded; null if none was sent, which is not the same as an empty one (`=`). RFC 4954 4 */
  readonly initial: Bytes | null;
}

/** Octets of a line of the exchange, with its CRLF. RFC 4954 4 */
export const maxAuthLine = 12_288;

/** Reads what follows the word AUTH. @throws {SyntaxError} 501, also where base64 is wrong. */
export function parseAuth(args: string): Auth {
  const [mechanism = "", initial, ...more] = args.trim().split(" ");
  if (more.length > 0 || !/^[A-Za-z0-9_-]{1,20}$/.test(mechanism)) {
    throw new SyntaxError("AUTH mechanism [initial]");
  }
  return {
    verb: "AUTH",
    mechanism: mechanism.toUpperCase(),
    initial: initial === undefined ? null : initial === "=" ? noBytes : decode(initial),
  };
}

export function printAuth(command: Auth): string {
  const { mechanism, initial } = command;
  if (initial === null) return `AUTH ${mechanism}`;
  return `AUTH ${mechanism} ${initial.length === 0 ? "=" : base64(initial)}`;
}

/** A client's line in the exchange: its response, or null for `*`, with which it gives up. @throws {SyntaxError} 501. */
export function parseAuthResponse(line: string): Bytes | null {
  return line === "*" ? null : decode(line);
}

function decode(text: string): Bytes {
  const bytes = fromBase64(text);
  if (bytes === null) throw new SyntaxError("not base64");
  return bytes;
}
