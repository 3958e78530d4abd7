/**
 * A resolver of a table, for tests of what asks the DNS.
 *
 * @module
 */
import type { DataByType, RecordType } from "../record.ts";
import type { Answer, FailureKind, LookupOptions, Resolver, Security } from "../resolver.ts";

/** What one name holds: records by type, a failure for one type or for all (`*`), and what DNSSEC says. */
export interface Entry {
  readonly records?: { readonly [T in RecordType]?: readonly DataByType[T][] };
  readonly failures?: { readonly [T in RecordType | "*"]?: FailureKind };
  readonly security?: Security;
}

/** As it is written in a test: names without final dot, in lower case. */
export type Zone = Readonly<Record<string, Entry>>;

/** TXT records of texts; strings over 255 octets are split as on the wire. */
export function txt(...texts: string[]): DataByType["TXT"][] {
  return texts.map((text) => {
    const octets = new TextEncoder().encode(text);
    const strings = [];
    for (let at = 0; at === 0 || at < octets.length; at += 255) strings.push(octets.slice(at, at + 255));
    return { strings };
  });
}

/** Answers from the table, follows its CNAMEs (at most 8), and keeps what it was asked in `asked`. */
export class ZoneResolver implements Resolver {
  readonly asked: string[] = [];
  /** How often it was told to forget. */
  forgotten = 0;

  readonly #zone: Zone;
  readonly #security: Security;

  /** @param security What is said of names whose entry says nothing. */
  constructor(zone: Zone, security: Security = "insecure") {
    this.#zone = zone;
    this.#security = security;
  }

  forget(): void {
    this.forgotten++;
  }

  // deno-lint-ignore require-await
  async lookup<T extends RecordType>(name: string, type: T, options: LookupOptions = {}): Promise<Answer<T>> {
    if (!name.endsWith(".")) throw new SyntaxError(`not an absolute name: ${JSON.stringify(name)}`);
    this.asked.push(`${name} ${type}`);
    let at = name.toLowerCase();
    const answer = (
      status: Answer["status"],
      records: readonly DataByType[T][],
      failure: FailureKind | null,
    ) => ({
      name,
      type,
      status,
      canonicalName: at,
      records,
      ttl: failure === null ? 300 : 0,
      security: failure === "bogus"
        ? "bogus" as const
        : this.#zone[at.slice(0, -1)]?.security ?? this.#security,
      why: "as the table says",
      failure,
    });
    if (options.signal?.aborted === true) return answer("failed", [], "aborted");
    for (let aliases = 0; aliases <= 8; aliases++) {
      const entry = this.#zone[at.slice(0, -1)];
      if (entry === undefined) {
        const parent = Object.keys(this.#zone).some((one) => one.endsWith(`.${at.slice(0, -1)}`));
        return answer(parent ? "noData" : "noSuchDomain", [], null);
      }
      const failure = entry.failures?.[type] ?? entry.failures?.["*"];
      if (failure !== undefined) return answer("failed", [], failure);
      // The mapped type is keyed by T, which the compiler does not follow into the union of all lists.
      const records = entry.records?.[type] as readonly DataByType[T][] | undefined;
      if (records !== undefined && records.length > 0) return answer("found", records, null);
      const alias = entry.records?.CNAME?.[0];
      if (alias === undefined) return answer("noData", [], null);
      at = alias.target.toLowerCase();
    }
    return answer("failed", [], "aliases");
  }
}
