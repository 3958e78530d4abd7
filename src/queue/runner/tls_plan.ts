/**
 * TLS with one host: what must be, by whose word, and whether what the host showed is that. RFC 7672, RFC 8461, RFC 8689
 *
 * Policies add up to the strictest: a host that MTA-STS does not name is passed over whatever DANE says; DANE, where it
 * has usable records, decides who is there (RFC 8461 2); a message may require more (REQUIRETLS) or nothing at all
 * (`TLS-Required: No`, RFC 8689 5), for which TLS is still tried. Pure; words name the policy that said so.
 *
 * Tested by `src/queue/runner/runner_tls_test.ts`.
 *
 * @module
 */
import { asciiDomain } from "../../address/domain.ts";
import type { Millis } from "../../base/clock.ts";
import type { DanePlan } from "../../dane/plan.ts";
import { tlsaText } from "../../dane/records.ts";
import { type DaneVerdict, verifyDane } from "../../dane/verify.ts";
import { type HostVerdict, judgeName, judgeSession } from "../../mtasts/judge.ts";
import type { ServerProof } from "../../net/client_tls.ts";
import type { StsFinding } from "./policies.ts";
import { ownVerdict, unconfirmedIf, type Verdict } from "./verdict.ts";

/** What is known before a host is dialled. */
export interface TlsFacts {
  /** The recipients' domain, in normal form. */
  readonly domain: string;
  /** As the MX record has it. */
  readonly host: string;
  /** Null where there can be none: an address literal. */
  readonly sts: StsFinding | null;
  readonly dane: DanePlan;
  /** REQUIRETLS (true), `TLS-Required: No` (false). */
  readonly requireTls: boolean | null;
}

/** How to do TLS with a host. */
export interface TlsPlan {
  readonly kind: "go";
  readonly facts: TlsFacts;
  /** `opportunistic`: in plain text rather than not at all. */
  readonly mode: "opportunistic" | "required";
  /** What the host's certificate is held against. */
  readonly check: "none" | "dane" | "pkix";
  /** What to ask for (SNI), in A-labels. RFC 7672 8.1, RFC 8461 4.2 */
  readonly serverName: string;
  /** Why TLS is a must; empty where it is not. */
  readonly why: string;
  /** Which policies were ignored, since the sender wanted that. */
  readonly ignored: readonly ("dane" | "mtasts")[];
}

/** Not this host. */
export interface TlsRefusal {
  readonly kind: "skip";
  readonly verdict: Verdict;
  readonly cause: "dane" | "mtasts" | "requireTls";
}

/** Decides. */
export function planTls(facts: TlsFacts): TlsPlan | TlsRefusal {
  const { host, sts, dane, requireTls, domain } = facts;
  const policy = sts?.policy ?? null;
  const named = judgeName(policy, host);
  const enforced = policy?.mode === "enforce";
  const isUnconfirmed = sts?.isConfirmed === false; // RFC 8461 5.1
  if (requireTls === false) return unasked(facts, !named.allowed, enforced);
  if (!named.allowed) {
    const text = `the host ${host} is passed over: ${named.why} (${sts?.why ?? ""})`;
    return skip("mtasts", "4.7.5", text, isUnconfirmed);
  }
  if (dane.kind === "later") {
    return skip("dane", "4.7.5", `the host ${host} is passed over for now (DANE): ${dane.why}`);
  }
  const proved = dane.kind === "authenticated" && dane.protectsDomain;
  if (requireTls === true && !proved && !enforced) {
    // RFC 8689 4.2.1: the name of the host must come from signed records or from a policy.
    const verdict = ownVerdict(
      "permanent",
      "5.7.30",
      `the sender requires verified TLS all the way (REQUIRETLS), but for ${host} of ${domain} there is neither ` +
        `DANE (${dane.why}) nor an MTA-STS policy in force (${sts?.why ?? "none for an address"})`,
      { retry: "host" },
    );
    return { kind: "skip", verdict: unconfirmedIf(isUnconfirmed, verdict), cause: "requireTls" };
  }
  const sni = asciiDomain(host);
  const go = { kind: "go" as const, facts, ignored: [] };
  if (dane.kind === "authenticated") {
    return { ...go, mode: "required", check: "dane", serverName: dane.baseDomain, why: `DANE: ${dane.why}` };
  }
  if (enforced) {
    return { ...go, mode: "required", check: "pkix", serverName: sni, why: `MTA-STS: ${sts?.why ?? ""}` };
  }
  if (dane.kind === "encrypted") {
    return { ...go, mode: "required", check: "none", serverName: dane.baseDomain, why: `DANE: ${dane.why}` };
  }
  return { ...go, mode: "opportunistic", check: "none", serverName: sni, why: "" };
}

function unasked(facts: TlsFacts, isMismatch: boolean, enforced: boolean): TlsPlan {
  const { dane, host } = facts;
  const ignored: ("dane" | "mtasts")[] = [];
  if (dane.kind !== "none") ignored.push("dane");
  if (isMismatch || enforced) ignored.push("mtasts");
  return {
    kind: "go",
    facts,
    mode: "opportunistic",
    check: "none",
    serverName: "baseDomain" in dane ? dane.baseDomain : asciiDomain(host),
    why: "",
    ignored,
  };
}

function skip(
  cause: TlsRefusal["cause"],
  status: string,
  text: string,
  isUnconfirmed = false,
): TlsRefusal {
  const verdict = ownVerdict("temporary", status, text, { retry: "host" });
  return { kind: "skip", verdict: unconfirmedIf(isUnconfirmed, verdict), cause };
}

/** What is said of a handshake that was done. */
export interface TlsJudgement {
  /** Whether mail may go over it. */
  readonly allowed: boolean;
  /** Whether it is proved who is there, as REQUIRETLS wants it. */
  readonly verified: boolean;
  /** Empty if all is well. */
  readonly why: string;
  /** What DANE says; null where it has nothing to say. */
  readonly dane: DaneVerdict | null;
  /** What MTA-STS says, or would say: for reports also where no policy is. */
  readonly pkix: HostVerdict;
}

/** Judges what a host showed. @param proof Null: there was no TLS. */
export function judgeTls(plan: TlsPlan, proof: ServerProof | null, now: Millis): TlsJudgement {
  const { dane, host, sts } = plan.facts;
  const shown = dane.kind !== "authenticated" || proof === null ? null : verifyDane(proof.chain, dane, now);
  const session = { tls: proof !== null, distrust: proof?.problem ?? null, chain: proof?.chain ?? [] };
  const policy = sts?.policy?.mode === "none" ? null : sts?.policy ?? null;
  const pkix = judgeSession(policy ?? anyPolicy(host), host, session, now);
  const judgement = { dane: shown, pkix };
  if (proof === null) {
    const allowed = plan.mode === "opportunistic";
    return { ...judgement, allowed, verified: false, why: allowed ? "" : plan.why };
  }
  switch (plan.check) {
    case "none":
      return { ...judgement, allowed: true, verified: false, why: "" };
    case "dane": {
      const ok = shown?.ok === true;
      const why = `${shown?.why ?? ""} (${plan.why}: ${recordWords(dane)})`;
      return { ...judgement, allowed: ok, verified: ok, why: ok ? "" : why };
    }
    case "pkix": {
      const ok = pkix.fault === null;
      return { ...judgement, allowed: ok, verified: ok, why: ok ? "" : `${pkix.why} (${plan.why})` };
    }
  }
}

/** Records that are shown in words, and characters of each: enough to find the one that is wrong. */
const shownRecords = 3;
const shownRecordLength = 30;

function recordWords(dane: DanePlan): string {
  const records = dane.kind === "authenticated" ? dane.records : [];
  const words = records.slice(0, shownRecords).map((record) => {
    const text = tlsaText(record);
    return text.length > shownRecordLength ? `${text.slice(0, shownRecordLength)}…` : text;
  });
  return `${words.join(", ")}${records.length > shownRecords ? ", …" : ""}`;
}

/** What a domain without a policy would be judged by, for reports alone. RFC 8460 4.3 */
function anyPolicy(host: string) {
  return { mode: "testing" as const, mx: [asciiDomain(host)], maxAgeSeconds: 0, extensions: [] };
}
