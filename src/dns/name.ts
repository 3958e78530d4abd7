/**
 * Domain names: text, wire form, order. RFC 1035 3.1, 4.1.4, 5.1; RFC 4034 6.1, 6.2; RFC 4343
 *
 * A {@link Name} spells each octet in exactly one way (a letter is never `\097`), so that two names are the same
 * if their texts are, apart from the case of ASCII letters. Everything here relies on that, and gives only such
 * names. A label may hold any octet (RFC 2181 11): what is a host name is decided elsewhere.
 *
 * @module
 */
import { asciiDomain, normalForm } from "../address/domain.ts";
import { type Bytes, concat } from "../base/bytes.ts";
import { Scanner } from "../base/scanner.ts";
import type { Name } from "./record.ts";

/** Of a whole name on the wire, length octets and root included. RFC 1035 2.3.4 */
export const maxNameOctets = 255;

/** Of one label. RFC 1035 2.3.4 */
export const maxLabelOctets = 63;

/** Of one name: it has at most 127 labels, and nobody needs more than a pointer for each. */
export const maxPointers = 127;

/** The longest text that is read: each octet as `\DDD`, and a dot for each label. */
export const maxNameCharacters = 4 * maxNameOctets;

/** The usual name, which is its own spelling: short labels of letters, digits, hyphens and underscores. */
const plainName = /^(?:[A-Za-z0-9_-]{1,63}\.)+$/;

/** The root, whose name has no labels. */
export const root: Name = ".";

/**
 * Reads an absolute name. A label outside of ASCII is a U-label and becomes its A-label (UTS 46), and so may not
 * have escapes.
 *
 * @throws {SyntaxError} If the final dot is missing, a label is empty or too long, an escape is wrong, or a
 * U-label breaks the rules of IDNA.
 */
export function nameFromText(text: string): Name {
  if (text.length < maxNameOctets && plainName.test(text)) return text;
  if (text === ".") return root;
  if (text.length > maxNameCharacters) throw new SyntaxError("a domain name that is too long");
  const s = new Scanner(text);
  const labels: Uint8Array[] = [];
  while (!s.done) {
    labels.push(takeLabel(s));
    if (!s.take(".")) s.fail("expected the dot that ends a label");
  }
  if (labels.length === 0) s.fail("expected a domain name");
  return nameOfLabels(labels);
}

/** The name with these labels. @throws {SyntaxError} If one of them, or all together, are too long, or one is empty. */
export function nameOfLabels(labels: readonly Uint8Array[]): Name {
  let text = "";
  let octets = 1;
  for (const label of labels) {
    if (label.length === 0 || label.length > maxLabelOctets) throw new SyntaxError("a label of wrong length");
    octets += 1 + label.length;
    text += `${labelText(label, 0, label.length)}.`;
  }
  if (octets > maxNameOctets) throw new SyntaxError("a domain name that is too long");
  return text === "" ? root : text;
}

/** A name as people read it: U-labels where it is a domain, and without the final dot, but for the root. */
export function nameForPeople(name: Name): string {
  if (name === root) return name;
  const text = name.slice(0, -1);
  return /(?:^|\.)xn--/i.test(text) ? normalForm(text, { underscore: true }) ?? text : text;
}

/** Whether two names are the same: ASCII letters in either case. RFC 4343 3 */
export function sameName(a: Name, b: Name): boolean {
  return a === b || (a.length === b.length && a.toLowerCase() === b.toLowerCase());
}

/** The name in lower case, as it is compared, looked up and signed. RFC 4034 6.2 */
export function canonicalName(name: Name): Name {
  return name.toLowerCase(); // A name is ASCII, escapes are digits.
}

/** The labels, the leftmost first, without the root's empty one. */
export function labelsOf(name: Name): Uint8Array[] {
  const wire = nameToWire(name);
  const labels: Uint8Array[] = [];
  for (let at = 0; at < wire.length - 1;) {
    const end = at + 1 + (wire[at] ?? 0);
    labels.push(wire.subarray(at + 1, end));
    at = end;
  }
  return labels;
}

/** How many labels there are; 0 for the root. A `*` counts: RRSIG's number of labels leaves it out. */
export function labelCount(name: Name): number {
  if (name === root) return 0;
  let count = 0;
  for (let at = 0; at < name.length; at = nextLabel(name, at)) count++;
  return count;
}

/** The name without its first label; null for the root. */
export function parentOf(name: Name): Name | null {
  if (name === root) return null;
  const at = nextLabel(name, 0);
  return at >= name.length ? root : name.slice(at);
}

/** Whether the name is the zone's or below it. */
export function isWithin(name: Name, zone: Name): boolean {
  if (zone === root) return true;
  const start = name.length - zone.length;
  if (start < 0 || name.slice(start).toLowerCase() !== zone.toLowerCase()) return false;
  if (start === 0) return true;
  if (name[start - 1] !== ".") return false;
  let backslashes = 0;
  while (name[start - 2 - backslashes] === "\\") backslashes++;
  return backslashes % 2 === 0; // `\.` is no end of a label, `\\.` is.
}

/** Orders names canonically: below 0 if `a` comes first, 0 if they are the same. RFC 4034 6.1 */
export function compareNames(a: Name, b: Name): number {
  const left = labelsOf(canonicalName(a));
  const right = labelsOf(canonicalName(b));
  for (let i = 1; i <= left.length && i <= right.length; i++) {
    const order = compareOctets(left.at(-i) ?? noLabel, right.at(-i) ?? noLabel);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** How a name is written. */
export interface NameForm {
  /** In lower case, as it is signed (RFC 4034 6.2). */
  readonly lowerCase?: boolean;
}

/** The uncompressed wire form. @throws {SyntaxError} If the name is none. */
export function nameToWire(name: Name, form: NameForm = {}): Bytes {
  const text = form.lowerCase === true ? name.toLowerCase() : name;
  if (text === root) return new Uint8Array(1);
  if (text.includes("\\")) return escapedToWire(text);
  const wire = new Uint8Array(text.length + 1);
  if (!text.endsWith(".") || wire.length > maxNameOctets) {
    throw new SyntaxError("not an absolute domain name");
  }
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code !== dot) {
      if (code > 0x7f) throw new SyntaxError("a domain name outside of ASCII");
      wire[i + 1] = code;
      continue;
    }
    const length = i - start;
    if (length === 0 || length > maxLabelOctets) throw new SyntaxError("a label of wrong length");
    wire[start] = length;
    start = i + 1;
  }
  return wire;
}

/** A name read from the wire, and where what follows it begins. */
export interface WireName {
  readonly name: Name;
  readonly end: number;
}

/** How a name on the wire may be. */
export interface WireForm {
  /** Whether pointers are refused: in data that stand alone, they would point at anything. */
  readonly uncompressed?: boolean;
}

/**
 * Reads a name, following compression pointers. Each must point before everything read so far, so that there is
 * an end to them (RFC 1035 4.1.4: "a prior occurrence").
 *
 * @throws {SyntaxError} If the name is cut off, too long, or has another pointer or kind of label.
 */
export function nameFromWire(bytes: Uint8Array, offset: number, form: WireForm = {}): WireName {
  let text = "";
  let octets = 1;
  let end = -1;
  let lowest = offset;
  let pointers = 0;
  for (let at = offset;;) {
    const length = bytes[at];
    if (length === undefined) throw new SyntaxError("a domain name that is cut off");
    if (length === 0) {
      if (end === -1) end = at + 1;
      return { name: text === "" ? root : text, end };
    }
    if (length > maxLabelOctets) {
      const low = bytes[at + 1];
      if (length < 0xc0 || low === undefined) throw new SyntaxError("an unknown kind of label");
      if (form.uncompressed === true) throw new SyntaxError("a compressed name where none may be");
      if (end === -1) end = at + 2;
      at = ((length & 0x3f) << 8) | low;
      if (at >= lowest) throw new SyntaxError("a compression pointer that does not point back");
      if (++pointers > maxPointers) throw new SyntaxError("too many compression pointers");
      lowest = at;
      continue;
    }
    octets += 1 + length;
    if (octets > maxNameOctets) throw new SyntaxError("a domain name that is too long");
    if (at + 1 + length > bytes.length) throw new SyntaxError("a label that is cut off");
    text += `${labelText(bytes, at + 1, at + 1 + length)}.`;
    at += 1 + length;
  }
}

/** Order of octets as unsigned numbers, the shorter first where it is a prefix. RFC 4034 6.1, 6.3 */
export function compareOctets(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = (a[i] ?? 0) - (b[i] ?? 0);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

const noLabel = new Uint8Array(0);
const dot = 0x2e;
const backslash = 0x5c;

/** Where the label after the one at `at` begins. */
function nextLabel(name: Name, at: number): number {
  for (; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (code === dot) return at + 1;
    if (code === backslash) at++; // The digits of `\DDD` are no dots.
  }
  return at;
}

/** The octets of one label. */
function takeLabel(s: Scanner): Uint8Array {
  const unicode = s.takeMatch(/[^.\\\x00-\x20\x7f]*[^\x00-\x7f][^.\\\x00-\x20\x7f]*(?![^.])/y);
  if (unicode !== null) return aLabel(s, unicode);
  const octets: number[] = [];
  for (;;) {
    const plain = s.takeMatch(/[\x21-\x2d\x2f-\x5b\x5d-\x7e]+/y);
    if (plain !== null) { for (let i = 0; i < plain.length; i++) octets.push(plain.charCodeAt(i)); }
    else if (s.take("\\")) octets.push(takeEscaped(s));
    else if (octets.length === 0 || octets.length > maxLabelOctets) return s.fail("expected a label");
    else return Uint8Array.from(octets);
  }
}

/** What follows a backslash. RFC 1035 5.1 */
function takeEscaped(s: Scanner): number {
  const digits = s.takeMatch(/[0-9]{3}/y);
  if (digits === null) return s.expectMatch(/[\x21-\x2f\x3a-\x7e]/y, "an escaped character").charCodeAt(0);
  const octet = Number(digits);
  return octet <= 0xff ? octet : s.fail("an octet above 255");
}

/** A name of several labels could hide in one U-label (other full stops, a number that is an IPv4 address). */
function aLabel(s: Scanner, unicode: string): Uint8Array {
  const normal = normalForm(unicode, { underscore: true });
  if (normal === null || normal.includes(".")) return s.fail("not a U-label");
  return new TextEncoder().encode(asciiDomain(normal));
}

function escapedToWire(text: string): Bytes {
  const s = new Scanner(text);
  const pieces: Uint8Array[] = [];
  while (!s.done) {
    const label = takeLabel(s);
    s.expect(".");
    pieces.push(Uint8Array.of(label.length), label);
  }
  const wire = concat([...pieces, Uint8Array.of(0)]);
  if (wire.length > maxNameOctets) throw new SyntaxError("a domain name that is too long");
  return wire;
}

/** One spelling for each octet: printable ASCII as it is, but for the dot and the backslash; else `\DDD`. */
function labelText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i++) {
    const octet = bytes[i] ?? 0;
    if (octet === dot || octet === backslash) text += `\\${String.fromCharCode(octet)}`;
    else if (octet > 0x20 && octet < 0x7f) text += String.fromCharCode(octet);
    else text += `\\${String(octet).padStart(3, "0")}`;
  }
  return text;
}
