/**
 * Verifying the DKIM signatures of a message while it streams by. RFC 6376 6
 *
 * When the header section is complete, the signatures are read and the keys are looked up at once; the body is
 * hashed while the answers are on their way. Each signature gets a verdict of its own: what they mean together
 * is for others to say.
 *
 * {@link DkimVerification} is the same without the splitting of the message, for those who verify more than
 * DKIM in one pass.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { Resolver } from "../dns/resolver.ts";
import type { HeaderField } from "../message/headers.ts";
import { type BodyHash, type DkimBodyHasher, maxBodyHashes } from "./body_hasher.ts";
import type { HeaderSection } from "./header_section.ts";
import { type KeyAnswer, KeyLookup } from "./key_lookup.ts";
import type { KeyRecord } from "./key_record.ts";
import { type IntakeLimits, MessageIntake, type Verification } from "./message_intake.ts";
import { maxHeaderOctets } from "./message_reader.ts";
import { KeyCache, problemOf } from "./public_key.ts";
import { identityDomain, readSignature, type Signature } from "./signature.ts";
import { parseTagList, type TagList } from "./tag_list.ts";
import { judge, judgeTags, type Verdict, withoutKey } from "./verdict.ts";

/** What a verifier will work through. */
export interface DkimLimits extends IntakeLimits {
  /** Signatures that are checked, from the top. RFC 6376 6.1 */
  readonly maxSignatures: number;
  /** Of one signature field; `z=` may copy all of a header. */
  readonly maxSignatureOctets: number;
  /** Names in `h=`. */
  readonly maxSignedFields: number;
}

export const dkimLimits: DkimLimits = {
  maxHeaderOctets,
  maxHeaderFields: 10_000,
  maxSignatures: 10,
  maxSignatureOctets: 32 * 1024,
  maxSignedFields: 1000,
  maxBodyHashes,
};

/** What a verifier is handed. */
export interface DkimOptions {
  readonly resolver: Resolver;
  /** When the message was received. RFC 6376 3.5 (`x=`) */
  readonly now: Millis;
  /** Gives up the lookups. */
  readonly signal?: AbortSignal;
  readonly limits?: Partial<DkimLimits>;
  /** Keys read before; one for the process. */
  readonly keys?: KeyCache;
  /**
   * Whether nobody may sign for all of that domain, as for `com` and `co.uk`; without it, whether it has one
   * label. RFC 6376 6.1.1
   *
   * @param domain In normal form.
   */
  readonly isPublicSuffix?: (domain: string) => boolean;
}

/** What became of one DKIM-Signature field. */
export interface DkimResult extends Verdict {
  /** Null if the field cannot be read, or there is none. */
  readonly signature: Signature | null;
  /** Only the beginning of the body is signed (`l=`): no ground to trust what is shown. RFC 6376 8.2 */
  readonly lengthLimited: boolean;
}

/** Verifies one message, fed as it arrives, with CRLF as line ends. */
export class DkimVerifier {
  readonly #verification: DkimVerification;
  readonly #intake: MessageIntake;

  constructor(options: DkimOptions) {
    this.#verification = new DkimVerification(options, keyLookup(options));
    this.#intake = new MessageIntake({ ...dkimLimits, ...options.limits }, [this.#verification]);
  }

  /** Takes the next octets of the message, split anywhere; they are not kept. */
  write(chunk: Uint8Array): void {
    this.#intake.write(chunk);
  }

  /**
   * The message is complete.
   *
   * @returns One for each signature, from the top; further ones than the limit share the last. Where there is
   * no signature, or the header section cannot be read, there is a single one that says so.
   */
  finish(): Promise<DkimResult[]> {
    this.#intake.finish();
    return this.#verification.finish();
  }
}

/** The lookup of one message's keys. */
export function keyLookup(options: DkimOptions): KeyLookup {
  return new KeyLookup(options.resolver, options.keys ?? new KeyCache(), options.signal);
}

/** A signature on its way: with its verdict already, or with what it takes to reach one. */
type Pending =
  | { readonly kind: "settled"; readonly result: DkimResult }
  | {
    readonly kind: "open";
    readonly signature: Signature;
    readonly field: HeaderField;
    readonly tags: TagList;
    readonly hash: BodyHash;
    readonly key: Promise<KeyAnswer>;
  };

/** The DKIM part of verifying a message whose header section and body hashes others provide. */
export class DkimVerification implements Verification {
  readonly #options: DkimOptions;
  readonly #limits: DkimLimits;
  readonly #keys: KeyLookup;
  #section: HeaderSection | null = null;
  #pending: Pending[] = [];

  constructor(options: DkimOptions, keys: KeyLookup) {
    this.#options = options;
    this.#limits = { ...dkimLimits, ...options.limits };
    this.#keys = keys;
  }

  /**
   * The header section is complete: asks for keys and body hashes.
   *
   * @param section Null if it is larger than the limits.
   * @param body Not yet begun.
   */
  begin(section: HeaderSection | null, body: DkimBodyHasher): void {
    this.#section = section;
    if (section === null) {
      this.#settle(null, withoutKey("policy", "the header section is larger than is read"));
      return;
    }
    const fields = section.all("dkim-signature");
    const { maxSignatures } = this.#limits;
    for (const field of fields.slice(0, maxSignatures)) this.#open(field, body);
    const further = fields.length - maxSignatures;
    if (further > 0) {
      const why = `${further} further signatures are not checked: the limit is ${maxSignatures}`;
      this.#settle(null, withoutKey("policy", why));
    }
    if (fields.length === 0) this.#settle(null, withoutKey("none", "there is no signature"));
  }

  /** The message is complete, and so are its body hashes. See {@link DkimVerifier.finish}. */
  async finish(): Promise<DkimResult[]> {
    const results: DkimResult[] = [];
    for (const pending of this.#pending) {
      results.push(pending.kind === "settled" ? pending.result : this.#judge(pending, await pending.key));
    }
    return results;
  }

  #settle(signature: Signature | null, verdict: Verdict): void {
    this.#pending.push({ kind: "settled", result: resultOf(signature, verdict) });
  }

  #open(field: HeaderField, body: DkimBodyHasher): void {
    const { maxSignatureOctets, maxSignedFields } = this.#limits;
    if (field.value.length > maxSignatureOctets) {
      return this.#settle(
        null,
        withoutKey("policy", `the signature has more than ${maxSignatureOctets} octets`),
      );
    }
    let tags: TagList;
    let signature: Signature;
    try {
      tags = parseTagList(field.value);
      signature = readSignature(tags);
    } catch (error) {
      return this.#settle(null, withoutKey("neutral", `the signature cannot be read: ${problemOf(error)}`));
    }
    const objection = this.#objection(signature);
    if (objection !== null) return this.#settle(signature, objection);
    if (signature.signedFields.length > maxSignedFields) {
      return this.#settle(signature, withoutKey("policy", `h= has more than ${maxSignedFields} names`));
    }
    const hash = body.want(signature.bodyCanonicalization, signature.bodyLength);
    if (hash === null) {
      return this.#settle(
        signature,
        withoutKey("policy", "the signatures want the body hashed in too many ways"),
      );
    }
    const key = this.#keys.find(signature.selector, signature.domain);
    this.#pending.push({ kind: "open", signature, field, tags, hash, key });
  }

  /** RFC 6376 6.1.1 */
  #objection(signature: Signature): Verdict | null {
    const identity = identityDomain(signature);
    if (identity !== signature.domain && !identity.endsWith(`.${signature.domain}`)) {
      return withoutKey("permerror", "the identity (i=) is not within the domain (d=)");
    }
    if (!signature.signedFields.includes("from")) return withoutKey("permerror", "From is not signed");
    const judged = judgeTags(signature, this.#options.now, signature.expiration);
    if (judged !== null) return judged;
    const isPublicSuffix = this.#options.isPublicSuffix ?? ((domain) => !domain.includes("."));
    return isPublicSuffix(signature.domain)
      ? withoutKey("policy", "the domain (d=) is one under which others register theirs")
      : null;
  }

  #judge(pending: Extract<Pending, { kind: "open" }>, key: KeyAnswer): DkimResult {
    const { signature, field, tags, hash } = pending;
    const verdict = judge({
      tags: signature,
      text: () => this.#section?.signedText(signature, field, tags) ?? "",
      body: { hash, expected: signature.bodyHash },
      objection: (record) => strictness(signature, record),
    }, key);
    return resultOf(signature, verdict);
  }
}

/** RFC 6376 3.6.1 (`t=s`) */
function strictness(signature: Signature, record: KeyRecord): string | null {
  if (!record.flags.includes("s") || identityDomain(signature) === signature.domain) return null;
  return "the identity (i=) is in a subdomain, which the key does not allow (t=s)";
}

function resultOf(signature: Signature | null, verdict: Verdict): DkimResult {
  return { ...verdict, signature, lengthLimited: signature !== null && signature.bodyLength !== null };
}
