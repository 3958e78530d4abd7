/**
 * What the queue knows of a message, in words for people, and as JSON for programs.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import type { Millis } from "../../base/clock.ts";
import type {
  AttemptResult,
  HoldRuleRow,
  QueuedRecipient,
  RetiredRecipient,
  SuppressionRow,
} from "../../queue/queue_admin.ts";
import { isoTime, relativeText, sizeText, spanText, timeText } from "./time_words.ts";

/** Characters of a stranger's text that are shown in a line. */
const maxShown = 400;

/** Line breaks, and characters that change the direction of writing, by which a text could pass for something else. */
const misleading = /[\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** A stranger's text as part of one line. */
export function oneLine(text: string): string {
  const line = text.replace(/[\r\n\t\v\f]+/g, " ").replace(misleading, "?");
  return line.length > maxShown ? `${line.slice(0, maxShown)}…` : line;
}

function sizeAndSubject({ size, subject }: { readonly size: number; readonly subject: string }): string {
  return `${sizeText(size)}, ${subject === "" ? "no subject" : JSON.stringify(oneLine(subject))}`;
}

function ways(sender: string, recipient: string): string {
  return `${oneLine(sender) || "<>"} to ${oneLine(recipient)}`;
}

function whose(account: string): string {
  return account === "" ? "the server itself" : `account ${oneLine(account)}`;
}

/** A message that waits: who to whom, what happened last, when it is tried next and why it waits. */
export function queuedLines(row: QueuedRecipient, now: Millis): string[] {
  const head = `${row.id}: ${ways(row.sender, row.recipient)} (${sizeAndSubject(row)})`;
  const submitted = `   submitted by ${whose(row.account)} ${relativeText(row.submitted, now)}${wishes(row)}`;
  return [head, submitted, `   ${lastText(row, now)}`, `   ${nextText(row, now)}`];
}

function wishes({ transport, requireTls }: QueuedRecipient): string {
  const tls = requireTls === null
    ? ""
    : requireTls
    ? "; only over verified TLS"
    : "; also without verified TLS";
  return `${transport === "" ? "" : `; by transport ${oneLine(transport)}`}${tls}`;
}

function lastText(row: QueuedRecipient, now: Millis): string {
  const { attempts, maxAttempts, lastAttempt, leased } = row;
  const last = row.results.at(-1);
  if (leased && last !== undefined) return `tried ${relativeText(last.startedAt, now)}: ${attemptText(last)}`;
  if (leased || attempts === 0) return "not tried yet";
  const which = `attempt ${attempts} of ${maxAttempts}, ${relativeText(lastAttempt, now)}`;
  if (last === undefined) return `${which}: nobody knows how it ended`;
  // An attempt that nothing was heard of, since a process was killed, is one more than there are results.
  const isReported = last.startedAt >= lastAttempt || row.results.length >= attempts;
  return isReported
    ? `${which}: ${attemptText(last)}`
    : `${which}: nobody knows how it ended; the one before: ${attemptText(last)}`;
}

/** What stands before each line of a reply: its code and enhanced code. RFC 5321 4.2.1, RFC 2034 4 */
const replyCodes = /^[2-5]\d\d(?:[ -](?:[245]\.\d{1,3}\.\d{1,3}(?: |$))?|$)/gm;

/** What came of an attempt: who said what, or what kept us from asking. */
export function attemptText({ delivered, code, status, text, host, address }: AttemptResult): string {
  const where = oneLine(host) + (address === "" ? "" : ` (${oneLine(address)})`);
  const nothing = delivered ? "delivered" : "no reason was given";
  if (code === 0) {
    const said = oneLine(text) || nothing;
    // Our own words, which name the host where it matters.
    const named = host === "" || said.includes(oneLine(host));
    return `${named ? "" : `${where}: `}${said}${status === "" ? "" : ` (${oneLine(status)})`}`;
  }
  // The reply is kept with its codes on each line; once is enough to read.
  const said = oneLine(text.replace(replyCodes, "")).trim() || nothing;
  const words = [String(code), oneLine(status), said].filter((word) => word !== "").join(" ");
  // No host: it was our own delivery, or a transport that fails on purpose.
  return `${where === "" ? "this server" : where} ${delivered ? "took it" : "said"}: ${words}`;
}

function nextText(row: QueuedRecipient, now: Millis): string {
  if (row.leased) {
    const then = row.dropped ? "; it was dropped: if this fails, it is gone" : "";
    return `attempt ${row.attempts} of ${row.maxAttempts} is under way${then}`;
  }
  if (row.dropped) return "it was dropped while it was being sent, and goes without another attempt";
  if (row.hold) return `on hold: 'mailden queue unhold --ids ${row.id}' lets it go`;
  const when = row.nextAttempt <= now
    ? (now - row.nextAttempt < 1000 ? "due now" : `due for ${spanText(now - row.nextAttempt)}`) +
      (row.behind ? `, behind others to ${oneLine(row.domain)} that are under way` : "")
    : `next attempt ${relativeText(row.nextAttempt, now)}, at ${timeText(row.nextAttempt)}`;
  const asked = row.futureRelease !== "" && row.attempts === 0 && row.nextAttempt > now;
  if (asked) return `${when}: its sender asked for that time`;
  return row.attempts + 1 >= row.maxAttempts ? `${when}: the last` : when;
}

/** A message that has left the queue, in one line. */
export function retiredLine(row: RetiredRecipient): string {
  const last = row.results.at(-1);
  const why = last === undefined ? "" : `: ${attemptText(last)}`;
  return `${row.id}: ${timeText(row.retired)} ${row.outcome}, ${ways(row.sender, row.recipient)} (${
    sizeAndSubject(row)
  })${why}`;
}

/** Everything that is known of it. */
export function retiredLines(row: RetiredRecipient): string[] {
  const lines = [
    `${row.id}: ${ways(row.sender, row.recipient)} (${sizeAndSubject(row)})`,
    `   submitted by ${whose(row.account)} at ${timeText(row.submitted)}, Message-ID ${
      oneLine(row.messageId ?? "none")
    }`,
    `   ${row.outcome} at ${timeText(row.retired)}, after ${row.attempts} attempt${
      row.attempts === 1 ? "" : "s"
    }`,
  ];
  if (row.fromId !== "") lines.push(`   its sender's id was ${oneLine(row.fromId)}`);
  for (const result of row.results) {
    lines.push(`   ${timeText(result.startedAt)}, ${spanText(result.ms)}: ${attemptText(result)}`);
  }
  return lines;
}

/** What a rule holds. */
export function holdRuleText(
  { account, senderDomain, recipientDomain }: Omit<HoldRuleRow, "id" | "created">,
): string {
  const parts = [
    account === "" ? "" : `of account ${oneLine(account)}`,
    senderDomain === "" ? "" : `from ${oneLine(senderDomain)}`,
    recipientDomain === "" ? "" : `to ${oneLine(recipientDomain)}`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? "every message" : `messages ${parts.join(" ")}`;
}

/** Why an address is not written to. */
export function suppressionLine(row: SuppressionRow): string {
  const by = row.automatic ? "by the server" : "by hand";
  const as = row.original === "" || row.original === row.address ? "" : ` (as ${oneLine(row.original)})`;
  const why = row.reason === "" ? "" : `: ${oneLine(row.reason)}`;
  return `${oneLine(row.account)}: ${oneLine(row.address)}${as}, ${timeText(row.created)} ${by}${why}`;
}

const results = (rows: readonly AttemptResult[]) =>
  rows.map((each) => ({ ...each, startedAt: isoTime(each.startedAt) }));

/** As JSON has it: times as text. */
export function queuedJson(row: QueuedRecipient): Record<string, unknown> {
  return {
    ...row,
    submitted: isoTime(row.submitted),
    nextAttempt: isoTime(row.nextAttempt),
    lastAttempt: row.lastAttempt === 0 ? null : isoTime(row.lastAttempt),
    results: results(row.results),
  };
}

export function retiredJson(row: RetiredRecipient): Record<string, unknown> {
  return {
    ...row,
    submitted: isoTime(row.submitted),
    retired: isoTime(row.retired),
    results: results(row.results),
  };
}

export function createdJson(row: HoldRuleRow | SuppressionRow): Record<string, unknown> {
  return { ...row, created: isoTime(row.created) };
}
