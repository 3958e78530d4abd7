/**
 * Modified UTF-7, in which IMAP4rev1 writes names of mailboxes: `Entw&APw-rfe`. RFC 3501 5.1.3
 *
 * Only the one right spelling of a name is read: two spellings would be two names to a client and one to us.
 *
 * @module
 */

const ampersand = 0x26;

/** Text as modified UTF-7; lone surrogates become U+FFFD. */
export function encodeMutf7(text: string): string {
  if (/^[\x20-\x25\x27-\x7e]*$/.test(text)) return text;
  return text.toWellFormed().replace(
    /&|[^\x20-\x7e]+/g,
    (run) => run === "&" ? "&-" : `&${base64Utf16(run)}-`,
  );
}

/** Modified UTF-7 as text, or null if it is not the right spelling of anything. */
export function decodeMutf7(name: string): string | null {
  if (/[^\x20-\x7e]/.test(name)) return null;
  if (!name.includes("&")) return name;
  let text = "";
  for (let at = 0; at < name.length;) {
    if (name.charCodeAt(at) !== ampersand) {
      text += name[at++];
      continue;
    }
    const end = name.indexOf("-", at);
    if (end === -1) return null;
    const run = end === at + 1 ? "&" : utf16OfBase64(name.slice(at + 1, end));
    if (run === null) return null;
    text += run;
    at = end + 1;
  }
  // Refuses what has another, proper spelling: encoded ASCII, adjacent runs, bits left over, lone surrogates.
  return encodeMutf7(text) === name ? text : null;
}

function base64Utf16(text: string): string {
  const bytes = new Uint8Array(text.length * 2);
  for (let i = 0; i < text.length; i++) {
    bytes[2 * i] = text.charCodeAt(i) >> 8;
    bytes[2 * i + 1] = text.charCodeAt(i);
  }
  return bytes.toBase64({ omitPadding: true }).replaceAll("/", ",");
}

function utf16OfBase64(base64: string): string | null {
  if (!/^[A-Za-z0-9+,]+$/.test(base64)) return null;
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(base64.replaceAll(",", "/"));
  } catch {
    return null;
  }
  if (bytes.length % 2 !== 0) return null;
  let text = "";
  for (let i = 0; i < bytes.length; i += 2) {
    text += String.fromCharCode((bytes[i] ?? 0) << 8 | (bytes[i + 1] ?? 0));
  }
  return text;
}
