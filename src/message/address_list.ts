/**
 * Lists of addresses in header fields: mailboxes, groups, comments, and what the obsolete syntax and careless
 * senders make of them. RFC 5322 3.4, 4.4, RFC 6532 3.2
 *
 * One pass, no recursion; never throws. Texts are raw, one character for each octet.
 *
 * @module
 */
import { latin1 } from "../base/bytes.ts";
import type { Address } from "../address/address.ts";
import { addressLiteral, normalForm } from "../address/mod.ts";
import { localpartProblem, printLocalpart } from "../address/localpart.ts";
import { decodeUnlabelled } from "./charset.ts";
import { decodeWords } from "./encoded_word.ts";
import { commentEnd, unquote } from "./parameters.ts";

/** More entries of one field are not read, unless a caller asks. */
export const maxAddresses = 5000;

export interface RawMailbox {
  readonly kind: "mailbox";
  /** The phrase, without quotes, encoded words as they are; else the comment behind the address; else null. */
  readonly name: string | null;
  /** `@a,@b`, or null. RFC 5322 4.4 */
  readonly route: string | null;
  /** Without quotes; empty if missing. */
  readonly local: string;
  /** As written; empty if missing. */
  readonly domain: string;
}

export type AddressEntry =
  | RawMailbox
  | { readonly kind: "group"; readonly name: string }
  | { readonly kind: "groupEnd" };

export interface AddressList {
  readonly entries: readonly AddressEntry[];
  /** Whether there were more than the limit. */
  readonly truncated: boolean;
}

/** Reads an unfolded raw value. */
export function parseAddressList(raw: string, limit = maxAddresses): AddressList {
  return new Reader(raw, limit).read();
}

/** The address in normal form, or null where it could not be delivered to. */
export function mailboxAddress(mailbox: RawMailbox): Address | null {
  const local = octetText(mailbox.local).normalize("NFC");
  if (localpartProblem(local) !== null) return null;
  const domain = addressLiteral(mailbox.domain) ?? normalForm(octetText(mailbox.domain));
  return domain === null ? null : { local, domain };
}

/** The display name as people read it, or null. */
export function displayName(mailbox: RawMailbox): string | null {
  return mailbox.name === null ? null : visible(decodeWords(mailbox.name));
}

/** `Name <local@domain>`, with what there is. @param known The mailbox's address, for who has it already. */
export function mailboxText(mailbox: RawMailbox, known = mailboxAddress(mailbox)): string {
  const name = displayName(mailbox);
  const local = known?.local ?? visible(octetText(mailbox.local));
  const domain = known?.domain ?? visible(octetText(mailbox.domain));
  const address = domain === "" ? printLocalpart(local) : `${printLocalpart(local)}@${domain}`;
  return name === null || name === "" ? address : `${name} <${address}>`;
}

/** For display: no control characters. */
function visible(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]+/g, " ").trim();
}

function octetText(raw: string): string {
  return /[^\x00-\x7f]/.test(raw) ? decodeUnlabelled(latin1(raw)) : raw;
}

const space = /[ \t\r\n\x00]+/y;
const atom = /[^\x00\s()<>@,;:\\".[\]]+/y;
const quotedString = /"(?:[^"\\]|\\[^])*"/y;
const domainLiteral = /\[[^[\]\\]*\]/y;

/** Specials end a run of words, everything else is part of one. */
class Reader {
  readonly #raw: string;
  readonly #limit: number;
  #at = 0;
  #entries: AddressEntry[] = [];
  #mailboxes = 0;
  #truncated = false;
  #inGroup = false;
  /** The words since the last special, with a space where there was white space. */
  #phrase = "";
  /** Where in the phrase its last run of words and dots begins: the localpart, if an `@` follows. */
  #runStart = 0;
  #run = "";
  #runEndsInDot = false;
  #spaced = false;
  #comment: string | null = null;
  /** A quoted string was begun that does not end; then none behind it does, and nobody looks again. */
  #quotesEnded = false;

  constructor(raw: string, limit: number) {
    this.#raw = raw;
    this.#limit = limit;
  }

  read(): AddressList {
    while (this.#at < this.#raw.length && !this.#truncated) this.#step();
    this.#finishPhrase();
    if (this.#inGroup) this.#endGroup();
    return { entries: this.#entries, truncated: this.#truncated };
  }

  #step(): void {
    const word = this.#takeWord();
    if (word !== null) return this.#addWord(word);
    const special = this.#raw[this.#at];
    switch (special) {
      case "(":
        return this.#takeComment();
      case "<":
        this.#at++;
        return this.#angle();
      case "@":
        this.#at++;
        return this.#bare();
      case ",":
      case ";":
        this.#at++;
        this.#finishPhrase();
        if (special === ";" && this.#inGroup) this.#endGroup();
        return;
      case ":":
        this.#at++;
        if (this.#inGroup) this.#endGroup();
        this.#add({ kind: "group", name: this.#phrase });
        this.#inGroup = !this.#truncated;
        return this.#reset();
      default:
        if (this.#takeMatch(space) !== null) this.#spaced = true;
        else this.#addWord(this.#raw[this.#at++] ?? ""); // A stray special is text.
    }
  }

  /** An atom, a dot, or a quoted string without its quotes. */
  #takeWord(): string | null {
    const taken = this.#takeMatch(atom);
    if (taken !== null) return taken;
    const next = this.#raw[this.#at];
    if (next === ".") {
      this.#at++;
      return ".";
    }
    const quoted = this.#takeQuoted();
    return quoted === null ? null : unquote(quoted);
  }

  #addWord(word: string): void {
    const joins = word === "." || this.#runEndsInDot;
    if (this.#spaced && this.#phrase !== "") {
      if (!joins) {
        this.#run = "";
        this.#runStart = this.#phrase.length;
      }
      this.#phrase += " ";
    }
    this.#spaced = false;
    this.#phrase += word;
    this.#run += word;
    this.#runEndsInDot = word === ".";
  }

  /** `local@domain` without brackets: what stands in front of the localpart is a name all the same. */
  #bare(): void {
    const name = this.#phrase.slice(0, this.#runStart).trim();
    const local = this.#run;
    this.#reset();
    const domain = this.#domain();
    const behind = this.#takenComment(); // Reading the domain went over it.
    this.#addMailbox(name === "" ? behind : name, null, local, domain);
    this.#skipTo(",;");
  }

  /** `<local@domain>`, with a route in front in old mail. RFC 5322 4.4 */
  #angle(): void {
    const name = this.#phrase === "" ? null : this.#phrase;
    this.#reset();
    let route: string | null = null;
    this.#skipSpace();
    if (this.#raw[this.#at] === "@") {
      const colon = /[^:<>"]*:/y;
      const text = this.#takeMatch(colon);
      if (text !== null) route = text.slice(0, -1).replace(/\s+/g, "");
    }
    let local = "";
    for (;;) {
      this.#skipSpace();
      const word = this.#takeWord();
      if (word === null) break;
      local += word;
    }
    let domain = "";
    if (this.#raw[this.#at] === "@") {
      this.#at++;
      domain = this.#domain();
    }
    this.#skipTo(">,;");
    if (this.#raw[this.#at] === ">") this.#at++;
    this.#comment = null;
    this.#skipSpace();
    const behind = this.#takenComment();
    // `<>` with nothing is no address.
    if (local !== "" || domain !== "" || name !== null) {
      this.#addMailbox(name ?? behind, route, local, domain);
    }
    this.#skipTo(",;");
  }

  #domain(): string {
    let domain = "";
    let endsInDot = true;
    for (;;) {
      this.#skipSpace();
      const literal = this.#raw[this.#at] === "[" ? this.#takeMatch(domainLiteral) : null;
      const piece = literal ?? this.#takeMatch(atom) ?? (this.#raw[this.#at] === "." ? "." : null);
      if (piece === null) return domain;
      // Two words without a dot between them are two things.
      if (piece !== "." && !endsInDot) {
        this.#at -= piece.length;
        return domain;
      }
      if (piece === ".") this.#at++;
      domain += piece;
      endsInDot = piece === ".";
    }
  }

  #addMailbox(name: string | null, route: string | null, local: string, domain: string): void {
    if (this.#mailboxes >= this.#limit) this.#truncated = true;
    else {
      this.#mailboxes++;
      this.#entries.push({ kind: "mailbox", name, route, local, domain });
    }
  }

  #add(entry: AddressEntry): void {
    if (this.#entries.length >= 2 * this.#limit + 2) this.#truncated = true;
    else this.#entries.push(entry);
  }

  /** Words that neither an `@` nor brackets made an address of: a localpart alone. */
  #finishPhrase(): void {
    if (this.#phrase !== "") this.#addMailbox(this.#comment, null, this.#phrase, "");
    this.#reset();
  }

  #endGroup(): void {
    this.#entries.push({ kind: "groupEnd" });
    this.#inGroup = false;
  }

  #reset(): void {
    this.#phrase = this.#run = "";
    this.#runStart = 0;
    this.#spaced = this.#runEndsInDot = false;
    this.#comment = null;
  }

  /** The text of a comment: in old mail it is the name. RFC 5322 A.5 */
  #takeComment(): void {
    const end = commentEnd(this.#raw, this.#at);
    const closed = this.#raw[end - 1] === ")" ? 1 : 0;
    this.#comment = this.#raw.slice(this.#at + 1, end - closed).replace(/\\([^])/g, "$1").trim();
    this.#at = end;
    this.#spaced = true;
  }

  /** The comment that was read last, once. */
  #takenComment(): string | null {
    const comment = this.#comment;
    this.#comment = null;
    return comment === "" ? null : comment;
  }

  /** White space and comments. */
  #skipSpace(): void {
    for (;;) {
      this.#takeMatch(space);
      if (this.#raw[this.#at] !== "(") return;
      this.#takeComment();
    }
  }

  /** Skips what makes no sense, but neither quotes nor comments with a separator in them. */
  #skipTo(stops: string): void {
    while (this.#at < this.#raw.length) {
      if (stops.includes(this.#raw[this.#at] ?? "")) return;
      if (this.#raw[this.#at] === "(") this.#at = commentEnd(this.#raw, this.#at);
      else if (this.#takeQuoted() === null) this.#at++;
    }
  }

  #takeQuoted(): string | null {
    if (this.#quotesEnded || this.#raw[this.#at] !== '"') return null;
    const quoted = this.#takeMatch(quotedString);
    this.#quotesEnded = quoted === null;
    return quoted;
  }

  #takeMatch(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#raw);
    if (match === null) return null;
    this.#at = pattern.lastIndex;
    return match[0];
  }
}
