/**
 * A resolver that knows some names itself, as localserve knows its own, and asks another for the rest, or nobody.
 *
 * @module
 */
import { canonicalName, nameFromText } from "./name.ts";
import type { DataByType, Name, RecordType } from "./record.ts";
import type { Answer, LookupOptions, Resolver } from "./resolver.ts";

/** What is known of one name. Other types of that name do not exist. */
export type LocalRecords = { readonly [T in RecordType]?: readonly DataByType[T][] };

/** Seconds; what is known here may change with the configuration. */
const localTtl = 60;

export class LocalResolver implements Resolver {
  readonly #names: ReadonlyMap<Name, LocalRecords>;
  readonly #next: Resolver | null;

  /**
   * @param names By absolute name; case does not matter.
   * @param next Null: no other name exists.
   */
  constructor(names: ReadonlyMap<string, LocalRecords>, next: Resolver | null) {
    this.#names = new Map([...names].map(([name, records]) => [canonicalName(nameFromText(name)), records]));
    this.#next = next;
  }

  lookup<T extends RecordType>(text: string, type: T, options?: LookupOptions): Promise<Answer<T>> {
    try {
      const name = nameFromText(text);
      const known = this.#names.get(canonicalName(name));
      if (known === undefined && this.#next !== null) return this.#next.lookup(text, type, options);
      return Promise.resolve(answered(name, type, known));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  forget(): void {
    this.#next?.forget?.();
  }
}

function answered<T extends RecordType>(name: Name, type: T, known: LocalRecords | undefined): Answer<T> {
  // The mapped type is keyed by T, which the compiler does not follow into the union of all lists.
  const records = (known?.[type] ?? []) as readonly DataByType[T][];
  const missing = known === undefined ? "noSuchDomain" : "noData";
  return {
    name,
    type,
    status: records.length > 0 ? "found" : missing,
    canonicalName: name,
    records,
    ttl: localTtl,
    // Nobody signed it, and nobody could have changed it on the way: neither word of DNSSEC fits.
    security: "indeterminate",
    why: known === undefined
      ? "no DNS server is asked, and this is no name of this server's own"
      : "this server's own name, known without asking",
    failure: null,
  };
}
