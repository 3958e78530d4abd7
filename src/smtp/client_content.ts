/**
 * A message on its way out: dots are doubled, and line ends made CRLF. RFC 5321 4.5.2, 2.3.8, RFC 3030 2
 *
 * A line end that is no CRLF is read in different ways by different servers, so that one of them sees the end of
 * a message, and commands, where we saw neither ("SMTP smuggling"). None leaves here: a bare CR or LF becomes CRLF,
 * for BDAT as for DATA. That breaks a signature, which the next server's mending would break as well.
 *
 * State is one small number, and clean pieces pass through as they are.
 *
 * @module
 */
import { type Bytes, latin1 } from "../base/bytes.ts";
import { nextControl, wordsOf } from "../base/words.ts";

/** Where in a line the next octet is: at its start, somewhere in it, or behind a CR. */
export type LinePlace = 0 | 1 | 2;
const START = 0, MID = 1, AFTER_CR = 2;

/** Where content begins. */
export const contentStart: LinePlace = START;

const CR = 13;
const LF = 10;
const DOT = 46;

/** The piece as it has to be sent, and where the next one begins. `stuffed`: for DATA. */
export function printContent(place: LinePlace, piece: Bytes, stuffed: boolean): [LinePlace, Bytes] {
  const words = wordsOf(piece);
  // Places and octets to be put in front of what stands there, in turn.
  const edits: number[] = [];
  for (let i = 0; i < piece.length; i++) {
    if (place === MID) {
      i = nextControl(piece, words, i);
      if (i === piece.length) break;
    }
    const byte = piece[i];
    if (place === AFTER_CR) {
      if (byte !== LF) edits.push(i, LF);
      place = START;
      if (byte === LF) continue;
    }
    if (byte === CR) place = AFTER_CR;
    else if (byte === LF) {
      edits.push(i, CR);
      place = START;
    } else {
      // At the start of a line, since within one only control characters are looked at.
      if (byte === DOT && stuffed) edits.push(i, DOT);
      place = MID;
    }
  }
  return [place, edits.length === 0 ? piece : edited(piece, edits)];
}

function edited(piece: Bytes, edits: readonly number[]): Bytes {
  const out = new Uint8Array(piece.length + edits.length / 2);
  let from = 0;
  let to = 0;
  for (let i = 0; i < edits.length; i += 2) {
    const at = edits[i] ?? 0;
    if (at > from) {
      out.set(piece.subarray(from, at), to);
      to += at - from;
      from = at;
    }
    out[to++] = edits[i + 1] ?? 0;
  }
  out.set(piece.subarray(from), to);
  return out;
}

const endings: Readonly<Record<LinePlace, Bytes>> = {
  [START]: latin1(".\r\n"),
  [MID]: latin1("\r\n.\r\n"),
  [AFTER_CR]: latin1("\n.\r\n"),
};

/** What ends DATA. RFC 5321 4.1.1.4: the last line gets its CRLF if it has none. */
export function printContentEnd(place: LinePlace): Bytes {
  return endings[place];
}

const carriageReturn = latin1("\r");
const lineFeed = latin1("\n");

/**
 * A chunk of BDAT, in pieces none of which is empty. A CR at its end waits for the next chunk: a server that looks at
 * each by itself would take the two halves of a line end for two.
 */
export function printChunk(place: LinePlace, piece: Bytes, last: boolean): [LinePlace, readonly Bytes[]] {
  if (piece.length === 0 && !last) return [place, []];
  const [next, printed] = printContent(place, piece, false);
  const held = next === AFTER_CR && !last;
  const pieces = [held ? printed.subarray(0, -1) : printed];
  if (place === AFTER_CR) pieces.unshift(carriageReturn);
  if (next === AFTER_CR && last) pieces.push(lineFeed);
  return [next, pieces.filter(({ length }) => length > 0)];
}
