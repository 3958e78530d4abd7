/**
 * Asks the zones' own servers, from the root down, where no recursive server is of use. RFC 1034 5.3.3, RFC 2181 5.4
 *
 * Each question is followed through referrals to the zone that answers it; the answer is given as that zone's
 * server gave it, less what the zone may not speak of. Aliases are for the one who asked, and so is validation:
 * nothing here is believed beyond where to ask next.
 *
 * A referral must lead closer to the name, and only within the zone that gives it; glue counts only for the
 * servers of that referral, and only below the zone (RFC 5452 6). What strangers can make us do is limited:
 * referrals, servers whose addresses must be looked up first (CVE-2020-12662), questions in all, records in all.
 *
 * @module
 */
import type { Clock, Millis } from "../base/clock.ts";
import { isOpenAddress } from "../base/open_address.ts";
import { shown } from "./dnssec_step.ts";
import type {
  Exchange,
  Exchanged,
  ExchangeOptions,
  ExchangeQuestion,
  ExchangeResult,
  NotExchanged,
} from "./exchange.ts";
import { AddressFamilies } from "./iterate_families.ts";
import { type NameServer, rootServers } from "./iterate_hints.ts";
import { classIn, type DnsMessage, rcodes, type ResourceRecord } from "./message.ts";
import { canonicalName, isWithin, parentOf, root, sameName } from "./name.ts";
import { readData } from "./rdata.ts";
import { type Name, typeNumbers } from "./record.ts";
import type { FailureKind } from "./resolver.ts";

/** Questions sent to find the answer to one. */
export const maxQuestions = 40;

/** Referrals from the root to the zone that answers; each is at least a label. */
export const maxReferrals = 16;

/** Servers that did not answer, before the search is given up. */
export const maxSilentServers = 6;

/** Servers of one zone that are known, and of those without glue, how many are looked up. */
export const maxServers = 13;
export const maxServersLookedUp = 3;

/** Records of all messages that one question takes; a referral has some forty. */
export const maxRecordsRead = 3000;

/** How deep a lookup of a server's address may need another one. */
export const maxLookupDepth = 3;

/** Zones whose servers are kept. */
export const maxDelegations = 2000;

/** How long a server's silence is remembered, and of how many. */
export const silentForMs = 60_000;
export const maxSilentKept = 1000;

/** How long to wait for one server; there are others. */
const tryMs = 1500;

/** For how long a zone's servers are kept: RFC 9520 wants failures remembered, RFC 1034 the rest. */
const minDelegationSeconds = 60;
const maxDelegationSeconds = 86_400;

/** What an {@link IterativeExchange} is made of. */
export interface IterativeSettings {
  /** Asks one server, which every question names. */
  readonly exchange: Exchange;
  readonly clock: Clock;
  /** From 0 to below 1: servers take turns. */
  readonly random: () => number;
  readonly hints?: readonly NameServer[];
  /** Whether an address may be asked; those of the open Internet, if absent. */
  readonly mayAsk?: (address: string) => boolean;
}

/** A zone and its servers. */
interface Delegation {
  readonly zone: Name;
  readonly servers: readonly NameServer[];
  readonly expiresAt: Millis;
}

/** What one question has cost. */
interface Budget {
  questions: number;
  silent: number;
  records: number;
}

/** What a zone's server said: an answer, or where to ask next. */
type Told = { readonly answer: Exchanged } | { readonly next: Delegation } | NotExchanged;

/** Finds answers from the root down. */
export class IterativeExchange implements Exchange {
  readonly #settings: IterativeSettings;
  readonly #root: Delegation;
  readonly #delegations = new Map<Name, Delegation>();
  readonly #silentUntil = new Map<string, Millis>();
  readonly #families: AddressFamilies;

  constructor(settings: IterativeSettings) {
    this.#settings = settings;
    this.#families = new AddressFamilies(settings.clock);
    this.#root = { zone: root, servers: settings.hints ?? rootServers, expiresAt: Infinity };
  }

  /** Zones whose servers are kept. */
  get size(): number {
    return this.#delegations.size;
  }

  /** Servers whose silence is remembered. */
  get silent(): number {
    return this.#silentUntil.size;
  }

  query(question: ExchangeQuestion, options: ExchangeOptions): Promise<ExchangeResult> {
    return this.#resolve(question, options, { questions: 0, silent: 0, records: 0 }, 0);
  }

  async #resolve(
    question: ExchangeQuestion,
    options: ExchangeOptions,
    budget: Budget,
    depth: number,
  ): Promise<ExchangeResult> {
    const { name, type } = question;
    // The zone above a delegation answers for its DS records. RFC 4035 3.1.4.1
    const target = type === typeNumbers.DS ? parentOf(name) ?? root : name;
    let at = this.#closest(target);
    let wasKept = at !== this.#root;
    for (let referrals = 0; referrals <= maxReferrals; referrals++) {
      const told = await this.#askZone(at, question, target, options, budget, depth);
      if ("answer" in told) return told.answer;
      if ("next" in told) {
        at = told.next;
        this.#keep(at);
        continue;
      }
      if (!wasKept || isGivenUp(told)) return told;
      this.#delegations.delete(canonicalName(at.zone)); // It may have moved since.
      at = this.#closest(target);
      wasKept = false;
    }
    return failure("costly", `more than ${maxReferrals} referrals on the way to ${shown(name)}`);
  }

  /** The deepest zone above a name whose servers are known. */
  #closest(name: Name): Delegation {
    const now = this.#settings.clock.monotonic();
    for (let at: Name | null = name; at !== null && at !== root; at = parentOf(at)) {
      const kept = this.#delegations.get(canonicalName(at));
      if (kept !== undefined && kept.expiresAt > now) return kept;
    }
    return this.#root;
  }

  #keep(delegation: Delegation): void {
    const key = canonicalName(delegation.zone);
    this.#delegations.delete(key);
    this.#delegations.set(key, delegation);
    for (const oldest of this.#delegations.keys()) {
      if (this.#delegations.size <= maxDelegations) break;
      this.#delegations.delete(oldest);
    }
  }

  /** Asks the servers of a zone one after the other. */
  async #askZone(
    at: Delegation,
    question: ExchangeQuestion,
    target: Name,
    options: ExchangeOptions,
    budget: Budget,
    depth: number,
  ): Promise<Told> {
    let last: NotExchanged = failure("serverFailure", `no server of ${shown(at.zone)} can be asked`);
    for await (const address of this.#addresses(at, options, budget, depth)) {
      if (options.signal?.aborted === true) return failure("aborted", "given up");
      if (budget.questions >= maxQuestions) {
        return failure("costly", `more than ${maxQuestions} questions to find ${shown(question.name)}`);
      }
      if (budget.silent >= maxSilentServers) {
        return failure(
          "timeout",
          `${maxSilentServers} servers on the way to ${shown(question.name)} did not answer`,
        );
      }
      budget.questions++;
      const result = await this.#settings.exchange.query(question, {
        ...options,
        server: { address, port: 53 },
        recursionDesired: false,
        tryMs,
        tries: 1,
      });
      if (!result.ok) {
        last = result;
        if (isGivenUp(result)) return result;
        if (result.kind === "timeout") this.#wasSilent(address, budget);
        else if (result.unsent === true) this.#families.wasUnreachable(address);
        else this.#families.answered(address);
        continue;
      }
      this.#families.answered(address);
      const { answers, authorities, additionals } = result.message;
      budget.records += answers.length + authorities.length + additionals.length;
      if (budget.records > maxRecordsRead) {
        return failure("costly", `more than ${maxRecordsRead} records on the way to ${shown(question.name)}`);
      }
      const told = this.#judge(at, question, target, result);
      if (told !== null) return told;
      last = failure("serverFailure", `${address} does not answer for ${shown(at.zone)} (lame)`);
    }
    return last;
  }

  #wasSilent(address: string, budget: Budget): void {
    budget.silent++;
    this.#families.wasSilent(address);
    this.#silentUntil.delete(address);
    this.#silentUntil.set(address, this.#settings.clock.monotonic() + silentForMs);
    for (const oldest of this.#silentUntil.keys()) {
      if (this.#silentUntil.size <= maxSilentKept) break;
      this.#silentUntil.delete(oldest);
    }
  }

  /** Null for a server that neither answers nor leads closer. */
  #judge(at: Delegation, { name, type }: ExchangeQuestion, target: Name, result: Exchanged): Told | null {
    const { message } = result;
    if (message.authoritative && speaksOf(message, at.zone, name, type)) {
      return { answer: { ...result, message: within(message, at.zone) } };
    }
    if (message.answers.length > 0 || message.rcode !== rcodes.noError) return null;
    const next = message.authorities.find((record) =>
      record.type === typeNumbers.NS && record.class === classIn && isWithin(target, record.name) &&
      isWithin(record.name, at.zone) && !sameName(record.name, at.zone)
    );
    return next === undefined ? null : { next: this.#delegation(next.name, at.zone, message) };
  }

  #delegation(zone: Name, from: Name, message: DnsMessage): Delegation {
    const records = message.authorities.filter((record) =>
      record.type === typeNumbers.NS && record.class === classIn && sameName(record.name, zone)
    ).slice(0, maxServers);
    const servers = records.flatMap(({ rdata }) => {
      const host = readOrUndefined(() => readData("NS", rdata).host);
      if (host === undefined) return [];
      return [{ host, addresses: isWithin(host, from) ? addressesIn(message.additionals, host) : [] }];
    });
    const ttl = Math.min(...records.map((record) => record.ttl));
    const seconds = Math.min(Math.max(ttl, minDelegationSeconds), maxDelegationSeconds);
    return { zone, servers, expiresAt: this.#settings.clock.monotonic() + seconds * 1000 };
  }

  /** Addresses of a zone's servers in the order in which they are to be asked, some of which are looked up first. */
  async *#addresses(
    { zone, servers }: Delegation,
    options: ExchangeOptions,
    budget: Budget,
    depth: number,
  ): AsyncGenerator<string> {
    const known = shuffled(servers.flatMap(({ addresses }) => addresses), this.#settings.random);
    const left = new Set(known.filter((address) => this.#mayAsk(address)));
    // What one address shows of its family counts for the next.
    for (let next = this.#best(left); next !== null; next = this.#best(left)) {
      left.delete(next);
      yield next;
    }
    // A server whose name is in the zone can only be found by glue, which did not come.
    const bare = servers.filter(({ host, addresses }) => addresses.length === 0 && !isWithin(host, zone));
    if (depth >= maxLookupDepth) return;
    for (const { host } of shuffled(bare, this.#settings.random).slice(0, maxServersLookedUp)) {
      for (const type of this.#families.types()) {
        const question = { name: host, type: typeNumbers[type] };
        const result = await this.#resolve(question, options, budget, depth + 1);
        if (!result.ok) continue;
        for (const address of addressesIn(result.message.answers, host)) {
          if (this.#mayAsk(address) && !this.#families.isUseless(address)) yield address;
        }
      }
    }
  }

  /** The first of those that promise most; null if none is left that is worth asking. */
  #best(addresses: Iterable<string>): string | null {
    const now = this.#settings.clock.monotonic();
    let best: string | null = null;
    let least = Infinity;
    for (const address of addresses) {
      if (this.#families.isUseless(address)) continue;
      const silent = (this.#silentUntil.get(address) ?? 0) > now;
      const rank = (this.#families.isAway(address) ? 4 : 0) + (silent ? 2 : 0) +
        (address.includes(":") ? 1 : 0);
      if (rank < least) [best, least] = [address, rank];
    }
    return best;
  }

  #mayAsk(address: string): boolean {
    return (this.#settings.mayAsk ?? isOpenAddress)(address);
  }
}

/** Whether a message has what was asked for, an alias, or the word of a zone at or below `zone` that it is not there. */
function speaksOf(message: DnsMessage, zone: Name, name: Name, type: number): boolean {
  const answers = message.answers.some((record) => {
    if (record.class !== classIn || !isWithin(record.name, zone)) return false;
    if (sameName(record.name, name)) return record.type === type || record.type === typeNumbers.CNAME;
    return record.type === typeNumbers.DNAME && isWithin(name, record.name);
  });
  if (answers || message.answers.length > 0) return answers;
  return message.authorities.every(({ type }) => type !== typeNumbers.NS) ||
    message.authorities.some((record) =>
      record.type === typeNumbers.SOA && isWithin(record.name, zone) && isWithin(name, record.name)
    );
}

/** Without what the zone's server can not know. RFC 2181 5.4.1 */
function within(message: DnsMessage, zone: Name): DnsMessage {
  const own = (record: ResourceRecord) => isWithin(record.name, zone);
  return {
    ...message,
    answers: message.answers.filter(own),
    authorities: message.authorities.filter(own),
    additionals: [],
  };
}

function addressesIn(records: readonly ResourceRecord[], host: Name): string[] {
  return records.flatMap(({ name, type, class: class_, rdata }) => {
    if (class_ !== classIn || !sameName(name, host)) return [];
    if (type !== typeNumbers.A && type !== typeNumbers.AAAA) return [];
    const address = readOrUndefined(() => readData(type === typeNumbers.A ? "A" : "AAAA", rdata).address);
    return address === undefined ? [] : [address];
  }).slice(0, maxServers);
}

function readOrUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Fisher and Yates. */
function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const result = [...values];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const [a, b] = [result[i], result[j]];
    if (a === undefined || b === undefined) continue;
    result[i] = b;
    result[j] = a;
  }
  return result;
}

/** Not for what a server did or did not: another one will not help. */
function isGivenUp({ kind }: NotExchanged): boolean {
  return kind === "aborted" || kind === "limit" || kind === "costly";
}

function failure(kind: FailureKind, why: string): NotExchanged {
  return { ok: false, kind, why, extendedErrors: [] };
}
