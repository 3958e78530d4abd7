/**
 * Answers questions of zones in memory: as each zone's own server does, as a recursive server does, and as all the
 * servers of a little Internet that is walked from its root.
 *
 * @module
 */
import { hex } from "../../base/bytes.ts";
import type { Exchange, ExchangeOptions, ExchangeQuestion, ExchangeResult } from "../exchange.ts";
import { classIn, type DnsMessage, rcodes, type ResourceRecord } from "../message.ts";
import { isWithin, labelCount, nameFromText, parentOf, root, sameName } from "../name.ts";
import { readData, writeData } from "../rdata.ts";
import { type Name, typeNumbers } from "../record.ts";
import { printServer } from "../upstream.ts";
import type { SignedZone } from "./signed_zone.ts";

/** What is answered. */
export interface Reply {
  rcode: number;
  authoritative: boolean;
  answers: ResourceRecord[];
  authorities: ResourceRecord[];
  additionals: ResourceRecord[];
}

const emptyReply = (): Reply => ({
  rcode: rcodes.noError,
  authoritative: true,
  answers: [],
  authorities: [],
  additionals: [],
});

/** What a zone's own server says: an answer, a referral, or that there is nothing. RFC 1034 4.3.2, RFC 4035 3.1 */
export function ask(zone: SignedZone, name: Name, type: number): Reply {
  const reply = emptyReply();
  const cut = zone.cutAbove(name);
  if (cut !== null && !(sameName(cut, name) && type === typeNumbers.DS)) return refer(zone, cut, reply);
  const dname = dnameAbove(zone, name);
  if (dname !== null) {
    reply.answers.push(...zone.withSignatures(dname, typeNumbers.DNAME));
    const alias = madeUp(zone, dname, name);
    if (alias === null) reply.rcode = 6; // YXDOMAIN, RFC 6672 2.2
    else reply.answers.push(alias);
    return reply;
  }
  if (zone.exists(name)) return own(zone, name, name, type, reply, () => {});
  const { encloser, nextCloser } = closest(zone, name);
  const wildcard = nameFromText(encloser === root ? "*." : `*.${encloser}`);
  const prove = () => {
    if (zone.denial === "nsec") proof(zone, reply, name);
    else proof(zone, reply, nextCloser);
  };
  if (zone.exists(wildcard)) return own(zone, wildcard, name, type, reply, prove, encloser);
  reply.rcode = rcodes.nxDomain;
  deny(zone, reply);
  prove();
  if (zone.denial !== "nsec") proof(zone, reply, encloser);
  proof(zone, reply, wildcard);
  return reply;
}

/** Records, an alias, or neither, at a name that is there, or at the wildcard that stands for it. */
function own(
  zone: SignedZone,
  at: Name,
  name: Name,
  type: number,
  reply: Reply,
  proveWild: () => void,
  encloser?: Name,
): Reply {
  const found = zone.withSignatures(at, type, name);
  const alias = type === typeNumbers.CNAME ? [] : zone.withSignatures(at, typeNumbers.CNAME, name);
  reply.answers.push(...(found.length > 0 ? found : alias));
  if (reply.answers.length === 0) {
    deny(zone, reply);
    if (encloser !== undefined && zone.denial !== "nsec") proof(zone, reply, encloser);
    noData(zone, reply, at);
  }
  proveWild();
  return reply;
}

/** At a name that is there and has no such type; with Opt-Out it may not be in the chain. RFC 5155 7.2.3, 7.2.4 */
function noData(zone: SignedZone, reply: Reply, name: Name): void {
  if (!zone.signed || zone.denial === "nsec" || zone.denier(name).matches) return proof(zone, reply, name);
  let nextCloser = name;
  for (let up = parentOf(name); up !== null; up = parentOf(up)) {
    if (zone.denier(up).matches) {
      proof(zone, reply, up);
      return proof(zone, reply, nextCloser);
    }
    nextCloser = up;
  }
}

function refer(zone: SignedZone, cut: Name, reply: Reply): Reply {
  reply.authoritative = false;
  const servers = zone.records(cut, typeNumbers.NS);
  reply.authorities.push(...servers);
  const ds = zone.withSignatures(cut, typeNumbers.DS);
  if (ds.length > 0) reply.authorities.push(...ds);
  else noData(zone, reply, cut);
  for (const { rdata } of servers) {
    const { host } = readData("NS", rdata);
    reply.additionals.push(...zone.records(host, typeNumbers.A), ...zone.records(host, typeNumbers.AAAA));
  }
  return reply;
}

function deny(zone: SignedZone, reply: Reply): void {
  const soa = zone.withSignatures(zone.origin, typeNumbers.SOA);
  reply.authorities.push(...soa.map((record) => ({ ...record, ttl: Math.min(record.ttl, 300) })));
}

/** The NSEC or NSEC3 record that is at a name or covers it, once. */
function proof(zone: SignedZone, reply: Reply, name: Name): void {
  if (!zone.signed) return;
  const { owner } = zone.denier(name);
  const there = reply.authorities.some((record) =>
    record.type === zone.denialType && sameName(record.name, owner)
  );
  if (!there) reply.authorities.push(...zone.withSignatures(owner, zone.denialType));
}

function closest(zone: SignedZone, name: Name): { encloser: Name; nextCloser: Name } {
  let nextCloser = name;
  for (let up = parentOf(name); up !== null; up = parentOf(up)) {
    if (zone.exists(up)) return { encloser: up, nextCloser };
    nextCloser = up;
  }
  return { encloser: zone.origin, nextCloser };
}

function dnameAbove(zone: SignedZone, name: Name): Name | null {
  for (let up = parentOf(name); up !== null && isWithin(up, zone.origin); up = parentOf(up)) {
    if (zone.records(up, typeNumbers.DNAME).length > 0) return up;
  }
  return null;
}

/** The CNAME that a server makes of a DNAME; it has no signature. Null if the name gets too long. RFC 6672 3.1 */
function madeUp(zone: SignedZone, owner: Name, name: Name): ResourceRecord | null {
  const record = zone.records(owner, typeNumbers.DNAME)[0];
  if (record === undefined) return null;
  const { target } = readData("DNAME", record.rdata);
  const below = name.slice(0, name.length - owner.length);
  try {
    const rdata = writeData("CNAME", { target: nameFromText(target === root ? below : below + target) });
    return { name, type: typeNumbers.CNAME, class: classIn, ttl: record.ttl, rdata };
  } catch {
    return null;
  }
}

/** Changes what is answered, for a test that lies. */
export type Lie = (reply: Reply, name: Name, type: number) => Reply | "timeout" | "servfail";

/** What zones are asked. */
abstract class ZoneExchange implements Exchange {
  /** As `example. 15`. */
  readonly asked: string[] = [];
  lie: Lie = (reply) => reply;

  // deno-lint-ignore require-await
  async query({ name, type }: ExchangeQuestion, options: ExchangeOptions): Promise<ExchangeResult> {
    this.asked.push(`${name} ${type}`);
    const failure = (kind: "timeout" | "serverFailure" | "aborted", why: string): ExchangeResult => ({
      ok: false,
      kind,
      why,
      extendedErrors: [],
    });
    if (options.signal?.aborted === true) return failure("aborted", "given up");
    const found = this.find(name, type, options);
    const reply = found === null ? "timeout" : this.lie(found, name, type);
    if (reply === "timeout") return failure("timeout", "no answer in time");
    if (reply === "servfail" || reply.rcode > 3) return failure("serverFailure", "SERVFAIL");
    const message = messageOf(reply, name, type, options);
    return {
      ok: true,
      message,
      server: printServer(options.server ?? { address: "192.0.2.1", port: 53 }),
      trusted: false,
    };
  }

  abstract find(name: Name, type: number, options: ExchangeOptions): Reply | null;
}

function messageOf(reply: Reply, name: Name, type: number, options: ExchangeOptions): DnsMessage {
  return {
    ...reply,
    id: 0,
    isResponse: true,
    opcode: 0,
    truncated: false,
    recursionDesired: options.recursionDesired,
    recursionAvailable: options.recursionDesired,
    authenticData: false,
    checkingDisabled: options.checkingDisabled,
    question: { name, type, class: classIn },
    edns: { udpSize: 1232, dnssecOk: options.dnssecOk, version: 0, extendedErrors: [] },
  };
}

/** A recursive server that finds out by itself and hands out all there is. */
export class RecursiveServer extends ZoneExchange {
  readonly #zones: readonly SignedZone[];

  constructor(zones: readonly SignedZone[]) {
    super();
    this.#zones = zones;
  }

  find(name: Name, type: number): Reply {
    return recurse(this.#zones, name, type);
  }
}

/** The answer that a recursive server collects, aliases followed. */
export function recurse(zones: readonly SignedZone[], name: Name, type: number): Reply {
  const whole = emptyReply();
  whole.authoritative = false;
  let at = name;
  for (let turns = 0; turns < 20; turns++) {
    const zone = zoneOf(zones, at, type);
    if (zone === null) return { ...whole, rcode: rcodes.servFail };
    const reply = ask(zone, at, type);
    const referred = reply.answers.length === 0 && !reply.authoritative;
    if (referred) return { ...whole, rcode: rcodes.servFail }; // Delegated to a zone that no server has.
    // A DNAME that is followed twice is told once: unbound takes the second for an attack.
    whole.answers.push(
      ...reply.answers.filter((record) => !whole.answers.some((one) => sameRecord(one, record))),
    );
    whole.authorities.push(...reply.authorities);
    whole.rcode = reply.rcode;
    const alias = reply.answers.findLast((record) => record.type === typeNumbers.CNAME);
    if (alias === undefined || type === typeNumbers.CNAME || reply.rcode !== rcodes.noError) return whole;
    at = readData("CNAME", alias.rdata).target;
  }
  return whole;
}

function sameRecord(a: ResourceRecord, b: ResourceRecord): boolean {
  return a.type === b.type && sameName(a.name, b.name) && hex(a.rdata) === hex(b.rdata);
}

/** The zone that a name belongs to; of a DS record, the one above. */
function zoneOf(zones: readonly SignedZone[], name: Name, type: number): SignedZone | null {
  let deepest: SignedZone | null = null;
  for (const zone of zones) {
    if (!isWithin(name, zone.origin)) continue;
    if (type === typeNumbers.DS && sameName(zone.origin, name) && name !== root) continue;
    if (deepest === null || labelCount(zone.origin) > labelCount(deepest.origin)) deepest = zone;
  }
  return deepest;
}

/** The zones' own servers, each at its address. */
export class LittleInternet extends ZoneExchange {
  readonly #zones: readonly SignedZone[];

  constructor(zones: readonly SignedZone[]) {
    super();
    this.#zones = zones;
  }

  find(name: Name, type: number, options: ExchangeOptions): Reply | null {
    const hosted = this.#zones.filter(({ server }) => server === options.server?.address);
    if (hosted.length === 0) return null;
    const zone = zoneOf(hosted, name, type);
    return zone === null ? { ...emptyReply(), rcode: 5 } : ask(zone, name, type);
  }
}
