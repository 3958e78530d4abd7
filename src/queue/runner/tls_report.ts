/**
 * What TLS reports tell of one host: a session for each policy that applied. Pure. RFC 8460 4.3, 4.4
 *
 * Tested by `src/queue/runner/runner_tls_test.ts`.
 *
 * @module
 */
import { asciiDomain } from "../../address/domain.ts";
import type { DanePlan } from "../../dane/plan.ts";
import { tlsaText } from "../../dane/records.ts";
import { judgeName } from "../../mtasts/judge.ts";
import { policyLines } from "../../mtasts/policy.ts";
import type { AppliedPolicy, Failure, ResultType, Session } from "../../tlsrpt/results.ts";
import type { TlsFacts, TlsJudgement } from "./tls_plan.ts";

/** How far it came. */
export type TlsHappening =
  /** The host was passed over before it was dialled. */
  | { readonly kind: "skipped" }
  | { readonly kind: "notOffered" }
  /** STARTTLS was refused, or the handshake failed. */
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "secured"; readonly judgement: TlsJudgement };

/** With whom; null where no connection was made, or nobody knows. */
export interface TlsPeers {
  readonly sendingIp: string | null;
  readonly receivingIp: string | null;
}

type Fault = readonly [type: ResultType, reason: string | null];

/** The sessions to be noted for the recipients' domain. */
export function reportSessions(
  facts: TlsFacts,
  happening: TlsHappening,
  peers: TlsPeers,
): readonly Session[] {
  const host = asciiDomain(facts.host);
  const failure = ([type, reason]: Fault): Omit<Failure, "count"> => ({
    type,
    sendingIp: peers.sendingIp,
    receivingHost: host,
    receivingHelo: null,
    receivingIp: peers.receivingIp,
    reason,
  });
  const sessions: Session[] = [];
  const add = (policy: AppliedPolicy, faults: readonly Fault[]) =>
    sessions.push({ policy, failures: faults.map(failure) });
  const dane = danePolicy(facts);
  if (dane !== null) add(dane, daneFaults(facts.dane, happening));
  const sts = stsPolicy(facts);
  if (sts !== null) add(sts, stsFaults(facts, happening));
  // Passed over for one policy, nothing can be said of another.
  if (sessions.length === 0 && happening.kind !== "skipped") {
    add({ type: "no-policy-found", text: [], domain: asciiDomain(facts.domain), mxHosts: [] }, [
      ...usualFaults(happening),
      ...happening.kind === "secured" ? pkixFaults(happening.judgement) : [],
    ]);
  }
  return sessions;
}

function danePolicy({ dane, host }: TlsFacts): AppliedPolicy | null {
  switch (dane.kind) {
    case "none":
      return null;
    case "later":
      // What is not in the words of reports is a lookup that failed for everybody.
      return dane.report === null ? null : { type: "tlsa", text: [], domain: asciiDomain(host), mxHosts: [] };
    case "authenticated":
    case "encrypted": {
      const usable = dane.kind === "authenticated" ? dane.records : [];
      const records = [...usable, ...dane.unusable.map(({ record }) => record)];
      return { type: "tlsa", text: records.map(tlsaText), domain: dane.baseDomain, mxHosts: [] };
    }
  }
}

function daneFaults(dane: DanePlan, happening: TlsHappening): readonly Fault[] {
  const faults: Fault[] = [];
  if (dane.kind === "later" && dane.report !== null) faults.push([dane.report, null]);
  if (dane.kind === "encrypted") faults.push(["tlsa-invalid", dane.unusable[0]?.why ?? null]);
  faults.push(...usualFaults(happening));
  const shown = happening.kind === "secured" ? happening.judgement.dane : null;
  if (shown?.ok === false) faults.push([shown.fault, shown.reason]);
  return faults;
}

function stsPolicy({ sts, domain }: TlsFacts): AppliedPolicy | null {
  const policy = sts?.policy ?? null;
  if (policy === null || policy.mode === "none") {
    const failed = sts?.report ?? null;
    return failed === null ? null : { type: "sts", text: [], domain: asciiDomain(domain), mxHosts: [] };
  }
  return { type: "sts", text: policyLines(policy), domain: asciiDomain(domain), mxHosts: policy.mx };
}

function stsFaults({ sts, host }: TlsFacts, happening: TlsHappening): readonly Fault[] {
  const faults: Fault[] = [];
  if (sts !== null && sts.report !== null) faults.push([sts.report, null]);
  const named = judgeName(sts?.policy ?? null, host);
  if (named.fault !== null) faults.push([named.fault, named.reason]);
  else {
    faults.push(...usualFaults(happening));
    const hasPolicy = (sts?.policy ?? null) !== null;
    if (happening.kind === "secured" && hasPolicy) faults.push(...pkixFaults(happening.judgement));
  }
  return faults;
}

function usualFaults(happening: TlsHappening): readonly Fault[] {
  switch (happening.kind) {
    case "notOffered":
      return [["starttls-not-supported", null]];
    case "failed":
      return [["validation-failure", happening.reason]];
    case "skipped":
    case "secured":
      return [];
  }
}

function pkixFaults({ pkix }: TlsJudgement): readonly Fault[] {
  return pkix.fault === null ? [] : [[pkix.fault, pkix.reason]];
}
