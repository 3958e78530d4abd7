/**
 * DKIM and ARC of one message in one pass: one header section, one lookup for each key, one hash of the body
 * for all who want the same.
 *
 * @module
 */
import { MessageIntake } from "../dkim/message_intake.ts";
import {
  dkimLimits,
  type DkimOptions,
  type DkimResult,
  DkimVerification,
  keyLookup,
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
  readonly #intake: MessageIntake;

  constructor(options: DkimOptions) {
    const keys = keyLookup(options);
    this.#dkim = new DkimVerification(options, keys);
    this.#arc = new ArcVerification(options, keys);
    this.#intake = new MessageIntake({ ...dkimLimits, ...options.limits }, [this.#dkim, this.#arc]);
  }

  /** Takes the next octets of the message, split anywhere; they are not kept. */
  write(chunk: Uint8Array): void {
    this.#intake.write(chunk);
  }

  /** The message is complete. */
  async finish(): Promise<MessageVerdicts> {
    this.#intake.finish();
    const [dkim, arc] = await Promise.all([this.#dkim.finish(), this.#arc.finish()]);
    return { dkim, arc };
  }
}
