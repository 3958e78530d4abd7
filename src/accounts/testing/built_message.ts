/**
 * Messages put together from parts, with the index that they must have: an oracle that does not parse.
 *
 * @module
 */
import { type Bytes, concat, utf8 } from "../../base/bytes.ts";
import {
  type MessageIndex,
  parseVersion,
  type Part,
  type TransferEncoding,
} from "../../message/message_index.ts";

/** An entity to be built. */
export interface Entity {
  /** Lines of the header, without line ends. */
  readonly header: readonly string[];
  /** As `text/plain`; `multipart/…` with `children`, `message/rfc822` with one child. */
  readonly type: string;
  readonly charset?: string;
  readonly encoding?: TransferEncoding;
  /** Octets after decoding; -1 if that cannot be done. Those of the text, unless told. */
  readonly decodedSize?: number;
  readonly text?: string | Bytes;
  readonly children?: readonly Entity[];
}

/** What of the index no part tells. */
export type BuiltFields = Partial<
  Pick<
    MessageIndex,
    "subject" | "from" | "to" | "cc" | "bcc" | "date" | "messageId" | "baseSubject" | "preview"
  >
>;

export interface BuiltMessage {
  readonly content: Bytes;
  readonly index: MessageIndex;
}

/** Builds a message. */
export function builtMessage(entity: Entity, fields: BuiltFields = {}): BuiltMessage {
  const { bytes, part } = build(entity, 0);
  const index: MessageIndex = {
    version: parseVersion,
    size: bytes.length,
    root: part,
    envelope: utf8(`(NIL "${fields.subject ?? ""}" NIL NIL NIL NIL NIL NIL NIL NIL)`),
    body: utf8(`("BODY" ${bytes.length})`),
    bodyStructure: utf8(`("STRUCTURE" ${bytes.length} NIL)`),
    subject: "",
    baseSubject: "",
    isReply: false,
    date: null,
    from: "",
    to: "",
    cc: "",
    bcc: "",
    fromAddress: null,
    messageId: null,
    references: [],
    isReport: false,
    preview: "",
    receivedCount: 0,
    hasUtf8Headers: false,
    has8Bit: false,
    problems: [],
    ...fields,
  };
  return { content: bytes, index };
}

/** A message of one text part, with fields and text as given. */
export function textMessage(
  text: string,
  header: readonly string[] = [],
  fields: BuiltFields = {},
): BuiltMessage {
  return builtMessage({ header, type: "text/plain", charset: "utf-8", encoding: "8bit", text }, fields);
}

function build(entity: Entity, start: number): { bytes: Bytes; part: Part } {
  const header = utf8(entity.header.map((line) => `${line}\r\n`).join("") + "\r\n");
  const bodyStart = start + header.length;
  const [type = "", subtype = ""] = entity.type.split("/");
  const { body, children } = bodyOf(entity, type, bodyStart);
  const part: Part = {
    headerStart: start,
    bodyStart,
    bodyEnd: bodyStart + body.length,
    lines: body.reduce((lines, byte) => lines + (byte === 10 ? 1 : 0), 0),
    decodedSize: entity.decodedSize ?? body.length,
    type,
    subtype,
    charset: entity.charset ?? null,
    encoding: entity.encoding ?? "7bit",
    disposition: null,
    fileName: null,
    children,
  };
  return { bytes: concat([header, body]), part };
}

function bodyOf(entity: Entity, type: string, bodyStart: number): { body: Bytes; children: Part[] } {
  if (type === "message" && entity.children?.[0] !== undefined) {
    const { bytes, part } = build(entity.children[0], bodyStart);
    return { body: bytes, children: [part] };
  }
  if (type !== "multipart") {
    const { text = "" } = entity;
    return { body: typeof text === "string" ? utf8(text) : text, children: [] };
  }
  const pieces = [utf8("preamble\r\n")];
  const children: Part[] = [];
  let at = bodyStart + (pieces[0]?.length ?? 0);
  for (const child of entity.children ?? []) {
    const line = utf8("--=_b\r\n");
    const built = build(child, at + line.length);
    const end = utf8("\r\n");
    pieces.push(line, built.bytes, end);
    at += line.length + built.bytes.length + end.length;
    children.push(built.part);
  }
  pieces.push(utf8("--=_b--\r\nepilogue\r\n"));
  return { body: concat(pieces), children };
}
