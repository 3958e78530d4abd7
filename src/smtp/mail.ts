/**
 * MAIL, which opens a mail transaction. RFC 5321 4.1.1.2
 *
 * Tested by `command_test.ts`.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import {
  type Parameters,
  parseNumber,
  parseParameters,
  printParameters,
  UnknownParameter,
} from "./parameters.ts";
import { printPath } from "../address/mailbox.ts";
import { isAscii } from "../address/domain.ts";
import { parsePath } from "./path.ts";
import { readEnvid, readRet, type Ret } from "./dsn_parameters.ts";

/** `MAIL FROM:<from>`; `from` is null for `<>`, the sender of bounces. */
export interface Mail {
  readonly verb: "MAIL";
  readonly from: Address | null;
  /** Whether the path was spelt with more than ASCII, which SMTPUTF8 allows. RFC 6531 3.4 */
  readonly utf8: boolean;
  /** Octets announced, or null. RFC 1870 6 */
  readonly size: number | null;
  /** RFC 6152; null if it was not said. */
  readonly body: "7BIT" | "8BITMIME" | null;
  /** The message, or its envelope, has text in UTF-8. RFC 6531 3.4 */
  readonly smtpUtf8: boolean;
  /** Who sent it first, in xtext as it came; believed by nobody. RFC 4954 5 */
  readonly auth: string | null;
  /** When it shall be sent. RFC 4865 */
  readonly hold: Hold | null;
  /** What a notice of failure brings. RFC 3461 4.3 */
  readonly ret: Ret | null;
  /** The sender's name for this transaction, in xtext as it came. RFC 3461 4.4 */
  readonly envid: string | null;
  /** Every server on the way must be known, and spoken to over TLS. RFC 8689 2 */
  readonly requireTls: boolean;
}

/** A wish to be sent later. */
export type Hold =
  /** In so many seconds. */
  | { readonly kind: "for"; readonly seconds: number }
  /** At this time; milliseconds since 1970. */
  | { readonly kind: "until"; readonly at: number };

/** Reads what follows the word MAIL, without CRLF. @throws {SyntaxError} 501. @throws {UnknownParameter} 555. */
export function parseMail(args: string): Mail {
  if (args.slice(0, 5).toUpperCase() !== "FROM:") throw new SyntaxError("no FROM:");
  // A space here is not allowed (RFC 5321 3.3), and sent by many all the same.
  const start = args[5] === " " ? 6 : 5;
  const nullSender = args.startsWith("<>", start); // RFC 5321 4.5.5
  const path = nullSender ? { address: null, end: start + 2 } : parsePath(args, start);
  // RFC 5321 4.1.1.2: only a recipient can do without a domain.
  if (path.address?.domain === "") throw new SyntaxError("a sender without a domain");
  return {
    verb: "MAIL",
    from: path.address,
    utf8: path.address !== null && !isAscii(args.slice(0, path.end)),
    ...mailParameters(parseParameters(args, path.end)),
  };
}

type MailParameters = Omit<Mail, "verb" | "from" | "utf8">;

const noParameters: MailParameters = {
  size: null,
  body: null,
  smtpUtf8: false,
  auth: null,
  hold: null,
  ret: null,
  envid: null,
  requireTls: false,
};

function mailParameters(parameters: Parameters): MailParameters {
  if (parameters.size === 0) return noParameters;
  let { size, body, smtpUtf8, auth, hold, ret, envid, requireTls } = noParameters;
  for (const [name, value] of parameters) {
    switch (name) {
      case "SIZE":
        size = parseNumber(value, 20); // RFC 1870 5
        break;
      case "BODY":
        body = parseBody(value);
        break;
      case "SMTPUTF8":
        if (value !== null) throw new SyntaxError("SMTPUTF8 has no value");
        smtpUtf8 = true;
        break;
      case "AUTH":
        if (value === null || !isXtext(value)) throw new SyntaxError("AUTH= wants xtext");
        auth = value;
        break;
      case "HOLDFOR":
      case "HOLDUNTIL":
        if (hold !== null) throw new SyntaxError("HOLDFOR and HOLDUNTIL exclude each other");
        hold = name === "HOLDFOR"
          ? { kind: "for", seconds: parseNumber(value, 9) }
          : { kind: "until", at: parseTime(value) };
        break;
      case "RET":
        ret = readRet(value);
        break;
      case "ENVID":
        envid = readEnvid(value);
        break;
      case "REQUIRETLS":
        if (value !== null) throw new SyntaxError("REQUIRETLS has no value");
        requireTls = true;
        break;
      default:
        throw new UnknownParameter(name);
    }
  }
  return { size, body, smtpUtf8, auth, hold, ret, envid, requireTls };
}

export function printMail(command: Mail): string {
  const { from, size, body, smtpUtf8, auth, hold, ret, envid, requireTls } = command;
  const parameters = new Map<string, string | null>();
  if (size !== null) parameters.set("SIZE", String(size));
  if (body !== null) parameters.set("BODY", body);
  if (smtpUtf8) parameters.set("SMTPUTF8", null);
  if (auth !== null) parameters.set("AUTH", auth);
  if (hold?.kind === "for") parameters.set("HOLDFOR", String(hold.seconds));
  if (hold?.kind === "until") parameters.set("HOLDUNTIL", new Date(hold.at).toISOString());
  if (ret !== null) parameters.set("RET", ret);
  if (envid !== null) parameters.set("ENVID", envid);
  if (requireTls) parameters.set("REQUIRETLS", null);
  return `MAIL FROM:${printPath(from, command)}${printParameters(parameters)}`;
}

/** BINARYMIME is not offered, and so a value that cannot be right. RFC 3030 3 */
function parseBody(value: string | null): "7BIT" | "8BITMIME" {
  const body = value?.toUpperCase();
  if (body !== "7BIT" && body !== "8BITMIME") throw new SyntaxError("BODY= is 7BIT or 8BITMIME");
  return body;
}

/** RFC 3461 4 */
function isXtext(value: string): boolean {
  return /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})+$/.test(value);
}

/** date-time of RFC 3339 5.6. RFC 4865 3, erratum 2040 */
function parseTime(value: string | null): number {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|([+-])(\d\d):(\d\d))$/i.exec(
    value ?? "",
  );
  if (match === null) throw new SyntaxError("HOLDUNTIL= wants a time as 2026-01-02T03:04:05Z");
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const date = Date.UTC(year, month - 1, day, hour, minute, Math.min(second, 59)); // A leap second is the one before.
  const offset = (Number(match[8] ?? 0) * 60 + Number(match[9] ?? 0)) * (match[7] === "-" ? -1 : 1);
  const sane = month >= 1 && month <= 12 && day >= 1 &&
    new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
  if (!sane || hour > 23 || minute > 59 || second > 60 || Math.abs(offset) >= 24 * 60) {
    throw new SyntaxError("HOLDUNTIL= is no time");
  }
  return date - offset * 60_000;
}
