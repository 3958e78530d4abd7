/**
 * What a line from the peer is to the session: a command, a response in an AUTH exchange, or a fault.
 *
 * @module
 */
import type { AuthStep } from "../accounts/authenticator.ts";
import { type Bytes, fromLatin1 } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { parseAuthResponse } from "../smtp/auth.ts";
import { isHttp, lineText, parseCommand, UnknownCommand, verbOf } from "../smtp/command.ts";
import { UnknownParameter } from "../smtp/parameters.ts";
import type { Event } from "../smtp/session_state.ts";
import type { BadLine } from "./line_reader.ts";
import { authReplies, replyFor } from "./replies.ts";

/** A line where a command is in order. */
export function commandEvent(line: Bytes | BadLine, now: Millis): Event {
  if (typeof line === "string") return { kind: "badLine", fault: line, verb: null };
  const text = lineText(line);
  if (text === null) return { kind: "badLine", fault: "text", verb: null };
  try {
    return { kind: "command", command: parseCommand(text), now };
  } catch (error) {
    return { kind: "badLine", fault: faultOf(error, text), verb: verbOf(text) };
  }
}

/** A line as the log may show it: without credentials. */
export function shownLine(line: Bytes | BadLine): string {
  if (typeof line === "string") return `(${line})`;
  const text = fromLatin1(line);
  return /^auth/i.test(text) ? "AUTH ***" : text;
}

function faultOf(error: unknown, text: string): "http" | "unknown" | "parameter" | "syntax" {
  if (error instanceof UnknownCommand) return isHttp(text) ? "http" : "unknown";
  if (error instanceof UnknownParameter) return "parameter";
  if (error instanceof SyntaxError) return "syntax";
  throw error;
}

/** What the authenticator said. */
export function authEvent(answer: AuthStep): Event {
  switch (answer.kind) {
    case "challenge":
      return { kind: "challenged", exchange: answer.exchange, challenge: answer.challenge };
    case "success":
      return { kind: "signedIn", success: answer };
    case "failure": {
      const reply = replyFor(answer.reason, authReplies);
      const told = answer.text === null ? reply : { ...reply, text: answer.text };
      return { kind: "notSignedIn", reply: told, guessed: guesses.has(answer.reason) };
    }
  }
}

/** Reasons that a guesser hears; the others are our trouble, or a program's fault. */
const guesses: ReadonlySet<string> = new Set(["badCredentials", "rateLimited"]);

/** A line in an AUTH exchange; null for `*`. */
export function authResponse(line: Bytes | BadLine): Bytes | null | "malformed" | "tooLong" {
  if (typeof line === "string") return "tooLong"; // Where the next line begins is unknown in both cases.
  try {
    return parseAuthResponse(fromLatin1(line));
  } catch (error) {
    if (error instanceof SyntaxError) return "malformed";
    throw error;
  }
}
