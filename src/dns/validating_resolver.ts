/**
 * A resolver that believes nobody: it asks recursive servers, or the zones' own, and checks the whole chain of
 * signatures from a trust anchor to the answer, each alias included. RFC 4033 to 4035, RFC 5155, RFC 6840
 *
 * Where a server leaves out signatures, the next is asked, and at last the zones' own servers from the root down.
 * If those can not be reached either, answers are `indeterminate`, and it is reported once what that means. But if
 * there ever were signatures since the start, their absence is taken for an attack: answers are then bogus, as
 * whoever stands between could otherwise turn DNSSEC off.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import { AliasTrail, answerOf, failedAnswer, type Finding, readFinding } from "./answer.ts";
import { isWeaker } from "./security.ts";
import { AnswerCache } from "./cache.ts";
import { ChainWalk } from "./dnssec_chain.ts";
import { findRrset, type Rrset, rrsetsOf } from "./dnssec_rrset.ts";
import { asStub, type Source, Sources, stripsForMs } from "./dnssec_sources.ts";
import type { Step } from "./dnssec_step.ts";
import { TrustCache } from "./dnssec_trust.ts";
import { unsignable, validateDenial, validateSet, type Verdict } from "./dnssec_validate.ts";
import { Work } from "./dnssec_work.ts";
import type { Exchange, ServerAddress } from "./exchange.ts";
import { type Find, inTime, LookupDesk, type LookupObserver } from "./lookup_desk.ts";
import type { DnsMessage } from "./message.ts";
import { nameFromText, sameName } from "./name.ts";
import { type Name, type RecordType, typeNumbers } from "./record.ts";
import type { Answer, LookupOptions, Resolver, Security } from "./resolver.ts";
import { SharedExchange } from "./shared_exchange.ts";
import { type KeySet, keySetOf, seenKeys } from "./seen_keys.ts";
import { rootAnchors, type TrustAnchor } from "./trust_anchors.ts";

/** What a {@link ValidatingResolver} is made of. */
export interface ValidatingSettings {
  /** Asks the configured servers, or the one that is named. */
  readonly exchange: Exchange;
  /** The configured servers, so that each can be asked alone. */
  readonly servers: readonly ServerAddress[];
  /** Asks the zones' own servers (`iterate.ts`), where the configured ones are of no use. */
  readonly direct: Exchange | null;
  readonly clock: Clock;
  /** The root's, if absent. */
  readonly anchors?: readonly TrustAnchor[];
  /** One of its own, if absent. */
  readonly cache?: AnswerCache;
  readonly observer?: LookupObserver | undefined;
  /** Is told, once each, what an administrator should know: one sentence. */
  readonly report?: (sentence: string) => void;
}

/** An answer, and how it came about. */
export interface Explanation<T extends RecordType = RecordType> {
  readonly answer: Answer<T>;
  /** The chains of trust, from the anchor down; zones that several share are told once. */
  readonly steps: readonly Step[];
}

/** One try with one source. */
interface Attempt<T extends RecordType> extends Explanation<T> {
  /** Signatures were absent, not wrong. */
  readonly unsigned: boolean;
  /** Who gave the last answer, as the exchange prints it; null if nobody did. */
  readonly server: string | null;
}

/** Validates. */
export class ValidatingResolver implements Resolver {
  readonly #clock: Clock;
  readonly #sources: Sources;
  readonly #cache: AnswerCache;
  readonly #desk: LookupDesk;
  #trust: TrustCache;
  readonly #report: (sentence: string) => void;
  readonly #reported = new Set<string>();
  #anchors: readonly TrustAnchor[];
  /** Whether a chain was ever complete: then there is a way on which signatures come through. */
  #everSigned = false;

  constructor(settings: ValidatingSettings) {
    const { servers, clock } = settings;
    const exchange = new SharedExchange(settings.exchange);
    const direct = settings.direct === null ? null : new SharedExchange(settings.direct);
    this.#clock = clock;
    this.#sources = new Sources({ exchange, servers, direct, clock });
    const find: Find = (name, type, signal) =>
      inTime(clock, name, type, signal, async (...asked) => (await this.#find(...asked)).answer);
    this.#cache = settings.cache ?? new AnswerCache({ clock });
    this.#desk = new LookupDesk({ clock, find, cache: this.#cache, observer: settings.observer });
    this.#trust = new TrustCache(clock);
    this.#anchors = settings.anchors ?? rootAnchors;
    this.#report = settings.report ?? (() => {});
  }

  /** Begins chains with other anchors from now on. Answers that are kept stay until their TTL is over. */
  setAnchors(anchors: readonly TrustAnchor[]): void {
    this.#anchors = anchors;
    this.#trust = new TrustCache(this.#clock); // Lookups under way end with the old ones, and keep nothing here.
  }

  lookup<T extends RecordType>(name: string, type: T, options?: LookupOptions): Promise<Answer<T>> {
    return this.#desk.lookup(name, type, options?.signal);
  }

  /** Looks up anew, and tells how the answer came about. @throws {SyntaxError} As `lookup`. */
  async explain<T extends RecordType>(
    name: string,
    type: T,
    options: LookupOptions = {},
  ): Promise<Explanation<T>> {
    let steps: readonly Step[] = [];
    const answer = await inTime(this.#clock, nameFromText(name), type, options.signal, async (...asked) => {
      const found = await this.#find(...asked);
      steps = found.steps;
      return found.answer;
    });
    return { answer, steps };
  }

  /**
   * Looks at the keys of a zone, for whoever follows its trust anchors (`seen_keys.ts`), without any cache.
   *
   * @returns The first set that a trusted key signed; else one that no such key did. Null if nobody tells any.
   * @throws {SyntaxError} If the zone is no absolute name.
   */
  async seeKeys(zone: string, options: LookupOptions = {}): Promise<KeySet | null> {
    const name = nameFromText(zone);
    const signal = options.signal ?? new AbortController().signal;
    let seen: KeySet | null = null;
    for (const source of this.#sources.usable()) {
      const told = await source.ask({ name, type: typeNumbers.DNSKEY }, signal);
      const set = told.ok ? keySetOf(told.message, name) : null;
      if (set === null) continue;
      if (this.#isSecure(set)) return set;
      seen ??= set;
    }
    return seen;
  }

  #isSecure(set: KeySet): boolean {
    try {
      return seenKeys(set, this.#anchors, Math.floor(this.#clock.now() / 1000)).secure;
    } catch (error) {
      if (error instanceof Refused) return false;
      throw error;
    }
  }

  async #find<T extends RecordType>(name: Name, type: T, signal: AbortSignal): Promise<Explanation<T>> {
    try {
      return await this.#fromSources(name, type, signal);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { answer: failedAnswer(name, type, name, "costly", error.message), steps: [] };
    }
  }

  async #fromSources<T extends RecordType>(
    name: Name,
    type: T,
    signal: AbortSignal,
  ): Promise<Explanation<T>> {
    const work = new Work();
    let first: Attempt<T> | null = null;
    for (const source of this.#sources.usable()) {
      if (source.server !== null && first !== null && isAskedAlready(source.server, first)) continue;
      const attempt = await this.#attempt(source, name, type, work, signal);
      if (!this.#everSigned && attempt.steps.some(isAnchored)) this.#signed();
      if (isFinal(attempt.answer) || signal.aborted) return attempt;
      await this.#learn(source, attempt, signal);
      // That something is wrong tells more than that somebody did not answer.
      if (first === null || first.answer.failure !== "bogus" && attempt.answer.failure === "bogus") {
        first = attempt;
      }
    }
    if (first === null) {
      return {
        answer: failedAnswer(name, type, name, "serverFailure", "there is no server to ask"),
        steps: [],
      };
    }
    const { configured } = this.#sources;
    if (configured === null || !first.unsigned || !this.#sources.allPassedOver) return first;
    if (this.#everSigned) {
      this.#tell(
        "DNSSEC: signatures came through before and no longer do, which may be an attack: lookups fail until they " +
          "do again. If the network was changed on purpose, restart the server.",
      );
      return first;
    }
    return await this.#unvalidated(configured, name, type, signal);
  }

  /** A chain is complete for the first time: what is kept from before could not be validated, and now can. */
  #signed(): void {
    this.#everSigned = true;
    this.#cache.clear();
  }

  /** Passes over a source that is of no use for now. */
  async #learn(source: Source, attempt: Attempt<RecordType>, signal: AbortSignal): Promise<void> {
    const { answer, unsigned, server } = attempt;
    if (source.direct && isSilence(answer)) return this.#sources.directWasSilent();
    if (!unsigned || await this.#givesSignatures(source, signal)) return;
    this.#sources.passOver(source, server);
    this.#tell(
      `DNSSEC: ${source.name} left out signatures, although the root is signed; other servers are asked instead.`,
    );
  }

  /** Whether the keys of the first anchor's zone come with a signature. */
  async #givesSignatures(source: Source, signal: AbortSignal): Promise<boolean> {
    const zone = this.#anchors[0]?.zone;
    if (zone === undefined) return true;
    const result = await source.ask({ name: zone, type: typeNumbers.DNSKEY }, signal);
    return !result.ok || result.message.answers.some(({ type }) => type === typeNumbers.RRSIG);
  }

  #walk(source: Source, work: Work, signal: AbortSignal, cache: TrustCache): ChainWalk {
    return new ChainWalk({
      ask: (name, type) => source.ask({ name, type }, signal),
      anchors: this.#anchors,
      cache,
      work,
      now: Math.floor(this.#clock.now() / 1000),
    });
  }

  async #attempt<T extends RecordType>(
    source: Source,
    name: Name,
    type: T,
    work: Work,
    signal: AbortSignal,
  ): Promise<Attempt<T>> {
    const walk = this.#walk(source, work, signal, this.#trust);
    const way = new Way(name, type);
    for (;;) {
      work.query();
      const result = await source.ask({ name: way.trail.at, type: typeNumbers[type] }, signal);
      if (!result.ok) return way.failed(result.kind, result.why);
      work.read(result.message);
      way.server = result.server;
      const ended = await way.go(walk, result.message);
      // Each turn is an alias more, and their number is limited.
      if (ended !== null) return ended;
    }
  }

  /** What the servers say, when there is no way to check it. */
  async #unvalidated<T extends RecordType>(
    source: Source,
    name: Name,
    type: T,
    signal: AbortSignal,
  ): Promise<Explanation<T>> {
    this.#tell(
      "DNSSEC: no server that can be reached hands out signatures, so nothing in the DNS can be validated: " +
        "DANE is off, and whoever stands between this machine and its DNS servers can forge addresses. " +
        "Configure a server that supports DNSSEC, or let this machine reach port 53 of others.",
    );
    const trail = new AliasTrail(name);
    const why = "no server that can be reached hands out signatures";
    for (;;) {
      const result = await source.ask({ name: trail.at, type: typeNumbers[type] }, signal, asStub);
      if (!result.ok) {
        return { answer: failedAnswer(name, type, trail.at, result.kind, result.why), steps: [] };
      }
      const finding = readFinding(result.message, type, trail);
      if (finding.kind === "again") continue;
      const answer = answerOf({ name, type, trail, finding, security: "indeterminate", why });
      // What may be forged is not kept for longer than it takes until signatures are looked for again.
      return { answer: { ...answer, ttl: Math.min(answer.ttl, stripsForMs / 1000) }, steps: [] };
    }
  }

  #tell(sentence: string): void {
    if (this.#reported.has(sentence)) return;
    this.#reported.add(sentence);
    this.#report(sentence);
  }
}

/** A chain that began with an anchor. */
function isAnchored({ kind, result }: Step): boolean {
  return kind === "zone" && result === "secure";
}

/** Whether there is no use in asking another. */
function isFinal({ status, failure }: Answer): boolean {
  return status !== "failed" || failure === "aborted" || failure === "limit" || failure === "costly" ||
    failure === "aliases";
}

function isSilence({ failure }: Answer): boolean {
  return failure === "timeout" || failure === "serverFailure";
}

/** Whether a server gave that answer, or was silent together with the others. */
function isAskedAlready(server: string, attempt: Attempt<RecordType>): boolean {
  return isSilence(attempt.answer) || attempt.server === server;
}

/** The way of one lookup through one source: aliases, and what is known of each step. */
class Way<T extends RecordType> {
  readonly trail: AliasTrail;
  /** Who gave the last answer. */
  server: string | null = null;
  readonly #name: Name;
  readonly #type: T;
  readonly #steps: Step[] = [];
  #security: Security = "secure";
  #why = "";
  #ttl = Infinity;

  constructor(name: Name, type: T) {
    this.#name = name;
    this.#type = type;
    this.trail = new AliasTrail(name);
  }

  /** Goes as far as a message leads; null if another is to be asked for. */
  async go(walk: ChainWalk, message: DnsMessage): Promise<Attempt<T> | null> {
    const start = this.trail.at;
    const before = this.trail.aliases.length;
    const finding = readFinding(message, this.#type, this.trail);
    const sets = rrsetsOf(message.answers);
    for (const { record } of this.trail.aliases.slice(before)) {
      const verdict = await validateSet(walk, known(findRrset(sets, record.name, record.type)), message);
      if (!this.#take(verdict)) return this.#broken(verdict);
    }
    if (finding.kind === "again") return null;
    if (finding.kind === "failed") return this.failed(finding.failure, finding.why);
    const { verdict, proved } = await this.#judge(walk, message, finding);
    if (this.#take(verdict)) return this.#done(proved);
    // What a message adds of an alias' target may be from another zone's server: its own is asked.
    return verdict.security === "bogus" && !sameName(start, this.trail.at) ? null : this.#broken(verdict);
  }

  async #judge(
    walk: ChainWalk,
    message: DnsMessage,
    finding: Ending,
  ): Promise<{ verdict: Verdict; proved: Ending }> {
    const { at } = this.trail;
    const number = typeNumbers[this.#type];
    if (this.#type === "RRSIG") return { verdict: unsignable(walk, at, message), proved: finding };
    if (finding.kind !== "found") {
      const verdict = await validateDenial(walk, at, number, message);
      return { verdict, proved: { ...finding, kind: verdict.status } };
    }
    const { name, type } = finding.signed;
    const set = known(findRrset(rrsetsOf(message.answers), name, type));
    return { verdict: await validateSet(walk, set, message), proved: finding };
  }

  /** Adds a step; false if it leads nowhere. */
  #take(verdict: Verdict): boolean {
    for (const step of verdict.steps) if (!this.#steps.includes(step)) this.#steps.push(step);
    const { security, why, ttl } = verdict;
    if (security === "bogus" || security === "failed") return false;
    // Of several steps, the first of the weakest tells; of those that are secure, the last.
    if (isWeaker(security, this.#security) || this.#security === "secure") this.#why = why;
    if (isWeaker(security, this.#security)) this.#security = security;
    this.#ttl = Math.min(this.#ttl, ttl);
    return true;
  }

  #done(finding: Ending): Attempt<T> {
    const answer = answerOf({
      name: this.#name,
      type: this.#type,
      trail: this.trail,
      finding,
      security: this.#security,
      why: this.#why,
    });
    return {
      answer: { ...answer, ttl: Math.min(answer.ttl, this.#ttl) },
      steps: this.#steps,
      unsigned: false,
      server: this.server,
    };
  }

  #broken(verdict: Verdict): Attempt<T> {
    const { unsigned, why } = verdict;
    const kind = verdict.security === "bogus" ? "bogus" : verdict.failure ?? "serverFailure";
    return { ...this.failed(kind, why), unsigned };
  }

  failed(kind: Parameters<typeof failedAnswer>[3], why: string): Attempt<T> {
    const answer = failedAnswer(this.#name, this.#type, this.trail.at, kind, why);
    return { answer, steps: this.#steps, unsigned: false, server: this.server };
  }
}

/** What was found in a message is in its sets: both look for class, name and type. */
function known(set: Rrset | undefined): Rrset {
  if (set === undefined) throw new Error("records that were found are not there");
  return set;
}

type Ending = Exclude<Finding, { readonly kind: "again" | "failed" }>;
