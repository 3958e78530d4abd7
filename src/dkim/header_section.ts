/**
 * A header section as signatures see it: fields found from the bottom up, and the text that is hashed.
 * RFC 6376 3.4.1, 3.4.2, 3.7, 5.4.2
 *
 * Lines end in CRLF: nothing is mended here.
 *
 * @module
 */
import { type Bytes, fromLatin1, latin1, utf8 } from "../base/bytes.ts";
import { asciiLower } from "../base/scanner.ts";
import { fieldsOf, type HeaderField } from "../message/headers.ts";
import type { Canonicalization, SigningTags } from "./signature.ts";
import type { TagList } from "./tag_list.ts";

/** A header section, read once for all that is signed in it. */
export class HeaderSection {
  /** One character for each octet. */
  readonly text: string;
  /** Whether there were more fields than are read. */
  readonly truncated: boolean;
  readonly #byName = new Map<string, HeaderField[]>();

  /** @param maxFields More are not read; then `truncated` is set. */
  constructor(header: Uint8Array, maxFields = Infinity) {
    this.text = fromLatin1(header);
    let count = 0;
    for (const field of fieldsOf(this.text)) {
      if (count++ >= maxFields) break;
      const name = asciiLower(field.name);
      const same = this.#byName.get(name);
      if (same === undefined) this.#byName.set(name, [field]);
      else same.push(field);
    }
    this.truncated = count > maxFields;
  }

  /** All fields of that name, from the top. @param name In lower case. */
  all(name: string): readonly HeaderField[] {
    return this.#byName.get(name) ?? [];
  }

  /**
   * The fields that `h=` names: of several the last, then the one above it (RFC 6376 5.4.2). A name for which
   * no field is left adds nothing, so that a field added later is noticed (5.4).
   *
   * @param names In lower case.
   * @param except The signature field itself, which never counts (3.5).
   */
  select(names: readonly string[], except: HeaderField | null = null): HeaderField[] {
    const left = new Map<string, number>();
    const selected: HeaderField[] = [];
    for (const name of names) {
      const same = this.all(name);
      let at = (left.get(name) ?? same.length) - 1;
      if (at >= 0 && same[at] === except) at--;
      left.set(name, Math.max(at, 0));
      const field = same[at];
      if (field !== undefined) selected.push(field);
    }
    return selected;
  }

  /** A field as it is hashed, its line end included. */
  canonical(field: HeaderField, form: Canonicalization): string {
    if (form === "relaxed") return `${relaxedField(field.name, field.value)}\r\n`;
    const text = this.text.slice(field.start, field.end);
    return text.endsWith("\r\n") ? text : `${text}\r\n`;
  }

  /**
   * A signature field as it is hashed for itself: without the value of `b=`, without line end. RFC 6376 3.7
   *
   * @param tags Of the field's value as it stands there.
   */
  canonicalSignature(field: HeaderField, tags: TagList, form: Canonicalization): string {
    const b = tags.get("b");
    const value = b === undefined ? field.value : field.value.slice(0, b.start) + field.value.slice(b.end);
    if (form === "relaxed") return relaxedField(field.name, value);
    const colon = this.text.indexOf(":", field.start);
    return this.text.slice(field.start, colon + 1) + value;
  }

  /** What is hashed for a signature: the fields that it names, and the signature's own field. RFC 6376 3.7 */
  signedText(signing: SigningTags, field: HeaderField, tags: TagList): string {
    const form = signing.headerCanonicalization;
    let text = "";
    for (const one of this.select(signing.signedFields, field)) text += this.canonical(one, form);
    return text + this.canonicalSignature(field, tags, form);
  }
}

/** `name:value` in the relaxed form, without line end. RFC 6376 3.4.2 */
export function relaxedField(name: string, value: string): string {
  let text = value.includes("\r\n") ? value.replaceAll("\r\n", "") : value;
  if (/\t| {2}/.test(text)) text = text.replace(/[ \t]+/g, " ");
  const start = text.startsWith(" ") ? 1 : 0;
  const end = text.length - (text.endsWith(" ") && text.length > start ? 1 : 0);
  return `${asciiLower(name)}:${text.slice(start, end)}`;
}

/** The octets of a text of one character each. */
export function octetsOf(text: string): Bytes {
  return /[^\x00-\x7f]/.test(text) ? latin1(text) : utf8(text);
}
