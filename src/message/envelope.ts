/**
 * Reads back what an ENVELOPE says, as far as sorting and lists need it: the subject, and the first mailbox of From, To and
 * Cc. RFC 9051 7.5.2
 *
 * Tested by `src/message/sort_keys_test.ts`.
 *
 * What is no ENVELOPE, or breaks off, gives what stands before that. A group's name is no mailbox: the first of its members
 * is. Texts are raw, one character for each octet.
 *
 * @module
 */
import { fromLatin1 } from "../base/bytes.ts";
import type { RawMailbox } from "./address_list.ts";

/** What is read. */
export interface EnvelopeStart {
  /** As in the header, encoded words and all; empty if there is none. */
  readonly subject: string;
  /** Null if the field names nobody. */
  readonly from: RawMailbox | null;
  readonly to: RawMailbox | null;
  readonly cc: RawMailbox | null;
}

/** Reads the value of ENVELOPE. Never throws. */
export function readEnvelopeStart(envelope: Uint8Array): EnvelopeStart {
  const s = new Reader(envelope);
  s.expect(open);
  s.string(); // Date.
  s.expect(space);
  const subject = s.string() ?? "";
  s.expect(space);
  const from = s.firstMailbox();
  s.expect(space);
  s.firstMailbox(); // Sender.
  s.expect(space);
  s.firstMailbox(); // Reply-To.
  s.expect(space);
  const to = s.firstMailbox();
  s.expect(space);
  return { subject, from, to, cc: s.firstMailbox() };
}

const open = 0x28;
const close = 0x29;
const space = 0x20;
const quote = 0x22;
const backslash = 0x5c;
const brace = 0x7b;

/** A place in the octets; once something is wrong, there is nothing more. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  expect(code: number): void {
    if (this.#bytes[this.#at] === code) this.#at++;
    else this.#at = this.#bytes.length;
  }

  /** A quoted string or literal; null for NIL. */
  string(): string | null {
    const first = this.#bytes[this.#at];
    if (first === quote) return this.#quoted();
    if (first === brace) return this.#literal();
    this.#at += "NIL".length;
    return null;
  }

  /** Of a list of addresses, or NIL; moves past all of it. */
  firstMailbox(): RawMailbox | null {
    if (this.#bytes[this.#at] !== open) {
      this.#at += "NIL".length;
      return null;
    }
    this.#at++;
    let first: RawMailbox | null = null;
    while (this.#bytes[this.#at] === open) {
      this.#at++;
      const name = this.string();
      this.expect(space);
      const route = this.string();
      this.expect(space);
      const local = this.string();
      this.expect(space);
      const domain = this.string();
      this.expect(close);
      // Without a domain it begins or ends a group. RFC 9051 7.5.2
      if (first === null && local !== null && domain !== null) {
        first = { kind: "mailbox", name, route, local, domain };
      }
    }
    this.expect(close);
    return first;
  }

  #quoted(): string {
    const bytes = this.#bytes;
    const start = ++this.#at;
    let escaped = false;
    while (this.#at < bytes.length && bytes[this.#at] !== quote) {
      if (bytes[this.#at] === backslash) {
        escaped = true;
        this.#at++;
      }
      this.#at++;
    }
    const text = fromLatin1(bytes, start, Math.min(this.#at, bytes.length));
    this.#at++;
    return escaped ? text.replace(/\\([^])/g, "$1") : text;
  }

  #literal(): string {
    const bytes = this.#bytes;
    let size = 0;
    for (this.#at++; isDigit(bytes[this.#at]) && size < bytes.length; this.#at++) {
      size = size * 10 + (bytes[this.#at] ?? 0) - 0x30;
    }
    const start = this.#at + "}\r\n".length;
    this.#at = Math.min(start + size, bytes.length);
    return fromLatin1(bytes, start, this.#at);
  }
}

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= 0x30 && code <= 0x39;
}
