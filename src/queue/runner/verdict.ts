/**
 * What came of an attempt for a recipient, in the words that `queue list`, the log and a notice show.
 *
 * Tested by `src/queue/runner/runner_replies_test.ts`.
 *
 * @module
 */
import type { ServerReply } from "../../smtp/client_reply.ts";
import type { Cause, Outcome, Retry } from "../../smtp/client_state.ts";
import type { ClientWait } from "../../smtp/client_rules.ts";
import { maxResultText, type QueueResult } from "../queue.ts";

/** Who was talked to. */
export interface Remote {
  readonly host: string;
  readonly address: string;
}

/** As a {@link QueueResult}, of whomever, and where else it makes sense to try at once. */
export interface Verdict extends Omit<QueueResult, "id" | "relaysDsn"> {
  readonly retry: Retry;
}

/** The same, if it is the doing of a policy that nobody could confirm. */
export function unconfirmedIf(isUnconfirmed: boolean, verdict: Verdict): Verdict {
  if (!isUnconfirmed) return verdict;
  const text = bounded(
    `${verdict.text}; whether that policy still holds could not be found out`,
  );
  return { ...forNow(verdict), text, unconfirmed: true };
}

/** Nothing was said: words of our own. */
export function ownVerdict(
  outcome: "temporary" | "permanent",
  status: string,
  text: string,
  more: { readonly retry?: Retry; readonly remote?: Remote | null; readonly code?: number } = {},
): Verdict {
  const { retry = outcome === "permanent" ? "never" : "later", remote = null, code = 0 } = more;
  return { outcome, retry, code, status, text: bounded(text), remote };
}

/**
 * What a session says, in words.
 *
 * @param why Why TLS was a must, or what was wrong with it; for the outcomes that need it.
 */
export function verdictOf(outcome: Outcome, remote: Remote, why: string): Verdict {
  const { verdict, retry, status, cause, reply } = outcome;
  const isReply = reply !== null && (cause === "reply" || cause === "shutdown");
  const text = isReply
    ? wireLines(reply).join("\n")
    : `${shown(remote)} ${words(outcome, why)}${reply === null ? "" : `: ${wireLines(reply).join(" ")}`}`;
  return {
    outcome: verdict,
    retry,
    code: isReply ? reply.code : 0,
    status,
    text: bounded(outcome.uncertain ? `${text} (it may have taken the message all the same)` : text),
    remote,
  };
}

/**
 * A host that has both families and refuses us for who we are (x.7) may know us by the other one better: said for good at
 * the first attempt, it is tried again later, and then by the other family.
 *
 * @param hasBoth Whether the host can be reached by both.
 */
export function softened(verdict: Verdict, attempts: number, hasBoth: boolean): Verdict {
  const isPolicy = verdict.code !== 0 && verdict.status.startsWith("5.7.");
  return isPolicy && hasBoth && attempts === 1 ? forNow(verdict) : verdict;
}

const secondHand = "(found out a moment ago, so it was not tried again)";

/**
 * What another message was told a moment ago. Nothing comes back at its first attempt for what it did not hear itself: a
 * host may mean the connection that it refuses.
 */
export function remembered(verdict: Verdict, attempts: number): Verdict {
  const told = {
    ...verdict,
    text: bounded(`${verdict.text.slice(0, maxResultText - secondHand.length - 1)} ${secondHand}`),
  };
  return attempts === 1 ? forNow(told) : told;
}

/** Whether nothing was tried: what is remembered is not remembered anew. */
export function isRemembered({ text }: Pick<QueueResult, "text">): boolean {
  return text.includes(secondHand);
}

/** The same to be tried again. */
export function forNow(verdict: Verdict): Verdict {
  if (verdict.outcome !== "permanent") return verdict;
  const retry = verdict.retry === "never" ? "later" : verdict.retry;
  return { ...verdict, outcome: "temporary", status: `4${verdict.status.slice(1)}`, retry };
}

/** A reply as it was said: so it stands in `Diagnostic-Code`. RFC 3464 2.3.6 */
function wireLines({ code, enhanced, lines }: ServerReply): readonly string[] {
  const status = enhanced === null ? "" : `${enhanced} `;
  return lines.map((line, i) => `${code}${i === lines.length - 1 ? " " : "-"}${status}${line}`);
}

/** A host as sentences name it. */
export function shown({ host, address }: Remote): string {
  return host === address ? address : `${host} (${address})`;
}

/** What belongs behind the host's name. */
function words({ cause, step }: Outcome, why: string): string {
  switch (cause) {
    case "reply":
    case "shutdown":
      return `ended the connection ${moments[step]}`;
    case "closed":
      return `closed the connection ${moments[step]}`;
    case "timeout":
      return `did not answer in time ${moments[step]}`;
    case "noTls":
      return `does not offer STARTTLS, and without TLS nothing is sent: ${why}`;
    case "tlsRefused":
      return `refused STARTTLS, and without TLS nothing is sent: ${why}`;
    case "handshake":
      return `failed in TLS: ${why}`;
    case "content":
      return "was not sent all of the message, which could not be read here";
    default:
      return plain[cause];
  }
}

const plain = {
  garbled: "answers in a way that is no SMTP",
  unexpected: "answered what nobody asked for",
  injected: "sent plain text where TLS should begin; somebody between us may have put it there",
  noMechanism: "offers no way to sign in that may be used",
  credentials: "does not accept our user name and password",
  authTemporary: "could not check our user name and password",
  notProved: "did not prove that it knows our password",
  noSmtpUtf8: "does not take addresses or headers with letters outside of ASCII (SMTPUTF8)",
  noEightBit: "does not take 8-bit text (8BITMIME)",
  noRequireTls: "does not promise to pass the message on over TLS only (REQUIRETLS)",
  notSecure: "was not reached over verified TLS, which the sender requires (REQUIRETLS)",
  tooLarge: "takes no message that large",
  limit: "takes no more at a time",
} as const satisfies Partial<Record<Cause, string>>;

const moments: Readonly<Record<ClientWait, string>> = {
  plan: "before anything was said",
  greeting: "before its greeting",
  ehlo: "after EHLO",
  helo: "after HELO",
  startTls: "after STARTTLS",
  handshake: "in the TLS handshake",
  auth: "after AUTH",
  reset: "after RSET",
  mail: "after MAIL FROM",
  rcpt: "after RCPT TO",
  data: "after DATA",
  block: "in the middle of the message",
  chunk: "in the middle of the message",
  end: "at the end of the message",
  idle: "between two messages",
  quit: "after QUIT",
};

function bounded(text: string): string {
  return text.slice(0, maxResultText).toWellFormed();
}
