/**
 * A message on its way to whatever checks its signatures: one header section, one hash of the body for all who want
 * the same.
 *
 * Tested by `verifier_test.ts`, `src/arc/verify_test.ts` and `src/arc/message_verifier_test.ts`.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import { DkimBodyHasher } from "./body_hasher.ts";
import { HeaderSection } from "./header_section.ts";
import { MessageReader } from "./message_reader.ts";

/** How much of a message is looked at. */
export interface IntakeLimits {
  readonly maxHeaderOctets: number;
  /** Header fields of a message. */
  readonly maxHeaderFields: number;
  /** Different hashes of one body. */
  readonly maxBodyHashes: number;
}

/** What is told of a message's beginning, and asks for hashes of its body then. */
export interface Verification {
  /**
   * The header section is complete.
   *
   * @param section Null if it is larger than the limits.
   * @param body Not yet begun.
   * @param octets The header section itself; null if it is longer than the limit.
   */
  begin(section: HeaderSection | null, body: DkimBodyHasher, octets: Bytes | null): void;
}

/** Takes one message as it arrives, with CRLF as line ends. */
export class MessageIntake {
  readonly #reader: MessageReader;

  /** @param verifications In the order in which they ask for hashes, of which there are only so many. */
  constructor(limits: IntakeLimits, verifications: readonly Verification[]) {
    const body = new DkimBodyHasher(limits.maxBodyHashes);
    this.#reader = new MessageReader({
      header: (octets) => {
        const section = sectionOf(octets, limits);
        for (const one of verifications) one.begin(section, body, octets);
      },
      body: (piece) => body.write(piece),
      end: () => body.finish(),
    }, limits.maxHeaderOctets);
  }

  /** Takes the next octets of the message, split anywhere; they are not kept. */
  write(chunk: Uint8Array): void {
    this.#reader.write(chunk);
  }

  /** The message is complete. */
  finish(): void {
    this.#reader.finish();
  }
}

/** Null if it is too large. */
function sectionOf(octets: Bytes | null, limits: IntakeLimits): HeaderSection | null {
  const section = octets === null ? null : new HeaderSection(octets, limits.maxHeaderFields);
  return section?.truncated === true ? null : section;
}
