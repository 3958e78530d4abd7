/**
 * Zones that chance puts together, of every kind of denial and delegation, and names to ask for: what no table thinks of.
 * The same seed makes the same zones, but for their keys.
 *
 * @module
 */
import type { Millis } from "../../base/clock.ts";
import { parentOf, root } from "../name.ts";
import type { Name, RecordType } from "../record.ts";
import type { TrustAnchor } from "../trust_anchors.ts";
import { makeKey } from "./signed_keys.ts";
import { SignedZone } from "./signed_zone.ts";

/** The zones, the first of them the root, and what to ask. */
export interface RandomWorld {
  readonly zones: readonly SignedZone[];
  readonly anchors: readonly TrustAnchor[];
  readonly questions: readonly (readonly [name: Name, type: RecordType])[];
}

const labels = ["a", "b", "c", "d", "_x"];
const types: readonly RecordType[] = ["A", "A", "TXT", "MX", "DS", "NS", "SOA", "AAAA", "DNSKEY"];
const keys = Array.from({ length: 9 }, (_, i) => makeKey(i % 3 === 1 ? 13 : 15));

/** Numbers from 0 to below 1 that follow from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Makes the zones, signed at `now`. */
export function makeRandomWorld(seed: number, now: Millis, questions = 60): RandomWorld {
  const growing = new Growing(seededRandom(seed), now);
  const top = growing.make(root, true);
  growing.fill(top, 0);
  return {
    zones: growing.zones,
    anchors: top.ds().map((ds) => ({ zone: root, ds })),
    questions: Array.from({ length: questions }, () => growing.question()),
  };
}

/** Zones while they are made. */
class Growing {
  readonly zones: SignedZone[] = [];
  readonly #random: () => number;
  readonly #now: Millis;
  /** Names that have something. */
  readonly #names: Name[] = [];

  constructor(random: () => number, now: Millis) {
    this.#random = random;
    this.#now = now;
  }

  make(origin: Name, signed: boolean): SignedZone {
    const [kind, iterations, saltOctets, optOut] = [
      this.#random(),
      this.#below(3),
      this.#below(3),
      this.#is(0.5),
    ];
    const hashed = { iterations, salt: new Uint8Array(saltOctets), optOut };
    const key = keys[this.zones.length % keys.length];
    const zone = new SignedZone(origin, {
      now: this.#now,
      signed,
      denial: kind < 0.4 ? "nsec" : hashed,
      keys: key === undefined ? [] : [key],
      server: `198.51.100.${this.zones.length + 1}`,
    });
    this.zones.push(zone);
    this.#names.push(zone.origin);
    return zone;
  }

  /** Puts records and delegations into a zone. */
  fill(zone: SignedZone, depth: number): void {
    const used: string[] = ["ns"];
    /** Below these nothing may stand. */
    const ends: string[] = [];
    const isFree = (name: string) =>
      !used.includes(name) && !ends.some((end) => name === end || name.endsWith(`.${end}`));
    const isEmpty = (name: string) => isFree(name) && !used.some((one) => one.endsWith(`.${name}`));
    for (let left = 2 + this.#below(7); left > 0; left--) {
      const wild = this.#is(0.2);
      const name = `${wild ? "*." : ""}${this.#relative()}`;
      const isEnd = !wild && this.#is(0.15);
      if (!(isEnd ? isEmpty(name) : isFree(name))) continue;
      used.push(name);
      this.#names.push(zone.absolute(name));
      if (isEnd) ends.push(name);
      if (isEnd) zone.add(name, "DNAME", { target: this.#pick(this.zones).absolute(this.#relative()) });
      else if (this.#is(0.25)) zone.add(name, "CNAME", { target: this.#target() });
      else this.#addData(zone, name);
    }
    for (let left = depth === 3 ? 0 : 1 + this.#below(3); left > 0; left--) {
      const name = depth === 0 ? this.#label() : this.#relative();
      if (!isEmpty(name)) continue;
      used.push(name);
      ends.push(name);
      const child = this.make(zone.absolute(name), this.#is(0.75));
      this.fill(child, depth + 1);
      this.#delegate(zone, child);
    }
  }

  /** A name that is there, or one above, below or beside it, and a type. */
  question(): readonly [Name, RecordType] {
    const name = this.#pick(this.#names);
    const above = parentOf(name) ?? root;
    const below = (label: string, zone: Name) => zone === root ? `${label}.` : `${label}.${zone}`;
    const near = [name, name, above, below(this.#label(), name), below(this.#label(), above)];
    const far = below(this.#label(), below(this.#label(), name));
    return [this.#pick([...near, far]).replace(/^\*/, this.#is(0.7) ? "q" : "*"), this.#pick(types)];
  }

  #addData(zone: SignedZone, name: string): void {
    if (this.#is(0.7)) zone.add(name, "A", { address: `192.0.2.${1 + this.#below(250)}` });
    if (this.#is(0.4)) zone.add(name, "TXT", { strings: [Uint8Array.of(65)] });
    if (this.#is(0.4) || !zone.has(zone.absolute(name))) {
      zone.add(name, "MX", { preference: 1, exchange: zone.absolute("Mail") });
    }
  }

  #delegate(zone: SignedZone, child: SignedZone): void {
    const how = this.#random();
    const ds = child.ds();
    if (!child.signed || how < 0.15) zone.delegate(child, "none");
    else if (how < 0.22) zone.delegate(child, ds.map((one) => ({ ...one, algorithm: 253 })));
    else if (how < 0.27) zone.delegate(child, ds.map((one) => ({ ...one, digestType: 99 })));
    else if (how < 0.3) zone.delegate(child, ds.map((one) => ({ ...one, digest: new Uint8Array(32) })));
    else zone.delegate(child);
  }

  #target(): Name {
    const known = this.#is(0.6) ? this.#pick(this.#names) : this.#pick(this.zones).absolute(this.#relative());
    return known.replace(/^\*/, "w");
  }

  /** One or two labels, or sometimes three. */
  #relative(): string {
    return Array.from({ length: 1 + Math.floor(this.#random() * 2.5) }, () => this.#label()).join(".");
  }

  #label(): string {
    return this.#pick(labels);
  }

  #below(most: number): number {
    return Math.floor(this.#random() * most);
  }

  #is(part: number): boolean {
    return this.#random() < part;
  }

  #pick<T>(list: readonly T[]): T {
    const one = list[this.#below(list.length)];
    if (one === undefined) throw new RangeError("nothing to pick from");
    return one;
  }
}
