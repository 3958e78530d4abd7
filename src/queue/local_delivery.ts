/**
 * The transport that goes nowhere: mail for addresses of our own that has waited in the queue is handed to our own delivery,
 * without the network. It has waited since it was to be sent later, since its sender wants to hear that it arrived, or
 * since localserve has it fail.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { parseMailbox } from "../address/mailbox.ts";
import { type Bytes, utf8 } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { type Reason, Refused } from "../base/errors.ts";
import { BodyIntake, type Indexing } from "../delivery/body_intake.ts";
import type { Deliver, DeliveryResult } from "../delivery/deliver.ts";
import { newDeliveryId } from "../delivery/delivery_id.ts";
import { printDeliveredTo, printReturnPath } from "../smtp/trace.ts";
import { localFault } from "./local_fault.ts";
import { maxResultText, type QueueJob, type QueueRecipient, type QueueResult } from "./queue.ts";

/** What local delivery works with. */
export interface LocalDeliveryParts {
  readonly deliver: Pick<Deliver, "deliver" | "spoolOpen" | "spoolWrite" | "spoolDrop">;
  /** A new one for each message. */
  readonly indexer: () => Indexing;
  readonly clock: Clock;
  readonly random: (octets: number) => Bytes;
  /** This server's name. */
  readonly hostname: string;
  /** Whether addresses can ask to fail: in localserve. */
  readonly faults: boolean;
}

/**
 * Delivers a job's message here.
 *
 * @param content Its octets, from the beginning.
 * @returns One result for each recipient; when `signal` aborts, of those alone of whom something is known.
 */
export async function deliverLocally(
  parts: LocalDeliveryParts,
  job: QueueJob,
  content: AsyncIterable<Bytes>,
  signal: AbortSignal,
): Promise<readonly QueueResult[]> {
  const results: QueueResult[] = [];
  const good: Recipient[] = [];
  let waitMs = 0;
  for (const recipient of job.recipients) {
    const address = addressOf(recipient);
    const fault = parts.faults && address !== null ? localFault(address) : null;
    if (fault !== null) {
      waitMs = Math.max(waitMs, fault.waitMs);
      results.push({ id: recipient.id, ...fault.result });
    } else if (address === null) results.push(ofRefusal(recipient.id, "badName"));
    else good.push({ id: recipient.id, address });
  }
  if (waitMs > 0 && !await wait(waitMs, parts.clock, signal)) return [];
  if (good.length > 0) results.push(...await deliver(parts, job, good, content, signal));
  return results;
}

interface Recipient {
  readonly id: number;
  readonly address: Address;
}

/** As the queue has it; null if it is none. */
function addressOf({ address }: Pick<QueueRecipient, "address">): Address | null {
  try {
    return parseMailbox(address);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

async function deliver(
  parts: LocalDeliveryParts,
  job: QueueJob,
  recipients: readonly Recipient[],
  content: AsyncIterable<Bytes>,
  signal: AbortSignal,
): Promise<readonly QueueResult[]> {
  const intake = new BodyIntake(parts.deliver, parts.indexer(), false);
  let taken = false;
  try {
    for await (const piece of content) {
      if (signal.aborted) return [];
      intake.add(piece);
      if (intake.pressed) await intake.push();
    }
    const body = await intake.finish();
    const from = job.sender === "" ? null : addressOf({ address: job.sender });
    const form = { utf8: true };
    const answers = await parts.deliver.deliver({
      deliveryId: newDeliveryId(parts.clock.now(), parts.random),
      from,
      recipients: recipients.map(({ address }) => ({
        address,
        prefix: utf8(printDeliveredTo(address, form) + printReturnPath(from, form)),
      })),
      remoteAddress: "127.0.0.1",
      helo: parts.hostname,
      index: body.index,
      evidence: null,
      content: body.content,
      spool: body.spool,
      cid: job.lease.slice(0, 16),
    });
    taken = true;
    return recipients.map(({ id }, i) => resultOf(id, answers[i]));
  } catch (error) {
    if (signal.aborted) return [];
    if (!(error instanceof Refused)) throw error;
    return recipients.map(({ id }) => ofRefusal(id, error.reason));
  } finally {
    if (!taken) await intake.drop();
  }
}

function resultOf(id: number, answer: DeliveryResult | undefined): QueueResult {
  if (answer === undefined) return ofRefusal(id, "tryLater");
  if (answer.kind === "delivered") {
    return {
      id,
      outcome: "delivered",
      code: 250,
      status: "2.0.0",
      text: "250 2.0.0 delivered here",
      remote: null,
      relaysDsn: false,
    };
  }
  if (answer.reply === undefined) return ofRefusal(id, answer.reason);
  const { code, enhanced, text } = answer.reply;
  return failed(id, code, enhanced, text);
}

function ofRefusal(id: number, reason: Reason): QueueResult {
  const [code, status, text] = refusals[reason];
  return failed(id, code, status, text);
}

function failed(id: number, code: number, status: string, text: string): QueueResult {
  return {
    id,
    outcome: code < 500 ? "temporary" : "permanent",
    code,
    status,
    text: `${code} ${status} ${text}`.slice(0, maxResultText),
    remote: null,
    relaysDsn: false,
  };
}

/** What cannot be here is tried again: it is a fault of ours, and the message must not be lost for it. */
const later = [451, "4.3.0", "our own delivery could not take it now"] as const;

/** As replies of our own. RFC 5321 4.2, RFC 3463 */
const refusals = {
  noSuchMailbox: [550, "5.1.1", "there is no such address here (any more)"],
  mailboxExists: later,
  hasChildren: later,
  badName: [553, "5.1.3", "no such address can be"],
  notPermitted: [550, "5.7.1", "mail for this address is not taken"],
  noPermission: [550, "5.7.1", "mail for this address is not taken"],
  expunged: later,
  overQuota: [452, "4.2.2", "the mailbox is full"],
  diskFull: [452, "4.3.1", "there is no space now"],
  unwanted: [550, "5.7.1", "the message is not wanted"],
  tooLarge: [552, "5.3.4", "the message is too large"],
  tooMany: [452, "4.5.3", "the mailbox takes no more messages"],
  badCredentials: later,
  accountDisabled: later,
  rateLimited: later,
  mechanismUnavailable: later,
  unknownEncoding: later,
  damaged: later,
  noCapability: later,
  badRequest: later,
  timeout: later,
  tryLater: later,
} as const satisfies Record<Reason, readonly [code: number, status: string, text: string]>;

/** Whether the time has passed; else everything stops. */
async function wait(ms: number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.after(ms, resolve);
  const stop = () => resolve();
  signal.addEventListener("abort", stop);
  if (!signal.aborted) await promise;
  signal.removeEventListener("abort", stop);
  timer.cancel();
  return !signal.aborted;
}
