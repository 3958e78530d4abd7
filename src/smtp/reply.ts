/**
 * Replies: a code, often an enhanced code, and words. RFC 5321 4.2, RFC 2034 4, RFC 3463
 *
 * @module
 */

/** What a server says. */
export interface Reply {
  /** 200 to 599. */
  readonly code: number;
  /** As `5.1.1`; null where none is allowed: greeting, EHLO, 3xx (RFC 2034 4). */
  readonly enhanced: string | null;
  /** One text, or the lines of a list (EHLO, HELP); control and non-ASCII characters are shown as `?`. */
  readonly text: string | readonly string[];
}

/** Octets of a reply line without its CRLF. RFC 5321 4.5.3.1.5 */
export const maxReplyLine = 510;

/** A reply as bytes go: each line with CRLF, all but the last with a hyphen; long texts continue on a next line. */
export function printReply(reply: Reply): string {
  const { code, enhanced, text } = reply;
  const start = enhanced === null ? "" : `${enhanced} `;
  const room = maxReplyLine - 4 - start.length;
  if (typeof text === "string" && text.length <= room && isPlain(text)) return `${code} ${start}${text}\r\n`;
  const lines: string[] = [];
  for (const line of typeof text === "string" ? [text] : text) {
    if (line.length <= room && isPlain(line)) lines.push(line);
    else lines.push(...wrapped(plain(line), room));
  }
  let printed = "";
  for (let i = 0; i < lines.length - 1; i++) printed += `${code}-${start}${lines[i]}\r\n`;
  return `${printed}${code} ${start}${lines.at(-1) ?? ""}\r\n`;
}

/** Space to tilde: what a reply may be made of. RFC 5321 4.2 */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

function plain(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}

/** Pieces of at most `room` characters, broken at a space where there is one not too far back. */
function wrapped(text: string, room: number): string[] {
  const lines: string[] = [];
  while (text.length > room) {
    const space = text.lastIndexOf(" ", room);
    const at = space > room / 2 ? space : room;
    lines.push(text.slice(0, at));
    text = text.slice(text[at] === " " ? at + 1 : at);
  }
  lines.push(text);
  return lines;
}
