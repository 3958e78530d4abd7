/**
 * APPEND: the mailbox, and for each message flags, date and the announcement of its octets. The octets
 * themselves never come here: `command_reader.ts` hands them on. RFC 9051 6.3.12, RFC 3502, RFC 3516 4.4, RFC 6855 4
 *
 * @module
 */
import type { AppendMessage, ParseMode } from "./command.ts";
import { readDateTime } from "./date_time.ts";
import { noFlags, readFlagList } from "./flag_list.ts";
import { readMailbox } from "./mailbox_name.ts";
import { literalAtEnd, Scanner } from "./scanner.ts";

export type AppendOptions = Pick<AppendMessage, "flags" | "internalDate" | "utf8">;

/**
 * Whether the literal that ends a command's text is a message of APPEND, and not the name of the mailbox.
 *
 * @param text From the tag to the literal's header, without CRLF.
 */
export function isMessageLiteral(text: Uint8Array): boolean {
  const s = new Scanner(text);
  try {
    s.tag();
    s.space();
    if (s.keyword("a command") !== "APPEND") return false;
    s.space();
  } catch {
    return false;
  }
  return s.at !== literalAtEnd(text)?.start;
}

/** Reads from the tag to the first message's literal header, which ends `text`. */
export function appendFirst(
  text: Uint8Array,
  mode: ParseMode,
): { tag: string; mailbox: string; options: AppendOptions } {
  const s = new Scanner(text);
  const tag = s.tag();
  s.space();
  s.expect("APPEND");
  s.space();
  const mailbox = readMailbox(s, mode);
  return { tag, mailbox, options: readOptions(s) };
}

/** Reads what stands between two messages. `utf8`: the one before was sent as `UTF8 (…`. */
export function appendNext(text: Uint8Array, utf8: boolean): AppendOptions {
  const s = new Scanner(text);
  if (utf8) s.expect(")");
  return readOptions(s);
}

/** Reads what follows the last message: nothing, or what closes `UTF8 (…)`. */
export function appendEnd(text: Uint8Array, utf8: boolean): void {
  const s = new Scanner(text);
  if (utf8) s.expect(")");
  s.end();
}

/** ` [(flags) ][date-time ]literal`. RFC 3502 append-opts */
function readOptions(s: Scanner): AppendOptions {
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
  const utf8 = s.take("UTF8 (");
  const literal = literalAtEnd(s.bytes);
  if (literal === null || literal.start !== s.at) throw new SyntaxError("expected the message as a literal");
  if (utf8 && !literal.binary) throw new SyntaxError("expected a literal8"); // RFC 6855 4
  return { flags, internalDate, utf8 };
}
