/**
 * One attempt of one job by whichever way it takes, and what is said of it in log and metrics.
 *
 * Tested by `src/queue/runner/runner_test.ts`.
 *
 * @module
 */
import { deadlinesOf } from "../../net/deadlines.ts";
import { base64 } from "../../base/bytes.ts";
import type { MissingTransport, Transport } from "../transport.ts";
import { deliverDirect, type DirectParts } from "./direct.ts";
import type { JobRun } from "./job_run.ts";
import { HangUps } from "./hang_ups.ts";
import { KnownFailures } from "./known_failures.ts";
import { attemptLabel, type RunnerMetrics } from "./metrics.ts";
import { deliverByRelay } from "./relay.ts";
import { Openings } from "./openings.ts";
import { TimedResolver } from "./timed_resolver.ts";
import { Lines } from "./reuse.ts";
import type { RunnerParts } from "./settings.ts";
import { ownVerdict, type Verdict } from "./verdict.ts";

/** How long a host that offers CHUNKING and does not know it is sent DATA. */
const chunklessMs = 24 * 60 * 60_000;

/** Octets of a SCRAM nonce. RFC 5802 5.1 */
const nonceOctets = 18;

export class Attempts {
  readonly #parts: RunnerParts;
  readonly #metrics: RunnerMetrics;
  readonly #lines: Lines;
  readonly #direct: DirectParts;
  /** Connections belong to the transport as it was configured when they were made. */
  readonly #ways = new WeakMap<Transport, string>();
  #nextWay = 0;

  constructor(parts: RunnerParts, metrics: RunnerMetrics) {
    const { clock, settings, resolver, policies, tlsNotes, random, newId, dial, log } = parts;
    this.#parts = parts;
    this.#metrics = metrics;
    this.#lines = new Lines(deadlinesOf(clock), settings);
    const nonce = () => base64(crypto.getRandomValues(new Uint8Array(nonceOctets)));
    const failures = new KnownFailures<Verdict>(clock, settings.failureMs);
    this.#direct = {
      connect: { dial, clock, log, newId, nonce },
      clock,
      settings,
      metrics,
      random,
      failures,
      hangUps: new HangUps(clock, failures),
      chunkless: new KnownFailures(clock, chunklessMs),
      openings: new Openings(clock, settings.failureMs),
      resolver: new TimedResolver(resolver, clock, settings.lookupMs),
      policies,
      tlsNotes,
      lines: this.#lines,
      destinations: new KnownFailures(clock, settings.failureMs),
    };
  }

  /** Tries; never throws. What came of it stands in `run.tally`. */
  async go(run: JobRun): Promise<void> {
    const { job, log, tally } = run;
    let kind = "unknown";
    try {
      const transport = this.#parts.transportFor(job);
      kind = transport.kind === "direct" && transport.socks !== null ? "socks" : transport.kind;
      await this.#by(transport, run);
    } catch (error) {
      log.error("attempt failed for a reason that nobody expected", {
        error: error instanceof Error ? error : String(error),
      });
      tally.settleAll(ownVerdict("temporary", "4.3.0", "this server failed to send the message"));
    }
    const addresses = new Map(job.recipients.map(({ id, address }) => [id, address]));
    for (const { id, outcome, code, status, text, remote } of tally.results) {
      const fields = {
        recipient: String(id),
        to: addresses.get(id) ?? "",
        outcome,
        code,
        status,
        host: remote?.host ?? "",
        ms: run.ms,
        transport: kind,
        tls: run.tlsMode,
      };
      log.info(outcome === "delivered" ? "delivered" : "not delivered", {
        ...fields,
        ...(outcome === "delivered" ? {} : { text }),
      });
      this.#metrics.deliveries.observe(run.ms / 1000, {
        attempt: attemptLabel(job.attempts),
        transport: kind,
        tlsmode: run.tlsMode,
        result: outcome === "delivered" ? "ok" : outcome === "temporary" ? "temperror" : "permerror",
      });
      if (status === "5.7.30" && remote !== null) {
        this.#metrics.requireTlsUnsupported.add({ reason: "norequiretls" });
      }
    }
  }

  /** What could not be reached or found a moment ago is tried again: somebody may have mended it. */
  forgetFailures(): void {
    this.#direct.failures.clear();
    this.#direct.hangUps.clear();
    this.#direct.destinations.clear();
    this.#parts.resolver.forget?.();
  }

  /** Ends the connections that wait; in order, if that takes no longer. */
  async close(deadlineMs: number): Promise<void> {
    const drop = this.#parts.clock.after(deadlineMs, () => this.#lines.drop());
    await this.#lines.close();
    drop.cancel();
  }

  async #by(transport: Transport | MissingTransport, run: JobRun): Promise<void> {
    switch (transport.kind) {
      case "missing":
        return run.tally.settleAll(ownVerdict(
          "temporary",
          "4.3.5", // RFC 3463 3.4
          `the transport "${transport.name}" is not in the configuration`,
        ));
      case "fail": {
        const permanent = transport.code >= 500;
        return run.tally.settleAll(ownVerdict(
          permanent ? "permanent" : "temporary",
          permanent ? "5.7.0" : "4.7.0",
          `${transport.code} ${transport.text} (this transport fails on purpose)`,
          { code: transport.code },
        ));
      }
      case "local":
        return await this.#deliverHere(run);
      case "relay":
        return await deliverByRelay(run, transport, this.#wayOf(transport), this.#direct);
      case "direct":
        return await deliverDirect(run, transport, this.#wayOf(transport), this.#direct);
    }
  }

  async #deliverHere(run: JobRun): Promise<void> {
    const { job, signal, tally } = run;
    try {
      const content = this.#parts.queue.content({ lease: job.lease });
      for (const result of await this.#parts.deliverLocally(job, content, signal)) {
        tally.settle(result.id, { ...result, retry: "later" }, result.relaysDsn);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #wayOf(transport: Transport): string {
    const known = this.#ways.get(transport);
    if (known !== undefined) return known;
    const way = String(this.#nextWay++);
    this.#ways.set(transport, way);
    return way;
  }
}
