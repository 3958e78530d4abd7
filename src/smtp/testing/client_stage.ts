/**
 * A client's session with an edge that does everything at once and keeps what was done. For tests.
 *
 * @module
 */
import { parseMailbox } from "../../address/mailbox.ts";
import { type Bytes, concat, latin1, utf8 } from "../../base/bytes.ts";
import type { ClientRules } from "../client_rules.ts";
import { beginClient, stepClient } from "../client_session.ts";
import { type ClientCredentials, SignIn } from "../client_sign_in.ts";
import type {
  ClientAction,
  ClientEvent,
  ClientSession,
  ClientTls,
  Outcome,
  OutgoingMessage,
  OutgoingRecipient,
} from "../client_state.ts";

export type Done = Extract<ClientAction, { kind: "done" }>;

/** A message from one address to others, in ASCII and small, with whatever else is wanted. */
export function outgoing(
  from: string,
  to: readonly string[],
  own: Partial<OutgoingMessage> = {},
): OutgoingMessage {
  return {
    from: from === "" ? null : parseMailbox(from),
    recipients: to.map((address): OutgoingRecipient => ({
      to: parseMailbox(address),
      notify: null,
      orcpt: null,
    })),
    size: 100,
    eightBit: false,
    smtpUtf8: false,
    requireTls: false,
    ret: null,
    envid: null,
    ...own,
  };
}

export class ClientStage {
  session: ClientSession;
  /** What was written, and where each write ended. */
  written: Bytes[] = [];
  writes = 0;
  /** Everything else that was done, in order. */
  readonly did: ClientAction[] = [];
  readonly done: Done[] = [];
  failed: Outcome | null = null;
  ready = 0;
  closed = false;
  /** The deadline that runs. */
  deadline: { readonly wait: string; readonly ms: number } | null = null;
  /** The session asked for content, or for a handshake. */
  asksContent = false;
  asksHandshake = false;
  readonly #credentials: ClientCredentials;
  readonly #nonce: string;
  /** What the session is told next, when whoever called has returned. */
  #signIn: SignIn | null = null;
  #proving: Promise<void> = Promise.resolve();

  constructor(
    rules: ClientRules,
    tls: ClientTls | null = null,
    credentials: ClientCredentials = { username: "user@example.org", password: "secret" },
    nonce = "fyko+d2lbbFgONRv9qkxdawL",
  ) {
    this.#credentials = credentials;
    this.#nonce = nonce;
    const [session, actions] = beginClient(rules, tls);
    this.session = session;
    this.#act(actions);
  }

  /** Tells the session. */
  happens(event: ClientEvent): void {
    const [session, actions] = stepClient(this.session, event);
    this.session = session;
    this.#act(actions);
  }

  /** The peer says something. */
  hears(text: string | Bytes): void {
    this.happens({ kind: "received", bytes: typeof text === "string" ? utf8(text) : text });
  }

  content(text: string | Bytes, last = false): void {
    this.asksContent = false;
    this.happens({ kind: "content", bytes: typeof text === "string" ? latin1(text) : text, last });
  }

  /** Everything that was written since the last time; one character an octet. */
  said(): string {
    const bytes = concat(this.written);
    this.written = [];
    return Array.from(bytes, (octet) => String.fromCharCode(octet)).join("");
  }

  /** Exchanges with mechanisms have gone as far as they can. */
  async settled(): Promise<void> {
    for (let before = null; before !== this.#proving;) {
      before = this.#proving;
      await before;
    }
  }

  #act(actions: readonly ClientAction[]): void {
    for (const action of actions) {
      if (action.kind !== "write") this.did.push(action);
      switch (action.kind) {
        case "write":
          this.written.push(...action.pieces);
          this.writes++;
          break;
        case "expect":
          this.deadline = action;
          break;
        case "handshake":
          this.deadline = { wait: "handshake", ms: action.ms };
          this.asksHandshake = true;
          break;
        case "rest":
          this.deadline = null;
          break;
        case "content":
          this.asksContent = true;
          break;
        case "authenticate":
          this.#signIn = new SignIn(action.mechanism, this.#credentials, this.#nonce);
          this.happens(this.#signIn.initial());
          break;
        case "prove":
          this.#proving = this.#prove(action.challenge);
          break;
        case "ready":
          this.ready++;
          this.deadline = null;
          break;
        case "done":
          this.done.push(action);
          this.asksContent = false;
          this.deadline = null;
          break;
        case "failed":
          this.failed = action.outcome;
          this.deadline = null;
          break;
        case "close":
          this.closed = true;
          this.deadline = null;
          break;
      }
    }
  }

  async #prove(challenge: Bytes): Promise<void> {
    const answer = await this.#signIn?.respond(challenge);
    if (answer !== undefined) this.happens(answer);
  }
}
