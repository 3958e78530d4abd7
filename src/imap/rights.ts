/**
 * Rights to a mailbox, as bits of one number, and how they are written. RFC 4314 2.1
 *
 * Two letters are virtual: `c` stands for `k` and `x`, `d` for `t` and `e` (the first of the two readings that RFC 4314
 * 2.1.1 leaves). They are read as those, and told wherever one of those is.
 *
 * @module
 */

/** Each right's bit. The numbers are stored: they never change. */
export const right = {
  /** l: the mailbox is in LIST. */
  lookup: 1,
  /** r: SELECT, STATUS. */
  read: 2,
  /** s: \Seen. */
  seen: 4,
  /** w: flags other than \Seen and \Deleted. */
  write: 8,
  /** i: APPEND, COPY into it. */
  insert: 16,
  /** p: mail to an address of the mailbox; no address is a mailbox's own here, so it permits nothing. */
  post: 32,
  /** k: CREATE below it. */
  create: 64,
  /** x: DELETE, RENAME. */
  remove: 128,
  /** t: \Deleted. */
  markDeleted: 256,
  /** e: EXPUNGE. */
  expunge: 512,
  /** a: GETACL, SETACL, DELETEACL, LISTRIGHTS. */
  administer: 1024,
} as const;

/** In the order in which they are told. */
const letters: readonly (readonly [letter: string, bits: number])[] = [
  ["l", right.lookup],
  ["r", right.read],
  ["s", right.seen],
  ["w", right.write],
  ["i", right.insert],
  ["p", right.post],
  ["k", right.create],
  ["x", right.remove],
  ["t", right.markDeleted],
  ["e", right.expunge],
  ["c", right.create | right.remove],
  ["d", right.markDeleted | right.expunge],
  ["a", right.administer],
];

const byLetter = new Map(letters);

/** Every right. */
export const allRights = letters.reduce((all, [, bits]) => all | bits, 0);

/** What the owner of a mailbox cannot lose, so that nobody locks themselves out. RFC 4314 2 (forced rights) */
export const ownersRights = right.lookup | right.read | right.administer;

/** One of these, and it may be known that the mailbox is there. RFC 4314 4 ("Any", for MYRIGHTS) */
export const tellingRights = right.lookup | right.read | right.insert | right.create | right.remove |
  right.administer;

/** One of these, and a selected mailbox is not read-only: all flags are shared here. RFC 4314 5.2 */
export const changingRights = right.insert | right.expunge | right.seen | right.write | right.markDeleted;

/** One of these beside `l`, and annotations may be read. RFC 5464 3.3 */
export const annotatingRights = right.read | right.seen | right.write | right.insert | right.post;

/** Reads letters. @throws {SyntaxError} for one that is no right. RFC 4314 3.1 */
export function parseRights(text: string): number {
  let bits = 0;
  for (const letter of text) {
    const more = byLetter.get(letter);
    if (more === undefined) {
      throw new SyntaxError(
        /[A-Z]/.test(letter) ? "uppercase rights are not allowed" : "there is no such right",
      );
    }
    bits |= more;
  }
  return bits;
}

/** `lrswi`, with the virtual rights; empty for none. RFC 4314 2.1.1 */
export function formatRights(bits: number): string {
  return letters.filter(([, each]) => (bits & each) !== 0).map(([letter]) => letter).join("");
}

/** Whether all of `needed` are among `rights`. */
export function includesRights(rights: number, needed: number): boolean {
  return (rights & needed) === needed;
}
