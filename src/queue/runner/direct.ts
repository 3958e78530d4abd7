/**
 * Straight to the hosts of the recipients' domain, one after the other, until one has taken the message or said that
 * nobody will. RFC 5321 5.1, RFC 7672, RFC 8461, RFC 8689
 *
 * Tested by `src/queue/runner/runner_test.ts`.
 *
 * @module
 */
import { asciiDomain } from "../../address/domain.ts";
import { type DanePlan, planDane } from "../../dane/plan.ts";
import type { Resolver } from "../../dns/resolver.ts";
import { clientRules } from "../../smtp/client_rules.ts";
import type { DirectTransport } from "../transport.ts";
import { addressesOf, configuredHosts, type HostAddresses, maxAddresses } from "./addresses.ts";
import type { Opened } from "./connect.ts";
import { findHosts, type HostPlan } from "./hosts.ts";
import type { JobRun } from "./job_run.ts";
import type { KnownFailures } from "./known_failures.ts";
import { addressKey, hostKey, type HostWay, type LineParts, openLine } from "./open_line.ts";
import type { StsFinding, StsPolicies, TlsNotes } from "./policies.ts";
import type { Lines, OpenLine } from "./reuse.ts";
import { judgeTls, planTls, type TlsFacts, type TlsJudgement, type TlsPlan } from "./tls_plan.ts";
import { happeningOf, openingOf, type Refusal, whyTls } from "./tls_opening.ts";
import { reportSessions, type TlsHappening, type TlsPeers } from "./tls_report.ts";
import type { Proxy } from "./through_proxy.ts";
import { transact } from "./transact.ts";
import { ownVerdict, remembered, type Remote, type Verdict } from "./verdict.ts";

/** What it works with. */
export interface DirectParts extends LineParts {
  readonly resolver: Resolver;
  readonly policies: StsPolicies;
  readonly tlsNotes: TlsNotes;
  readonly lines: Lines;
  /** Of destinations for which no host could be reached. */
  readonly destinations: KnownFailures<Verdict>;
}

/** New connections to one host on which nobody was settled. */
const maxFruitless = 2;

/** Tries to deliver; what came of it stands in `run.tally`. @param way Names the transport. */
export async function deliverDirect(
  run: JobRun,
  transport: DirectTransport,
  way: string,
  parts: DirectParts,
): Promise<void> {
  await new DirectAttempt(run, transport, way, parts).go();
}

/** What of a host is known when its turn comes. */
interface Host {
  readonly name: string;
  readonly addresses: HostAddresses;
  readonly tls: TlsPlan;
}

class DirectAttempt {
  readonly #run: JobRun;
  readonly #transport: DirectTransport;
  readonly #way: string;
  readonly #parts: DirectParts;
  /** What policies are asked for. */
  readonly #destination: string;
  /** A host was talked to about the message: what failed is not the domain. */
  #talked = false;
  /** The host of the connection that waited; and who, after it was used, may still be told to it. */
  #asked: { readonly host: string; readonly left: ReadonlySet<number> } | null = null;

  constructor(run: JobRun, transport: DirectTransport, way: string, parts: DirectParts) {
    this.#run = run;
    this.#transport = transport;
    this.#way = way;
    this.#parts = parts;
    this.#destination = `${run.job.domain} ${run.job.requireTls}`;
  }

  async go(): Promise<void> {
    const { tally, job } = this.#run;
    const { lines, destinations } = this.#parts;
    const line = lines.approvedFor(this.#way, this.#destination);
    if (line !== null) {
      this.#run.tlsMode = line.tlsMode;
      const left = new Set(job.recipients.map(({ id }) => id));
      this.#asked = { host: line.remote.host, left };
      await this.#sendOver(line, left);
      if (tally.pending.length === 0 || this.#run.isStopped) return;
    }
    const key = `${this.#way} ${this.#destination}`;
    const known = destinations.of(key);
    if (known !== null) return tally.conclude(remembered(known, job.attempts));
    const failure = await this.#hosts();
    if (this.#run.isStopped) return;
    if (failure !== null) tally.sayAll(failure);
    tally.conclude(nothingLeft);
    const { failure: found } = tally;
    if (!this.#talked && found !== null) destinations.remember(key, found);
  }

  /** Each host in turn; or what keeps us from all of them. */
  async #hosts(): Promise<Verdict | null> {
    const { job, signal, tally } = this.#run;
    const { resolver, policies, random, metrics } = this.#parts;
    const isLiteral = job.domain.startsWith("[");
    const [plan, sts] = await this.#run.patiently(Promise.all([
      findHosts(job.domain, resolver, random, signal),
      isLiteral ? null : policies.policyOf(asciiDomain(job.domain), signal).catch(() => nobodyKnows),
    ]));
    if (signal.aborted) return null;
    if (plan.kind === "nowhere") return plan.verdict;
    if (sts?.isUncertain === true && job.requireTls !== false && (job.attempts === 1 || job.requireTls)) {
      const verdict = ownVerdict(
        "temporary",
        "4.7.5",
        `nobody can tell now whether ${job.domain} has an MTA-STS policy, so the message waits: ${sts.why}`,
      );
      return { ...verdict, unconfirmed: true };
    }
    metrics.destinations.add();
    if (plan.mx?.security === "secure") metrics.authentic.add();
    for (const name of plan.hosts) {
      if (tally.pending.length === 0 || signal.aborted) return null;
      const left = new Set(tally.pending.map(({ id }) => id).filter((id) => this.#mayHear(name, id)));
      if (left.size === 0) continue;
      const host = await this.#host(name, plan, sts);
      if (host !== null) await this.#deliverTo(host, left);
      if (tally.hasDelivered) return null;
    }
    return null;
  }

  /** Whom a host has deferred over the connection that waited, it has heard of in this attempt. */
  #mayHear(host: string, id: number): boolean {
    return this.#asked?.host !== host || this.#asked.left.has(id);
  }

  /** What can be said of a host before it is dialled; null if that is enough. */
  async #host(name: string, plan: HostPlan, sts: StsFinding | null): Promise<Host | null> {
    const { tally, signal, job, log } = this.#run;
    const { resolver, settings, metrics } = this.#parts;
    const { ipv4, ipv6 } = this.#transport;
    const rules = { ipv4, ipv6, allowPrivate: settings.allowPrivate };
    const addresses = await this.#run.patiently(addressesOf(name, resolver, rules, signal));
    if (signal.aborted) return null;
    if (addresses.verdict !== null) {
      log.info("host without addresses", { host: name, why: addresses.verdict.text });
      tally.sayAll(addresses.verdict);
      return null;
    }
    const dane = await this.#run.patiently(this.#dane(name, plan, addresses));
    if (signal.aborted) return null;
    const facts: TlsFacts = { domain: job.domain, host: name, sts, dane, requireTls: job.requireTls };
    const tls = planTls(facts);
    if (dane.kind === "authenticated") metrics.daneRequired.add();
    if (dane.kind === "encrypted") metrics.daneUnverified.add();
    if (dane.kind === "later") metrics.daneErrors.add();
    if (tls.kind === "skip") {
      log.info("host passed over", { host: name, why: tls.verdict.text });
      if (tls.cause === "requireTls") metrics.requireTlsUnsupported.add({ reason: "nopolicy" });
      else this.#note(facts, { kind: "skipped" }, noPeers);
      tally.sayAll(tls.verdict);
      return null;
    }
    for (const ignored of tls.ignored) metrics.tlsRequiredNo.add({ ignored });
    this.#run.tlsMode = tls.check === "dane"
      ? "dane"
      : tls.check === "pkix"
      ? "mtasts"
      : tls.mode === "required"
      ? "required"
      : "opportunistic";
    return { name, addresses, tls };
  }

  async #dane(name: string, plan: HostPlan, { answers }: HostAddresses): Promise<DanePlan> {
    const { mx } = plan;
    if (mx === null) return { kind: "none", why: `${name} is an address, for which there are no records` };
    const route = {
      nextHop: plan.domain,
      expandedNextHop: plan.expanded,
      mx,
      host: name,
      port: this.#parts.settings.port,
    };
    return await planDane(route, answers, this.#parts.resolver, { signal: this.#run.signal });
  }

  async #deliverTo(host: Host, left: Set<number>): Promise<void> {
    for (let fruitless = 0; left.size > 0 && !this.#run.signal.aborted;) {
      const line = this.#known(host) ?? await this.#open(host);
      if (line === null) return;
      this.#parts.lines.approve(line, this.#destination);
      const before = left.size;
      await this.#sendOver(line, left);
      if (left.size === before && ++fruitless >= maxFruitless) return;
    }
  }

  /** A connection to this host that waits, if what was proved on it will do. */
  #known({ name, tls }: Host): OpenLine | null {
    const { lines, clock } = this.#parts;
    const line = lines.to(this.#way, name, (one) => {
      const judgement = judgeTls(tls, one.proof, clock.now());
      return judgement.allowed && (tls.facts.requireTls !== true || one.client.tls?.verified === true);
    });
    if (line === null) return null;
    const judgement = judgeTls(tls, line.proof, clock.now());
    const peers = { sendingIp: null, receivingIp: line.remote.address };
    this.#note(tls.facts, happeningOf(line.proof, judgement), peers);
    return line;
  }

  async #open(host: Host): Promise<OpenLine | null> {
    const { clock, settings, chunkless } = this.#parts;
    const { tls, name, addresses } = host;
    const proxy = await this.#proxy();
    if (proxy === "none") return null;
    const judged: { last: TlsJudgement | null } = { last: null };
    const way: HostWay = {
      way: this.#way,
      host: name,
      addresses: addresses.addresses,
      hasBoth: addresses.hasBoth,
      isOurs: false,
      isUnconfirmed: tls.check === "pkix" && tls.facts.sts?.isConfirmed === false,
      target: {
        port: settings.port,
        proxy,
        rules: clientRules(asciiDomain(this.#transport.socks?.hostname ?? settings.hostname), {
          tls: tls.mode,
          strictEightBit: settings.strictEightBit,
          chunking: chunkless.of(hostKey(this.#way, name)) === null,
          timeouts: settings.timeouts,
        }),
        credentials: null,
        implicitTls: false,
        tls: {
          serverName: tls.serverName,
          ...(settings.trusted.length > 0 ? { trusted: settings.trusted } : {}),
        },
        judge: (proof) => judged.last = judgeTls(tls, proof, clock.now()),
      },
      why: (state) => whyTls(tls, state, judged.last),
      noteTls: (result, remote) => this.#noteOpening(tls, result, remote, judged.last),
    };
    return await openLine(way, this.#run, this.#parts);
  }

  async #proxy(): Promise<Proxy | null | "none"> {
    const { socks } = this.#transport;
    if (socks === null) return null;
    const lookup = addressesOf(socks.host, this.#parts.resolver, configuredHosts, this.#run.signal);
    const { addresses, verdict } = await this.#run.patiently(lookup);
    if (addresses.length > 0) return { ...socks, addresses: addresses.slice(0, maxAddresses) };
    this.#run.tally.sayAll({
      ...verdict ?? nothingLeft,
      text: `the SOCKS proxy cannot be found: ${verdict?.text ?? ""}`,
    });
    return "none";
  }

  async #sendOver(line: OpenLine, left: Set<number>): Promise<void> {
    const { lines, settings, hangUps, chunkless } = this.#parts;
    const { log, signal } = this.#run;
    this.#talked = true;
    const giveUp = () => line.client.destroy();
    signal.addEventListener("abort", giveUp, { once: true });
    const { end, hungUp, knowsNoChunks } = await transact(line, this.#run, left);
    if (knowsNoChunks) chunkless.remember(hostKey(line.way, line.remote.host), true);
    signal.removeEventListener("abort", giveUp);
    log.debug("sent", { cid: line.id, host: line.remote.host, end, carried: line.carried });
    if (!signal.aborted) hangUps.note(addressKey(line.way, line.remote), hungUp);
    if (end === "connection" || line.carried >= settings.maxPerConnection) return lines.leave(line);
    lines.put(line);
  }

  #noteOpening(
    tls: TlsPlan,
    result: Opened | Refusal,
    remote: Remote,
    judgement: TlsJudgement | null,
  ): void {
    const peers = { sendingIp: result.localAddress, receivingIp: remote.address };
    const happening = openingOf(result, judgement);
    if (happening !== null) this.#note(tls.facts, happening, peers);
  }

  #note(facts: TlsFacts, happening: TlsHappening, peers: TlsPeers): void {
    if (facts.domain.startsWith("[")) return; // Nobody could be sent a report.
    const domain = asciiDomain(facts.domain);
    for (const session of reportSessions(facts, happening, peers)) {
      this.#parts.tlsNotes.note(domain, session);
    }
  }
}

const nothingLeft = ownVerdict("temporary", "4.4.4", "no host of the domain could be tried");
/** A policy that cannot be asked for is no sign that there is none. */
const nobodyKnows: StsFinding = {
  policy: null,
  isConfirmed: false,
  isUncertain: true,
  report: null,
  why: "it could not be asked for",
};
const noPeers: TlsPeers = { sendingIp: null, receivingIp: null };
