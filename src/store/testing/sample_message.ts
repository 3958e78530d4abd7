/**
 * Messages with an index, without the MIME parser: enough for tests of the store.
 *
 * @module
 */
import { type Bytes, utf8 } from "../../base/bytes.ts";
import type { MessageIndex, Part } from "../../message/message_index.ts";

/** What a sample says of itself. */
export interface SampleSettings {
  readonly subject?: string;
  readonly messageId?: string | null;
  readonly references?: readonly string[];
  readonly isReply?: boolean;
  readonly isReport?: boolean;
  /** Octets of the body's text; filled up with lines. */
  readonly textBytes?: number;
}

export interface SampleMessage {
  readonly content: Bytes;
  readonly index: MessageIndex;
}

let count = 0;

/** A text message; each has another Message-ID unless `messageId` is given. */
export function sampleMessage(settings: SampleSettings = {}): SampleMessage {
  const { subject = "Hello", messageId = `sample-${++count}@example.org`, references = [] } = settings;
  const header = `From: Ann <ann@example.org>\r\nTo: bob@example.org\r\nSubject: ${subject}\r\n` +
    (messageId === null ? "" : `Message-ID: <${messageId}>\r\n`) +
    (references.length === 0 ? "" : `References: ${references.map((id) => `<${id}>`).join(" ")}\r\n`) +
    "\r\n";
  const line = "All work and no play makes a dull message, line after line.\r\n";
  const text = settings.textBytes === undefined
    ? line
    : line.repeat(Math.ceil(settings.textBytes / line.length)).slice(0, settings.textBytes);
  const content = utf8(header + text);
  return { content, index: sampleIndex(content, { ...settings, messageId }) };
}

/** An index for any bytes: one part, its header ended by the first empty line. */
export function sampleIndex(content: Bytes, settings: SampleSettings = {}): MessageIndex {
  const { subject = "Hello", messageId = null, references = [], isReply = false, isReport = false } =
    settings;
  let bodyStart = 0;
  while (
    bodyStart < content.length && !(content[bodyStart - 1] === 10 && content[bodyStart - 3] === 10)
  ) bodyStart++;
  const root: Part = {
    headerStart: 0,
    bodyStart,
    bodyEnd: content.length,
    lines: content.subarray(bodyStart).reduce((n, byte) => n + (byte === 10 ? 1 : 0), 0),
    decodedSize: content.length - bodyStart,
    type: "text",
    subtype: "plain",
    charset: "us-ascii",
    encoding: "7bit",
    disposition: null,
    fileName: null,
    children: [],
  };
  const structure = utf8(`("TEXT" "PLAIN" NIL NIL NIL "7BIT" ${root.decodedSize} ${root.lines})`);
  return {
    version: 1,
    size: content.length,
    root,
    envelope: utf8(`(NIL "${subject}" NIL NIL NIL NIL NIL NIL NIL NIL)`),
    body: structure,
    bodyStructure: structure,
    subject,
    baseSubject: subject.toLowerCase().replace(/^(re: *)+/, ""),
    isReply,
    date: null,
    from: "Ann <ann@example.org>",
    to: "bob@example.org",
    cc: "",
    bcc: "",
    fromAddress: "ann@example.org",
    messageId,
    references,
    isReport,
    preview: "All work and no play",
    receivedCount: 0,
    hasUtf8Headers: false,
    has8Bit: false,
    problems: [],
  };
}
