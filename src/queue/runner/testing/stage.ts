/**
 * A runner among mail exchangers of this machine, under addresses of documentation networks that a table leads there.
 *
 * @module
 */
import type { Log } from "../../../base/log.ts";
import { silentLog } from "../../../base/log.ts";
import { Metrics } from "../../../base/metrics.ts";
import { parseData } from "../../../dns/rdata_text.ts";
import { type Entry, type Zone, ZoneResolver } from "../../../dns/testing/zone_resolver.ts";
import type { Security } from "../../../dns/resolver.ts";
import { dial } from "../../../net/client.ts";
import { connectionIds } from "../../../net/connection_id.ts";
import { TransportError } from "../../../net/transport.ts";
import type { Session } from "../../../tlsrpt/results.ts";
import { FakeClock, settle } from "../../../../tests/support/fake_clock.ts";
import { directTransport, type MissingTransport, type Transport } from "../../transport.ts";
import type { StsFinding } from "../policies.ts";
import { type Runner, startRunner } from "../runner.ts";
import { type Dial, type RunnerParts, type RunnerSettings, usualSettings } from "../settings.ts";
import { FakeMx, type MxScript } from "./fake_mx.ts";
import { MemoryQueue, type Queued } from "./memory_queue.ts";

export const noPolicy: StsFinding = {
  policy: null,
  isConfirmed: true,
  isUncertain: false,
  report: null,
  why: "there is no MTA-STS policy",
};

/** Hosts for a domain, in their order, and what DNSSEC says of the records. */
export function mxOf(hosts: readonly string[], security: Security = "insecure"): Entry {
  return {
    records: { MX: hosts.map((host, i) => ({ preference: 10 * (i + 1), exchange: `${host}.` })) },
    security,
  };
}

/** Addresses of a host. */
export function hostAt(addresses: readonly string[], security: Security = "insecure"): Entry {
  const records = (wanted: boolean) =>
    addresses.filter((one) => one.includes(":") === wanted).map((address) => ({ address }));
  return { records: { A: records(false), AAAA: records(true) }, security };
}

/** TLSA records of a host, as text. */
export function tlsaOf(texts: readonly string[], security: Security = "secure"): Entry {
  return { records: { TLSA: texts.map((text) => parseData("TLSA", text)) }, security };
}

/** Turns of the event loop in which everything ends that needs no time. */
const closeTurns = 20;

/** More than anything waits that a test has begun. */
const closeMs = 600_000;

export interface StageSettings {
  readonly zone?: Zone;
  readonly policies?: Readonly<Record<string, StsFinding>>;
  readonly transports?: Readonly<Record<string, Transport>>;
  readonly settings?: Partial<RunnerSettings>;
  readonly log?: Log;
  readonly deliverLocally?: RunnerParts["deliverLocally"];
}

/** The usual world: `example.net`, whose mail `mx.example.net` takes at 192.0.2.1. */
export const usualZone: Zone = {
  "example.net": mxOf(["mx.example.net"]),
  "mx.example.net": hostAt(["192.0.2.1"]),
};

export class Stage {
  readonly clock = new FakeClock(Date.now());
  readonly queue = new MemoryQueue(this.clock);
  readonly metrics = new Metrics();
  readonly resolver: ZoneResolver;
  /** What was noted for TLS reports. */
  readonly noted: { readonly domain: string; readonly session: Session }[] = [];
  /** Addresses that were dialled. */
  readonly dialled: string[] = [];
  readonly sources: (string | undefined)[] = [];
  /** Addresses that are dialled as they are. */
  readonly real = new Set<string>();
  /** Domains, with a dot at the end, whose name servers do not answer. */
  readonly unanswered = new Set<string>();
  /** What answers where; nothing answers anywhere else. */
  readonly #mxs = new Map<string, FakeMx>();
  readonly #silent = new Set<string>();
  readonly #settings: StageSettings;
  #runner: Runner | null = null;

  constructor(settings: StageSettings = {}) {
    this.#settings = settings;
    this.resolver = new ZoneResolver(settings.zone ?? usualZone);
  }

  /** A mail exchanger at addresses. */
  async mx(script: MxScript = {}, ...addresses: readonly string[]): Promise<FakeMx> {
    const mx = await FakeMx.start(script);
    for (const address of addresses.length === 0 ? ["192.0.2.1"] : addresses) this.#mxs.set(address, mx);
    return mx;
  }

  /** Whoever dials this gets no answer at all. */
  silent(address: string): void {
    this.#silent.add(address);
  }

  get runner(): Runner {
    return this.#runner ??= this.#start();
  }

  /** Adds messages and gives what came of them, when that many reports are in. */
  async send(...messages: readonly Queued[]) {
    const before = this.queue.reports.length;
    this.queue.add(...messages);
    void this.runner;
    const reports = await this.queue.reported(before + messages.length);
    return reports.slice(before);
  }

  /** Milliseconds that may be spent to connect to a host. */
  get dialMs(): number {
    return this.#settings.settings?.dialMs ?? usualSettings.dialMs;
  }

  async close(): Promise<void> {
    const closed = this.#runner?.close(1000);
    // Who hangs is waiting for the clock.
    const gone = Promise.all([...new Set(this.#mxs.values())].map((mx) => mx.close()));
    // First what ends by itself.
    let isClosed = closed === undefined;
    void closed?.then(() => isClosed = true);
    for (let i = 0; i < closeTurns && !isClosed; i++) await settle();
    await this.clock.advance(closeMs);
    await gone;
    await closed;
  }

  #start(): Runner {
    const { transports = {}, policies = {}, settings = {}, log = silentLog } = this.#settings;
    return startRunner({
      queue: this.queue,
      resolver: {
        lookup: (name, type, options) =>
          this.unanswered.has(name) ? new Promise(() => {}) : this.resolver.lookup(name, type, options),
        forget: () => this.resolver.forget(),
      },
      policies: { policyOf: (domain) => Promise.resolve(policies[domain] ?? noPolicy) },
      tlsNotes: { note: (domain, session) => void this.noted.push({ domain, session }) },
      transportFor: ({ transport }): Transport | MissingTransport =>
        transport === "" ? directTransport : transports[transport] ?? { kind: "missing", name: transport },
      deliverLocally: this.#settings.deliverLocally ?? (() => Promise.resolve([])),
      clock: this.clock,
      log,
      metrics: this.metrics,
      random: () => 0.5,
      newId: connectionIds(1),
      dial: this.#dial,
      settings: { ...usualSettings, hostname: "client.example", allowPrivate: true, ...settings },
    });
  }

  readonly #dial: Dial = async (settings) => {
    this.dialled.push(settings.address);
    this.sources.push(settings.localAddress);
    const mx = this.#mxs.get(settings.address);
    if (this.#silent.has(settings.address)) return await silence(settings);
    if (this.real.has(settings.address)) return await dial(settings);
    if (mx === undefined) throw new TransportError("reset", "nobody is there");
    const { localAddress: _, ...others } = settings;
    return await dial({ ...others, address: "127.0.0.1", port: mx.port });
  };
}

function silence({ clock, connectTimeoutMs = 0, signal }: Parameters<Dial>[0]): Promise<never> {
  return new Promise((_, reject) => {
    const end = (failure: "timeout" | "closed") => {
      timer.cancel();
      signal?.removeEventListener("abort", gaveUp);
      reject(new TransportError(failure, "no answer"));
    };
    const gaveUp = () => end("closed");
    const timer = clock.after(connectTimeoutMs, () => end("timeout"));
    signal?.addEventListener("abort", gaveUp, { once: true });
  });
}

/** Returns when it is so; what sockets do takes its time. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await settle();
}

/** Runs a test with a stage, and takes it down. */
export async function onStage(settings: StageSettings, test: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = new Stage(settings);
  try {
    await test(stage);
  } finally {
    await stage.close();
  }
}
