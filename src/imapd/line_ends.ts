/**
 * Messages end their lines with CRLF. RFC 9051 2.3.4 (RFC822.SIZE counts such octets), RFC 5322 2.3
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";

const cr = 0x0d;
const lf = 0x0a;

/**
 * Gives each bare LF a CR, in octets that come in pieces. Nothing else is changed: what was right stays as it was sent.
 */
export class LineEnds {
  #lastWasCr = false;

  /** The next octets; the same array if nothing had to be done. */
  convert(bytes: Bytes): Bytes {
    const bare = this.#countBare(bytes);
    if (bare === 0) return bytes;
    const converted = new Uint8Array(bytes.length + bare);
    let to = 0;
    let before = this.#lastWasCr ? cr : 0;
    for (const byte of bytes) {
      if (byte === lf && before !== cr) converted[to++] = cr;
      converted[to++] = before = byte;
    }
    this.#lastWasCr = before === cr;
    return converted;
  }

  /** How many octets have no CR before them and should; remembers the last octet if there are none. */
  #countBare(bytes: Bytes): number {
    let bare = 0;
    for (let at = bytes.indexOf(lf); at !== -1; at = bytes.indexOf(lf, at + 1)) {
      if (at === 0 ? !this.#lastWasCr : bytes[at - 1] !== cr) bare++;
    }
    if (bare === 0 && bytes.length > 0) this.#lastWasCr = bytes[bytes.length - 1] === cr;
    return bare;
  }
}
