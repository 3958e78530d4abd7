/**
 * What one lookup may cost, whoever answers it. Strangers write the records that are validated, and can make
 * each of these dear: many keys under one tag and many signatures by it (CVE-2023-50387), names of many labels
 * under NSEC3 with many rounds (CVE-2023-50868), long ways of aliases and delegations.
 *
 * A lookup that would cost more is given up: the limits are several times what the dearest honest one takes.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import type { DnsMessage } from "./message.ts";

/** Questions asked to validate one answer, those for keys and delegations included. */
export const maxQueries = 64;

/** For all checks of signatures, in units of an RSA-2048 check (`dnssec_algorithms.ts`); some 40 ms. */
export const maxCheckCost = 256;

/** For checks that failed, in the same units; some 10 ms. An honest zone has next to none. */
export const maxWastedCost = 64;

/** Rounds of SHA-1 for NSEC3; some 10 ms. */
export const maxHashRounds = 5000;

/**
 * Records of all messages together; each costs some 20 µs from the wire to its set. An honest chain has less than 200 beside
 * the answer itself.
 */
export const maxRecordsRead = 3000;

/** Signatures of one RRset that are looked at, and keys of one zone: an honest one has some five of each. */
export const maxSignaturesSeen = 64;
export const maxZoneKeys = 64;

/** Signatures of one RRset that are tried, each with up to {@link maxKeysOfTag} keys. */
export const maxSignaturesTried = 8;

/** Keys of one zone with the same tag and algorithm; by chance, two in a zone of ten are rare enough. */
export const maxKeysOfTag = 4;

/** DS records of one zone that are compared with its keys. */
export const maxDsTried = 16;

/** RRsets of NSEC and NSEC3 records of one answer that are checked; each needs at most four, and aliases some more. */
export const maxProofSets = 16;

/** The account of one lookup. Every method throws `Refused` (`tooMany`) when there is nothing left. */
export class Work {
  #queries = 0;
  #checked = 0;
  #wasted = 0;
  #rounds = 0;
  #records = 0;

  /** What has been spent. */
  get spent(): {
    readonly queries: number;
    readonly checkCost: number;
    readonly wastedCost: number;
    readonly hashRounds: number;
    readonly records: number;
  } {
    return {
      queries: this.#queries,
      checkCost: this.#checked,
      wastedCost: this.#wasted,
      hashRounds: this.#rounds,
      records: this.#records,
    };
  }

  /** One question is about to be asked. */
  query(): void {
    if (this.#queries >= maxQueries) over(`more than ${maxQueries} questions`);
    this.#queries++;
  }

  /** A message has come, whose records are about to be looked at. */
  read({ answers, authorities, additionals }: DnsMessage): void {
    this.#records += answers.length + authorities.length + additionals.length;
    if (this.#records > maxRecordsRead) over(`more than ${maxRecordsRead} records`);
  }

  /** A signature is about to be checked. */
  check(cost: number): void {
    if (this.#wasted >= maxWastedCost) over("too many signatures that are wrong");
    if (this.#checked + cost > maxCheckCost) over("too many signatures to check");
    this.#checked += cost;
  }

  /** The signature was wrong. */
  wasted(cost: number): void {
    this.#wasted += cost;
  }

  /** A name is about to be hashed, in that many rounds. */
  hash(rounds: number): void {
    if (this.#rounds + rounds > maxHashRounds) over(`more than ${maxHashRounds} rounds of hashing`);
    this.#rounds += rounds;
  }
}

function over(what: string): never {
  throw new Refused("tooMany", `Validating this answer would take ${what}; it was given up.`);
}
