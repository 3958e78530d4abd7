/**
 * URLs of messages and their parts, as CATENATE takes them: relative ones only, to what is in the same account.
 * RFC 5092 11, RFC 4469 3
 *
 * ```text
 * /Lists/foo;UIDVALIDITY=7/;UID=20/;SECTION=1.2.MIME/;PARTIAL=0.1024     from the root
 * bar/;UID=20                          beside the selected mailbox
 * ;UID=20                              in the selected mailbox
 * ```
 *
 * @module
 */
import { fromStrictUtf8, utf8 } from "../base/bytes.ts";
import type { FetchSection } from "./fetch_item.ts";
import { readSectionSpec } from "./fetch.ts";
import { canonicalMailboxName, delimiter } from "./mailbox_name.ts";
import { Scanner } from "./scanner.ts";

/** A message, or a section of it. */
export interface ImapUrl {
  readonly mailbox: string;
  /** Null if any will do. */
  readonly uidValidity: number | null;
  readonly uid: number;
  /** As FETCH would ask for it. */
  readonly section: FetchSection;
}

/** RFC 5092 11: bchar, without what `%` needs behind it. */
const bchars = /^(?:[A-Za-z0-9\-._~!$'()*+,&=:@/]|%[0-9A-Fa-f]{2})+$/;

/**
 * Reads a URL.
 *
 * @param selected The name of the selected mailbox, which relative ones are relative to, or null.
 * @returns Null for whatever is none, is absolute, or does not name a message.
 */
export function parseImapUrl(url: string, selected: string | null): ImapUrl | null {
  // Another server, or scheme. RFC 4469 3, RFC 3986 4.2 (path-noscheme)
  if (url.startsWith("//") || /^[^/;]*:/.test(url)) return null;
  const match =
    /^(.*?)(?:;UIDVALIDITY=([^;/]*)(?=\/))?(\/?);UID=([^;/]*)(?:\/;SECTION=([^;]*?))?(?:\/;PARTIAL=([^;/]*))?$/is
      .exec(url);
  if (match === null) return null;
  const [, path = "", validity, slash, uidText = "", sectionText, partialText] = match;
  const mailbox = mailboxOf(path, slash === "/", validity !== undefined, selected);
  const uidValidity = validity === undefined ? null : nzNumber(validity);
  const uid = nzNumber(uidText);
  const section = sectionOf(sectionText);
  const partial = partialText === undefined ? null : partialOf(partialText);
  if (mailbox === null || uid === null || section === null) return null;
  if (validity !== undefined && uidValidity === null) return null;
  if (partialText !== undefined && partial === null) return null;
  return { mailbox, uidValidity, uid, section: { item: "SECTION", section, peek: true, partial, label: "" } };
}

function mailboxOf(
  path: string,
  slash: boolean,
  hasValidity: boolean,
  selected: string | null,
): string | null {
  if (path === "") return slash || hasValidity ? null : selected; // RFC 5092 9.1: <;UID=20>
  if (!slash || !bchars.test(path)) return null;
  const name = unescape(path);
  if (name === null) return null;
  if (path.startsWith("/")) return canonicalMailboxName(name.slice(1));
  // Beside the last segment of the base. RFC 3986 5.2.3
  const base = selected?.slice(0, selected.lastIndexOf(delimiter) + 1) ?? "";
  return canonicalMailboxName(base + name);
}

/** Octets in UTF-8, some of them as `%C3`; null if they are not UTF-8. RFC 5092 8 */
function unescape(text: string): string | null {
  const octets = utf8(text.replace(/[^\0-\x7f]/g, "\uFFFD"));
  const bytes = new Uint8Array(octets.length);
  let length = 0;
  for (let i = 0; i < octets.length; i++) {
    if (octets[i] === 0x25) {
      bytes[length++] = parseInt(text.slice(i + 1, i + 3), 16);
      i += 2;
    } else bytes[length++] = octets[i] ?? 0;
  }
  return fromStrictUtf8(bytes.subarray(0, length));
}

function sectionOf(text: string | undefined): FetchSection["section"] | null {
  if (text === undefined) return { part: [], text: "ALL", fields: [] };
  const spec = bchars.test(text) ? unescape(text) : null;
  if (spec === null) return null;
  try {
    return readSectionSpec(new Scanner(utf8(spec)));
  } catch {
    return null;
  }
}

/** `0.1024`, or all from `0` on. RFC 5092 11 (partial-range) */
function partialOf(text: string): FetchSection["partial"] {
  const match = /^(\d{1,15})(?:\.(\d{1,15}))?$/.exec(text);
  if (match === null) return null;
  const length = match[2] === undefined ? Number.MAX_SAFE_INTEGER : Number(match[2]);
  return length === 0 ? null : { offset: Number(match[1]), length };
}

function nzNumber(text: string): number | null {
  return /^[1-9]\d{0,9}$/.test(text) && Number(text) <= 0xffff_ffff ? Number(text) : null;
}
