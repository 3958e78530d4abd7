/**
 * An indexer that knows only what the SMTP edge asks for, by the simplest means. For tests.
 *
 * @module
 */
import { type Bytes, concat, fromLatin1, noBytes, utf8 } from "../../base/bytes.ts";
import type { MessageIndex } from "../../message/message_index.ts";
import type { Indexing } from "../body_intake.ts";

export class PlainIndexer implements Indexing {
  readonly #pieces: Bytes[] = [];
  #length = 0;

  write(bytes: Uint8Array): void {
    if (this.#length < 300_000) this.#pieces.push(bytes.slice());
    this.#length += bytes.length;
  }

  end(): MessageIndex {
    const text = fromLatin1(concat(this.#pieces));
    const blank = text.search(/(?:^|\r\n)\r\n/);
    const header = blank === -1 ? text : text.slice(0, blank + 2);
    const bodyStart = blank === -1 ? text.length : text.startsWith("\r\n") ? 2 : blank + 4;
    const field = (name: string) =>
      [...header.matchAll(new RegExp(`^${name}:[ \t]*(.*?)\r?$`, "gim"))].map((match) => match[1] ?? "");
    const from = field("From").flatMap((value) => value.match(/[^\s<>,]+@[^\s<>,]+/g) ?? []);
    const date = Date.parse(field("Date")[0] ?? "");
    const part = {
      headerStart: 0,
      bodyStart,
      bodyEnd: this.#length,
      lines: 0,
      decodedSize: 0,
      type: "text",
      subtype: "plain",
      charset: null,
      encoding: "7bit" as const,
      disposition: null,
      fileName: null,
      children: [],
    };
    return {
      version: 1,
      size: this.#length,
      root: part,
      envelope: utf8(header),
      body: noBytes,
      bodyStructure: noBytes,
      subject: field("Subject")[0] ?? "",
      baseSubject: "",
      isReply: false,
      date: Number.isNaN(date) ? null : date,
      from: from.join(", "),
      to: "",
      cc: "",
      bcc: "",
      fromAddress: from.length === 1 ? from[0] ?? null : null,
      messageId: /<(.+)>/.exec(field("Message-Id")[0] ?? "")?.[1] ?? null,
      references: [],
      isReport: false,
      preview: text.slice(bodyStart, bodyStart + 20),
      receivedCount: field("Received").length,
      hasUtf8Headers: false,
      has8Bit: false,
      problems: [],
    };
  }
}
