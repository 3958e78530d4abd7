/**
 * Charsets: bytes to text, for whatever label mail puts on them. RFC 2045 5, RFC 2047 2, Encoding Standard
 *
 * The platform decodes every charset of the web. Mail has more labels for the same charsets, and UTF-7. What
 * nobody knows, and what is not labelled, is UTF-8 if it can be that, else Windows-1252: never an error.
 *
 * @module
 */
import { asciiLower } from "../base/scanner.ts";
import { fromStrictUtf8 } from "../base/bytes.ts";
import { decodeUtf7 } from "./utf7.ts";

/** Labels seen in mail that the platform does not know, and those that say nothing. */
const aliases: ReadonlyMap<string, string> = new Map([
  ["cp932", "shift_jis"],
  ["ms932", "shift_jis"],
  ["windows-932", "shift_jis"],
  ["x-sjis-jp", "shift_jis"],
  ["cp936", "gbk"],
  ["ms936", "gbk"],
  ["gb2312-80", "gbk"],
  ["cp949", "euc-kr"],
  ["ms949", "euc-kr"],
  ["uhc", "euc-kr"],
  ["cp950", "big5"],
  ["ms950", "big5"],
  ["cp51932", "euc-jp"],
  ["eucjp", "euc-jp"],
  ["cp50220", "iso-2022-jp"],
  ["cp50221", "iso-2022-jp"],
  ["iso-2022-jp-ms", "iso-2022-jp"],
  ["latin-1", "windows-1252"],
  ["latin-9", "iso-8859-15"],
  ["utf-8mb4", "utf-8"],
  ["utf_8", "utf-8"],
  ["utf-7", "utf-7"],
  ["utf7", "utf-7"],
  ["unicode-1-1-utf-7", "utf-7"],
  ["x-unicode-2-0-utf-7", "utf-7"],
  ["csunicode11utf7", "utf-7"],
  // Labels without meaning, and US-ASCII, under which 8-bit text of every kind is sent.
  ["us-ascii", ""],
  ["ascii", ""],
  ["ansi_x3.4-1968", ""],
  ["iso646-us", ""],
  ["unknown-8bit", ""],
  ["x-unknown", ""],
  ["default", ""],
]);

/** One decoder for each charset of the platform, made when it is first used; there are about 40. */
const decoders = new Map<string, TextDecoder>();

/** Text of `bytes`, whatever they are. Malformed sequences become U+FFFD. */
export function decodeCharset(bytes: Uint8Array, label: string | null): string {
  const usual = label === null ? undefined : decoders.get(label); // Its own name already, as `utf-8` is.
  if (usual !== undefined) return usual.decode(bytes);
  const name = canonicalName(label);
  if (name === "utf-7") return decodeUtf7(bytes);
  if (name === "") return decodeUnlabelled(bytes);
  const decoder = decoderOf(name);
  return decoder === null ? decodeUnlabelled(bytes) : decoder.decode(bytes);
}

/** Whether text under this label is decoded as what it says; not so for unknown and meaningless labels. */
export function isKnownCharset(label: string): boolean {
  const name = canonicalName(label);
  return name === "utf-7" || (name !== "" && decoderOf(name) !== null);
}

/** UTF-8, or where that is malformed Windows-1252, in which no octet is. */
export function decodeUnlabelled(bytes: Uint8Array): string {
  return fromStrictUtf8(bytes) ?? decoderOf("windows-1252")?.decode(bytes) ?? "";
}

function canonicalName(label: string | null): string {
  if (label === null) return "";
  const name = asciiLower(label).replace(/^[\s'"]+|[\s'"]+$/g, "");
  const windows = /^(?:win|cp|windows)[-_]?(125[0-8]|874)$/.exec(name);
  if (windows !== null) return `windows-${windows[1]}`;
  return aliases.get(name) ?? name.replace(/^iso_?-?8859[-_]?(\d+)$/, "iso-8859-$1");
}

/** Null for what the platform does not decode. Labels come from the network, so only canonical names are kept. */
function decoderOf(name: string): TextDecoder | null {
  const known = decoders.get(name);
  if (known !== undefined) return known;
  if (name.length > 40) return null;
  try {
    const decoder = new TextDecoder(name);
    const kept = decoders.get(decoder.encoding) ?? decoder;
    decoders.set(decoder.encoding, kept);
    return kept;
  } catch {
    return null;
  }
}
