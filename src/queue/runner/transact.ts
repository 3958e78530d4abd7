/**
 * Sends a job over one connection: as many transactions as the host's limits make of it. RFC 5321 3.3, 4.5.3.1.10,
 * RFC 9422
 *
 * Tested by `src/queue/runner/runner_test.ts`.
 *
 * @module
 */
import { readMailbox } from "../../address/mailbox.ts";
import type { Notify, Outcome, OutgoingMessage, OutgoingRecipient } from "../../smtp/client_state.ts";
import type { QueueJob, QueueRecipient } from "../queue.ts";
import type { HungUp } from "./hang_ups.ts";
import type { JobRun } from "./job_run.ts";
import type { OpenLine } from "./reuse.ts";
import type { Sent } from "./smtp_client.ts";
import { ownVerdict, softened, verdictOf } from "./verdict.ts";

/** How a connection ended for a job. */
export interface Transacted {
  /** `over`: whoever is still pending needs another host, or time. `connection`: another one to this host may do. */
  readonly end: "over" | "connection";
  readonly hungUp: HungUp | null;
  /** The host offers CHUNKING and knows no BDAT: by DATA it may take what it did not understand. */
  readonly knowsNoChunks: boolean;
}

/** Sends to those in `left`; who leaves it is settled, or has been told to try another host. */
export async function transact(line: OpenLine, run: JobRun, left: Set<number>): Promise<Transacted> {
  const pending = run.tally.pending.filter(({ id }) => left.has(id));
  for (const id of [...left]) if (!pending.some((one) => one.id === id)) left.delete(id);
  while (left.size > 0) {
    if (!line.client.isReady) {
      return { end: "connection", hungUp: gone(line, run, left), knowsNoChunks: false };
    }
    const recipients = addressable(run, run.job.recipients.filter(({ id }) => left.has(id)), left);
    if (recipients.length === 0) break;
    const before = left.size;
    const message = messageOf(run.job, recipients);
    let sent: Sent;
    try {
      if (message === null) throw new TypeError("the sender is no address");
      run.dialed(line.remote.address);
      sent = await run.sending(() => line.client.isEnding, line.client.send(message, run.content.open()));
    } catch (error) {
      run.log.error("envelope cannot be written", { error: error instanceof Error ? error : String(error) });
      run.tally.settleAll(
        ownVerdict("temporary", "4.3.0", "the envelope could not be written by this server"),
      );
      break;
    }
    line.carried++;
    const again = settle(sent, line, run, recipients, left);
    run.answered();
    if (again !== "transaction") {
      const knowsNoChunks = sent.results.some(isAboutChunks);
      return { end: again, hungUp: knowsNoChunks ? null : hungUp(sent, line), knowsNoChunks };
    }
    // Who takes nobody more than before would be asked for ever.
    if (left.size === before) {
      sayLimit(line, run, left);
      break;
    }
  }
  return { end: "over", hungUp: null, knowsNoChunks: false };
}

/** It read our chunks as commands; the session has ended the connection for that. RFC 3030 2 */
function isAboutChunks({ cause, step, reply }: Outcome): boolean {
  return cause === "unexpected" && step === "chunk" && reply !== null && reply.code >= 500;
}

const isBroken: ReadonlySet<Outcome["cause"]> = new Set([
  "shutdown",
  "closed",
  "timeout",
  "garbled",
  "unexpected",
]);

/** The host left while nothing was sent: before the first message that is its own word. */
function gone({ client, remote, carried }: OpenLine, run: JobRun, left: ReadonlySet<number>): HungUp | null {
  const { over } = client;
  if (over === null) return null;
  const verdict = verdictOf(over, remote, "");
  for (const id of left) run.tally.say(id, verdict);
  return carried === 0 ? { verdict, isEarly: true } : null;
}

/** Whether the host did so on a connection that served nobody before. */
function hungUp({ results }: Sent, { remote }: OpenLine): HungUp | null {
  const broken = results.find(({ cause }) => isBroken.has(cause));
  if (broken === undefined || broken.retry === "connection") return null;
  // Whether this message was taken is no concern of others.
  const verdict = verdictOf({ ...broken, uncertain: false }, remote, "");
  return {
    verdict: { ...verdict, retry: "host" },
    isEarly: broken.step === "mail" || broken.step === "reset",
  };
}

function settle(
  sent: Sent,
  line: OpenLine,
  run: JobRun,
  recipients: readonly QueueRecipient[],
  left: Set<number>,
): Transacted["end"] | "transaction" {
  const next = new Set<Transacted["end"] | "transaction">();
  // Somebody got it here: this host is the right one, and the others wait for it. RFC 5321 5.1 asks for no more.
  const isTaken = sent.results.some(({ verdict }) => verdict === "delivered");
  for (const [i, result] of sent.results.entries()) {
    const id = recipients[i]?.id;
    if (id === undefined) continue;
    if (run.isStopped && result.cause !== "reply") {
      left.delete(id);
      continue;
    }
    const said = softened(verdictOf(result, line.remote, ""), run.job.attempts, line.hasBoth);
    const verdict = isAboutChunks(result) ? { ...said, retry: "connection" as const } : said;
    switch (verdict.retry) {
      case "transaction":
      case "connection":
        next.add(verdict.retry);
        run.tally.say(id, verdict);
        break;
      case "host":
      case "plaintext":
        if (isTaken) run.tally.settle(id, verdict);
        else run.tally.say(id, verdict);
        left.delete(id);
        break;
      case "never":
      case "later":
        run.tally.settle(id, verdict, sent.dsn);
        left.delete(id);
        break;
    }
  }
  if (next.has("connection") || next.has("transaction") && !sent.reusable) return "connection";
  return next.has("transaction") ? "transaction" : "over";
}

function sayLimit(line: OpenLine, run: JobRun, left: Set<number>): void {
  const verdict = ownVerdict(
    "temporary",
    "4.5.3",
    `${line.remote.host} takes fewer recipients at a time than it says`,
    { remote: line.remote },
  );
  for (const id of left) run.tally.settle(id, verdict);
  left.clear();
}

/** Those whose address is one; the others come back. */
function addressable(
  run: JobRun,
  recipients: readonly QueueRecipient[],
  left: Set<number>,
): readonly QueueRecipient[] {
  return recipients.filter(({ id, address }) => {
    if (readMailbox(address) !== null) return true;
    run.tally.settle(id, ownVerdict("permanent", "5.1.3", `${address} is no mail address`));
    left.delete(id);
    return false;
  });
}

function messageOf(job: QueueJob, recipients: readonly QueueRecipient[]): OutgoingMessage | null {
  const from = job.sender === "" ? null : readMailbox(job.sender);
  if (from === null && job.sender !== "") return null;
  return {
    from,
    recipients: recipients.flatMap(outgoing),
    size: job.size,
    eightBit: job.has8Bit,
    smtpUtf8: job.utf8,
    requireTls: job.requireTls === true,
    ret: job.ret,
    envid: job.envid,
  };
}

function outgoing({ address, notify, orcpt }: QueueRecipient): OutgoingRecipient[] {
  const to = readMailbox(address);
  return to === null ? [] : [{ to, notify: notify === null ? null : parseNotify(notify), orcpt }];
}

const conditions = ["SUCCESS", "FAILURE", "DELAY"] as const;

/** RFC 3461 4.1; it was checked when it came. */
function parseNotify(text: string): Notify | null {
  const words = text.toUpperCase().split(",");
  if (words.includes("NEVER")) return "NEVER";
  const wanted = conditions.filter((word) => words.includes(word));
  return wanted.length === 0 ? null : wanted;
}
