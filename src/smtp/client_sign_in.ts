/**
 * The edge's part of signing in: credentials, and a mechanism's side of the exchange. It stands apart from the
 * session because SCRAM has to wait for a key to be derived, and so that no session holds a password. RFC 4422 5
 *
 * @module
 */
import { type Bytes, noBytes, utf8 } from "../base/bytes.ts";
import { answerCramMd5 } from "../sasl/cram_md5.ts";
import { printPlain } from "../sasl/plain.ts";
import { prepareOpaqueString } from "../sasl/precis.ts";
import { ScramClient } from "../sasl/scram.ts";
import type { ClientMechanism } from "./client_rules.ts";
import type { ClientEvent } from "./client_state.ts";

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

  /** Answers a `prove` action. */
  async respond(challenge: Bytes): Promise<Extract<ClientEvent, { kind: "proof" }>> {
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

const givenUp = { kind: "proof", response: null, complete: false } as const;

function told(response: Bytes | null, complete: boolean): Extract<ClientEvent, { kind: "proof" }> {
  return { kind: "proof", response, complete };
}
