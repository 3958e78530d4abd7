/**
 * What senders are told: from the facts of an attempt to a message that people understand. RFC 3464, RFC 3461 6
 *
 * Notices go to inboxes of this server, which take UTF-8 and eight bits.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { asciiDomain } from "../address/domain.ts";
import { parseMailbox } from "../address/mailbox.ts";
import type { Bytes } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { parseEnvid, parseOrcpt, type TypedAddress, typedAddress } from "../message/dsn_address.ts";
import { composeDsn } from "../message/dsn_compose.ts";
import { type DsnRecipient, statusCode, statusOfReply } from "../message/dsn_status.ts";
import type { NoticeFacts, NoticeRecipient } from "./conclude.ts";
import { parseDsnRequest } from "./dsn_request.ts";
import { waitsLeft } from "./schedule.ts";

/** What does not depend on the message. */
export interface NoticeSettings {
  /** This server's name. */
  readonly hostname: string;
  readonly postmaster: Address;
  /** 24 or more letters and digits that nobody can guess. */
  readonly random: () => string;
}

/** Both ways back take everything. */
const here = { utf8: true, eightBit: true } as const;

/** Writes a notice; null if it is about nobody who could be told. */
export function composeNotice(settings: NoticeSettings, facts: NoticeFacts, original: Bytes): Bytes | null {
  const { hostname, postmaster, random } = settings;
  const [first] = facts.recipients;
  const to = first === undefined ? null : addressOf(first.row.sender);
  if (first === undefined || to === null) return null;
  const { ret, envid } = parseDsnRequest(first.row.dsn);
  const { message } = composeDsn({
    from: { name: "Mail delivery", address: postmaster },
    to,
    date: facts.at,
    messageId: `${random()}@${asciiDomain(hostname)}`,
    status: {
      originalEnvelopeId: readOr(null, () => envid === null ? null : parseEnvid(envid)),
      reportingMta: { type: "dns", name: hostname, address: null },
      dsnGateway: null,
      receivedFromMta: null,
      arrivalDate: first.row.submitted,
      futureRelease: first.row.release || null,
      recipients: facts.recipients.map((each) => recipientOf(each, facts)),
    },
    nextTries: facts.kind === "delayed" ? nextTries(first) : [],
    original,
    // What must not go over an open line does not come back over one either. RFC 8689 5
    ret: first.row.require_tls === 1 || facts.brief ? "headers" : ret === "FULL" ? "full" : "headers",
    path: here,
  }, random);
  return message;
}

function recipientOf({ row, result }: NoticeRecipient, { kind, at }: NoticeFacts): DsnRecipient {
  const { orcpt } = parseDsnRequest(row.dsn);
  const { remote, code, text } = result;
  // What nobody answered is in our own words.
  const isReply = code !== 0;
  const tries = kind === "delayed" ? nextTries({ row, result }) : [];
  return {
    originalRecipient: orcpt === null
      ? null
      : readOr<TypedAddress | null>(null, () => parseOrcpt(orcpt, { utf8: true })),
    finalRecipient: typedAddress(addressOf(row.recipient) ?? { local: row.recipient, domain: "" }),
    action: kind === "relayed" && remote === null ? "delivered" : kind, // To nobody else: it is here.
    // A temporary reason that lasted too long is what the status says, in the class of failures. RFC 3464 2.3.4
    status: isReply
      ? inClassOf(kind, statusOfReply(code, result.status || null))
      : statusCode.test(result.status)
      ? inClassOf(kind, result.status)
      : statusWithout(kind),
    remoteMta: remote === null || !isReply
      ? null
      : { type: "dns", name: remote.host, address: remote.address },
    diagnostic: isReply ? { type: "smtp", text } : text === "" ? null : { type: ownWords, text },
    lastAttemptDate: at,
    finalLogId: String(row.id),
    willRetryUntil: tries.at(-1) ?? null,
  };
}

/** The type of diagnostics that are no replies. RFC 3464 2.3.6: names of one's own begin so. */
const ownWords = "x-mailden";

/** Nobody was reached: RFC 3463 3.5 (x.4.1, no answer from host; x.4.7, time expired). */
function statusWithout(kind: NoticeFacts["kind"]): string {
  return kind === "failed" ? "5.4.7" : kind === "delayed" ? "4.4.1" : "2.0.0";
}

function inClassOf(kind: NoticeFacts["kind"], status: string): string {
  return kind === "failed" && status.startsWith("4.") ? `5${status.slice(1)}` : status;
}

/** When the message is tried again: the row knows the next attempt, the schedule the others. On hold: nobody knows. */
function nextTries({ row }: NoticeRecipient): Millis[] {
  if (row.hold === 1) return [];
  const tries: Millis[] = [];
  let at = row.due;
  // Beyond its last attempt there is one more at least: it waits.
  const most = Math.max(row.max_attempts, row.attempts + 1);
  for (const [i, wait] of waitsLeft(row.attempts, most).entries()) {
    if (i > 0) at += wait;
    tries.push(at);
  }
  return tries;
}

/** As `printMailbox` wrote it. */
function addressOf(text: string): Address | null {
  return text === "" ? null : readOr<Address | null>(null, () => parseMailbox(text));
}

/** What a sender wrote is passed on where it can be read. */
function readOr<T>(other: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyntaxError) return other;
    throw error;
  }
}
