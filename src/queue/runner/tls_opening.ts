/**
 * How TLS went on a connection that was opened, or was not: for reports, and in words.
 *
 * Tested by `src/queue/runner/runner_tls_test.ts`.
 *
 * @module
 */
import type { NotOpened, Opened, TlsState } from "./connect.ts";
import type { OpenLine } from "./reuse.ts";
import type { TlsJudgement, TlsPlan } from "./tls_plan.ts";
import type { TlsHappening } from "./tls_report.ts";

export type Refusal = Extract<NotOpened, { kind: "refused" }>;

/** What a line that waited is for another domain. */
export function happeningOf(proof: OpenLine["proof"], judgement: TlsJudgement): TlsHappening {
  return proof === null ? { kind: "notOffered" } : { kind: "secured", judgement };
}

/** What an opening tells of TLS; null if it did not come to the question. */
export function openingOf(
  result: Opened | Refusal,
  judgement: TlsJudgement | null,
): TlsHappening | null {
  switch (result.tls.kind) {
    case "failed":
      return { kind: "failed", reason: result.tls.why };
    case "done":
      return judgement === null ? null : { kind: "secured", judgement };
    case "none": {
      if (result.kind === "opened") return { kind: "notOffered" };
      const { cause } = result.outcome;
      if (cause === "tlsRefused") return { kind: "failed", reason: "STARTTLS was refused" };
      return cause === "noTls" ? { kind: "notOffered" } : null;
    }
  }
}

/** What belongs behind "failed in TLS:" and the like. */
export function whyTls(tls: TlsPlan, state: TlsState, judgement: TlsJudgement | null): string {
  if (state.kind === "done" && judgement !== null && !judgement.allowed) return judgement.why;
  if (state.kind !== "failed") return tls.why;
  return tls.why === "" ? state.why : `${state.why} (${tls.why})`;
}
