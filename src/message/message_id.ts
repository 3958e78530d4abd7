/**
 * Message identifiers, as threads compare them. RFC 5322 3.6.4, RFC 5256 3
 *
 * @module
 */
import { latin1 } from "../base/bytes.ts";
import { decodeUnlabelled } from "./charset.ts";
import { maxReferences } from "./message_index.ts";

/** Longer ones are no identifiers: nobody's index should hold them. RFC 5322 2.1.1 */
export const maxMessageIdLength = 998;

/**
 * The first identifier in a raw, unfolded value, without brackets; null if there is none. One without brackets
 * counts too if it stands alone.
 */
export function firstMessageId(raw: string): string | null {
  for (const id of bracketed(raw)) return id;
  const bare = raw.trim();
  return bare.length <= maxMessageIdLength && /^[^\s<>@]+@[^\s<>@]+$/.test(bare) ? plain(bare) : null;
}

/** The identifiers in a raw, unfolded value, oldest first, each once; the newest {@link maxReferences}. */
export function messageIds(raw: string): string[] {
  const ids = new Set<string>();
  for (const id of bracketed(raw)) {
    // Named again, it is newer than it seemed.
    ids.delete(id);
    ids.add(id);
    if (ids.size > maxReferences) {
      for (const oldest of ids) {
        ids.delete(oldest);
        break;
      }
    }
  }
  return [...ids];
}

/** As octets: what may stand between the parts of an identifier and means nothing, and what may not stand there at all. */
const blanks = /[\x00-\x20\x7f]+/g;

function* bracketed(raw: string): Generator<string> {
  for (let at = raw.indexOf("<"); at !== -1;) {
    const end = raw.indexOf(">", at);
    if (end === -1) return;
    // "<<a@b>": the last opening bracket before the closing one counts.
    const inner = raw.slice(raw.lastIndexOf("<", end) + 1, end);
    if (inner.length <= maxMessageIdLength) {
      // Comments are obsolete here and mean nothing. RFC 5322 4.5.4
      const id = plain(inner.replace(/\([^()"]*\)/g, "").replace(blanks, ""));
      if (id !== "") yield id;
    }
    at = raw.indexOf("<", end);
  }
}

/** RFC 5256 3: quoting that is not needed makes no other identifier. */
function plain(id: string): string {
  const unquoted = /^"((?:[^"\\]|\\.)*)"(@[^]*)$/.exec(id);
  const text = unquoted === null ? id : (unquoted[1] ?? "").replace(/\\(.)/g, "$1") + (unquoted[2] ?? "");
  // Also what only now can be seen to be blank: identifiers are kept joined by spaces.
  return (/[^\x00-\x7f]/.test(text) ? decodeUnlabelled(latin1(text)) : text).replace(/[\s\0]+/g, "");
}
