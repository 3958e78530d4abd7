/**
 * The life of a policy: what applies now, what must be asked, what is kept, when to look again. RFC 8461 3.3, 5.1, 10.2
 *
 * One pure function, {@link decide}. A caller gives it what it knows and does what it says, until `ask` is null:
 *
 * ```text
 * decide(remembered, no TXT)       ask: "txt"      nothing is kept: wait for it. A policy is kept: deliver, ask meanwhile
 * decide(remembered, TXT found)    ask: "policy"   a new id, or time to refresh
 * decide(remembered, TXT, fetched) ask: null       keep `remember`, apply `applies`
 * ```
 *
 * What keeps an attacker out is that a policy, once kept, holds for its whole life whatever the DNS says; only a policy
 * that was fetched takes its place. So refreshing does not depend on the TXT record (RFC 8461 10.2), and failures to
 * refresh are told to a person long before the policy is over.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { StsAnswer } from "./lookup.ts";
import { expiresAt, type Policy } from "./policy.ts";

/** Why there is no policy, of those who tried to fetch one. */
export type FetchFailure =
  /** The host does not answer, or not in time. */
  | "unreachable"
  /** Its certificate is not valid for it. RFC 8461 3.3 */
  | "certificate"
  /** An HTTP status other than 200, redirects included, which are not followed. RFC 8461 3.3 */
  | "status"
  /** It is not `text/plain`. RFC 8461 3.2 */
  | "mediaType"
  /** More octets than are read. */
  | "tooLarge"
  /** It came, and is no policy. */
  | "invalid";

/** What a fetch brought. */
export type Fetched =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly failure: FetchFailure; readonly why: string };

/** Whoever can fetch: `net` has sockets, here is only what is wanted of it. One minute, no redirects, no HTTP cache. */
export interface PolicyFetcher {
  fetchPolicy(domain: string, signal?: AbortSignal): Promise<Fetched>;
}

/** What is kept of one domain. Plain data. */
export interface Remembered {
  /** The last policy that was fetched, also when it is over. */
  readonly policy: Policy | null;
  /** The id that the TXT record had when it was fetched; null if there was no record then. */
  readonly id: string | null;
  readonly fetchedAt: Millis;
  /** The last fetch, if it failed. */
  readonly failed: {
    readonly at: Millis;
    readonly id: string | null;
    readonly failure: FetchFailure;
    readonly why: string;
  } | null;
}

/** What is known. */
export interface Known {
  readonly remembered: Remembered | null;
  /** Null: not asked yet. */
  readonly txt: StsAnswer | null;
  /** Null: not fetched yet. */
  readonly fetched: Fetched | null;
  readonly now: Millis;
}

/** What follows. */
export interface Decision {
  /** Null is as `none`: there is no policy to follow. */
  readonly applies: Policy | null;
  /** What must be asked before the decision is whole; `applies` counts meanwhile, if it is not null. */
  readonly ask: "txt" | "policy" | null;
  /**
   * Whether the newest that can be known was looked for: until then no message may be given up because of the policy.
   * RFC 8461 5.1
   */
  readonly isConfirmed: boolean;
  /** Whether there may be a policy that a failure of the DNS hides: a first attempt may well wait. RFC 8461 10.2 */
  readonly isUncertain: boolean;
  /** To be kept in place of what was; null: nothing is worth to be kept. */
  readonly remember: Remembered | null;
  /** When to refresh without being asked; null: never. */
  readonly refreshAt: Millis | null;
  /** What TLS reports tell of a fetch that failed. RFC 8461 6, RFC 8460 4.3 */
  readonly report: "sts-policy-fetch-error" | "sts-policy-invalid" | "sts-webpki-invalid" | null;
  /** What a person should hear of: a policy that could not be refreshed. RFC 8461 3.3 */
  readonly alert: string | null;
  /** One sentence for logs and bounces. */
  readonly why: string;
}

const minute = 60 * 1000;
const hour = 60 * minute;

/** How long a failed fetch is not tried again for the same id. RFC 8461 3.3: five minutes or longer. */
export const retryMs = 5 * minute;
/** How long a failed refresh, which nobody waits for, is not tried again. */
export const refreshRetryMs = 1 * hour;
/** How old a policy gets before it is fetched again without need. RFC 8461 3.3 */
export const refreshMs = 24 * hour;
/** How long whoever refreshes goes on with a domain that gets no mail; when it last did, the caller knows. */
export const unusedMs = 180 * 24 * hour;

/** Decides. */
export function decide(known: Known): Decision {
  const { remembered, txt, fetched, now } = known;
  const kept = validPolicy(remembered, now);
  if (fetched !== null) return afterFetch(known, kept, fetched);
  const base: Decision = {
    applies: kept,
    ask: null,
    isConfirmed: false,
    isUncertain: false,
    remember: remembered,
    refreshAt: refreshAt(remembered),
    report: null,
    alert: null,
    why: kept === null ? "no MTA-STS policy is known" : keptWords(kept, remembered, now),
  };
  if (txt === null) return { ...base, ask: "txt" };
  const isDue = kept !== null && now >= (refreshAt(remembered) ?? Infinity);
  switch (txt.status) {
    case "failed":
      return {
        ...base,
        ask: isDue ? "policy" : null,
        isUncertain: kept === null,
        why: and(base.why, txt.why),
      };
    case "none": {
      const why = kept === null ? txt.why : base.why;
      return { ...base, ask: isDue ? "policy" : null, isConfirmed: !isDue, why };
    }
    case "found": {
      const id = txt.record?.id ?? null;
      if (kept !== null && remembered?.id === id && !isDue) return { ...base, isConfirmed: true };
      if (isTooSoon(remembered, id, now)) {
        const failure = remembered?.failed?.why ?? "";
        return {
          ...base,
          isConfirmed: true,
          why: and(base.why, `it could not be fetched lately: ${failure}`),
        };
      }
      return { ...base, ask: "policy", why: and(base.why, txt.why) };
    }
  }
}

/** When to refresh what is kept; null: never. See {@link unusedMs}. */
export function refreshAt(remembered: Remembered | null): Millis | null {
  if (remembered === null || remembered.policy === null || remembered.policy.mode === "none") return null;
  const { policy, fetchedAt, failed } = remembered;
  const life = policy.maxAgeSeconds * 1000;
  // A policy with a short life is refreshed in the middle of it.
  const due = fetchedAt + Math.min(refreshMs, Math.floor(life / 2));
  const next = failed === null ? due : Math.max(due, failed.at + refreshRetryMs);
  return next < fetchedAt + life ? next : null;
}

/** Whether what is kept can go: over, and nothing to be learnt from its failure any more. */
export function isForgettable(remembered: Remembered, now: Millis): boolean {
  const failureCounts = remembered.failed !== null && now < remembered.failed.at + retryMs;
  return validPolicy(remembered, now) === null && !failureCounts;
}

/** The policy that holds at `now`, or null. Clocks may jump: one that was fetched later than now is new. */
function validPolicy(remembered: Remembered | null, now: Millis): Policy | null {
  if (remembered === null || remembered.policy === null) return null;
  return now < expiresAt(remembered.policy, remembered.fetchedAt) ? remembered.policy : null;
}

function isTooSoon(remembered: Remembered | null, id: string | null, now: Millis): boolean {
  const failed = remembered?.failed ?? null;
  return failed !== null && failed.id === id && now >= failed.at && now < failed.at + retryMs;
}

function afterFetch(known: Known, kept: Policy | null, fetched: Fetched): Decision {
  const { remembered, txt, now } = known;
  const id = txt?.record?.id ?? null;
  const base = { ask: null, isConfirmed: true, isUncertain: false } as const;
  if (fetched.ok) {
    const { policy } = fetched;
    // A refresh that the DNS could not tell about keeps the id: another one is then noticed. RFC 8461 8.1
    const remember = { policy, id: id ?? remembered?.id ?? null, fetchedAt: now, failed: null };
    return {
      ...base,
      applies: policy,
      remember,
      refreshAt: refreshAt(remember),
      report: null,
      alert: null,
      why: `the MTA-STS policy was fetched: ${policyWords(policy)}`,
    };
  }
  const { failure, why } = fetched;
  const remember: Remembered = {
    policy: kept,
    id: remembered?.id ?? null,
    fetchedAt: remembered?.fetchedAt ?? now,
    failed: { at: now, id, failure, why },
  };
  // RFC 8461 3.3, 6: who has a policy of "none" is leaving, and is left in peace.
  const isLeaving = kept?.mode === "none";
  const isReportable = !isLeaving && (kept !== null || txt?.status === "found");
  return {
    ...base,
    applies: kept,
    remember,
    refreshAt: refreshAt(remember),
    report: isReportable ? reports[failure] : null,
    alert: kept === null || isLeaving
      ? null
      : `the MTA-STS policy could not be refreshed and ends ${until(kept, remembered, now)}: ${why}`,
    // RFC 8461 3.3: without a policy that is kept, delivery goes on as if the domain had none.
    why: kept === null
      ? `the MTA-STS policy could not be fetched, and none is kept: ${why}`
      : and(keptWords(kept, remembered, now), `a newer one could not be fetched: ${why}`),
  };
}

const reports = {
  unreachable: "sts-policy-fetch-error",
  certificate: "sts-webpki-invalid",
  status: "sts-policy-fetch-error",
  mediaType: "sts-policy-invalid",
  tooLarge: "sts-policy-invalid",
  invalid: "sts-policy-invalid",
} as const satisfies Record<FetchFailure, NonNullable<Decision["report"]>>;

function keptWords(policy: Policy, remembered: Remembered | null, now: Millis): string {
  return `an MTA-STS policy is kept that ends ${until(policy, remembered, now)}: ${policyWords(policy)}`;
}

function policyWords({ mode, mx }: Policy): string {
  switch (mode) {
    case "none":
      return "it asks for nothing";
    case "testing":
      return `in test, only ${listed(mx)} should get this mail, over TLS with a valid certificate`;
    case "enforce":
      return `only ${listed(mx)} may get this mail, over TLS with a valid certificate`;
  }
}

/** More patterns are not told: a sentence is for people. */
const shownPatterns = 5;

function listed(mx: readonly string[]): string {
  const shown = mx.slice(0, shownPatterns).join(", ");
  return mx.length > shownPatterns ? `${shown} and ${mx.length - shownPatterns} more` : shown;
}

function until(policy: Policy, remembered: Remembered | null, now: Millis): string {
  const hours = Math.ceil((expiresAt(policy, remembered?.fetchedAt ?? now) - now) / hour);
  return hours < 48 ? `in ${hours} h` : `in ${Math.floor(hours / 24)} days`;
}

function and(first: string, second: string): string {
  return `${first}; ${second}`;
}
