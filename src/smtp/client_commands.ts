/**
 * The commands of an envelope as a client sends them, with the parameters that the server offered. RFC 5321 4.1.2,
 * RFC 1870 6, RFC 6152, RFC 6531 3.4, RFC 3461 4, RFC 8689 2
 *
 * @module
 */
import { isAscii } from "../address/domain.ts";
import type { Offers } from "./client_offers.ts";
import type { Notify, OutgoingMessage, OutgoingRecipient } from "./client_state.ts";
import { printMail } from "./mail.ts";
import { printRcpt } from "./rcpt.ts";

/** Characters of ENVID and ORCPT. RFC 3461 4.2, 4.4 */
export const maxEnvidLength = 100;
export const maxOrcptLength = 500;

/** MAIL, without CRLF. @throws {TypeError} If a part of the message's envelope is no part of one. */
export function printMailLine(message: OutgoingMessage, offers: Offers, utf8: boolean): string {
  return checkedLine(printMail({
    verb: "MAIL",
    from: message.from,
    utf8,
    size: offers.size === null ? null : message.size,
    body: message.eightBit && offers.eightBit ? "8BITMIME" : null,
    smtpUtf8: utf8,
    auth: null,
    hold: null,
    ret: offers.dsn ? message.ret : null,
    envid: offers.dsn && message.envid !== null ? checkedEnvid(message.envid) : null,
    requireTls: message.requireTls,
  }));
}

/** RCPT, without CRLF. @throws {TypeError} */
export function printRcptLine(recipient: OutgoingRecipient, offers: Offers, utf8: boolean): string {
  const { to, notify, orcpt } = recipient;
  return checkedLine(printRcpt({
    verb: "RCPT",
    to,
    utf8,
    notify: offers.dsn && notify !== null ? notifyValue(notify) : null,
    orcpt: offers.dsn && orcpt !== null ? orcptValue(orcpt, utf8) : null,
  }));
}

function notifyValue(notify: Notify): string {
  if (notify === "NEVER") return notify;
  if (notify.length === 0) throw new TypeError("NOTIFY of nothing");
  return notify.join(",");
}

function checkedEnvid(envid: string): string {
  if (envid.length > maxEnvidLength || !/^(?:[!-*,-<>-~]|\+[0-9A-F]{2})+$/.test(envid)) {
    throw new TypeError("ENVID is not xtext, or too long");
  }
  return envid;
}

/** Told as it came; to a server that is not told of SMTPUTF8, in its ASCII form. RFC 3461 5.2.1 (d), RFC 6533 3 */
function orcptValue(orcpt: string, utf8: boolean): string {
  const value = utf8 || isAscii(orcpt) ? orcpt : orcpt.replace(
    /[^\x00-\x7f]/gu,
    (character) => `\\x{${character.codePointAt(0)?.toString(16).toUpperCase() ?? ""}}`,
  );
  if (value.length > maxOrcptLength || !/^[A-Za-z0-9-]+;[^\x00-\x20=\x7f]+$/.test(value)) {
    throw new TypeError("ORCPT is no address, or too long");
  }
  return value;
}

/** Whatever else fails, no command gets a second line. */
function checkedLine(line: string): string {
  if (/[\r\n\0]/.test(line)) throw new TypeError("a command with a line end in it");
  return line;
}
