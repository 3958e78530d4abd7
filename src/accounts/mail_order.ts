/**
 * Texts to sort by, as numbers that are in their order.
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import { type Compare, ordered } from "../base/order.ts";
import { compareOctets } from "../message/casemap.ts";

/**
 * Numbers that are ordered as texts are: equal texts have equal ones.
 *
 * @param texts Each kept once, so that what repeats costs little.
 */
export class TextRanks {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];
  #plain = true;
  /** Characters of different texts. */
  length = 0;

  /** The number of a text, not yet in order. */
  add(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#texts.push(text) - 1;
      this.#numbers.set(text, number);
      this.length += text.length;
      if (this.#plain && beyondPlain.test(text)) this.#plain = false;
    }
    return number;
  }

  /** For each number of {@link add}, its rank. */
  *ranks(): Generator<void, Uint32Array<ArrayBuffer>> {
    const texts = this.#texts;
    const compare: Compare = this.#plain
      ? (a, b) => {
        const [x = "", y = ""] = [texts[a], texts[b]];
        return x < y ? -1 : x > y ? 1 : 0;
      }
      : (a, b) => compareOctets(texts[a] ?? "", texts[b] ?? "");
    const order = yield* ordered(texts.length, compare);
    const ranks = new Uint32Array(order.length);
    for (let i = 0; i < order.length; i++) ranks[order[i] ?? 0] = i;
    return ranks;
  }
}

/** From here on, UTF-16 has another order than the characters. */
const beyondPlain = /[\ud800-\uffff]/;
