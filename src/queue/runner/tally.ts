/**
 * What came of one job, recipient by recipient, over all hosts, connections and transactions of one attempt. Pure.
 *
 * What one host says for good may be no news to another (a size, an extension): such a verdict is permanent only if each
 * host that was tried has said so, else there is one that may take it later.
 *
 * @module
 */
import { maxResultText, type QueueRecipient, type QueueResult } from "../queue.ts";
import { isRemembered, type Verdict } from "./verdict.ts";

interface Entry {
  readonly recipient: QueueRecipient;
  /** What is final. */
  result: QueueResult | null;
  /** What hosts said that another may see differently; the newest last. */
  readonly said: Verdict[];
}

/** Verdicts of hosts that are kept for a recipient. */
export const maxSaid = 20;

export class Tally {
  readonly #entries: readonly Entry[];

  constructor(recipients: readonly QueueRecipient[]) {
    this.#entries = recipients.map((recipient) => ({ recipient, result: null, said: [] }));
  }

  /** Those of whom nothing final is known. */
  get pending(): readonly QueueRecipient[] {
    return this.#entries.filter(({ result }) => result === null).map(({ recipient }) => recipient);
  }

  /** Whether somebody has got the message. */
  get hasDelivered(): boolean {
    return this.#entries.some(({ result }) => result?.outcome === "delivered");
  }

  /** That is final. */
  settle(id: number, verdict: Verdict, relaysDsn = false): void {
    const entry = this.#entries.find(({ recipient }) => recipient.id === id);
    if (entry !== undefined) entry.result ??= resultOf(id, verdict, relaysDsn);
  }

  /** One host says so; the next may say something else. */
  say(id: number, verdict: Verdict): void {
    const entry = this.#entries.find(({ recipient }) => recipient.id === id);
    if (entry !== undefined && entry.said.length < maxSaid) entry.said.push(verdict);
  }

  /** The same for all that are pending. */
  sayAll(verdict: Verdict): void {
    for (const { id } of this.pending) this.say(id, verdict);
  }

  /** The same for all that are pending, and final. */
  settleAll(verdict: Verdict): void {
    for (const { id } of this.pending) this.settle(id, verdict);
  }

  /** No other host is to be tried. @param otherwise For those of whom nothing was said. */
  conclude(otherwise: Verdict | null): void {
    for (const entry of this.#entries) {
      if (entry.result !== null) continue;
      const verdict = lastWord(entry.said) ?? otherwise;
      if (verdict !== null) entry.result = resultOf(entry.recipient.id, verdict, false);
    }
  }

  /** What there is to say of the destination if nobody was talked to; null if not all are to wait, or nothing was tried. */
  get failure(): Verdict | null {
    const [first] = this.results;
    const isSaid = this.results.every((one) => one.outcome === "temporary" && !isRemembered(one));
    return first === undefined || !isSaid ? null : { ...first, retry: "later" };
  }

  /** Of those of whom something is final. */
  get results(): readonly QueueResult[] {
    return this.#entries.flatMap(({ result }) => result ?? []);
  }
}

/** The newest temporary one, else the newest; where the peer's own words are missing, all that was found. */
function lastWord(said: readonly Verdict[]): Verdict | null {
  const last = said.findLast(({ outcome }) => outcome === "temporary") ?? said.at(-1) ?? null;
  // One host that a policy forbids for all that is known is enough: by a newer policy it may be the one that takes it.
  const isUnconfirmed = last !== null && said.some(({ unconfirmed }) => unconfirmed === true);
  const verdict = isUnconfirmed ? { ...last, unconfirmed: true as const } : last;
  if (verdict === null || verdict.code !== 0) return verdict;
  const texts = [...new Set(said.map(({ text }) => text))];
  return { ...verdict, text: texts.join("; ").slice(0, maxResultText).toWellFormed() };
}

function resultOf(id: number, verdict: Verdict, relaysDsn: boolean): QueueResult {
  const { outcome, code, status, text, remote, unconfirmed } = verdict;
  const result = { id, outcome, code, status, text, remote, relaysDsn: outcome === "delivered" && relaysDsn };
  return unconfirmed === true && outcome === "temporary" ? { ...result, unconfirmed } : result;
}
