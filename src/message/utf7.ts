/**
 * UTF-7, which no platform decodes any more and old mail still holds. RFC 2152
 *
 * @module
 */

/** Decodes; what is not UTF-7 stays as it is, octets above 127 become U+FFFD. */
export function decodeUtf7(bytes: Uint8Array): string {
  let text = "";
  let plainFrom = 0;
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] !== plus) {
      at++;
      continue;
    }
    text += ascii(bytes, plainFrom, at);
    at++;
    const start = at;
    let bits = 0;
    let held = 0;
    for (; at < bytes.length; at++) {
      const value = sextet(bytes[at] ?? 0);
      if (value === -1) break;
      held = (held << 6) | value;
      bits += 6;
      if (bits >= 16) {
        bits -= 16;
        text += String.fromCharCode((held >> bits) & 0xffff);
        held &= (1 << bits) - 1;
      }
    }
    // RFC 2152, rule 2: "+-" is a plus sign; a minus that ends a run is not part of the text.
    if (at === start) text += "+";
    if (bytes[at] === minus) at++;
    plainFrom = at;
  }
  return (text + ascii(bytes, plainFrom, bytes.length)).toWellFormed();
}

const plus = 0x2b;
const minus = 0x2d;

function ascii(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    text += byte < 0x80 ? String.fromCharCode(byte) : "\ufffd";
  }
  return text;
}

function sextet(byte: number): number {
  if (byte >= 0x41 && byte <= 0x5a) return byte - 0x41;
  if (byte >= 0x61 && byte <= 0x7a) return byte - 0x61 + 26;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30 + 52;
  if (byte === 0x2b) return 62;
  return byte === 0x2f ? 63 : -1;
}
