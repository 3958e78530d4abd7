/**
 * Gathering all evidence of one incoming message while it streams by.
 *
 * What the envelope tells is looked up as soon as it is known (reverse name, SPF, blocklists), what the header tells
 * as soon as the header is complete (keys, DMARC records), and the body is hashed in passing. When the message is
 * complete, there is nothing left to do but wait for the last answers, and that no longer than a deadline: every lookup
 * goes through a {@link BoundedResolver}. What it cuts off becomes a temporary error in the evidence, from which the
 * verdict never makes an acceptance of what might have been refused.
 *
 * Whoever begins a {@link Gathering} must either finish or drop it.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { normalForm } from "../address/domain.ts";
import { printMailbox } from "../address/mailbox.ts";
import type { PublicSuffixes } from "../address/public_suffix.ts";
import { type Bytes, latin1 } from "../base/bytes.ts";
import type { Clock, Millis } from "../base/clock.ts";
import { type IpAddress, parseIp, printIp } from "../base/ip_address.ts";
import type { Log } from "../base/log.ts";
import { KeyCache } from "../dkim/public_key.ts";
import type { DkimOptions } from "../dkim/verifier.ts";
import { Blocklists } from "../dnsbl/blocklists.ts";
import type { Discovery } from "../dmarc/discovery.ts";
import { minTtlSeconds } from "../dns/answer.ts";
import type { Resolver } from "../dns/resolver.ts";
import { obscuredName } from "../message/authentication_results.ts";
import { checkHost } from "../spf/check_host.ts";
import { heloIdentity, identityOf, type SpfIdentity } from "../spf/identity.ts";
import { iprev } from "../spf/iprev.ts";
import { BoundedResolver } from "./bounded_resolver.ts";
import { Deadline } from "./deadline.ts";
import {
  type BlocklistEvidence,
  type Evidence,
  evidenceVersion,
  type IprevEvidence,
  type SpfEvidence,
} from "./evidence.ts";
import {
  blocklistEvidence,
  dmarcEvidence,
  iprevEvidence,
  spfEvidence,
  unknownListing,
  unknownSpf,
} from "./findings.ts";
import { validationOf } from "./from_validation.ts";
import { asError, MessageChecks } from "./message_checks.ts";
import type { EvidenceMetrics, EvidenceResult } from "./metrics.ts";
import { Recent } from "./recent.ts";

/** How much is done for one message. */
export interface GatherLimits {
  /** From MAIL FROM for what the envelope tells, from the message's end for the rest; in milliseconds. */
  readonly deadlineMs: number;
  /**
   * Lookups for what the envelope tells, and as many for what the message does: two checks of SPF may want 220, fifty
   * ARC sets 100, DMARC 8 for each domain that may be aligned.
   */
  readonly maxLookups: number;
}

export const gatherLimits: GatherLimits = { deadlineMs: 20_000, maxLookups: 500 };

/** What a server says of itself. */
export interface GatherSettings extends Partial<GatherLimits> {
  /** This server's name in ASCII. */
  readonly hostname: string;
  /** Names under which this server has ever written Authentication-Results, in normal form; its own is among them. */
  readonly authservIds?: readonly string[];
  /** DNS blocklists, as `zen.example.org`. */
  readonly blocklists?: readonly string[];
}

/** What gathering is handed; the same for all messages of a process. */
export interface GatherMeans {
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: GatherSettings;
  readonly suffixes: PublicSuffixes;
  readonly metrics?: EvidenceMetrics;
}

/** What is known when MAIL FROM has come. */
export interface Envelope {
  readonly remoteIp: string;
  /** The argument of HELO or EHLO. */
  readonly helo: string;
  /** Null for the null sender. */
  readonly mailFrom: Address | null;
  readonly tls: { readonly version: string; readonly cipher: string } | null;
  /** For this message's log lines. */
  readonly log?: Log;
}

/** Gathers evidence for the messages of a process. */
export class Gatherer {
  readonly #means: GatherMeans;
  readonly #keys = new KeyCache();
  readonly #blocklists: Blocklists;
  readonly #envelopes = new Recent<EnvelopeFindings>(maxEnvelopes, envelopeMs);
  readonly #discoveries = new Recent<Discovery>(maxEnvelopes, envelopeMs);
  readonly #ownIds: ReadonlySet<string>;

  constructor(means: GatherMeans) {
    this.#means = means;
    const { resolver, clock, settings, log } = means;
    const { deadlineMs } = { ...gatherLimits, ...settings };
    const hostname = normalForm(settings.hostname) ?? settings.hostname;
    this.#ownIds = new Set([hostname, ...(settings.authservIds ?? [])]);
    // Shared by all messages, so only what each lookup is told bounds it.
    const deadline = new Deadline(clock, Infinity);
    const bounds = { deadline, maxLookups: Infinity, maxTooDear: Infinity };
    this.#blocklists = new Blocklists({
      resolver: new BoundedResolver(resolver, bounds, log),
      clock,
      timeoutMs: deadlineMs,
    });
  }

  /** Begins with what the envelope tells. @throws {SyntaxError} If the peer's address is none. */
  begin(envelope: Envelope): Gathering {
    return new Gathering(envelope, this.#means, {
      keys: this.#keys,
      blocklists: this.#blocklists,
      envelopes: this.#envelopes,
      discoveries: this.#discoveries,
      isOurs: (authservId) => this.#ownIds.has(authservId),
    });
  }
}

/** What the messages of a process share. */
interface Shared {
  readonly keys: KeyCache;
  readonly blocklists: Blocklists;
  readonly envelopes: Recent<EnvelopeFindings>;
  readonly discoveries: Recent<Discovery>;
  /** Whether this server has ever written Authentication-Results under that name. */
  readonly isOurs: (authservId: string) => boolean;
}

/** What the envelope alone told. */
interface EnvelopeFindings {
  readonly iprev: IprevEvidence;
  readonly spf: SpfEvidence;
  readonly spfHelo: SpfEvidence | null;
  readonly blocklists: readonly BlocklistEvidence[];
}

/**
 * For how long a sender's next message is given what was found out for the one before: as long as the resolver keeps every
 * answer, whatever its TTL.
 */
const envelopeMs = minTtlSeconds * 1000;

/** Envelopes that are remembered, and DMARC records of authors. */
const maxEnvelopes = 1000;

const newName = latin1(obscuredName);

/** The evidence of one message on its way. */
export class Gathering {
  readonly #envelope: Envelope;
  readonly #means: GatherMeans;
  readonly #log: Log;
  readonly #at: Millis;
  readonly #ip: string;
  /** For what the envelope tells, and for what the message does. */
  readonly #earlyDeadline: Deadline;
  readonly #lateDeadline: Deadline;
  readonly #early: BoundedResolver;
  readonly #late: BoundedResolver;
  readonly #iprev: Promise<IprevEvidence>;
  readonly #spf: Promise<SpfEvidence>;
  readonly #spfHelo: Promise<SpfEvidence | null>;
  readonly #blocklists: Promise<readonly BlocklistEvidence[]>;
  readonly #envelopes: Recent<EnvelopeFindings>;
  readonly #key: string;
  readonly #message: MessageChecks;
  /** Fields that have another name now. */
  #obscured = 0;

  constructor(envelope: Envelope, means: GatherMeans, shared: Shared) {
    const { settings, clock, resolver } = means;
    const limits = { ...gatherLimits, ...settings };
    const ip = parseIp(envelope.remoteIp);
    if (ip === null) throw new SyntaxError(`not an address: ${envelope.remoteIp}`);
    this.#envelope = envelope;
    this.#means = means;
    this.#log = envelope.log ?? means.log;
    this.#at = clock.now();
    this.#ip = printIp(ip);
    const { deadlineMs, maxLookups } = limits;
    this.#earlyDeadline = new Deadline(clock, deadlineMs);
    this.#lateDeadline = new Deadline(clock, deadlineMs);
    this.#early = new BoundedResolver(resolver, { deadline: this.#earlyDeadline, maxLookups }, this.#log);
    this.#late = new BoundedResolver(resolver, { deadline: this.#lateDeadline, maxLookups }, this.#log);
    this.#earlyDeadline.start();
    const { mailFrom, helo } = envelope;
    const sender = mailFrom === null || mailFrom.domain === "" ? null : mailFrom;
    this.#envelopes = shared.envelopes;
    this.#key = JSON.stringify([this.#ip, helo, sender?.local, sender?.domain]);
    const known = shared.envelopes.get(this.#key, this.#at);
    this.#iprev = known !== undefined ? Promise.resolve(known.iprev) : this.#guard(
      "iprev",
      async () => iprevEvidence(await iprev(ip, this.#early)),
      (why) => ({ status: "temperror", name: null, security: "indeterminate", why }),
    );
    this.#spf = known !== undefined
      ? Promise.resolve(known.spf)
      : this.#checkSpf(ip, identityOf(sender, helo));
    this.#spfHelo = known !== undefined
      ? Promise.resolve(known.spfHelo)
      : sender === null
      ? Promise.resolve(null)
      : this.#checkSpf(ip, heloIdentity(helo));
    this.#blocklists = known !== undefined
      ? Promise.resolve(known.blocklists)
      : Promise.all((settings.blocklists ?? []).map((list) => this.#checkList(ip, list, shared.blocklists)));
    const options: DkimOptions = {
      resolver: this.#late,
      now: this.#at,
      keys: shared.keys,
      isPublicSuffix: (domain) => means.suffixes.isPublicSuffix(domain),
    };
    this.#message = new MessageChecks(options, shared.isOurs, this.#log, shared.discoveries);
  }

  /** The result of SPF alone, as soon as it is there: for what RCPT may depend on. */
  get spf(): Promise<SpfEvidence> {
    return this.#spf;
  }

  /** Takes the next octets of the message, with CRLF as line ends; they are not kept. Never throws. */
  write(chunk: Uint8Array): void {
    this.#message.write(chunk);
  }

  /**
   * Puts another name in place of that of each field with forged results in `head`, the message's first octets, all of which
   * were written. RFC 8601 5
   */
  obscure(head: Bytes): void {
    for (const { start } of this.#message.untrusted) {
      if (start + newName.length > head.length) continue;
      head.set(newName, start);
      this.#obscured++;
    }
  }

  /** Forged results are left, so deep in a large header section that they were on their way already. */
  get isForged(): boolean {
    return this.#message.untrusted.length > this.#obscured;
  }

  /**
   * The message is complete: waits for what is not answered yet, at most until the deadline.
   *
   * @param signal Ends the waiting at once, with what is known by then.
   */
  async finish(signal?: AbortSignal): Promise<Evidence> {
    const start = this.#means.clock.monotonic();
    this.#lateDeadline.start();
    const giveUp = () => this.#end("nobody waits any more");
    if (signal?.aborted === true) giveUp();
    signal?.addEventListener("abort", giveUp, { once: true });
    try {
      const evidence = await this.#collect();
      const waitedMs = Math.round(this.#means.clock.monotonic() - start);
      const { cutLookups } = evidence;
      if (cutLookups.length > 0) this.#log.warn("evidence is incomplete", { cutLookups, waitedMs });
      this.#count(waitedMs, signal?.aborted === true, cutLookups.length > 0);
      return { ...evidence, waitedMs };
    } finally {
      signal?.removeEventListener("abort", giveUp);
      this.drop();
    }
  }

  #count(waitedMs: number, isGivenUp: boolean, isCut: boolean): void {
    const isLate = this.#earlyDeadline.isLate || this.#lateDeadline.isLate;
    const result: EvidenceResult = isGivenUp ? "givenUp" : !isCut ? "complete" : isLate ? "late" : "cut";
    this.#means.metrics?.gathered.add({ result });
    this.#means.metrics?.waited.observe(waitedMs / 1000);
  }

  /** Nobody wants it any more: lookups end. */
  drop(): void {
    this.#end("nobody waits any more");
  }

  async #collect(): Promise<Evidence> {
    const { helo, mailFrom, tls } = this.#envelope;
    const { suffixes } = this.#means;
    const signed = this.#message.finish();
    const [spf, { dkim, arc, dmarc, from, untrusted }] = await Promise.all([
      this.#spf,
      this.#guard("message", async () => {
        const { dkim, arc, from, untrusted } = await signed;
        const spf = await this.#spf;
        return { dkim, arc, from, untrusted, dmarc: await this.#message.dmarc(spf, dkim) };
      }, (why) => this.#message.broken(why)),
    ]);
    const author = from.status === "ok" ? from.domains[0] ?? null : null;
    const told: EnvelopeFindings = {
      iprev: await this.#iprev,
      spf,
      spfHelo: await this.#spfHelo,
      blocklists: await this.#blocklists,
    };
    if (isCertain(told)) this.#envelopes.add(this.#key, told, this.#at);
    return {
      version: evidenceVersion,
      at: this.#at,
      waitedMs: 0,
      remoteIp: this.#ip,
      helo,
      mailFrom: mailFrom === null ? null : printMailbox(mailFrom),
      tls,
      ...told,
      from,
      dkim,
      arc,
      dmarc: dmarcEvidence(dmarc),
      validation: author === null ? "none" : validationOf(author, spf, dkim, dmarc.status, suffixes),
      organization: author === null ? null : suffixes.organizationalDomain(author) ?? author,
      untrustedResults: untrusted,
      cutLookups: [...this.#early.cut, ...this.#late.cut],
    };
  }

  #checkSpf(ip: IpAddress, { identity, domain, local }: SpfIdentity): Promise<SpfEvidence> {
    const { helo } = this.#envelope;
    const request = { ip, domain, local, helo, receiver: this.#means.settings.hostname };
    return this.#guard(
      "spf",
      async () => spfEvidence(identity, await checkHost(request, { resolver: this.#early, now: this.#at })),
      (why) => unknownSpf(identity, domain, why),
    );
  }

  /** A list's health is asked for once for all messages, beyond our bounds: so the waiting is bounded here. */
  #checkList(ip: IpAddress, list: string, blocklists: Blocklists): Promise<BlocklistEvidence> {
    const { signal } = this.#earlyDeadline;
    const unknown = (why: string) => unknownListing(list, why);
    return this.#guard("blocklist", async () => {
      const found = await orAborted(blocklists.lookup(ip, list, signal), signal);
      return found === null ? unknown(`${list} did not answer in time`) : blocklistEvidence(found);
    }, unknown);
  }

  /** A part that breaks is a bug of ours: it is logged, and nothing is known of that part. */
  async #guard<T>(part: string, run: () => Promise<T>, broken: (why: string) => T): Promise<T> {
    try {
      return await run();
    } catch (error) {
      this.#log.error("gathering evidence failed", { part, error: asError(error) });
      return broken("an internal error");
    }
  }

  #end(reason: string): void {
    this.#earlyDeadline.end(reason);
    this.#lateDeadline.end(reason);
  }
}

/** Whether nothing failed: what failed is tried again for the next message. */
function isCertain({ iprev, spf, spfHelo, blocklists }: EnvelopeFindings): boolean {
  return [iprev, spf, spfHelo, ...blocklists].every((each) => each?.status !== "temperror");
}

/** Null as soon as the signal is aborted. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const given = Promise.withResolvers<null>();
  const giveUp = () => given.resolve(null);
  if (signal.aborted) giveUp();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    return await Promise.race([promise, given.promise]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
