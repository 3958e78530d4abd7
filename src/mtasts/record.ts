/**
 * The MTA-STS record: that a domain has a policy, and which version of it. RFC 8461 3.1
 *
 * The grammar is kept to the letter, because a text that breaks it must count as none: what it says is worth nothing
 * without the policy, and a guess would only cost a fetch.
 *
 * @module
 */

/** A record as read. */
export interface StsRecord {
  /** Tells one version of the policy from another; not ordered. */
  readonly id: string;
  /** Fields that nobody here knows, in their order, the first of each name. */
  readonly extensions: readonly (readonly [name: string, value: string])[];
}

/** Longest text that is read as a record; usual ones have 40 octets. */
export const maxRecordOctets = 4096;
/** Most fields. */
export const maxRecordFields = 100;

/** With which a text claims to be a record. RFC 8461 3.1: others are discarded, however many. */
const claim = /^v=STSv1[ \t]*;/;
const fieldName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/;
/** Printable ASCII without space, `=` and `;`. */
const fieldValue = /^[\x21-\x3a\x3c\x3e-\x7e]+$/;
const idValue = /^[A-Za-z0-9]{1,32}$/;

/** Whether a text is one of those of which there may be only one. */
export function claimsToBeRecord(text: string): boolean {
  return claim.test(text);
}

/**
 * Reads the text of a TXT record, its strings joined without spaces.
 *
 * @param text One character for each octet.
 * @throws {SyntaxError} If it is not exactly a record.
 */
export function parseRecord(text: string): StsRecord {
  if (text.length > maxRecordOctets) throw new SyntaxError(`more than ${maxRecordOctets} octets`);
  const pieces = text.split(/[ \t]*;[ \t]*/, maxRecordFields + 2);
  if (pieces.length > maxRecordFields + 1) throw new SyntaxError(`more than ${maxRecordFields} fields`);
  if (pieces[0] !== "v=STSv1") throw new SyntaxError("it does not begin with v=STSv1");
  if (pieces.at(-1) === "") pieces.pop(); // One semicolon may end it.
  const fields = new Map<string, string>();
  for (const piece of pieces.slice(1)) {
    const [name, value] = parseField(piece);
    if (!fields.has(name)) fields.set(name, value); // RFC 8461 3.2: of doubles the first counts.
  }
  const id = fields.get("id");
  if (id === undefined) throw new SyntaxError("it has no id");
  fields.delete("id");
  return { id, extensions: [...fields] };
}

/** The record's text. @throws {TypeError} If a field cannot stand in one. */
export function printRecord(record: StsRecord): string {
  const fields = [["id", record.id] as const, ...record.extensions];
  for (const [name, value] of fields) {
    const isGood = name === "id" ? idValue.test(value) : fieldName.test(name) && fieldValue.test(value);
    if (!isGood) throw new TypeError(`no field of a record: ${JSON.stringify(name)}`);
  }
  return ["v=STSv1", ...fields.map(([name, value]) => `${name}=${value}`), ""].join("; ").trimEnd();
}

function parseField(piece: string): readonly [name: string, value: string] {
  const equals = piece.indexOf("=");
  const [name, value] = [piece.slice(0, Math.max(equals, 0)), piece.slice(equals + 1)];
  if (!fieldName.test(name)) throw new SyntaxError("a field without a good name");
  if (name === "id" ? !idValue.test(value) : !fieldValue.test(value)) {
    throw new SyntaxError(`the field ${name} has no good value`);
  }
  return [name, value];
}
