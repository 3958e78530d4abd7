/**
 * Contents that come in pieces, for `memory_mail.ts`.
 *
 * Tested by `src/imapd/testing/memory_mail_conformance_test.ts`.
 *
 * @module
 */
import type { NewMessage } from "../../accounts/mail.ts";
import { type Bytes, concat, MiB } from "../../base/bytes.ts";
import { Refused } from "../../base/errors.ts";

export class MemorySpools {
  readonly #pieces = new Map<string, Bytes[]>();

  get size(): number {
    return this.#pieces.size;
  }

  open(spool: string): void {
    this.#pieces.set(spool, []);
  }

  write(spool: string, bytes: Bytes): void {
    const pieces = this.#pieces.get(spool);
    if (pieces === undefined || bytes.length > MiB) throw new Refused("badRequest", "spool");
    pieces.push(bytes.slice());
  }

  drop(spool: string): void {
    this.#pieces.delete(spool);
  }

  /** Of a message, wherever it is. */
  contentOf(message: Pick<NewMessage, "content" | "spool">): Bytes {
    if (message.content !== null) return message.content.slice();
    const pieces = message.spool === null ? undefined : this.#pieces.get(message.spool);
    if (pieces === undefined) throw new Refused("badRequest", "no such spool file");
    return concat(pieces);
  }
}
