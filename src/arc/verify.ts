/**
 * Validating the ARC chain of a message while it streams by. RFC 8617 5.2
 *
 * Seals do not cover the body, so they are checked from the last to the first while it is still coming, and no
 * key is asked for far beyond the first seal that fails: whoever makes up a long chain does not make us ask
 * half the world (RFC 8617 9.2). All failures count as permanent, those of the DNS too (5.2.1).
 *
 * @module
 */
import type { Security } from "../dns/resolver.ts";
import type { BodyHash, DkimBodyHasher } from "../dkim/body_hasher.ts";
import type { HeaderSection } from "../dkim/header_section.ts";
import type { KeyLookup } from "../dkim/key_lookup.ts";
import { weaker } from "../dns/security.ts";
import { MessageIntake, type Verification } from "../dkim/message_intake.ts";
import { problemOf } from "../dkim/public_key.ts";
import type { SignerTags, SigningTags } from "../dkim/signature.ts";
import { type DkimStatus, judge, judgeTags, type Verdict, withoutKey } from "../dkim/verdict.ts";
import { dkimLimits, type DkimOptions, keyLookup } from "../dkim/verifier.ts";
import { type ArcSet, collectSets, readMessageSignature, readSeal, sealedText } from "./sets.ts";

/** What is said of one set. */
export interface ArcLink {
  readonly instance: number;
  /** Who sealed it (`d=` of its seal, normal form), or null if the seal cannot be read. */
  readonly domain: string | null;
  readonly selector: string | null;
  /** Of its message signature; null if it was not checked. */
  readonly amsStatus: DkimStatus | null;
  /** Of its seal; null if it was not checked. */
  readonly asStatus: DkimStatus | null;
  /**
   * Its message signature signs From and all of the body. Of one that does not, RFC 8617 makes no failure, but whoever
   * got the message then could have made another of it.
   */
  readonly isWhole: boolean;
  /** What the sealer says that it found (RFC 8601), unfolded, one character for each octet. */
  readonly payload: string;
}

/** What is said of the chain. */
export interface ArcResult {
  /** RFC 8617 4.4 */
  readonly status: "none" | "pass" | "fail";
  /** The highest instance, 0 without chain. */
  readonly instances: number;
  /** From the first to the last; empty where the fields do not make a chain. */
  readonly chain: readonly ArcLink[];
  /**
   * The oldest message signature that still verifies, 0 if all do: the message is unchanged since then. Null
   * unless the chain passes. RFC 8617 5.2, step 5
   */
  readonly oldestPass: number | null;
  /** The last seal says `cv=fail` itself: such a message is not sealed again. RFC 8617 5.1 */
  readonly isMarked: boolean;
  /** A key that was used is marked as a test (`t=y`). RFC 6376 3.6.1 */
  readonly testing: boolean;
  /** The weakest of what DNSSEC says of the keys; null if none was asked for. */
  readonly security: Security | null;
  /** One sentence. */
  readonly why: string;
}

/** How many seals' keys are asked for before they are needed. */
const sealsAhead = 4;

/** Validates the chain of one message, fed as it arrives, with CRLF as line ends. */
export class ArcVerifier {
  readonly #verification: ArcVerification;
  readonly #intake: MessageIntake;

  constructor(options: DkimOptions) {
    this.#verification = new ArcVerification(options, keyLookup(options));
    this.#intake = new MessageIntake({ ...dkimLimits, ...options.limits }, [this.#verification]);
  }

  /** Takes the next octets of the message, split anywhere; they are not kept. */
  write(chunk: Uint8Array): void {
    this.#intake.write(chunk);
  }

  /** The message is complete. */
  finish(): Promise<ArcResult> {
    this.#intake.finish();
    return this.#verification.finish();
  }
}

/** A set on its way through the checks. */
interface Link {
  readonly set: ArcSet;
  /** What its seal says; null if it cannot be read. */
  readonly sealer: SignerTags | null;
  readonly signing: SigningTags | null;
  /** Null if there is no hash for it. */
  readonly hash: BodyHash | null;
  /** Verdicts that are there; of one that cannot be read, at once. */
  ams: Verdict | null;
  seal: Verdict | null;
}

/** The ARC part of verifying a message whose header section and body hashes others provide. */
export class ArcVerification implements Verification {
  readonly #options: DkimOptions;
  readonly #keys: KeyLookup;
  #section: HeaderSection | null = null;
  #links: Link[] = [];
  /** The end of the matter, where there is no chain to check. */
  #settled: ArcResult | null = null;
  #sealsChecked: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(options: DkimOptions, keys: KeyLookup) {
    this.#options = options;
    this.#keys = keys;
  }

  /**
   * The header section is complete: asks for body hashes, and checks the seals.
   *
   * @param section Null if it is larger than the limits.
   * @param body Not yet begun.
   */
  begin(section: HeaderSection | null, body: DkimBodyHasher): void {
    const found = section === null
      ? {
        kind: "broken",
        why: "the header section is larger than is read",
        highest: 0,
        isMarked: false,
      } as const
      : collectSets(section);
    if (found.kind === "none") this.#settled = without("none", 0, "there is no ARC chain");
    else if (found.kind === "broken") {
      this.#settled = { ...without("fail", found.highest, found.why), isMarked: found.isMarked };
    } else {
      this.#section = section;
      // The last first: it must have its hash of the body, older ones may go without.
      this.#links = found.sets.toReversed().map((set) => this.#link(set, body)).reverse();
      const last = this.#links.at(-1)?.signing;
      if (last !== undefined && last !== null) void this.#keys.find(last.selector, last.domain);
      this.#sealsChecked = this.#checkSeals();
      this.#sealsChecked.catch(() => {}); // For whoever awaits it; nobody may.
    }
  }

  /** The message is complete, and so are its body hashes. */
  async finish(): Promise<ArcResult> {
    if (this.#settled !== null) return this.#settled;
    const links = this.#links;
    const last = await this.#checkSignature(links.length - 1);
    if (last?.status !== "pass") {
      this.#isOver = true;
      // How far the seals came is a matter of time, and so not told.
      for (const link of links) link.seal = null;
      return this.#result("fail", null, `message signature ${links.length} does not verify: ${last?.why}`);
    }
    await this.#sealsChecked;
    const wrong = links.findLast(({ seal }) => seal?.status !== "pass");
    if (wrong !== undefined) {
      return this.#result("fail", null, `seal ${wrong.set.instance} does not verify: ${wrong.seal?.why}`);
    }
    // Step 5, which costs questions, comes last: what a chain that fails says of its age does not matter.
    let oldestPass = links.length;
    while (oldestPass > 1 && (await this.#checkSignature(oldestPass - 2))?.status === "pass") oldestPass--;
    return this.#result("pass", oldestPass === 1 ? 0 : oldestPass, `the chain of ${links.length} verifies`);
  }

  #link(set: ArcSet, body: DkimBodyHasher): Link {
    const { now } = this.#options;
    const maxSignedFields = this.#options.limits?.maxSignedFields ?? dkimLimits.maxSignedFields;
    const signing = orProblem(() => readMessageSignature(set.signature.tags));
    const sealer = orProblem(() => readSeal(set.seal.tags));
    let ams = typeof signing === "string" ? unreadable(signing) : judgeTags(signing, now, signing.expiration);
    const seal = typeof sealer === "string" ? unreadable(sealer) : judgeTags(sealer, now);
    let hash: BodyHash | null = null;
    if (ams === null && typeof signing !== "string") {
      hash = body.want(signing.bodyCanonicalization, signing.bodyLength);
      if (signing.signedFields.length > maxSignedFields) {
        ams = withoutKey("policy", `h= has more than ${maxSignedFields} names`);
      } else if (hash === null) {
        ams = withoutKey("policy", "the signatures want the body hashed in too many ways");
      }
    }
    return {
      set,
      sealer: typeof sealer === "string" ? null : sealer,
      signing: typeof signing === "string" ? null : signing,
      hash,
      ams,
      seal,
    };
  }

  /** RFC 8617 5.2, step 6 */
  async #checkSeals(): Promise<void> {
    const section = this.#section;
    const sets = this.#links.map((link) => link.set);
    for (let at = this.#links.length - 1; at >= 0 && section !== null; at--) {
      for (let ahead = at; ahead >= Math.max(0, at - sealsAhead); ahead--) {
        const link = this.#links[ahead];
        if (link === undefined || link.seal !== null) break; // No further than the one that fails anyway.
        if (link.sealer !== null) void this.#keys.find(link.sealer.selector, link.sealer.domain);
      }
      const link = this.#links[at];
      if (link === undefined || link.seal !== null || link.sealer === null) return;
      const answer = await this.#keys.find(link.sealer.selector, link.sealer.domain);
      if (this.#isOver) return;
      link.seal = judge(
        { tags: link.sealer, text: () => sealedText(section, sets, at), body: null },
        answer,
      );
      if (link.seal.status !== "pass") return;
    }
  }

  /** RFC 8617 5.2, steps 4 and 5 */
  async #checkSignature(at: number): Promise<Verdict | null> {
    const link = this.#links[at];
    const section = this.#section;
    if (link === undefined || section === null || link.ams !== null) return link?.ams ?? null;
    const { signing, hash, set } = link;
    if (signing === null || hash === null) return null;
    const answer = await this.#keys.find(signing.selector, signing.domain);
    return link.ams = judge({
      tags: signing,
      text: () => section.signedText(signing, set.signature.field, set.signature.tags),
      body: { hash, expected: signing.bodyHash },
    }, answer);
  }

  #result(status: "pass" | "fail", oldestPass: number | null, why: string): ArcResult {
    const verdicts = this.#links.flatMap((link) => [link.ams, link.seal]).filter((verdict) =>
      verdict !== null
    );
    return {
      status,
      instances: this.#links.length,
      chain: this.#links.map(({ set, sealer, signing, ams, seal }) => ({
        instance: set.instance,
        domain: sealer?.domain ?? null,
        selector: sealer?.selector ?? null,
        amsStatus: ams?.status ?? null,
        asStatus: seal?.status ?? null,
        isWhole: signing !== null && signing.bodyLength === null && signing.signedFields.includes("from"),
        payload: set.payload,
      })),
      oldestPass,
      isMarked: false,
      testing: verdicts.some((verdict) => verdict.testing),
      security: verdicts.reduce<Security | null>(
        (weakest, verdict) => weaker(weakest, verdict.security),
        null,
      ),
      why,
    };
  }
}

/** The value, or what the SyntaxError says. */
function orProblem<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    return problemOf(error);
  }
}

function unreadable(problem: string): Verdict {
  return withoutKey("neutral", `it cannot be read: ${problem}`);
}

function without(status: "none" | "fail", instances: number, why: string): ArcResult {
  return {
    status,
    instances,
    chain: [],
    oldestPass: null,
    isMarked: false,
    testing: false,
    security: null,
    why,
  };
}
