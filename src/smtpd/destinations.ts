/**
 * Domains that no mail can reach, known while the one who writes to them is still there: there is no such domain, or it
 * says that it takes none. RFC 6409 6.1, RFC 7505 4.1
 *
 * Only what the DNS says for certain counts. Whatever cannot be told in a few seconds is sent, and fails later with all
 * that is known then.
 *
 * @module
 */
import { asciiDomain } from "../address/domain.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { root } from "../dns/name.ts";
import type { Answer, Resolver } from "../dns/resolver.ts";
import type { Judgement } from "../smtp/session_state.ts";

/** How long a client waits for it. Most have the answer to a whole transaction's RCPT in a moment. */
export const destinationDeadlineMs = 5000;

/** And how long while answers do not come: who writes to a thousand others shall not wait for a DNS that is away. */
export const impatientMs = 250;

/** So many answers in a row did not come before that. */
export const maxLate = 3;

/** For how long a judgement is kept; the resolver keeps what the DNS said for as long as that says. */
export const keepJudgementMs = 60_000;

/** Judgements kept; when there are more, all are forgotten. */
export const maxJudgements = 10_000;

/** Domains that are asked about at the same time; of more nothing is asked. */
export const maxAsking = 100;

/** What is said of a domain that is not ours. */
type Destination = Extract<Judgement, { readonly kind: "unknownDomain" | "noSuchDomain" | "nullMx" }>;

const reachable: Destination = { kind: "unknownDomain" };

/** Mail for a domain that is not ours. */
export interface MailElsewhere {
  /** In normal form, or an address literal. */
  readonly domain: string;
  /** Who sends it: the name of the account. */
  readonly account: string;
  /** MAIL FROM as `local@domain`; empty for the null sender. */
  readonly sender: string;
}

interface Parts {
  /** Whether it goes to the domain's own mail exchangers. What a relay can reach, the DNS here need not know. */
  readonly goesDirectly: (mail: MailElsewhere) => boolean;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly log: Log;
}

export class Destinations {
  readonly #parts: Parts;
  #known = new Map<string, { readonly judgement: Promise<Destination>; readonly until: number }>();
  #asking = 0;
  /** Answers in a row that did not come in time. */
  #late = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Never throws. */
  async judge(mail: MailElsewhere): Promise<Destination> {
    const found = await this.#ofDomain(mail.domain);
    return found.kind === "unknownDomain" || this.#parts.goesDirectly(mail) ? found : reachable;
  }

  #ofDomain(domain: string): Promise<Destination> {
    if (domain.startsWith("[")) return Promise.resolve(reachable);
    const now = this.#parts.clock.monotonic();
    const before = this.#known.get(domain);
    if (before !== undefined && before.until > now) return before.judgement;
    if (this.#asking >= maxAsking) return Promise.resolve(reachable);
    if (this.#known.size >= maxJudgements) this.#known = new Map();
    const judgement = this.#ask(domain);
    this.#known.set(domain, { judgement, until: now + keepJudgementMs });
    return judgement;
  }

  async #ask(domain: string): Promise<Destination> {
    const { clock, log } = this.#parts;
    const over = new AbortController();
    const late = Promise.withResolvers<Destination>();
    const timer = clock.after(this.#late >= maxLate ? impatientMs : destinationDeadlineMs, () => {
      this.#late++;
      over.abort();
      late.resolve(reachable); // Whether or not the resolver hears of it.
    });
    this.#asking++;
    try {
      const looked = this.#look(`${asciiDomain(domain)}.`, over.signal).then((found) => {
        if (!over.signal.aborted) this.#late = 0;
        return found;
      });
      return await Promise.race([looked, late.promise]);
    } catch (error) {
      log.debug("a domain cannot be looked up", {
        domain,
        error: error instanceof Error ? error : String(error),
      });
      return reachable;
    } finally {
      timer.cancel();
      this.#asking--;
    }
  }

  async #look(name: string, signal: AbortSignal): Promise<Destination> {
    const { resolver } = this.#parts;
    const mx = await resolver.lookup(name, "MX", { signal });
    if (isNullMx(mx)) return { kind: "nullMx" };
    if (mx.status !== "noSuchDomain") return reachable;
    // That is said of the name (RFC 8020), but there are servers that say it of a type.
    const addresses = await Promise.all([
      resolver.lookup(name, "A", { signal }),
      resolver.lookup(name, "AAAA", { signal }),
    ]);
    return addresses.every(({ status }) => status === "noSuchDomain") ? { kind: "noSuchDomain" } : reachable;
  }
}

/** A single MX record with preference 0 and no host. RFC 7505 3 */
function isNullMx({ status, records }: Answer<"MX">): boolean {
  const [first] = records;
  return status === "found" && records.length === 1 && first?.preference === 0 && first.exchange === root;
}
