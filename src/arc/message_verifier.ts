/**
 * DKIM and ARC of one message in one pass: one header section, one lookup for each key, one hash of the body
 * for all who want the same.
 *
 * @module
 */
import { DkimBodyHasher } from "../dkim/body_hasher.ts";
import { MessageReader } from "../dkim/message_reader.ts";
import {
  dkimLimits,
  type DkimOptions,
  type DkimResult,
  DkimVerification,
  keyLookup,
  sectionOf,
} from "../dkim/verifier.ts";
import { type ArcResult, ArcVerification } from "./verify.ts";

/** What the signatures of a message say. */
export interface MessageVerdicts {
  readonly dkim: readonly DkimResult[];
  readonly arc: ArcResult;
}

/** Verifies one message, fed as it arrives, with CRLF as line ends. */
export class MessageVerifier {
  readonly #dkim: DkimVerification;
  readonly #arc: ArcVerification;
  readonly #reader: MessageReader;

  constructor(options: DkimOptions) {
    const limits = { ...dkimLimits, ...options.limits };
    const keys = keyLookup(options);
    const body = new DkimBodyHasher(limits.maxBodyHashes);
    this.#dkim = new DkimVerification(options, keys);
    this.#arc = new ArcVerification(options, keys);
    this.#reader = new MessageReader({
      header: (header) => {
        const section = sectionOf(header, limits);
        this.#dkim.begin(section, body);
        this.#arc.begin(section, body);
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
  async finish(): Promise<MessageVerdicts> {
    this.#reader.finish();
    const [dkim, arc] = await Promise.all([this.#dkim.finish(), this.#arc.finish()]);
    return { dkim, arc };
  }
}
