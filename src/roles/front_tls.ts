/**
 * What the front knows of the TLS of others, and tells of it: MTA-STS policies and notes for TLS reports, put together for
 * the queue's runner.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Resolver } from "../dns/resolver.ts";
import { CheckedDialer } from "../net/checked_dialer.ts";
import { HttpsPolicyFetcher } from "../net/policy_fetcher.ts";
import type { Queue } from "../queue/queue.ts";
import type { StsPolicies, TlsNotes } from "../queue/runner/policies.ts";
import { KeptStsPolicies } from "../queue/runner/sts_policies.ts";
import { TlsNoteBook } from "../queue/runner/tls_notes.ts";
import { KvTexts, openFrontKv } from "./front_kv.ts";
import type { LoopbackWorld } from "./front_parts.ts";

/** What it is made of. */
export interface FrontTlsParts {
  /** The front's own folder. */
  readonly folder: string;
  readonly queue: Pick<Queue, "noteTls">;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Policy hosts of this machine, for tests alone. */
  readonly loopback?: LoopbackWorld;
}

export interface FrontTls {
  readonly policies: StsPolicies;
  readonly notes: TlsNotes;
  /** To be called when no message is under way any more, and while the store still answers. Never rejects. */
  close(): Promise<void>;
}

/** Opens what was kept. */
export async function openFrontTls(parts: FrontTlsParts): Promise<FrontTls> {
  const { folder, queue, resolver, clock, log, metrics, loopback } = parts;
  const kv = await openFrontKv(folder, log);
  const dialer = new CheckedDialer({ resolver, clock, allowLoopback: loopback !== undefined });
  const fetcher = new HttpsPolicyFetcher({
    dialer,
    clock,
    ...(loopback === undefined ? {} : { port: loopback.policyPort, trusted: loopback.trusted }),
  });
  const store = new KvTexts(kv, "mtasts");
  const policies = await KeptStsPolicies.open({ resolver, fetcher, store, clock, log, metrics });
  const notes = new TlsNoteBook({ queue, clock, log, metrics });
  return {
    policies,
    notes,
    close: async () => {
      await Promise.all([policies.close(), notes.close()]);
      kv.close();
    },
  };
}
