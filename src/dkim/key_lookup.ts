/**
 * Looking up the keys of one message's signatures. RFC 6376 3.6.2, 6.1.2
 *
 * @module
 */
import { concat, fromLatin1 } from "../base/bytes.ts";
import type { Answer, Resolver, Security } from "../dns/resolver.ts";
import { type KeyCache, problemOf, type ReadRecord } from "./public_key.ts";
import { keyName } from "./tag_values.ts";

/**
 * What is published for a selector: records that were read, or why there is none to use. Mostly there is one record; of
 * several, each is tried (`verdict.ts`).
 */
export type KeyAnswer =
  | {
    readonly kind: "records";
    readonly records: readonly [ReadRecord, ...ReadRecord[]];
    readonly security: Security;
  }
  | {
    readonly kind: "none";
    readonly status: "permerror" | "temperror";
    readonly why: string;
    readonly security: Security | null;
  };

/** Looks up keys, each name once, however many signatures need it. */
export class KeyLookup {
  readonly #resolver: Resolver;
  readonly #cache: KeyCache;
  readonly #signal: AbortSignal | undefined;
  readonly #answers = new Map<string, Promise<KeyAnswer>>();

  constructor(resolver: Resolver, cache: KeyCache, signal?: AbortSignal) {
    this.#resolver = resolver;
    this.#cache = cache;
    this.#signal = signal;
  }

  /** Begins at once. The answer need not be awaited: a message may be given up at any time. */
  find(selector: string, domain: string): Promise<KeyAnswer> {
    let name: string;
    try {
      name = keyName(selector, domain);
    } catch (error) {
      return Promise.resolve(none("permerror", problemOf(error), null));
    }
    let answer = this.#answers.get(name);
    if (answer === undefined) {
      this.#answers.set(name, answer = this.#ask(name));
      answer.catch(() => {}); // Whoever awaits it gets the error; nobody may.
    }
    return answer;
  }

  async #ask(name: string): Promise<KeyAnswer> {
    const options = this.#signal === undefined ? {} : { signal: this.#signal };
    try {
      return this.#read(await this.#resolver.lookup(name, "TXT", options));
    } catch (error) {
      return none("permerror", `the key has a name that nobody can ask for: ${problemOf(error)}`, null);
    }
  }

  /** RFC 6376 6.1.2, steps 2 to 5. */
  #read(answer: Answer<"TXT">): KeyAnswer {
    const { security } = answer;
    if (answer.status === "failed") {
      return none("temperror", `the key could not be looked up (${answer.failure}): ${answer.why}`, security);
    }
    const texts = answer.records.map((record) => fromLatin1(concat(record.strings)));
    // In an order that does not depend on the server's, so that the same message gets the same words.
    const readings = [...new Set(texts)].slice(0, maxTexts).sort().map((text) => this.#cache.read(text));
    const [first] = readings;
    if (first === undefined) return none("permerror", "there is no key record", security);
    // A wildcard or a neighbour's record may be there too (6.1.2): what is no key record does not count.
    const [record = first, ...others] = readings.filter((one) => one.kind !== "malformed");
    if (others.length >= maxRecords || texts.length > maxTexts) {
      return none("permerror", `there are more key records than the ${maxRecords} that are tried`, security);
    }
    return { kind: "records", records: [record, ...others], security };
  }
}

/** Most TXT records of one name that are read. */
const maxTexts = 10;

/** Most key records of one selector that are tried: each costs a verification. While a key is replaced, there are two. */
export const maxRecords = 3;

function none(status: "permerror" | "temperror", why: string, security: Security | null): KeyAnswer {
  return { kind: "none", status, why, security };
}
