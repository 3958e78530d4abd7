/**
 * LANGUAGE: there is English, and `i-default`, which says that nobody has chosen. RFC 5255 3, RFC 2277 4.5
 *
 * Our texts are English in ASCII in both. What a client gains is to know it: one that shows texts of the server to its user
 * need not guess.
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Language } from "../imap/command.ts";
import { chooseLanguage, writeLanguages } from "../imap/language.ts";
import { type Completion, no, ok } from "./replies.ts";
import type { Session } from "./session.ts";

const languages = ["en", "i-default"];
const preferred = "i-default";

export function language({ out }: Session, { ranges }: Language): Completion {
  if (ranges.length === 0) {
    writeLanguages(out.w, languages);
    return ok("these are the languages");
  }
  const chosen = chooseLanguage(ranges, languages, preferred);
  if (chosen === null) return no(null, "unsupported language"); // All stays as it was. RFC 5255 3.2
  writeLanguages(out.w, [chosen]);
  return ok("texts are in this language");
}
