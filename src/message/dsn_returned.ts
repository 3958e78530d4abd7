/**
 * What a delivery status notification returns of the message that it is about, and as which type. RFC 3461 6.2,
 * RFC 6522 4, RFC 6533 4.2 to 4.5
 *
 * The message is a stranger's as far as this is concerned: whatever it holds, the part that comes out is one that its
 * transfer encoding allows.
 *
 * @module
 */
import {
  type Bytes,
  concat,
  fromLatin1,
  fromStrictUtf8,
  indexOfBytes,
  KiB,
  latin1,
  MiB,
} from "../base/bytes.ts";
import { fieldsOf } from "./headers.ts";
import { Base64Encoder, QuotedPrintableEncoder } from "./transfer_encoding.ts";

/** What the way back takes. */
export interface ReturnPath {
  /** SMTPUTF8, and with it 8BITMIME (RFC 6531 3.1). */
  readonly utf8: boolean;
  /** 8BITMIME. */
  readonly eightBit: boolean;
}

/** A whole part: its MIME fields, an empty line, its content. */
export interface ReturnedPart {
  readonly bytes: Bytes;
  readonly holds: "message" | "headers";
  /** Whether octets above 127 stand in it. */
  readonly is8Bit: boolean;
  /** Whether it needs SMTPUTF8, which is more. */
  readonly needsUtf8: boolean;
}

/** A larger message is returned as its header, whatever the sender wanted. RFC 3461 6.2 */
export const maxReturnedOctets = 1 * MiB;
/** Octets of a header that are returned; what is beyond is left out, whole fields. */
export const maxReturnedHeader = 64 * KiB;

/**
 * Returns a message, or its header.
 *
 * @param wish What the sender asked for (RET), where a failure is told; else `headers`.
 */
export function returnedPart(
  message: Uint8Array,
  wish: "message" | "headers",
  path: ReturnPath,
): ReturnedPart {
  const header = headerOf(message);
  const whole = wish === "message" && message.length <= maxReturnedOctets
    ? wholePart(message, header, path)
    : null;
  return whole ?? headerPart(header, path);
}

/** Null where the message cannot be returned as it is. */
function wholePart(message: Uint8Array, header: Uint8Array, path: ReturnPath): ReturnedPart | null {
  if (isAscii(header)) {
    // RFC 2046 5.2.1: no other encoding than these for message/rfc822.
    const is8Bit = !isAscii(message);
    if (!isLines(message) || is8Bit && !path.eightBit && !path.utf8) return null;
    return part("message/rfc822", is8Bit ? "8bit" : "7bit", message, "message");
  }
  if (fromStrictUtf8(header) === null) return null; // Not RFC 6532's either.
  return path.utf8 && isLines(message)
    ? part("message/global", "8bit", message, "message")
    : part("message/global", "base64", message, "message");
}

function headerPart(whole: Uint8Array, path: ReturnPath): ReturnedPart {
  const header = shortened(whole);
  const isClean = isLines(header);
  if (isAscii(header)) {
    return part("text/rfc822-headers", isClean ? "7bit" : "quoted-printable", header, "headers");
  }
  // RFC 6522 4: quoted-printable makes a broken header legal.
  if (fromStrictUtf8(header) === null) {
    return part("text/rfc822-headers", "quoted-printable", header, "headers");
  }
  return part(
    "message/global-headers",
    path.utf8 && isClean ? "8bit" : "quoted-printable",
    header,
    "headers",
  );
}

type Encoding = "7bit" | "8bit" | "quoted-printable" | "base64";

function part(
  type: string,
  encoding: Encoding,
  content: Uint8Array,
  holds: "message" | "headers",
): ReturnedPart {
  const header = latin1(`Content-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`);
  const is8Bit = encoding === "8bit";
  const needsUtf8 = is8Bit && type.startsWith("message/global");
  return { bytes: concat([header, ...encoded(content, encoding)]), holds, is8Bit, needsUtf8 };
}

function encoded(content: Uint8Array, encoding: Encoding): Uint8Array[] {
  if (encoding === "7bit" || encoding === "8bit") return [content];
  const encoder = encoding === "base64" ? new Base64Encoder() : new QuotedPrintableEncoder();
  return [encoder.write(content), encoder.end()];
}

/** Up to its empty line, which does not belong to it here. */
function headerOf(message: Uint8Array): Uint8Array {
  if (message[0] === 0x0d && message[1] === 0x0a) return message.subarray(0, 0);
  const end = indexOfBytes(message, latin1("\r\n\r\n"));
  return end === -1 ? message : message.subarray(0, end + 2);
}

function shortened(header: Uint8Array): Uint8Array {
  if (header.length <= maxReturnedHeader) return header;
  let end = 0;
  for (const field of fieldsOf(fromLatin1(header, 0, maxReturnedHeader))) {
    if (field.end < maxReturnedHeader) end = field.end;
  }
  return header.subarray(0, end);
}

function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte > 0x7f) return false;
  return true;
}

/** Whether 7bit and 8bit can carry it: lines of up to 998 octets that end in CRLF, no other CR or LF, no NUL. RFC 2045 2.7, 2.8 */
function isLines(bytes: Uint8Array): boolean {
  let start = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 0 || byte === 0x0a) return false;
    if (byte !== 0x0d) continue;
    if (bytes[at + 1] !== 0x0a || at - start > maxLineOctets) return false;
    at++;
    start = at + 1;
  }
  return bytes.length - start <= maxLineOctets;
}

/** RFC 5322 2.1.1 */
const maxLineOctets = 998;
