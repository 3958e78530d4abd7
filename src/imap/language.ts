/**
 * LANGUAGE: which language the texts of responses are to have. RFC 5255 3, RFC 4647 2.1, 3.4
 *
 * @module
 */
import type { Language } from "./command.ts";
import type { ResponseWriter } from "./response_writer.ts";
import type { Scanner } from "./scanner.ts";

/** The most ranges of one command. */
export const maxLanguageRanges = 50;

/** RFC 4647 2.1 (language-range) */
const range = /^(?:\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)$/;

/** `LANGUAGE` alone, or with ranges in the order of preference. */
export function parseLanguage(s: Scanner): Language {
  const ranges: string[] = [];
  while (!s.atEnd) {
    s.space();
    const wanted = s.astring("a language");
    if (!range.test(wanted)) throw new SyntaxError("not a language");
    if (ranges.push(wanted) > maxLanguageRanges) throw new SyntaxError("too many languages");
  }
  return { verb: "LANGUAGE", ranges };
}

/**
 * The first language that is there and that a range means: itself, or what is left of it when subtags are taken away from its
 * end. RFC 4647 3.4
 *
 * @param languages Tags, in the spelling in which they are told.
 * @param preferred What `default` and `*` mean.
 */
export function chooseLanguage(
  ranges: readonly string[],
  languages: readonly string[],
  preferred: string,
): string | null {
  for (const wanted of ranges) {
    if (/^(?:\*|default)$/i.test(wanted)) return preferred; // RFC 5255 3.2
    const subtags = wanted.toLowerCase().split("-");
    for (; subtags.length > 0; subtags.pop()) {
      const found = languages.find((language) => language.toLowerCase() === subtags.join("-"));
      if (found !== undefined) return found;
    }
  }
  return null;
}

/** `* LANGUAGE (en)`: one is in use from now on, several are there to choose from. RFC 5255 3.3 */
export function writeLanguages(w: ResponseWriter, languages: readonly string[]): void {
  w.ascii("* LANGUAGE (").ascii(languages.join(" ")).ascii(")\r\n");
}
