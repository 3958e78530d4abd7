/**
 * The one TXT record of a name that claims to be of some kind: how MTA-STS (RFC 8461 3.1) and TLS reports (RFC 8460 3)
 * publish what they have to say. Others may stand beside it; several that claim so count as none, as does one that
 * breaks its grammar.
 *
 * Tested by `src/mtasts/lookup_test.ts` and `src/tlsrpt/record_test.ts`.
 *
 * @module
 */
import { asciiDomain } from "../address/domain.ts";
import { concat, fromLatin1 } from "../base/bytes.ts";
import { maxNameOctets } from "./name.ts";
import type { Resolver, Security } from "./resolver.ts";

/** What the DNS says. Plain data. */
export interface OnlyText<R> {
  /**
   * - `found`: there is one good record.
   * - `none`: there is none, or several, or it breaks the grammar.
   * - `failed`: nobody knows for now.
   */
  readonly status: "found" | "none" | "failed";
  /** Null unless found. */
  readonly record: R | null;
  readonly security: Security;
  /** One sentence. */
  readonly why: string;
}

/** A kind of record. */
export interface TextKind<R> {
  /** In sentences, as `MTA-STS`. */
  readonly word: string;
  /** In front of the domain, with its dot. */
  readonly prefix: string;
  /** Whether a text is one of those of which there may be only one. */
  claims(text: string): boolean;
  /** @throws {SyntaxError} If the text is not exactly a record. */
  parse(text: string): R;
  /** What to say of a record that was found. */
  found(domain: string, record: R): string;
}

/** Most TXT records of one name that are looked at. */
export const maxTxtRecords = 50;

/**
 * Looks it up. An alias is followed.
 *
 * @param domain In normal form. Address literals have none.
 */
export async function lookupOnlyText<R>(
  kind: TextKind<R>,
  domain: string,
  resolver: Resolver,
  signal?: AbortSignal,
): Promise<OnlyText<R>> {
  const { word } = kind;
  if (domain.startsWith("[")) return none(`an address has no ${word} record`, "indeterminate");
  const name = `${kind.prefix}${asciiDomain(domain)}.`;
  if (name.length >= maxNameOctets) return none("the name to ask for is too long", "indeterminate");
  const answer = await resolver.lookup(name, "TXT", signal === undefined ? {} : { signal });
  const { security } = answer;
  if (answer.status === "failed") return { status: "failed", record: null, security, why: answer.why };
  const texts = answer.records.slice(0, maxTxtRecords).map(({ strings }) => fromLatin1(concat(strings)));
  const [text, ...more] = texts.filter(kind.claims);
  if (text === undefined) return none(`${domain} has no ${word} record`, security);
  if (more.length > 0) return none(`${domain} has several ${word} records, which counts as none`, security);
  try {
    const record = kind.parse(text);
    return { status: "found", record, security, why: kind.found(domain, record) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return none(`the ${word} record of ${domain} counts as none: ${error.message}`, security);
  }
}

function none<R>(why: string, security: Security): OnlyText<R> {
  return { status: "none", record: null, security, why };
}
