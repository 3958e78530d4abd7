/**
 * APPEND and REPLACE: the mailbox, and for each message flags, date and the announcement of its octets, or the parts that it
 * is put together from. The octets themselves never come here: `command_reader.ts` hands them on.
 * RFC 9051 6.3.12, RFC 3502, RFC 3516 4.4, RFC 4469 5, RFC 6855 4, RFC 8508 5
 *
 * Such a command is read line by line, as a line ends in a literal that has to be let in before the rest can be known:
 *
 * ```text
 * a APPEND box (\Seen) CATENATE (URL "/x/;UID=1" TEXT {5}     a message, a URL, and a part announced
 * hello URL "/y/;UID=2")                                      a URL, the end of the message, and of the command
 * ```
 *
 * @module
 */
import type { AppendMessage, ParseMode, SequenceSet } from "./command.ts";
import { readDateTime } from "./date_time.ts";
import { noFlags, readFlagList } from "./flag_list.ts";
import { readMailbox } from "./mailbox_name.ts";
import { literalAtEnd, type LiteralHeader, Scanner } from "./scanner.ts";
import { star } from "./sequence_set.ts";

export type AppendOptions = Pick<AppendMessage, "flags" | "internalDate" | "utf8"> & {
  /** Put together from parts: CATENATE. RFC 4469 */
  readonly catenated: boolean;
};

/** The most parts of all messages of one command; each costs a question to the store. */
export const maxCatenatedParts = 1000;
/** The longest URL: what a mailbox name of the longest kind takes when it is escaped, and more. */
export const maxUrlLength = 8000;

/** What the command is about. */
export interface AppendHead {
  readonly tag: string;
  readonly mailbox: string;
  readonly replaces: AppendMessage["replaces"];
}

/** What a line says, in order. */
export type AppendPiece =
  | { readonly piece: "message"; readonly options: AppendOptions }
  | { readonly piece: "url"; readonly url: string }
  | { readonly piece: "end" };

/** What the literal is whose header ends a line; `command`: there is none. A URL's literal is read like other arguments. */
export type AppendLiteral = "message" | "part" | "url" | "command";

/** What is read next: behind the head, behind a message's or a part's octets (`utf8`: in parentheses), or at a part. */
export type AppendPlace =
  | "options"
  | "message"
  | "utf8 message"
  | "behind part"
  | "behind utf8 part"
  | "part";

export interface AppendLine {
  readonly pieces: readonly AppendPiece[];
  readonly literal: AppendLiteral;
  /** From where the next line is read. */
  readonly place: AppendPlace;
  /** For a URL's literal: where the part begins that is not yet read. */
  readonly from: number;
}

/**
 * Whether a line is of a command that brings messages, and the mailbox is complete: not where its own literal is to come.
 *
 * @param text From the tag on, without the last CRLF.
 */
export function isAppend(text: Uint8Array): boolean {
  const s = new Scanner(text);
  const literal = literalAtEnd(text);
  try {
    s.tag();
    s.space();
    const uid = s.take("UID ");
    const verb = s.keyword("a command");
    if (verb !== "REPLACE" && (verb !== "APPEND" || uid)) return false;
    if (s.atEnd) return false;
    s.space();
    if (verb === "APPEND") return s.at !== literal?.start;
  } catch {
    return false;
  }
  try {
    readSequenceNumber(s);
    s.space();
    return s.at !== literal?.start;
  } catch {
    return true; // Whatever is wrong will be told.
  }
}

/** Reads from the tag to the mailbox; what follows begins where the scanner then is. */
export function readAppendHead(s: Scanner, mode: ParseMode): AppendHead {
  const tag = s.tag();
  s.space();
  const uid = s.take("UID ");
  let replaces: AppendHead["replaces"] = null;
  if (s.keyword("a command") === "REPLACE") {
    s.space();
    replaces = { uid, set: readSequenceNumber(s) };
  }
  s.space();
  return { tag, mailbox: readMailbox(s, mode), replaces };
}

/** One number, or `*`. RFC 8508 5 */
function readSequenceNumber(s: Scanner): SequenceSet {
  const number = s.take("*") ? star : s.nzNumber();
  return { ranges: [number, number], saved: false };
}

/** Reads a line, or what is left of it, up to its end or the literal's header that ends it. */
export function readAppendLine(s: Scanner, place: AppendPlace, many: boolean): AppendLine {
  const literal = literalAtEnd(s.bytes);
  const line = new Line(s, literal, many);
  switch (place) {
    case "utf8 message":
      s.expect(")");
      return line.behindMessage();
    case "message":
      return line.behindMessage();
    case "options":
      return line.options();
    case "behind utf8 part":
      s.expect(")");
      return line.behindPart();
    case "behind part":
      return line.behindPart();
    case "part":
      return line.part();
  }
}

class Line {
  readonly #s: Scanner;
  readonly #literal: LiteralHeader | null;
  /** Whether there may be several messages. RFC 8508 4.7 */
  readonly #many: boolean;
  readonly #pieces: AppendPiece[] = [];

  constructor(s: Scanner, literal: LiteralHeader | null, many: boolean) {
    this.#s = s;
    this.#literal = literal;
    this.#many = many;
  }

  /** A message is complete. */
  behindMessage(): AppendLine {
    this.#pieces.push({ piece: "end" });
    if (this.#many && !this.#s.atEnd) return this.options();
    this.#s.end();
    return this.#ends("command", "message");
  }

  /** ` [(flags) ][date-time ]append-data`. RFC 3502 append-opts, RFC 4466 append-data */
  options(): AppendLine {
    const s = this.#s;
    s.space();
    let flags = noFlags;
    let internalDate: number | null = null;
    if (s.peek() === 0x28) {
      flags = readFlagList(s);
      s.space();
    }
    if (s.peek() === 0x22) {
      internalDate = readDateTime(s);
      s.space();
    }
    const catenated = s.take("CATENATE (");
    const utf8 = !catenated && s.take("UTF8 (");
    this.#pieces.push({ piece: "message", options: { flags, internalDate, utf8, catenated } });
    if (catenated) return this.part();
    this.#announced("the message", utf8);
    return this.#ends("message", utf8 ? "utf8 message" : "message");
  }

  /** RFC 4469 5 (cat-part), RFC 6855 4 */
  part(): AppendLine {
    const s = this.#s;
    const from = s.at;
    if (s.take("TEXT ")) {
      this.#announced("the part", false);
      return this.#ends("part", "behind part");
    }
    if (s.take("UTF8 (")) {
      this.#announced("the part", true);
      return this.#ends("part", "behind utf8 part");
    }
    s.expect("URL ");
    if (this.#literal?.start === s.at) return this.#ends("url", "part", from);
    const url = s.astring("a URL");
    if (url.length > maxUrlLength) throw new SyntaxError("URL too long");
    this.#pieces.push({ piece: "url", url });
    return this.behindPart();
  }

  behindPart(): AppendLine {
    if (this.#s.take(" ")) return this.part();
    this.#s.expect(")");
    return this.behindMessage();
  }

  #announced(what: string, literal8: boolean): void {
    const literal = this.#literal;
    if (literal === null || literal.start !== this.#s.at) {
      throw new SyntaxError(`expected ${what} as a literal`);
    }
    if (literal8 && !literal.binary) throw new SyntaxError("expected a literal8"); // RFC 6855 4
  }

  #ends(literal: AppendLiteral, place: AppendPlace, from = 0): AppendLine {
    return { pieces: this.#pieces, literal, place, from };
  }
}
