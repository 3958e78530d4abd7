/**
 * A part while its octets stream by: what is counted, and what becomes of it when it ends.
 *
 * Tested by `src/message/indexer_test.ts`.
 *
 * @module
 */
import { noBytes } from "../base/bytes.ts";
import { decodeCharset } from "./charset.ts";
import { type EntityHeader, identityEncodings } from "./entity_header.ts";
import {
  emptyEnvelope,
  emptyText,
  emptyTextExtended,
  printLeaf,
  printMessage,
  printMultipart,
  type Structure,
} from "./imap_value.ts";
import type { Part } from "./message_index.ts";
import { Base64Counter, type OctetTally } from "./octet_tally.ts";
import { OctetCollector } from "./octet_collector.ts";
import { previewOfHtml, previewOfText } from "./preview.ts";
import { decodeTransfer, QuotedPrintableDecoder } from "./transfer_encoding.ts";

/** How much of a text is kept, still encoded, for the preview. HTML begins with its styles. */
const maxPlainSample = 16 * 1024;
const maxHtmlSample = 128 * 1024;

/** Memory of samples that is used again: nearly every message needs some for a moment. */
const spareSamples: OctetCollector[] = [];
const maxSpareSamples = 16;

/** What the octets behind the header are. */
export type PartKind = "multipart" | "message" | "leaf";

/** A part that was begun. */
export class OpenPart {
  readonly headerStart: number;
  /** Whether it is a message, with an envelope; else its header has MIME fields only. */
  readonly isMessage: boolean;
  /** Whether it is a child of a multipart/digest. */
  readonly inDigest: boolean;
  kind: PartKind = "leaf";
  /** Set when its header ends. */
  header: EntityHeader | null = null;
  bodyStart: number;
  /** Lines in front of the body. */
  linesBefore = 0;
  /** ENVELOPE of the message that this is. */
  envelope = emptyEnvelope;
  /** ENVELOPE of the message that this holds. */
  innerEnvelope = emptyEnvelope;
  readonly children: Part[] = [];
  childStructure: Structure = { body: "", extended: "" };
  /** The part outside of this one whose boundary is the same. */
  shadowed: OpenPart | null = null;

  #base64: Base64Counter | null = null;
  #quoted: QuotedCounter | null = null;
  #sample: OctetCollector | null = null;
  #sampleLeft = 0;

  constructor(headerStart: number, isMessage: boolean, inDigest: boolean) {
    this.headerStart = this.bodyStart = headerStart;
    this.isMessage = isMessage;
    this.inDigest = inDigest;
  }

  /** Gets ready for the content of a leaf, of which the first octets are kept if a preview is wanted. */
  beginLeaf(header: EntityHeader, wantPreview: boolean): void {
    this.kind = "leaf";
    if (header.encoding === "base64") this.#base64 = new Base64Counter();
    if (header.encoding === "quoted-printable") this.#quoted = new QuotedCounter();
    if (wantPreview && isPreviewable(header)) {
      this.#sample = spareSamples.pop() ?? new OctetCollector();
      this.#sampleLeft = header.subtype === "html" ? maxHtmlSample : maxPlainSample;
    }
  }

  /** Counts octets `start` to `end`, which are content. */
  take(bytes: Uint8Array, start: number, end: number, tally: OctetTally): void {
    tally.add(bytes, start, end);
    this.#base64?.add(bytes, start, end);
    this.#quoted?.add(bytes, start, end);
    if (this.#sample !== null && this.#sampleLeft > 0) {
      const kept = Math.min(end - start, this.#sampleLeft);
      this.#sampleLeft -= kept;
      this.#sample.add(bytes, start, start + kept);
    }
  }

  /**
   * Ends the part.
   *
   * @param bodyEnd Where its body ends.
   * @param lines Lines in its body.
   * @param delimited Whether a delimiter follows, to which the last line end belongs. RFC 2046 5.1.1
   */
  close(
    header: EntityHeader,
    bodyEnd: number,
    lines: number,
    delimited: boolean,
  ): { part: Part; structure: Structure } {
    const octets = bodyEnd - this.bodyStart;
    const counts = { octets, lines };
    let structure: Structure;
    if (this.kind === "multipart") {
      // IMAP has no multipart without parts. RFC 9051 9, body-type-mpart
      if (this.children.length === 0) this.children.push(emptyPart(bodyEnd));
      structure = printMultipart(header, this.childStructure);
    } else if (isMessageType(header)) {
      const inner = this.childStructure.body === ""
        ? { body: emptyText, extended: emptyTextExtended }
        : this.childStructure;
      structure = printMessage(header, counts, this.innerEnvelope, inner);
    } else structure = printLeaf(header, counts);
    const part: Part = {
      headerStart: this.headerStart,
      bodyStart: this.bodyStart,
      bodyEnd,
      lines,
      decodedSize: this.#decodedSize(header, octets, delimited),
      type: header.type,
      subtype: header.subtype,
      charset: header.charset,
      // RFC 2045 6.4: a multipart can have no other encoding, whatever it says.
      encoding: this.kind === "multipart" && !identityEncodings.has(header.encoding)
        ? "7bit"
        : header.encoding,
      disposition: header.disposition?.type ?? null,
      fileName: header.fileName,
      children: this.children,
    };
    return { part, structure };
  }

  /** Takes in a part that ended, with the envelope that it has if it is a message. */
  adopt({ part, structure }: { part: Part; structure: Structure }, envelope: string): void {
    this.children.push(part);
    // Strings that grow at their end are ropes: nothing is copied until the whole is printed.
    this.childStructure = {
      body: this.childStructure.body + structure.body,
      extended: this.childStructure.extended + structure.extended,
    };
    this.innerEnvelope = envelope;
  }

  /** The first words of a text that was kept; null if nothing was. To be called once. */
  preview(header: EntityHeader): string | null {
    const sample = this.#sample;
    if (sample === null) return null;
    this.#sample = null;
    const octets = identityEncodings.has(header.encoding)
      ? sample.octets
      : decodeTransfer(sample.octets, header.encoding) ?? noBytes;
    const text = decodeCharset(octets, header.charset);
    sample.clear();
    if (sample.capacity <= maxPlainSample && spareSamples.length < maxSpareSamples) spareSamples.push(sample);
    return header.subtype === "html" ? previewOfHtml(text) : previewOfText(text);
  }

  #decodedSize(header: EntityHeader, octets: number, delimited: boolean): number {
    if (this.kind !== "leaf") return octets;
    if (header.encoding === "unknown") return -1;
    return this.#base64?.size ?? this.#quoted?.end(delimited) ?? octets;
  }
}

/** Whether a part is described as a message. RFC 2046 5.2.1, RFC 6532 3.7 */
export function isMessageType(header: EntityHeader): boolean {
  return header.type === "message" && (header.subtype === "rfc822" || header.subtype === "global");
}

function isPreviewable(header: EntityHeader): boolean {
  return header.type === "text" && (header.subtype === "plain" || header.subtype === "html") &&
    header.disposition?.type !== "attachment" && header.encoding !== "unknown";
}

function emptyPart(at: number): Part {
  return {
    headerStart: at,
    bodyStart: at,
    bodyEnd: at,
    lines: 0,
    decodedSize: 0,
    type: "text",
    subtype: "plain",
    charset: "us-ascii",
    encoding: "7bit",
    disposition: null,
    fileName: null,
    children: [],
  };
}

/** Counts what quoted-printable decodes to. The last line end may belong to a delimiter, so it waits. */
class QuotedCounter {
  readonly #decoder = new QuotedPrintableDecoder();
  #size = 0;
  /** CR, LF or CRLF that wait. */
  #held: Uint8Array = noBytes;

  add(bytes: Uint8Array, start: number, end: number): void {
    // A CR may have waited for the LF that comes now.
    const completes = this.#held === cr && bytes[start] === 0x0a;
    if (completes && start + 1 === end) {
      this.#held = crlf;
      return;
    }
    this.#count(this.#held, 0, this.#held.length);
    let ready = end;
    if (bytes[ready - 1] === 0x0a) ready--;
    const isLine = ready < end;
    if (ready > start && bytes[ready - 1] === 0x0d) ready--;
    this.#held = ready === end ? noBytes : !isLine ? cr : ready === end - 1 ? lf : crlf;
    this.#count(bytes, start, ready);
  }

  end(delimited: boolean): number {
    if (!delimited || this.#held === cr) this.#count(this.#held, 0, this.#held.length);
    this.#held = noBytes;
    return this.#size + this.#decoder.end().length;
  }

  #count(bytes: Uint8Array, start: number, end: number): void {
    this.#size += this.#decoder.count(bytes, start, end);
  }
}

const cr = new Uint8Array([0x0d]);
const lf = new Uint8Array([0x0a]);
const crlf = new Uint8Array([0x0d, 0x0a]);
