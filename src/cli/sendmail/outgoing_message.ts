/**
 * What a program gave to sendmail, made a message that a server takes: line ends, the fields that must be there, an author
 * who may send, and who shall get it. RFC 5322, RFC 6409 8
 *
 * @module
 */
import type { Address } from "../../address/address.ts";
import { isAscii } from "../../address/domain.ts";
import { addressKey, needsSmtpUtf8, parseMailbox, printMailbox, readMailbox } from "../../address/mailbox.ts";
import { type Bytes, fromLatin1, fromStrictUtf8, fromUtf8, latin1, utf8 } from "../../base/bytes.ts";
import type { Millis } from "../../base/clock.ts";
import type { SubmitConfig } from "../../config/submit_config.ts";
import {
  displayName,
  mailboxAddress,
  parseAddressList,
  type RawMailbox,
} from "../../message/address_list.ts";
import { addressField, foldField } from "../../message/compose.ts";
import { printDate } from "../../message/date.ts";
import { fieldEnd, unfold } from "../../message/headers.ts";
import type { SendmailArguments } from "./arguments.ts";
import { exitCodes, SendFailure } from "./exit_codes.ts";

/** Recipients of one message. */
export const maxRecipients = 5000;

/** What is handed in. */
export interface Submission {
  /** Null for `<>`. */
  readonly from: Address | null;
  readonly recipients: readonly Address[];
  /** With CRLF line ends. */
  readonly message: Bytes;
  readonly eightBit: boolean;
  readonly smtpUtf8: boolean;
}

/** Where and when. */
export interface Occasion {
  readonly now: Millis;
  /** Minutes east of Greenwich. */
  readonly offsetMinutes: number;
  /** Letters and digits, never the same twice. */
  readonly id: string;
}

/** A field, raw and with its line end; one character for each octet, as everything here. */
interface Field {
  /** In lower case. */
  readonly name: string;
  readonly raw: string;
}

/** Fields that are not handed on: recipients nobody shall see, and what only whoever delivers may write. RFC 5322 3.6.3 */
const dropped: ReadonlySet<string> = new Set(["bcc", "resent-bcc", "return-path", "x-not-submitted"]);

/** @throws {SendFailure} If it cannot be sent. */
export function prepareSubmission(
  input: Bytes,
  args: SendmailArguments,
  config: SubmitConfig,
  occasion: Occasion,
): Submission {
  const text = linesOf(fromLatin1(input), args.keepDots);
  const { fields, body } = splitMessage(text);
  const recipients = recipientsOf(fields, args, config);
  const author = parseMailbox(config.from); // The configuration was checked.
  const kept = withAuthor(fields.filter(({ name }) => !dropped.has(name)), author, args, config);
  const has = (...names: string[]) => kept.some(({ name }) => names.includes(name));
  const added: string[] = [];
  if (!has("date")) added.push(foldField("Date", printDate(occasion.now, occasion.offsetMinutes)));
  if (!has("message-id")) added.push(foldField("Message-ID", `<${occasion.id}@${author.domain}>`));
  const [only] = recipients;
  // Several are not told of each other.
  if (!has("to", "cc") && recipients.length === 1 && only !== undefined) {
    added.push(addressField("To", [{ address: only }]));
  }
  if (config.requireTls === "no" && !has("tls-required")) added.push("TLS-Required: No\r\n"); // RFC 8689 5
  const header = octets(added.join("")) + kept.map(({ raw }) => raw).join("");
  const whole = `${header}\r\n${body}`;
  const from = config.keepFrom && args.sender !== null ? senderOf(args.sender, author) : author;
  return {
    from,
    recipients,
    message: latin1(whole),
    eightBit: !isAscii(whole),
    smtpUtf8: isUtf8(header) || [from, ...recipients].some((each) => each !== null && needsSmtpUtf8(each)),
  };
}

/** Whether a header is in UTF-8, and not ASCII (RFC 6532 3), nor in Latin-1, which old programs write and old servers take. */
function isUtf8(header: string): boolean {
  return !isAscii(header) && fromStrictUtf8(latin1(header)) !== null;
}

/** Text as characters of an octet each. */
function octets(text: string): string {
  return isAscii(text) ? text : fromLatin1(utf8(text));
}

function linesOf(text: string, keepDots: boolean): string {
  const lines = text.replace(/^(X-Not-Submitted:.*\r?\n)?From .*\r?\n/, "$1").replace(/\r\n|\r|\n/g, "\r\n");
  if (keepDots) return lines;
  const dot = /(?:^|\r\n)\.(?:\r\n|$)/.exec(lines);
  if (dot === null) return lines;
  return dot.index === 0 && lines.startsWith(".") ? "" : lines.slice(0, dot.index + 2);
}

/** Fields up to an empty line, or up to the first line that is none: a program may give a body alone. */
function splitMessage(text: string): { fields: Field[]; body: string } {
  const fields: Field[] = [];
  let at = 0;
  while (at < text.length) {
    if (text.startsWith("\r\n", at)) return { fields, body: text.slice(at + 2) };
    const end = fieldEnd(text, at);
    const raw = text.slice(at, end);
    const name = /^([!-9;-~]{1,997})[ \t]*:/.exec(raw)?.[1];
    if (name === undefined) break;
    fields.push({ name: name.toLowerCase(), raw: raw.endsWith("\r\n") ? raw : `${raw}\r\n` });
    at = end;
  }
  return { fields, body: text.slice(at) };
}

function valueOf({ raw }: Field): string {
  return unfold(raw.slice(raw.indexOf(":") + 1));
}

function mailboxesIn(raw: string): RawMailbox[] {
  const { entries, truncated } = parseAddressList(raw, maxRecipients + 1);
  if (truncated) throw tooMany();
  return entries.filter((entry) => entry.kind === "mailbox");
}

/** An address that stands, without quotes, for the name in front of another one: `bob@example.net <bob@example.net>`. */
const addressAsName = /[^\s,;:<>()"@]{1,400}@[^\s,;:<>()"@]{1,400}\s*(?=<)/g;

/**
 * Recipients, all of them: who reads a list to show it may pass over what makes no sense, such as an address without a comma
 * in front; here somebody would not get the message, and nobody would hear of it.
 */
function recipientsIn(text: string): RawMailbox[] {
  const raw = text.replace(addressAsName, "");
  const found = mailboxesIn(raw);
  const signs = (part: string) => part.split("@").length - 1;
  const written = signs(raw.replace(/"(?:[^"\\]|\\[^])*"|\([^()]*\)/g, ""));
  const read = found.reduce(
    (sum, { route, domain }) => sum + signs(route ?? "") + (domain === "" ? 0 : 1),
    0,
  );
  if (written === read) return found;
  throw new SendFailure(
    exitCodes.data,
    `'${shownText(text)}' is no list of addresses: write them as ann@example.org, with commas between them`,
  );
}

/** Of a list of addresses, for people. */
function shownText(raw: string): string {
  const text = fromUtf8(latin1(raw)).replace(/\s+/g, " ").trim();
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function recipientsOf(fields: readonly Field[], args: SendmailArguments, config: SubmitConfig): Address[] {
  const found = args.recipients.flatMap((each) => recipientsIn(octets(each)));
  if (args.fromHeader) {
    // A message that is sent on goes to those of its last journey. RFC 5322 3.6.6
    const resent = fields.some(({ name }) => /^resent-(?:to|cc|bcc)$/.test(name));
    const names = resent ? ["resent-to", "resent-cc", "resent-bcc"] : ["to", "cc", "bcc"];
    for (const field of fields) if (names.includes(field.name)) found.push(...recipientsIn(valueOf(field)));
  }
  const byKey = new Map<string, Address>();
  for (const mailbox of found) {
    const address = recipientOf(mailbox, config);
    byKey.set(addressKey(address), address);
  }
  if (byKey.size > maxRecipients) throw tooMany();
  if (byKey.size > 0) return [...byKey.values()];
  throw args.fromHeader
    ? new SendFailure(exitCodes.data, "the message has no recipients in To, Cc and Bcc")
    : new SendFailure(exitCodes.usage, "say who shall get it, or -t for those in To, Cc and Bcc");
}

function tooMany(): SendFailure {
  return new SendFailure(exitCodes.data, `more than ${maxRecipients} recipients`);
}

function recipientOf(mailbox: RawMailbox, config: SubmitConfig): Address {
  if (mailbox.domain === "" && mailbox.local !== "") {
    if (config.localRecipient !== "") return parseMailbox(config.localRecipient);
    throw new SendFailure(
      exitCodes.data,
      `'${mailbox.local}' has no domain: set localRecipient in the configuration for such names`,
    );
  }
  const address = mailboxAddress(mailbox);
  if (address !== null) return address;
  throw new SendFailure(exitCodes.data, `'${mailbox.local}@${mailbox.domain}' is no address`);
}

function senderOf(text: string, author: Address): Address | null {
  if (text === "") return null;
  if (!text.includes("@")) return author; // Some cron calls with `-f root`, whatever it sends.
  const address = readMailbox(text);
  if (address === null) throw new SendFailure(exitCodes.usage, `-f: '${text}' is no address`);
  return address;
}

/** The fields with an author whom the server lets send; the name stays. */
function withAuthor(
  fields: readonly Field[],
  author: Address,
  { fullName }: SendmailArguments,
  config: SubmitConfig,
): Field[] {
  const from = fields.find(({ name }) => name === "from");
  const [first] = from === undefined ? [] : mailboxesIn(valueOf(from));
  const address = first === undefined ? null : mailboxAddress(first);
  if (
    from !== undefined && (config.keepFrom || address !== null && addressKey(address) === addressKey(author))
  ) {
    return [...fields];
  }
  const named = first === undefined ? null : displayName(first) || readable(first);
  const name = named ?? fullName ?? "";
  const raw = octets(addressField("From", [{ address: author, ...(name === "" ? {} : { name }) }]));
  // Sender would name somebody who may not send. RFC 5322 3.6.2
  return [
    { name: "from", raw },
    ...fields.filter((field) => field.name !== "from" && field.name !== "sender"),
  ];
}

/** An address as a name: who gets the message is told which program it came from. */
function readable({ local, domain }: RawMailbox): string {
  const text = fromUtf8(latin1(domain === "" ? local : `${local}@${domain}`));
  return text.replace(/[\x00-\x1f\x7f]+/g, " ").trim();
}

/** For messages to people. */
export function addressText(address: Address | null): string {
  return address === null ? "<>" : printMailbox(address);
}
