/**
 * A message that has come completely: looked over, given its trace fields, and handed to the store. What comes
 * back decides what the peer is told; null, which becomes 250, only when every recipient's copy is on disk.
 *
 * Tested by `serve_test.ts`, and by the transcripts.
 *
 * @module
 */
import { asciiDomain, normalForm } from "../address/domain.ts";
import { printMailbox, readMailbox } from "../address/mailbox.ts";
import { Refused } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { newDeliveryId } from "../delivery/delivery_id.ts";
import type { Asked, DeliveryResult, Incoming, Submit } from "../delivery/deliver.ts";
import { encodeEvidence, type Evidence } from "../evidence/evidence.ts";
import { printEvidenceFields } from "../evidence/trace_fields.ts";
import type { MessageIndex } from "../message/message_index.ts";
import type { Reply } from "../smtp/reply.ts";
import type { Recipient } from "../smtp/recipients.ts";
import type { Transaction } from "../smtp/session_state.ts";
import type { Hop } from "../smtp/trace.ts";
import type { Body } from "../delivery/body_intake.ts";
import { replyFor, replyForError, storeReplies } from "./replies.ts";
import type { SmtpServices } from "./services.ts";
import type { SmtpSettings } from "./settings.ts";
import { indexWith, missingFields, withPrefixes } from "./trace_fields.ts";

/** A message and how it came. */
export interface Arrival {
  readonly transaction: Transaction;
  readonly body: Body;
  /** What was found out of it; null for what the own users send. */
  readonly evidence: Evidence | null;
  readonly hop: Hop;
  readonly helo: string;
  readonly remoteAddress: string;
  readonly cid: string;
  /** Of the signed-in account; null on delivery. */
  readonly submit: Submit | null;
  /** Lets time pass, unless the peer leaves. */
  readonly wait: (ms: number) => Promise<void>;
}

/** Waits before the store is asked again for the same message; the delivery id makes sure of one copy. */
export const retryWaitsMs: readonly number[] = [1000, 3000];

/** What is refused here, or by the store; null when all is done. @throws {unknown} When the peer leaves meanwhile. */
export async function handOver(
  arrival: Arrival,
  services: SmtpServices,
  settings: SmtpSettings,
  log: Log,
): Promise<Reply | null> {
  const { body, submit } = arrival;
  if (body.index.receivedCount > settings.limits.maxReceived) {
    return { code: 550, enhanced: "5.4.6", text: "the message is going in circles" };
  }
  if (submit === null) return await store(arrival, body.index, "", services, log);
  const refusal = await refusedFrom(body.index, submit, log);
  if (refusal !== null) {
    services.metrics.submissions.add({ result: "badfrom" });
    return refusal;
  }
  const added = missingFields(body, arrival.hop, services.random(16));
  const index = added === "" ? body.index : indexWith(body, added, services.indexer());
  return await store(arrival, index, added, services, log);
}

/** A user's message has one author, and that is the user. RFC 6409 6.1 */
async function refusedFrom(index: MessageIndex, submit: Submit, log: Log): Promise<Reply | null> {
  const from = index.fromAddress === null ? null : readMailbox(index.fromAddress);
  if (from === null) {
    return { code: 550, enhanced: "5.7.1", text: "the From field must hold exactly one address" };
  }
  try {
    if (await submit.maySend({ address: from })) return null;
    return { code: 550, enhanced: "5.7.1", text: "the address in the From field is not yours to use" };
  } catch (error) {
    return replyForError(error, log);
  }
}

async function store(
  arrival: Arrival,
  index: MessageIndex,
  added: string,
  services: SmtpServices,
  log: Log,
): Promise<Reply | null> {
  const { transaction, body, evidence, hop, submit } = arrival;
  const { from } = transaction;
  const { partial, clock } = services;
  const recipients = submit === null ? transaction.recipients.all() : qualified(transaction, hop);
  const form = { authservId: asciiDomain(hop.by.hostname), utf8: hop.protocol.utf8 };
  const found = evidence === null ? "" : printEvidenceFields(evidence, form);
  const incoming: Incoming = {
    deliveryId: newDeliveryId(clock.now(), services.random),
    from,
    recipients: partial.marked(withPrefixes(recipients, from, hop, found, added), from, index, clock.now()),
    remoteAddress: arrival.remoteAddress,
    helo: arrival.helo,
    index,
    evidence: evidence === null ? null : encodeEvidence(evidence),
    content: body.content,
    spool: body.spool,
    cid: arrival.cid,
    ...(submit === null ? {} : { asked: askedBy(transaction) }),
  };
  const ask = () => submit === null ? services.deliver.deliver(incoming) : submit.submit(incoming);
  try {
    const results = await repeated(ask, arrival.wait, log).catch((error) =>
      submit === null ? Promise.reject(error) : outcome(error, incoming, services, log)
    );
    count(results, submit !== null, services);
    return judge(incoming, recipients, results, services, log);
  } catch (error) {
    if (submit === null) services.metrics.deliveries.add({ result: "delivererror", reason: "" });
    else services.metrics.submissions.add({ result: "queueerror" });
    if (error instanceof Refused && error.reason === "badRequest") {
      log.error("the store does not take what was made of a message", { error });
    }
    return replyForError(error, log, storeReplies);
  }
}

/** `<Postmaster>` without a domain is this server's: what waits in the queue needs one. RFC 5321 4.1.1.3 */
function qualified({ recipients }: Transaction, { by }: Hop): readonly Recipient[] {
  return recipients.all().map((recipient) => {
    const { address } = recipient;
    if (address.domain !== "") return recipient;
    return { ...recipient, address: { ...address, domain: normalForm(by.hostname) ?? by.hostname } };
  });
}

/** What a user asks for beside the message. */
function askedBy({ ret, envid, hold, requireTls }: Transaction): Asked {
  return { ret, envid, hold, requireTls };
}

/** Asks again where the store was away for a moment. */
async function repeated<T>(ask: () => Promise<T>, wait: (ms: number) => Promise<void>, log: Log): Promise<T> {
  for (const ms of retryWaitsMs) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Refused) || error.reason !== "tryLater" && error.reason !== "timeout") {
        throw error;
      }
      log.warn("store did not answer; asking again", { reason: error.reason, why: error.message });
      await wait(ms);
    }
  }
  return await ask();
}

/** Who was signed out meanwhile may have been heard before. @throws {unknown} The error, if not. */
async function outcome(
  error: unknown,
  { deliveryId }: Incoming,
  { deliver }: SmtpServices,
  log: Log,
): Promise<readonly DeliveryResult[]> {
  if (!(error instanceof Refused) || error.reason !== "noCapability") throw error;
  const results = await deliver.outcome({ deliveryId });
  if (results === null) throw error;
  log.info("a submission had been taken, though its answer was lost", { deliveryId });
  return results;
}

function count(results: readonly DeliveryResult[], submission: boolean, services: SmtpServices): void {
  const { metrics } = services;
  if (submission) {
    metrics.submissions.add({
      result: results.every((each) => each.kind === "delivered") ? "ok" : "queueerror",
    });
    return;
  }
  for (const each of results) {
    if (each.kind === "delivered" && each.id === "") continue; // Counted when it came.
    if (each.kind === "delivered") metrics.deliveries.add({ result: "delivered", reason: "" });
    else metrics.deliveries.add({ result: "delivererror", reason: each.reason });
  }
}

/** One reply for all recipients. */
function judge(
  incoming: Incoming,
  recipients: readonly Recipient[],
  results: readonly DeliveryResult[],
  services: SmtpServices,
  log: Log,
): Reply | null {
  if (results.length !== recipients.length) {
    log.error("store answered for other recipients than asked", {
      asked: recipients.length,
      answered: results.length,
    });
    return replyFor("tryLater");
  }
  const refused = results.filter((each) => each.kind === "refused");
  const [first] = refused;
  if (first === undefined) {
    log.info("message accepted", {
      from: incoming.from === null ? "" : printMailbox(incoming.from),
      rcpts: recipients.length,
      bytes: incoming.index.size,
      messageId: incoming.index.messageId,
      ids: results.map((each) => each.kind === "delivered" ? each.id : ""),
    });
    services.partial.over(incoming);
    return null;
  }
  const replies = results.map((each) => each.kind === "refused" ? each.reply ?? replyFor(each.reason) : null);
  log.warn("message refused", {
    from: incoming.from === null ? "" : printMailbox(incoming.from),
    rcpts: recipients.map(({ address }) => printMailbox(address)),
    reasons: results.map((each) => each.kind === "refused" ? each.reason : "delivered"),
  });
  const codes = new Set(replies.map((reply) => reply?.code));
  if (codes.size === 1) return first.reply ?? replyFor(first.reason);
  const text = recipients.map(({ address }, i) => {
    const reply = replies[i] ?? null;
    const what = reply === null ? "250 2.0.0 done" : `${reply.code} ${reply.enhanced} ${reply.text}`;
    return `${printMailbox(address, { utf8: false })}: ${what}`;
  });
  if (refused.length < results.length) {
    remember(incoming, results, services);
    return { code: 451, enhanced: "4.3.0", text };
  }
  const permanent = replies.every((reply) => (reply?.code ?? 0) >= 500);
  return permanent ? { code: 554, enhanced: "5.3.0", text } : { code: 451, enhanced: "4.3.0", text };
}

/** See `partial_deliveries.ts`. */
function remember(incoming: Incoming, results: readonly DeliveryResult[], services: SmtpServices): void {
  for (const [i, { address }] of incoming.recipients.entries()) {
    const result = results[i];
    if (result?.kind !== "delivered" || result.body === undefined) continue;
    services.partial.add(incoming.from, address, incoming.index, result.body, services.clock.now());
  }
}
