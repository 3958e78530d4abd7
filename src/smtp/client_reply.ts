/**
 * Reading a server's replies: one or more lines, all with the same code, from octets that come in any pieces.
 * RFC 5321 4.2, RFC 2034 4, RFC 3463 2
 *
 * More than the grammar is read, where nothing is lost by it: a line may end with a bare LF, a last line may end
 * behind its code (RFC 5321 4.2.1 demands that), the second digit may be any (servers have invented 571 and more),
 * and a text may hold anything. What is kept of a text is fit to be shown: control characters and those that change
 * the direction of writing are `?`, and what is not UTF-8 is U+FFFD. Anything else is a {@link ReplyFault}, after
 * which nobody knows which reply belongs to what: the connection is of no use then.
 *
 * @module
 */
import { type Bytes, concat, fromUtf8, noBytes } from "../base/bytes.ts";

/** What a server said. */
export interface ServerReply {
  /** 200 to 599. */
  readonly code: number;
  /** As `5.1.1`; null where there is none, or one of another class than the code. RFC 2034 4 */
  readonly enhanced: string | null;
  /** Without code and enhanced code; at least one. */
  readonly lines: readonly string[];
}

/** Why what came is no reply. `codes`: they differ between lines. */
export type ReplyFault = "lineTooLong" | "tooManyLines" | "tooLong" | "syntax" | "codes";

/** Octets of a line. RFC 5321 4.5.3.1.5 has 512, challenges of AUTH need more (RFC 4954 4). */
export const maxServerLine = 12_288;
/** Lines of a reply; honest EHLO replies have 20. */
export const maxReplyLines = 200;
/** Octets of a reply. */
export const maxReplyOctets = 65_536;

/** What was read so far of the next reply, and what comes behind it. */
export interface ReplyInput {
  readonly rest: Bytes;
  /** So many octets of it hold no LF. */
  readonly scanned: number;
  /** Lines that another one follows. */
  readonly open: { readonly code: number; readonly lines: readonly string[]; readonly octets: number } | null;
}

/** Nothing was read. */
export const noInput: ReplyInput = { rest: noBytes, scanned: 0, open: null };

/** Adds octets; they may be changed by their owner afterwards only if {@link nextReply} has left none of them. */
export function addInput(input: ReplyInput, bytes: Bytes): ReplyInput {
  return { ...input, rest: input.rest.length === 0 ? bytes : concat([input.rest, bytes]) };
}

const LF = 10;
const CR = 13;

/** Takes the next reply, a fault, or null if more has to come; what is left then is a copy. */
export function nextReply(input: ReplyInput): [ReplyInput, ServerReply | ReplyFault | null] {
  const { rest } = input;
  let { scanned, open } = input;
  let at = 0;
  for (;;) {
    const end = rest.indexOf(LF, at + scanned);
    if (end === -1) {
      if (rest.length - at > maxServerLine) return [noInput, "lineTooLong"];
      if (at === rest.length && open === null) return [noInput, null];
      return [{ rest: rest.slice(at), scanned: rest.length - at, open }, null];
    }
    if (end - at > maxServerLine) return [noInput, "lineTooLong"];
    scanned = 0;
    const line = readLine(rest.subarray(at, end > at && rest[end - 1] === CR ? end - 1 : end));
    if (line === null) return [noInput, "syntax"];
    const octets = (open?.octets ?? 0) + end + 1 - at;
    at = end + 1;
    if (open !== null && line.code !== open.code) return [noInput, "codes"]; // RFC 5321 4.2.1
    if (octets > maxReplyOctets) return [noInput, "tooLong"];
    const lines: readonly string[] = open === null ? [line.text] : [...open.lines, line.text];
    if (lines.length > maxReplyLines) return [noInput, "tooManyLines"];
    if (!line.more) return [{ rest: rest.subarray(at), scanned: 0, open: null }, reply(line.code, lines)];
    open = { code: line.code, lines, octets };
  }
}

/** Whether octets came behind the last reply. */
export function hasInput(input: ReplyInput): boolean {
  return input.rest.length > 0 || input.open !== null;
}

function readLine(line: Bytes): { code: number; more: boolean; text: string } | null {
  const match = /^([2-5][0-9][0-9])(?:([ -])(.*))?$/s.exec(fromUtf8(line));
  if (match === null) return null;
  return { code: Number(match[1]), more: match[2] === "-", text: shown(match[3] ?? "") };
}

/** Fit for a log, a page and a DSN. */
function shown(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return text.replaceAll("\t", " ").replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}

function reply(code: number, lines: readonly string[]): ServerReply {
  const enhanced = enhancedOf(code, lines[0] ?? "");
  if (enhanced === null) return { code, enhanced, lines };
  const start = `${enhanced} `;
  return {
    code,
    enhanced,
    lines: lines.map((line) =>
      line.startsWith(start) ? line.slice(start.length) : line === enhanced ? "" : line
    ),
  };
}

/** Its class is the code's. RFC 2034 4, RFC 3463 2 */
function enhancedOf(code: number, text: string): string | null {
  const match = /^([245])\.(?:0|[1-9][0-9]{0,2})\.(?:0|[1-9][0-9]{0,2})(?= |$)/.exec(text);
  return match !== null && Number(match[1]) === Math.floor(code / 100) ? match[0] : null;
}

/** Lines, and characters of all of them, that an outcome keeps of a reply. */
export const maxKeptLines = 20;
export const maxKeptText = 2000;

/** A reply as it is kept with a message: its first lines, as far as they are not too long. */
export function keptReply(reply: ServerReply): ServerReply {
  const lines: string[] = [];
  let room = maxKeptText;
  for (const line of reply.lines.slice(0, maxKeptLines)) {
    if (room === 0) break;
    lines.push(line.slice(0, room).toWellFormed());
    room -= Math.min(room, line.length);
  }
  return { ...reply, lines };
}
