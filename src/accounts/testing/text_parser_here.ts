/**
 * The parser, in the same process: for tests of what asks it.
 *
 * @module
 */
import { Refused } from "../../base/errors.ts";
import type { TextParser } from "../../store/text_source.ts";
import { fold } from "../mail_search_text.ts";
import { searchedText } from "../searched_text.ts";

export interface ParserHere extends TextParser {
  /** `tryLater`: it cannot be had. A text: it fails on messages whose header has that. */
  fails: "never" | "tryLater" | { readonly on: string };
  /** Messages that it was given. */
  asked: number;
}

export function parserHere(): ParserHere {
  return {
    fails: "never",
    asked: 0,
    read(sources) {
      const { fails } = this;
      if (fails === "tryLater") return Promise.reject(new Refused("tryLater", "there is no parser"));
      this.asked += sources.length;
      return Promise.resolve(sources.map((source) => {
        const text = searchedText(source);
        return fails !== "never" && text.header.includes(fold(fails.on)) ? null : text;
      }));
    },
  };
}
