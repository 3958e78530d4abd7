/**
 * The ARC sets of a message: three fields for each handler that sealed it, and whether they make a chain at
 * all. RFC 8617 4.1, 4.2, 5.2
 *
 * @module
 */
import { HeaderSection } from "../dkim/header_section.ts";
import { problemOf } from "../dkim/public_key.ts";
import { readSignerTags, readSigningTags, type SignerTags, type SigningTags } from "../dkim/signature.ts";
import { parseTagList, required, shown, type TagList } from "../dkim/tag_list.ts";
import { type HeaderField, unfold } from "../message/headers.ts";
import { commentEnd } from "../message/parameters.ts";

/** Most sets of a message. RFC 8617 4.2.1 */
export const maxInstances = 50;

/**
 * Octets of all ARC fields of a message together. Each seal signs all sets up to its own, so fifty of them hash
 * half of this fifty times; a usual set has 3000.
 */
export const maxArcOctets = 256 * 1024;

/** A signature field with its tags. */
export interface TagField {
  readonly field: HeaderField;
  readonly tags: TagList;
}

/** The three fields that one handler added. RFC 8617 4.2 */
export interface ArcSet {
  readonly instance: number;
  /** ARC-Authentication-Results. RFC 8617 4.1.1 */
  readonly results: HeaderField;
  /** What follows `i=…;` in it, unfolded, one character for each octet. */
  readonly payload: string;
  /** ARC-Message-Signature. RFC 8617 4.1.2 */
  readonly signature: TagField;
  /** ARC-Seal. RFC 8617 4.1.3 */
  readonly seal: TagField;
}

/** The ARC fields of a message. */
export type ArcSets =
  | { readonly kind: "none" }
  | { readonly kind: "sets"; readonly sets: readonly ArcSet[] }
  | {
    readonly kind: "broken";
    /** A sentence. */
    readonly why: string;
    /** The highest instance that can be read, or 0. */
    readonly highest: number;
    /** The last seal says so itself (`cv=fail`). */
    readonly isMarked: boolean;
  };

const kinds = ["arc-authentication-results", "arc-message-signature", "arc-seal"] as const;
type Kind = typeof kinds[number];

interface Member {
  readonly kind: Kind;
  readonly instance: number;
  readonly field: HeaderField;
  readonly tags: TagList;
  readonly payload: string;
}

/** Collects the sets, and checks their structure. RFC 8617 5.2, steps 1 to 3 */
export function collectSets(section: HeaderSection): ArcSets {
  const fields = kinds.flatMap((kind) => section.all(kind).map((field) => ({ kind, field })));
  if (fields.length === 0) return { kind: "none" };
  const octets = fields.reduce((sum, { field }) => sum + field.end - field.start, 0);
  if (octets > maxArcOctets) return broken(`the ARC fields have more than ${maxArcOctets} octets`, []);
  const members: Member[] = [];
  let problem: string | null = null;
  for (const { kind, field } of fields) {
    try {
      members.push(
        kind === "arc-authentication-results" ? readResults(kind, field) : readTagged(kind, field),
      );
    } catch (error) {
      problem ??= `${field.name} cannot be read: ${problemOf(error)}`;
    }
  }
  if (problem !== null) return broken(problem, members);
  return assemble(members);
}

/**
 * Reads an ARC-Message-Signature. RFC 8617 4.1.2
 *
 * Without `c=` it is taken for relaxed, as others do and ARC's test suite has it; RFC 8617 leaves DKIM's
 * default.
 *
 * @throws {SyntaxError}
 */
export function readMessageSignature(tags: TagList): SigningTags {
  const signing = readSigningTags(tags, "relaxed");
  // RFC 8617 4.1.2 also forbids the two other fields, which those who test validators sign themselves.
  if (signing.signedFields.includes("arc-seal")) throw new SyntaxError("h= names ARC-Seal");
  return signing;
}

/** Reads an ARC-Seal. RFC 8617 4.1.3 @throws {SyntaxError} */
export function readSeal(tags: TagList): SignerTags {
  if (tags.has("h")) throw new SyntaxError("a seal with h=");
  return readSignerTags(tags);
}

/** The sets in their order, one field of each kind in each. RFC 8617 5.2 */
function assemble(members: readonly Member[]): ArcSets {
  const highest = highestOf(members);
  const sets: ArcSet[] = [];
  for (let instance = 1; instance <= highest; instance++) {
    const set = members.filter((member) => member.instance === instance);
    const [results, signature, seal] = kinds.map((kind) => set.filter((member) => member.kind === kind));
    const [a, b, c] = [results?.[0], signature?.[0], seal?.[0]];
    if (set.length !== 3 || a === undefined || b === undefined || c === undefined) {
      return broken(`set ${instance} does not have one field of each kind`, members);
    }
    sets.push({ instance, results: a.field, payload: a.payload, signature: b, seal: c });
  }
  if (isMarked(members)) return broken("the last seal says that the chain is broken", members);
  const wrong = sets.find((set) => chainStatus(set.seal.tags) !== (set.instance === 1 ? "none" : "pass"));
  return wrong === undefined
    ? { kind: "sets", sets }
    : broken(`seal ${wrong.instance} has cv=${shown(chainStatus(wrong.seal.tags))}`, members);
}

function broken(why: string, members: readonly Member[]): ArcSets {
  return { kind: "broken", why, highest: highestOf(members), isMarked: isMarked(members) };
}

function highestOf(members: readonly Member[]): number {
  return members.reduce((highest, member) => Math.max(highest, member.instance), 0);
}

/** RFC 8617 5.2, step 2 */
function isMarked(members: readonly Member[]): boolean {
  const highest = highestOf(members);
  return members.some(({ kind, instance, tags }) =>
    kind === "arc-seal" && instance === highest && chainStatus(tags) === "fail"
  );
}

/** `cv=`, which is case-sensitive as all values are. RFC 8617 4.1.3, RFC 6376 3.2 */
function chainStatus(tags: TagList): string {
  return tags.get("cv")?.value ?? "";
}

function readTagged(kind: Kind, field: HeaderField): Member {
  const tags = parseTagList(field.value);
  return { kind, instance: readInstance(required(tags, "i")), field, tags, payload: "" };
}

/** `i=1; authserv-id; results`; the results may be anything (RFC 8617 3.4). RFC 8617 4.1.1 */
function readResults(kind: Kind, field: HeaderField): Member {
  const text = field.value;
  let at = skipSpace(text, 0);
  for (const expected of ["i", "="]) {
    if (text[at] !== expected) throw new SyntaxError("expected i= at its start");
    at = skipSpace(text, at + 1);
  }
  const digits = /^[0-9]*/.exec(text.slice(at, at + 3))?.[0] ?? "";
  const instance = readInstance(digits);
  at = skipSpace(text, at + digits.length);
  if (text[at] !== ";") throw new SyntaxError("expected a semicolon behind i=");
  return { kind, instance, field, tags: new Map(), payload: unfold(text.slice(at + 1)) };
}

/** Over CFWS. RFC 5322 3.2.2 */
function skipSpace(text: string, start: number): number {
  for (let at = start;;) {
    const character = text[at];
    if (character === "(") at = commentEnd(text, at);
    else if (character !== undefined && " \t\r\n".includes(character)) at++;
    else return at;
  }
}

/** RFC 8617 3.9, 4.2.1 */
function readInstance(text: string): number {
  const instance = /^[0-9]{1,2}$/.test(text) ? Number(text) : 0;
  if (instance < 1 || instance > maxInstances) throw new SyntaxError(`not an instance: ${shown(text)}`);
  return instance;
}

/**
 * What the seal of `sets[index]` signs: all sets up to its own, the seal itself without its signature.
 * RFC 8617 5.1.1
 */
export function sealedText(section: HeaderSection, sets: readonly ArcSet[], index: number): string {
  let text = "";
  sets.slice(0, index + 1).forEach((set, i) => {
    text += section.canonical(set.results, "relaxed") + section.canonical(set.signature.field, "relaxed");
    text += i === index
      ? section.canonicalSignature(set.seal.field, set.seal.tags, "relaxed")
      : section.canonical(set.seal.field, "relaxed");
  });
  return text;
}
