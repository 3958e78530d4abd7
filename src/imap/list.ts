/**
 * LIST with its extensions, and LSUB. RFC 9051 6.3.9, 7.3.1, RFC 5258, RFC 5819, RFC 6154, RFC 8440, RFC 9590,
 * RFC 3501 6.3.9
 *
 * @module
 */
import type { List, ListReturnOption, ListSelectOption, Lsub, ParseMode, StatusItem } from "./command.ts";
import { CommandError } from "./command_error.ts";
import { decodeMailboxPattern, delimiter } from "./mailbox_name.ts";
import { readEntries } from "./metadata.ts";
import type { ResponseWriter } from "./response_writer.ts";
import type { Scanner } from "./scanner.ts";
import { readStatusItems } from "./status.ts";

/** The most patterns of one LIST. */
export const maxListPatterns = 20;

const selectOptions: readonly ListSelectOption[] = ["SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"];
const returnOptions: readonly ListReturnOption[] = ["SUBSCRIBED", "CHILDREN", "SPECIAL-USE", "MYRIGHTS"];

const open = 0x28;

export function parseList(s: Scanner, mode: ParseMode): List {
  s.space();
  const selecting = s.peek() === open;
  const select = selecting ? readSelectOptions(s) : [];
  const reference = decode(s.astringBytes("a reference name"), mode);
  s.space();
  const many = s.peek() === open;
  const written = many ? s.list((s) => readPattern(s, mode), 0) : [readPattern(s, mode)];
  if (written.length > maxListPatterns) throw new CommandError("NO", "LIMIT", "too many patterns");
  // What no name can match is no error, but an answer without lines. RFC 9051 6.3.9
  const patterns = written.flatMap((pattern) =>
    pattern !== null && (reference !== null || pattern === "") ? [pattern] : []
  );
  const returning = !s.atEnd;
  const options: ReturnOptions = returning ? readReturnOptions(s) : noReturnOptions;
  const extended = selecting || many || returning;
  return { verb: "LIST", extended, select, reference: reference ?? "", patterns, ...options };
}

export function parseLsub(s: Scanner, mode: ParseMode): Lsub {
  s.space();
  const reference = decode(s.astringBytes("a reference name"), mode);
  s.space();
  const pattern = readPattern(s, mode);
  const possible = reference !== null || pattern === "";
  return { verb: "LSUB", reference: reference ?? "", pattern: possible ? pattern : null };
}

function readPattern(s: Scanner, mode: ParseMode): string | null {
  return decode(s.listMailboxBytes(), mode);
}

/** Null for what is not modified UTF-7. */
function decode(bytes: Uint8Array, mode: ParseMode): string | null {
  return decodeMailboxPattern(bytes, mode)?.normalize("NFC") ?? null;
}

function readSelectOptions(s: Scanner): ListSelectOption[] {
  const options = s.list((s) => {
    const word = s.keyword("a selection option");
    const option = selectOptions.find((option) => option === word);
    if (option === undefined) throw new SyntaxError("unknown selection option");
    return option;
  }, 0);
  s.space();
  // RECURSIVEMATCH only changes what another option selects. RFC 5258 3.1
  if (options.includes("RECURSIVEMATCH") && !options.some((o) => o === "SUBSCRIBED" || o === "SPECIAL-USE")) {
    throw new SyntaxError("RECURSIVEMATCH needs an option that it can extend");
  }
  return [...new Set(options)];
}

type ReturnOptions = Pick<List, "returns" | "status" | "metadata">;

const noReturnOptions: ReturnOptions = { returns: [], status: null, metadata: null };

function readReturnOptions(s: Scanner): ReturnOptions {
  s.space();
  s.expect("RETURN");
  s.space();
  const returns = new Set<ListReturnOption>();
  let status: StatusItem[] | null = null;
  let metadata: string[] | null = null;
  s.list((s) => {
    const word = s.keyword("a return option");
    const option = returnOptions.find((option) => option === word);
    if (option !== undefined) returns.add(option);
    else if (word === "STATUS") {
      s.space();
      status = readStatusItems(s);
    } else if (word === "METADATA") {
      s.space();
      metadata = readEntries(s); // RFC 9590 5
    } else throw new SyntaxError("unknown return option");
  }, 0);
  return { returns: [...returns], status, metadata };
}

/** One line of the answer to LIST or LSUB. */
export interface ListResponse {
  /** As `\HasChildren`, `\Subscribed`, `\Sent`. */
  readonly attributes: readonly string[];
  /** In Unicode; `""` as answer to the question for the delimiter. */
  readonly mailbox: string;
  /** Selection options that children fulfil. RFC 5258 3.5 */
  readonly childInfo?: readonly ListSelectOption[];
  /** The name asked for, where it is told under another one. RFC 9051 6.3.9.7 */
  readonly oldName?: string;
}

/** `* LIST (\HasNoChildren) "/" name` */
export function writeList(w: ResponseWriter, line: ListResponse, verb: "LIST" | "LSUB" = "LIST"): void {
  w.ascii(`* ${verb} (${line.attributes.join(" ")}) "${delimiter}" `).mailbox(line.mailbox);
  const { childInfo, oldName } = line;
  if (childInfo !== undefined || oldName !== undefined) {
    w.ascii(" (");
    if (childInfo !== undefined) {
      w.ascii(`"CHILDINFO" (${childInfo.map((option) => `"${option}"`).join(" ")})`);
    }
    if (oldName !== undefined) {
      w.ascii(childInfo === undefined ? `"OLDNAME" (` : ` "OLDNAME" (`).mailbox(oldName).ascii(")");
    }
    w.ascii(")");
  }
  w.ascii("\r\n");
}
