/**
 * The MIME fields of an entity's header, with their defaults. RFC 2045, RFC 2183, RFC 3282, RFC 2557, RFC 1864
 *
 * @module
 */
import { asciiLower } from "../base/scanner.ts";
import { fieldEnd, trimSpace, unfold, withoutLineEnd } from "./headers.ts";
import type { TransferEncoding } from "./message_index.ts";
import { type Parameter, parameterText, parseParameters } from "./parameters.ts";

/** Takes note of what is wrong with a message. */
export type Report = (problem: string) => void;

/** Octets of one boundary, or text of a media type. RFC 2046 5.1.1 allows 70, RFC 6838 4.2 allows 127. */
export const maxBoundaryLength = 200;
export const maxTypeLength = 127;
/** Of a file name, in characters. */
export const maxFileNameLength = 1000;
/** More languages are not read. */
export const maxLanguages = 20;

/** What an entity says of itself. Texts are raw, one character for each octet, unless it says otherwise. */
export interface EntityHeader {
  readonly type: string;
  readonly subtype: string;
  readonly parameters: readonly Parameter[];
  /** Of a multipart; never null if `type` is `multipart`. */
  readonly boundary: string | null;
  readonly charset: string | null;
  readonly encoding: TransferEncoding;
  /** As it was written, also if it is unknown. */
  readonly encodingName: string;
  readonly disposition: { readonly type: string; readonly parameters: readonly Parameter[] } | null;
  /** Decoded. */
  readonly fileName: string | null;
  readonly id: string | null;
  readonly description: string | null;
  readonly language: readonly string[];
  readonly location: string | null;
  readonly md5: string | null;
}

/** Encodings under which the octets are what they are. RFC 2045 6.2 */
export const identityEncodings: ReadonlySet<TransferEncoding> = new Set(["7bit", "8bit", "binary"]);

const encodings: ReadonlySet<string> = new Set([...identityEncodings, "quoted-printable", "base64"]);

const mediaType = /^([!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+)[ \t]*\/[ \t]*([!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+)$/;

/** First value of each wanted field, unfolded, by its name in lower case; and how often each came. */
export class FieldIndex {
  readonly #values = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /**
   * @param text A header section, one character for each octet.
   * @param wanted Names in lower case.
   */
  constructor(text: string, wanted: ReadonlySet<string>) {
    let colon = -1;
    for (let start = 0; start < text.length;) {
      const end = fieldEnd(text, start);
      // Found once for all the lines in front of it, or reading would be quadratic.
      if (colon < start) colon = text.indexOf(":", start);
      if (colon === -1) return;
      if (colon < end && colon - start < 40) {
        // Only what is wanted is looked at, and that is a field's name: in all others letters may come out wrong.
        const name = text.slice(start, colon).trimEnd().toLowerCase();
        if (wanted.has(name)) this.#add(name, text, colon + 1, end);
      }
      start = end;
    }
  }

  /** The first field's value, unfolded; null if there is none. */
  get(name: string): string | null {
    return this.#values.get(name) ?? null;
  }

  count(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  #add(name: string, text: string, start: number, end: number): void {
    const count = this.count(name);
    if (count === 0) this.#values.set(name, unfold(withoutLineEnd(text, start, end)));
    this.#counts.set(name, count + 1);
  }
}

/** The fields that {@link readEntityHeader} looks at. */
export const entityFields: readonly string[] = [
  "content-type",
  "content-transfer-encoding",
  "content-disposition",
  "content-id",
  "content-description",
  "content-language",
  "content-location",
  "content-md5",
];

/**
 * Reads the MIME fields.
 *
 * @param inDigest Whether the entity is part of a multipart/digest: what says no type is a message then, RFC 2046
 * 5.1.5.
 */
export function readEntityHeader(fields: FieldIndex, inDigest: boolean, report: Report): EntityHeader {
  for (const name of entityFields) {
    if (fields.count(name) > 1) report(`more than one ${name} field`);
  }
  const media = readMediaType(fields.get("content-type"), inDigest, report);
  const encodingName = readEncodingName(fields.get("content-transfer-encoding"));
  const encoding = asciiLower(encodingName);
  const known = isEncoding(encoding);
  if (!known) report("unknown content-transfer-encoding");
  const disposition = readDisposition(fields.get("content-disposition"), report);
  const name = parameterText(disposition?.parameters ?? [], "filename") ??
    parameterText(media.parameters, "name");
  return {
    ...media,
    charset: readCharset(media.parameters),
    encoding: known ? encoding : "unknown",
    encodingName,
    disposition,
    fileName: name === null ? null : cleanFileName(name),
    id: fields.get("content-id"),
    description: fields.get("content-description"),
    language: readLanguages(fields.get("content-language")),
    location: fields.get("content-location"),
    md5: fields.get("content-md5"),
  };
}

type MediaType = Pick<EntityHeader, "type" | "subtype" | "parameters" | "boundary">;

const plainText: MediaType = { type: "text", subtype: "plain", parameters: [], boundary: null };
const message: MediaType = { type: "message", subtype: "rfc822", parameters: [], boundary: null };
/** What is not looked into. RFC 2046 4.5.1 */
export const octetStream = { type: "application", subtype: "octet-stream" } as const;

/** Types as they were written lately: nearly all parts have one of a few. Both limits keep strangers' texts few. */
const knownTypes = new Map<string, MediaType>();
const maxKnownTypes = 256;
const maxKnownLength = 100;

/** RFC 2045 5.2: what is missing or cannot be read is plain text. */
function readMediaType(value: string | null, inDigest: boolean, report: Report): MediaType {
  const fallback = inDigest ? message : plainText;
  if (value === null) return fallback;
  const known = knownTypes.get(value);
  if (known !== undefined) return known;
  const { value: name, parameters, malformed } = parseParameters(value);
  if (malformed) report("malformed content-type parameters");
  if (asciiLower(name) === "text") return { ...plainText, parameters }; // Sent by old software.
  const match = mediaType.exec(name);
  if (match === null || name.length > maxTypeLength) {
    report("malformed content-type");
    return fallback;
  }
  const type = asciiLower(match[1] ?? "");
  const subtype = asciiLower(match[2] ?? "");
  if (type !== "multipart") {
    const media = { type, subtype, parameters, boundary: null };
    if (malformed || value.length > maxKnownLength) return media;
    if (knownTypes.size >= maxKnownTypes) knownTypes.clear();
    knownTypes.set(value, media);
    return media;
  }
  const boundary = readBoundary(parameters);
  if (boundary !== null) return { type, subtype, parameters, boundary };
  report("multipart without a usable boundary");
  return { ...plainText, parameters: [] };
}

/** White space at its end cannot be seen at the end of a line. RFC 2046 5.1.1 */
function readBoundary(parameters: readonly Parameter[]): string | null {
  const boundary = parameters.find((parameter) => parameter.name === "boundary")?.value.replace(
    /[ \t]+$/,
    "",
  );
  if (boundary === undefined || boundary === "" || boundary.length > maxBoundaryLength) return null;
  return /[\r\n\0]/.test(boundary) ? null : boundary;
}

function readCharset(parameters: readonly Parameter[]): string | null {
  const value = parameters.find((parameter) => parameter.name === "charset")?.value;
  if (value === undefined) return null;
  const charset = asciiLower(trimSpace(value));
  return /^[!-~]{1,60}$/.test(charset) ? charset : null;
}

function readEncodingName(value: string | null): string {
  const name = value === null ? undefined : /[^\s;()"]+/.exec(value)?.[0];
  return name === undefined ? "7bit" : name.slice(0, maxTypeLength);
}

function isEncoding(name: string): name is TransferEncoding {
  return encodings.has(name);
}

function readDisposition(value: string | null, report: Report): EntityHeader["disposition"] {
  if (value === null) return null;
  const { value: name, parameters, malformed } = parseParameters(value);
  const type = asciiLower(name);
  const isToken = /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]{1,127}$/.test(type);
  if (malformed || !isToken) report("malformed content-disposition");
  // RFC 2183 2.8: an unknown type is an attachment; so is one that cannot be read but has a name.
  if (!isToken) return parameters.length === 0 ? null : { type: "attachment", parameters };
  return { type, parameters };
}

/** No control characters; whoever writes a file must still take only the last step of what may be a path. */
function cleanFileName(name: string): string | null {
  const clean = name.replace(/[\x00-\x1f\x7f-\x9f]+/g, "").trim().slice(0, maxFileNameLength).toWellFormed();
  return clean === "" ? null : clean;
}

/** RFC 3282 2, RFC 9051 7.5.2 */
function readLanguages(value: string | null): readonly string[] {
  if (value === null) return [];
  return (value.replace(/\([^()]*\)/g, " ").match(/[A-Za-z0-9*-]+/g) ?? []).slice(0, maxLanguages);
}
