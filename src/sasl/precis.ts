/**
 * Preparing names and passwords, so that the same text typed on two keyboards is the same octets. PRECIS,
 * RFC 8264 and RFC 8265, from the Unicode properties that the runtime knows.
 *
 * Where we differ: the contextual rules (RFC 8264 4.1, RFC 5892 A) and the rule of directionality (RFC 5893) are not
 * checked. They keep lookalikes out of names that are shown; ours are looked up in the configuration and
 * compared, and a password is only hashed.
 *
 * @module
 */

/** Code points of a password or a name, before and after. */
export const maxPreparedLength = 1024;

/** Exceptions that are valid, and those whose context is to be checked. RFC 5892 2.6 */
const excepted =
  /[\u00df\u03c2\u06fd\u06fe\u0f0b\u3007\u00b7\u0375\u05f3\u05f4\u30fb\u0660-\u0669\u06f0-\u06f9]/u;

/** Exceptions that are disallowed. RFC 5892 2.6 */
const excluded = /[\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b]/u;

/** RFC 8264 9.8 */
const joinControl = /[\u200c\u200d]/u;

/** Old Hangul jamo, ignorable, noncharacters, controls, unassigned, surrogates. RFC 8264 9.9, 9.13, 9.12, 9.10 */
const disallowed =
  /[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\p{Cc}\p{Cn}\p{Cs}]/u;

/** RFC 8264 9.1 */
const letterDigit = /[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]/u;

/** What else is free-form: other letters and digits, spaces, symbols, punctuation. RFC 8264 9.14 to 9.18 */
const freeForm = /[\p{Lt}\p{Nl}\p{No}\p{Me}\p{Zs}\p{S}\p{P}]/u;

type Verdict = "valid" | "freeForm" | "disallowed";

/** The derived property of one code point. RFC 8264 8 (the order matters) */
function derivedProperty(character: string): Verdict {
  if (excepted.test(character)) return "valid";
  if (excluded.test(character)) return "disallowed";
  if (/^[!-~]$/.test(character) || joinControl.test(character)) return "valid";
  if (disallowed.test(character)) return "disallowed";
  if (character.normalize("NFKC") !== character) return "freeForm"; // HasCompat, RFC 8264 9.17
  if (letterDigit.test(character)) return "valid";
  return freeForm.test(character) ? "freeForm" : "disallowed";
}

/**
 * A password as it is compared and hashed: OpaqueString. RFC 8265 4.2.2
 *
 * @returns Null if it is empty, too long, or holds what no password may hold.
 */
export function prepareOpaqueString(text: string): string | null {
  if (text.length > 2 * maxPreparedLength) return null;
  for (const character of text) if (derivedProperty(character) === "disallowed") return null;
  const prepared = text.replace(/\p{Zs}/gu, " ").normalize("NFC");
  return prepared === "" || prepared.length > 2 * maxPreparedLength ? null : prepared;
}

/**
 * A name as it is looked up: UsernameCasePreserved. RFC 8265 3.4.2. Case is left to whoever looks it up, since
 * domains have their own settings for it.
 *
 * @returns Null if it is empty, too long, or holds what no name may hold (spaces among it).
 */
export function prepareUsername(text: string): string | null {
  if (text.length > 2 * maxPreparedLength) return null;
  // Width mapping: full-width and half-width letters are the plain ones. RFC 8264 5.2.1
  const narrow = text.replace(/[\uff01-\uffee]/gu, (character) => character.normalize("NFKC"));
  const prepared = narrow.normalize("NFC");
  for (const character of prepared) if (derivedProperty(character) !== "valid") return null;
  return prepared === "" || prepared.length > 2 * maxPreparedLength ? null : prepared;
}
