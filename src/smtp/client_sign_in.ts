/**
 * The edge's part of signing in: credentials, and a mechanism's side of the exchange. It stands apart from the
 * session because SCRAM has to wait for a key to be derived, and so that no session holds a password. RFC 4422 5
 *
 * @module
 */
import { base64, type Bytes, noBytes, utf8 } from "../base/bytes.ts";
import { answerCramMd5 } from "../sasl/cram_md5.ts";
import { printPlain } from "../sasl/plain.ts";
import { prepareOpaqueString } from "../sasl/precis.ts";
import { ScramClient } from "../sasl/scram.ts";
import type { ClientMechanism } from "./client_rules.ts";
import type { ClientEvent, Outcome } from "./client_state.ts";

/** Characters of an encoded response, or of a password, that are hidden where a server repeats them. */
const minHidden = 4;

/** With what to sign in. For EXTERNAL the certificate says who we are. */
export interface ClientCredentials {
  readonly username: string;
  readonly password: string;
}

/** One exchange with one mechanism. */
export class SignIn {
  readonly #mechanism: ClientMechanism;
  readonly #credentials: ClientCredentials;
  readonly #scram: ScramClient | null;
  /** Responses as they were said, encoded. */
  readonly #told: string[] = [];
  #step = 0;

  /** @param nonce Printable ASCII without comma, never used before; at least 16 random octets in base64, say. */
  constructor(mechanism: ClientMechanism, credentials: ClientCredentials, nonce: string) {
    this.#mechanism = mechanism;
    this.#credentials = credentials;
    this.#scram = mechanism === "SCRAM-SHA-256" || mechanism === "SCRAM-SHA-1"
      ? new ScramClient(
        mechanism === "SCRAM-SHA-1" ? "SHA-1" : "SHA-256",
        credentials.username,
        this.#prepared,
        nonce,
      )
      : null;
  }

  /** Answers an `authenticate` action. */
  initial(): Extract<ClientEvent, { kind: "initial" }> {
    const event = this.#first();
    this.#note(event.response);
    return event;
  }

  /** Answers a `prove` action. */
  async respond(challenge: Bytes): Promise<Extract<ClientEvent, { kind: "proof" }>> {
    const event = await this.#next(challenge);
    this.#note(event.response);
    return event;
  }

  /**
   * A server's words without what we told it: some repeat the line that they do not like, or the beginning of it, and
   * what they say is kept, and shown to whoever sent the mail.
   */
  hide(text: string): string {
    const { password } = this.#credentials;
    const shown = password.length < minHidden ? text : text.replaceAll(password, hidden);
    return shown.replace(/[A-Za-z0-9+/=]{4,}/g, (word) => this.#isTold(word) ? hidden : word);
  }

  /** The same for what came of signing in. */
  withoutSecrets(outcome: Outcome): Outcome {
    const { reply } = outcome;
    if (reply === null) return outcome;
    return { ...outcome, reply: { ...reply, lines: reply.lines.map((line) => this.hide(line)) } };
  }

  #isTold(word: string): boolean {
    // Whichever case it comes back in, and cut off wherever.
    const said = word.toLowerCase();
    return this.#told.some((told) => told.startsWith(said) || said.includes(told));
  }

  #note(response: Bytes | null): void {
    const told = response === null ? "" : base64(response).toLowerCase();
    if (told.length >= minHidden) this.#told.push(told);
  }

  #first(): Extract<ClientEvent, { kind: "initial" }> {
    const { username, password } = this.#credentials;
    switch (this.#mechanism) {
      case "EXTERNAL":
        return { kind: "initial", response: noBytes, complete: true }; // RFC 4422 A: whoever the certificate names
      case "PLAIN":
        return {
          kind: "initial",
          response: printPlain({ authzid: "", authcid: username, password }),
          complete: true,
        };
      case "SCRAM-SHA-256":
      case "SCRAM-SHA-1":
        return { kind: "initial", response: this.#scram?.initial ?? null, complete: false };
      case "CRAM-MD5":
      case "LOGIN":
        return { kind: "initial", response: null, complete: false };
    }
  }

  async #next(challenge: Bytes): Promise<Extract<ClientEvent, { kind: "proof" }>> {
    const { username, password } = this.#credentials;
    const step = this.#step++;
    switch (this.#mechanism) {
      case "CRAM-MD5":
        return step === 0 ? told(answerCramMd5(username, this.#prepared, challenge), true) : givenUp;
      case "LOGIN": // What it asks in which words is different everywhere; the order is not.
        if (step > 1) return givenUp;
        return told(utf8(step === 0 ? username : password), step === 1);
      case "SCRAM-SHA-256":
      case "SCRAM-SHA-1":
        if (this.#scram === null || step > 1) return givenUp;
        if (step === 1) return this.#scram.verify(challenge) ? told(noBytes, true) : givenUp;
        return told(await this.#scram.respond(challenge), false);
      case "PLAIN":
      case "EXTERNAL": // Everything was said.
        return givenUp;
    }
  }

  get #prepared(): string {
    return prepareOpaqueString(this.#credentials.password) ?? this.#credentials.password;
  }
}

const hidden = "(hidden)";

const givenUp = { kind: "proof", response: null, complete: false } as const;

function told(response: Bytes | null, complete: boolean): Extract<ClientEvent, { kind: "proof" }> {
  return { kind: "proof", response, complete };
}
