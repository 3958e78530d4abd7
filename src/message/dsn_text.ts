/**
 * What a delivery status notification tells people: what happened, to whom, why, and what they can do. RFC 6522 3 (1)
 *
 * Plain words first, the server's words after them: whoever reads this did not ask for it and is often in a hurry.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { printDate } from "./date.ts";
import { maxDiagnosticLine, maxDiagnosticLines, plainText } from "./dsn_print.ts";
import type { DsnAction, DsnRecipient, MtaName } from "./dsn_status.ts";

/** What is told of the message that it is about; texts of its sender. */
export interface AboutMessage {
  /** Decoded; empty if it has none. */
  readonly subject: string;
  readonly date: Millis | null;
  readonly messageId: string | null;
}

/** What else is told. */
export interface DsnWords {
  /** The server that writes. */
  readonly server: string;
  readonly about: AboutMessage;
  /** Of what is delayed: when it is tried again, the next first. */
  readonly nextTries: readonly Millis[];
  /** Whether all of the message is attached, or its header alone. */
  readonly returned: "message" | "headers";
}

/** More recipients are not told in words; the fields have them all. */
export const maxToldRecipients = 50;
/** More tries are not told. */
export const maxToldTries = 5;
/** Characters of a subject. */
const maxSubject = 200;
/** Where prose is wrapped. */
const width = 72;

/** The Subject: what happened, in as few words as can be. */
export function dsnSubject(recipients: readonly Pick<DsnRecipient, "action">[]): string {
  const actions = new Set(recipients.map((one) => one.action));
  if (actions.has("failed")) return "Your message could not be delivered";
  if (actions.has("delayed")) return "Your message is delayed";
  if (actions.has("expanded")) return "Your message was passed on to several addresses";
  if (actions.has("relayed")) return "Your message was passed on";
  return "Your message was delivered";
}

/** The text, with LF as line ends. */
export function dsnText(recipients: readonly DsnRecipient[], words: DsnWords): string {
  const blocks = [`This is the mail server ${line(words.server)}.`, aboutText(words.about)];
  for (const action of order) {
    const those = recipients.filter((one) => one.action === action);
    if (those.length > 0) blocks.push(...actionBlocks(action, those, words));
  }
  blocks.push(wrapped(`The attachments hold the same for programs, and ${attached[words.returned]}.`));
  return `${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}

/** What must be acted on comes first. */
const order: readonly DsnAction[] = ["failed", "delayed", "expanded", "relayed", "delivered"];

const attached = {
  message: "your message as it was sent",
  headers: "the header of your message",
} as const;

const headlines: Readonly<Record<DsnAction, string>> = {
  failed: "It could NOT be delivered to:",
  delayed: "It could not be delivered YET to:",
  delivered: "It was delivered to:",
  relayed: "It was passed on, to a server that will not tell what becomes of it, for:",
  expanded: "It was delivered and passed on to several other addresses for:",
};

function actionBlocks(action: DsnAction, recipients: readonly DsnRecipient[], words: DsnWords): string[] {
  const told = recipients.slice(0, maxToldRecipients);
  const blocks = [headlines[action], ...told.map(recipientText)];
  if (recipients.length > told.length) blocks.push(`and to ${recipients.length - told.length} more.`);
  if (action === "failed") blocks.push(failedAdvice(told));
  if (action === "delayed") blocks.push(delayedText(told, words.nextTries));
  return blocks;
}

function recipientText({ finalRecipient, originalRecipient, remoteMta, diagnostic }: DsnRecipient): string {
  const lines = [`    ${line(finalRecipient.address)}`];
  if (originalRecipient !== null && originalRecipient.address !== finalRecipient.address) {
    lines.push(`    (you wrote to ${line(originalRecipient.address)})`);
  }
  if (diagnostic !== null) {
    // A reply of nobody else's is this server's own. RFC 3464 2.3.6: other types are no replies.
    const own = diagnostic.type === "smtp" ? "    This server answered:" : "    Reason:";
    lines.push("", remoteMta === null ? own : `    The server ${mtaText(remoteMta)} answered:`);
    const reply = diagnostic.text.split(/\r\n|\r|\n/).map((one) => plainText(one, utf8, maxDiagnosticLine));
    lines.push(
      ...reply.filter((one) => one !== "").slice(0, maxDiagnosticLines).map((one) => `        ${one}`),
    );
  }
  return lines.join("\n");
}

/** What to do, once for each thing that can be done. */
function failedAdvice(recipients: readonly DsnRecipient[]): string {
  const advice = [...new Set(recipients.map((one) => adviceOn(one.status)))];
  return ["What you can do:", ...advice.map((one) => indented(one))].join("\n");
}

function delayedText(recipients: readonly DsnRecipient[], nextTries: readonly Millis[]): string {
  const lines = [wrapped("You need not do anything: this server tries again by itself.")];
  if (nextTries.length > 0) {
    lines.push("The next tries:", ...nextTries.slice(0, maxToldTries).map((at) => `    ${when(at)}`));
  }
  const until = Math.max(...recipients.map((one) => one.willRetryUntil ?? -Infinity));
  if (Number.isFinite(until)) {
    lines.push(
      wrapped(`If it cannot be delivered by ${when(until)}, you will get another message like this.`),
    );
  }
  return lines.join("\n");
}

/** By the subject and detail of a status. RFC 3463 3, RFC 5248, and what was registered since. */
const advice: Readonly<Record<string, string>> = {
  "1.1": "Check the address for typing mistakes: there is no such mailbox there.",
  "1.2": "Check what is behind the @: no mail server is known for it.",
  "1.3": "Check the address: it is not written as an address must be.",
  "1.6": "Ask for the new address: the mailbox has moved.",
  "1.10": "Check what is behind the @: that domain gets no mail.",
  "2.1": "Reach the recipient in another way: the mailbox takes no mail.",
  "2.2": "Try again later: the mailbox is full.",
  "2.3": "Send a smaller message: this one is too large for the mailbox.",
  "3.4": "Send a smaller message, or only a link to what is large: this one is too large.",
  "4.1": "Try again later: the other server did not answer.",
  "4.4": "Check what is behind the @: no way to a mail server for it is known.",
  "4.7": "Try again later: the other server could not be reached for too long.",
  "6.7": "Ask for an address in plain ASCII: the other server takes no others.",
  "7.5": "Ask the recipient's administrator: no connection to the other server was as safe as it has to be.",
  "7.1":
    "Reach the recipient in another way: the other server does not want this message, or no mail from you.",
  "7.26": "Ask your administrator: the other server could not verify that the message is from your domain.",
  "7.30": "Send the message without asking for encryption all the way: the other server cannot promise it.",
};

/** Where there is no advice on the detail: on the subject. */
const general: Readonly<Record<string, string>> = {
  "1": "Check the address.",
  "2": "Try again later, or reach the recipient in another way: something is wrong with the mailbox.",
  "3": "Ask the recipient's administrator: something is wrong with the other server.",
  "4": "Try again later: the other server could not be reached.",
  "5": "Ask your administrator: the servers did not understand each other.",
  "6": "Send the message in another form: the other server cannot take this one.",
  "7": "Reach the recipient in another way: the other server refused the message.",
};

const noAdvice =
  "What is told above is all that is known. If it does not help, pass this message on to your administrator.";

function adviceOn(status: string): string {
  const [, subject = "", detail = ""] = status.split(".");
  return advice[`${subject}.${detail}`] ?? general[subject] ?? noAdvice;
}

function aboutText({ subject, date, messageId }: AboutMessage): string {
  const lines = ["This is about your message:"];
  const shown = plainText(subject, utf8, maxSubject);
  if (shown !== "") lines.push(`    Subject: ${shown}`);
  if (date !== null) lines.push(`    Sent: ${when(date)}`);
  if (messageId !== null) lines.push(`    Message-ID: <${line(messageId)}>`);
  return lines.length === 1 ? "" : lines.join("\n");
}

const utf8 = { utf8: true } as const;

function line(text: string): string {
  return plainText(text, utf8, maxSubject);
}

function mtaText({ name, address }: MtaName): string {
  return address === null ? line(name) : `${line(name)} (${line(address)})`;
}

/** `Sat, 21 Nov 2026 13:05 UTC` */
function when(at: Millis): string {
  return printDate(at).replace(/:\d{2} \+0000$/, " UTC");
}

function wrapped(text: string, indent = ""): string {
  let lines = indent;
  let column = indent.length;
  for (const word of text.split(" ")) {
    const isFirst = column === indent.length;
    if (!isFirst && column + 1 + word.length > width) {
      lines += `\n${indent}`;
      column = indent.length;
    } else if (!isFirst) {
      lines += " ";
      column++;
    }
    lines += word;
    column += word.length;
  }
  return lines;
}

function indented(text: string): string {
  return wrapped(text, "    ");
}
