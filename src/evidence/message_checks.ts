/**
 * What is found in a message itself while it streams by: DKIM, ARC and DMARC in one pass, one lookup for each key,
 * and what its header claims.
 *
 * Tested by `gather_test.ts`.
 *
 * @module
 */
import { ArcVerification } from "../arc/verify.ts";
import type { Log } from "../base/log.ts";
import type { HeaderSection } from "../dkim/header_section.ts";
import { MessageIntake, type Verification } from "../dkim/message_intake.ts";
import { dkimLimits, type DkimOptions, DkimVerification, keyLookup } from "../dkim/verifier.ts";
import { type DmarcResult, strictest, withoutAuthor } from "../dmarc/evaluate.ts";
import { TreeWalker } from "../dmarc/tree_walk.ts";
import { discover, type Discovery, isCertain } from "../dmarc/discovery.ts";
import { DmarcVerifier } from "../dmarc/verify.ts";
import { resultsName, type UntrustedResults, untrustedResults } from "../message/authentication_results.ts";
import type { ArcEvidence, DkimEvidence, FromEvidence, SpfEvidence } from "./evidence.ts";
import { arcEvidence, brokenArc, brokenDkim, dkimEvidence } from "./findings.ts";
import { readFrom } from "./from_field.ts";
import type { Recent } from "./recent.ts";

/** What is found in the message itself. */
export interface MessageFindings {
  readonly dkim: readonly DkimEvidence[];
  readonly arc: ArcEvidence;
  readonly from: FromEvidence;
  readonly untrusted: readonly UntrustedResults[];
}

const noFrom: FromEvidence = {
  fields: 0,
  address: null,
  domains: [],
  status: "unreadable",
  why: "the header section is larger than is read",
};

/** DKIM, ARC, DMARC and the From field of one message that streams by. */
export class MessageChecks {
  readonly #options: DkimOptions;
  readonly #isOurs: (authservId: string) => boolean;
  readonly #log: Log;
  readonly #discoveries: Recent<Discovery>;
  readonly #dkim: DkimVerification;
  readonly #arc: ArcVerification;
  readonly #intake: MessageIntake;
  #from = noFrom;
  #untrusted: readonly UntrustedResults[] = [];
  #authors: readonly DmarcVerifier[] = [];
  #isBroken = false;

  /** @param discoveries DMARC records that other messages have asked for a moment ago. */
  constructor(
    options: DkimOptions,
    isOurs: (authservId: string) => boolean,
    log: Log,
    discoveries: Recent<Discovery>,
  ) {
    this.#discoveries = discoveries;
    this.#options = options;
    this.#isOurs = isOurs;
    this.#log = log;
    const keys = keyLookup(options);
    this.#dkim = new DkimVerification(options, keys);
    this.#arc = new ArcVerification(options, keys);
    const claims: Verification = { begin: (section) => this.#begin(section) };
    this.#intake = new MessageIntake(dkimLimits, [claims, this.#dkim, this.#arc]);
  }

  write(chunk: Uint8Array): void {
    if (!this.#isBroken) this.#try(() => this.#intake.write(chunk));
  }

  /** Fields with results that nobody is to believe, as far as the header section is read. */
  get untrusted(): readonly UntrustedResults[] {
    return this.#untrusted;
  }

  /** @throws {TypeError} If a bug of ours kept it from being read, which the log tells. */
  async finish(): Promise<MessageFindings> {
    if (!this.#isBroken) this.#try(() => this.#intake.finish());
    if (this.#isBroken) throw new TypeError("the message could not be looked through");
    const [dkim, arc] = await Promise.all([this.#dkim.finish(), this.#arc.finish()]);
    return {
      dkim: dkim.map(dkimEvidence),
      arc: arcEvidence(arc),
      from: this.#from,
      untrusted: this.#untrusted,
    };
  }

  /** RFC 9989 5.3.1, 11.5 */
  async dmarc(spf: SpfEvidence, dkim: readonly DkimEvidence[]): Promise<DmarcResult> {
    const { status, why } = this.#from;
    const results = await Promise.all(this.#authors.map((author) => author.finish(spf, dkim)));
    if (status !== "ok" && status !== "none" && status !== "several") {
      results.push(withoutAuthor("permerror", why));
    }
    return results.length === 0 ? withoutAuthor("none", why) : strictest(results);
  }

  /** Where nothing can be said of the message, DMARC might have something against it. */
  broken(why: string): MessageFindings & { readonly dmarc: DmarcResult } {
    return {
      dkim: [brokenDkim(why)],
      arc: brokenArc(why),
      // Not the sender's fault.
      from: this.#from === noFrom ? { ...noFrom, status: "none", why } : this.#from,
      untrusted: this.#untrusted,
      dmarc: { ...withoutAuthor("none", why), status: "temperror", domain: this.#from.domains[0] ?? null },
    };
  }

  #begin(section: HeaderSection | null): void {
    if (section === null) return;
    this.#from = readFrom(section.all("from"));
    this.#untrusted = untrustedResults(section.all(resultsName), this.#isOurs);
    const walker = new TreeWalker(this.#options.resolver);
    this.#authors = this.#from.domains.map((domain) =>
      new DmarcVerifier(domain, walker, this.#discover(domain, walker))
    );
  }

  /** What failed is tried again for the next message. */
  async #discover(domain: string, walker: TreeWalker): Promise<Discovery> {
    const { now } = this.#options;
    const known = this.#discoveries.get(domain, now);
    if (known !== undefined) return known;
    const found = await discover(domain, walker);
    if (isCertain(found)) this.#discoveries.add(domain, found, now);
    return found;
  }

  /** A stranger's message must not be able to end the session, whatever is wrong with our code. */
  #try(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#isBroken = true;
      this.#log.error("gathering evidence failed", { part: "message", error: asError(error) });
    }
  }
}

/** What was thrown, for the log. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
