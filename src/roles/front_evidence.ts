/**
 * What the front finds out of incoming mail with: the resolver that the configuration asks for, in front of it this
 * server's own names, and the gatherer of evidence.
 *
 * Tested by `tests/scenarios/evidence_test.ts`.
 *
 * @module
 */
import { type Status, statusMethods } from "../accounts/status.ts";
import { asciiDomain } from "../address/domain.ts";
import { LocalResolver } from "../dns/local_resolver.ts";
import type { Resolver } from "../dns/resolver.ts";
import { Gatherer } from "../evidence/gather.ts";
import { evidenceMetrics } from "../evidence/metrics.ts";
import { publicSuffixList } from "../evidence/public_suffix_list.ts";
import { type RootKeys, rootKeysMethods } from "../evidence/root_keys.ts";
import { configuredResolver } from "../net/configured_resolver.ts";
import { client } from "../rpc/client.ts";
import type { FrontParts } from "./front_parts.ts";
import { authservIds } from "./authserv_ids.ts";
import { ownNames } from "./own_names.ts";
import { RootKeyFollower } from "./root_key_follower.ts";

/** The evidence of all listeners, and how to end it. */
export interface FrontEvidence {
  /** Who is asked in the DNS. */
  readonly resolver: Resolver;
  /** For a listener with these blocklists and this name. */
  gatherer(hostname: string, blocklists: readonly string[]): Gatherer;
  close(): Promise<void>;
}

/** Puts it together; asks the store for the keys that this server signs with. */
export async function frontEvidence(parts: FrontParts): Promise<FrontEvidence> {
  const { boot, store, clock, log, metrics } = parts;
  const { mode, servers, direct } = boot.dns;
  const rootKeys = client<RootKeys>(store, "rootKeys", rootKeysMethods);
  const known = mode === "validate" ? await rootKeys.current({}) : null;
  const anchors = known?.anchors;
  const asked = { servers, direct, anchors, clock, log, metrics };
  const asking = mode === "local" ? null : configuredResolver({ mode, ...asked });
  const trust = asking?.trust ?? null;
  const follower = known === null || trust === null
    ? null
    : new RootKeyFollower({ rootKeys, trust, clock, log }, known);
  const keys = await client<Status>(store, "status", statusMethods).keyRecords({});
  const names = ownNames(Object.keys(boot.domains.domains), keys, boot.config.localserve !== null);
  const resolver: Resolver = new LocalResolver(names, asking);
  const own = authservIds(boot.config, boot.domains);
  const suffixes = boot.config.localserve === null ? publicSuffixList : localSuffixes;
  return {
    resolver,
    gatherer: (hostname, blocklists) =>
      new Gatherer({
        resolver,
        clock,
        log,
        suffixes,
        metrics: evidenceMetrics(metrics),
        settings: {
          hostname: asciiDomain(hostname),
          authservIds: own,
          blocklists,
          deadlineMs: boot.config.dns.evidenceTimeout,
        },
      }),
    async close() {
      follower?.stop();
      await asking?.close();
    },
  };
}

/** In localserve `localhost` may sign, though it is a name under which nobody else could. */
const localSuffixes: typeof publicSuffixList = {
  ...publicSuffixList,
  isPublicSuffix: (domain) => domain !== "localhost" && publicSuffixList.isPublicSuffix(domain),
};
