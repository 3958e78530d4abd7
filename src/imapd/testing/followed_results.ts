/**
 * Results of a search that a client follows, from what it is told alone: RETURN (UPDATE). RFC 5267 4.3.2 to 4.3.4
 *
 * Fails at the first change that cannot be: what comes in was not there, what goes was, at the place that is told, and no
 * message goes from the mailbox while it stands among the results.
 *
 * Tested by `src/imapd/contexts_test.ts` and `src/imapd/model_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readSet, type Value } from "./response_reader.ts";

export class FollowedResults {
  /** UIDs or message numbers, in their order. */
  results: number[] = [];
  readonly tag: string;
  readonly uid: boolean;
  readonly sorted: boolean;
  /** The client has asked for no more, and may still hear what was said before that was read. */
  cancelled = false;

  constructor(tag: string, uid: boolean, sorted: boolean) {
    this.tag = tag;
    this.uid = uid;
    this.sorted = sorted;
  }

  /** An ESEARCH response, of this search or of another. */
  hear([, word, correlator, ...rest]: readonly Value[]): void {
    if (word !== "ESEARCH" || tagOf(correlator) !== this.tag || this.cancelled) return;
    assert.equal(rest[0] === "UID", this.uid, `${this.tag}: UID`);
    for (const [i, item] of rest.entries()) {
      const value = rest[i + 1];
      if (item === "ALL") this.results = readSet(value);
      if (item !== "ADDTO" && item !== "REMOVEFROM") continue;
      assert.ok(Array.isArray(value));
      for (let at = 0; at < value.length; at += 2) {
        this.#change(item, Number(value[at]), readSet(value[at + 1]));
      }
    }
  }

  /** EXPUNGE or VANISHED of a message; `uid` is 0 where the client does not know it. */
  expunged(number: number, uid: number): void {
    if (this.cancelled) return;
    const named = this.uid ? uid : number;
    assert.ok(!this.results.includes(named), `${named} is gone and still among the results of ${this.tag}`);
    if (!this.uid) this.results = this.results.map((each) => each > number ? each - 1 : each);
  }

  #change(item: "ADDTO" | "REMOVEFROM", place: number, numbers: readonly number[]): void {
    const told = `${this.tag}: ${item} (${place} ${numbers}) where there are ${this.results}`;
    if (item === "ADDTO") { for (const each of numbers) assert.ok(!this.results.includes(each), told); }
    if (place === 0) {
      assert.ok(!this.sorted, told);
      if (item === "ADDTO") this.results = [...this.results, ...numbers].sort((a, b) => a - b);
      else {
        for (const each of numbers) assert.ok(this.results.includes(each), told);
        this.results = this.results.filter((each) => !numbers.includes(each));
      }
    } else if (item === "ADDTO") {
      assert.ok(place <= this.results.length + 1, told);
      this.results.splice(place - 1, 0, ...numbers);
    } else {
      assert.deepEqual(this.results.splice(place - 1, numbers.length), numbers, told);
    }
  }
}

/** Whether a response says how results changed, not what was found. */
export function tellsChange([, word, ...rest]: readonly Value[]): boolean {
  return word === "ESEARCH" && (rest.includes("ADDTO") || rest.includes("REMOVEFROM"));
}

/** The command that an ESEARCH response belongs to. RFC 4466 2.6.2 */
export function tagOf(correlator: Value | undefined): string | null {
  if (!Array.isArray(correlator) || correlator[0] !== "TAG") return null;
  const tag: Value | undefined = correlator[1];
  return typeof tag === "object" && "text" in tag ? tag.text : null;
}
