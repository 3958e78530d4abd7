/**
 * The store's doubt about a {@link MessageIndex}: it was made by the front, which reads what strangers send, so
 * nothing in it is used before it has been found to be bounded and consistent.
 *
 * Whether it describes the message truly, nobody can tell without parsing it; a false one harms only the message's
 * own reader.
 *
 * @module
 */
import { KiB, MiB } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { maxProblems, maxReferences, type MessageIndex, type Part } from "../message/message_index.ts";

/** Octets of ENVELOPE, and of each BODY and BODYSTRUCTURE. FETCH sends them in one piece, whatever their size. */
export const maxEnvelopeBytes = 2 * MiB;
export const maxStructureBytes = 2 * MiB;
/** Characters of the search texts (subject, each address field), and of shorter words. */
export const maxTextLength = MiB;
export const maxWordLength = KiB;
/** Characters of the text shown in a list. RFC 8970 3.1 */
export const maxPreviewLength = 256;
/** Parts of one message, and how deep they are nested. */
export const maxParts = 10_000;
export const maxPartDepth = 200;

/** An index that was checked. */
declare const checked: unique symbol;
export type CheckedIndex = MessageIndex & { readonly [checked]: true };

/**
 * Checks an index against the size of the body that was received.
 *
 * @throws {Refused} `badRequest`, naming what is wrong.
 */
export function checkIndex(index: MessageIndex, bodySize: number): CheckedIndex {
  try {
    check(index, bodySize);
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused("badRequest", "the message's index is not one", error); // A null where none may be.
  }
  return index as CheckedIndex; // This function is what makes it one.
}

function check(index: MessageIndex, bodySize: number): void {
  if (index.size !== bodySize) wrong(`size ${index.size} of a body of ${bodySize} octets`);
  if (!isCount(index.version)) wrong("version");
  bytes("envelope", index.envelope, maxEnvelopeBytes);
  bytes("body", index.body, maxStructureBytes);
  bytes("bodyStructure", index.bodyStructure, maxStructureBytes);
  for (const name of ["subject", "baseSubject", "from", "to", "cc", "bcc"] as const) {
    text(name, index[name], maxTextLength);
  }
  text("preview", index.preview, maxPreviewLength * 2); // Characters may be two code units.
  if (index.fromAddress !== null) text("fromAddress", index.fromAddress, maxWordLength);
  if (index.messageId !== null) text("messageId", index.messageId, maxWordLength);
  for (const name of ["isReply", "isReport", "hasUtf8Headers", "has8Bit"] as const) {
    if (typeof index[name] !== "boolean") wrong(name);
  }
  if (index.date !== null && !(Number.isSafeInteger(index.date))) wrong("date");
  if (!isCount(index.receivedCount)) wrong("receivedCount");
  words("references", index.references, maxReferences);
  words("problems", index.problems, maxProblems);
  if (index.references.some((reference) => /\s/.test(reference))) wrong("a space in references");
  if (index.problems.some((problem) => problem.includes("\n"))) wrong("a line end in problems");
  parts(index.root, bodySize);
}

function wrong(what: string): never {
  throw new Refused("badRequest", `the message's index is wrong: ${what}`);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function bytes(name: string, value: Uint8Array, max: number): void {
  if (!(value instanceof Uint8Array) || value.length === 0 || value.length > max) wrong(name);
}

function text(name: string, value: string, max: number): void {
  if (typeof value !== "string" || value.length > max) wrong(name);
}

function words(name: string, values: readonly string[], max: number): void {
  if (!Array.isArray(values) || values.length > max) wrong(name);
  for (const value of values) text(name, value, maxWordLength);
}

/** Without recursion: the depth is what is being checked. */
function parts(root: Part, size: number): void {
  const open: { part: Part; from: number; to: number; depth: number }[] = [
    { part: root, from: 0, to: size, depth: 1 },
  ];
  let count = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { part, from, to, depth } = next;
    if (++count > maxParts) wrong("too many parts");
    if (depth > maxPartDepth) wrong("parts are nested too deep");
    onePart(part, from, to);
    let last = part.bodyStart;
    for (const child of part.children) {
      if (open.length + count > maxParts) wrong("too many parts");
      if (!(child.headerStart >= last)) wrong("parts are not in order");
      open.push({ part: child, from: part.bodyStart, to: part.bodyEnd, depth: depth + 1 });
      last = child.bodyEnd;
    }
  }
}

function onePart(part: Part, from: number, to: number): void {
  const { headerStart, bodyStart, bodyEnd, lines, decodedSize } = part;
  const ascending = isCount(headerStart) && isCount(bodyStart) && isCount(bodyEnd) &&
    from <= headerStart && headerStart <= bodyStart && bodyStart <= bodyEnd && bodyEnd <= to;
  if (!ascending) wrong(`offsets ${headerStart} ${bodyStart} ${bodyEnd} within ${from} to ${to}`);
  const length = bodyEnd - bodyStart;
  if (!isCount(lines) || lines > length) wrong("lines of a part");
  if (decodedSize !== -1 && (!isCount(decodedSize) || decodedSize > length)) wrong("decodedSize of a part");
  text("type", part.type, maxWordLength);
  text("subtype", part.subtype, maxWordLength);
  for (const name of ["charset", "disposition", "fileName"] as const) {
    const value = part[name];
    if (value !== null) text(name, value, maxWordLength);
  }
  if (!encodings.has(part.encoding)) wrong("encoding of a part");
  if (!Array.isArray(part.children)) wrong("children of a part");
}

const encodings = new Set<string>(["7bit", "8bit", "binary", "quoted-printable", "base64", "unknown"]);
