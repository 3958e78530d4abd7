/**
 * Messages that commands are given: a file, or standard input.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { type Bytes, concat, fromLatin1, latin1, MiB } from "../base/bytes.ts";
import { CommandError } from "./command_error.ts";
import { readProblem } from "./dns/resolver.ts";

/** Of a message that is read whole. */
export const maxMessageBytes = 256 * MiB;

/** Reads a message; `-` is standard input. Bare line feeds become CRLF, as they do on their way over SMTP. */
export async function readMessage(path: string): Promise<Bytes> {
  return (await readMessageFile(path)).message;
}

/** A message, and how the first line of its file ends. */
export interface MessageFile {
  readonly message: Bytes;
  readonly lineEnd: "\r\n" | "\n";
}

/** The same, for what is put in front of the file. */
export async function readMessageFile(path: string): Promise<MessageFile> {
  const bytes = path === "-" ? await readInput() : await Deno.readFile(path).catch((error) => {
    throw new CommandError(`${path} cannot be read: ${readProblem(error)}`);
  });
  if (bytes.length > maxMessageBytes) throw new CommandError(`${path} is larger than 256 MB`);
  const text = fromLatin1(bytes);
  const message = latin1(text.replace(/\r?\n/g, "\r\n"));
  return { message, lineEnd: /^[^\n]*\r\n/.test(text) ? "\r\n" : "\n" };
}

/** All of standard input. @throws {CommandError} If it is too large. */
export async function readInput(): Promise<Bytes> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of Deno.stdin.readable) {
    pieces.push(piece);
    length += piece.length;
    if (length > maxMessageBytes) throw new CommandError("standard input is larger than 256 MB");
  }
  return concat(pieces);
}
