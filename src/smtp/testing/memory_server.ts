/**
 * A server's session with an edge in memory that takes every address, and keeps what it was sent. It can hide what
 * it offers. For tests of the client, so a malformed line is an error and not a reply.
 *
 * @module
 */
import { printMailbox } from "../../address/mailbox.ts";
import { type Bytes, concat, fromLatin1, fromUtf8, noBytes, utf8 } from "../../base/bytes.ts";
import { checkCramMd5, cramMd5Secret, parseCramMd5 } from "../../sasl/cram_md5.ts";
import { beginLogin, continueLogin, type LoginState, type LoginStep } from "../../sasl/login.ts";
import { parsePlain } from "../../sasl/plain.ts";
import { type ScramSecret, ScramServer } from "../../sasl/scram.ts";
import { parseClientFirst } from "../../sasl/scram_message.ts";
import { parseAuthResponse } from "../auth.ts";
import type { Bdat } from "../bdat.ts";
import { parseCommand } from "../command.ts";
import { DataReader } from "../data_reader.ts";
import { printReply, type Reply } from "../reply.ts";
import { begin, step } from "../session.ts";
import type { Action, AuthTurn, Event, Rules, Session, Transaction } from "../session_state.ts";

/** A message that the server took. */
export interface Taken {
  readonly from: string;
  readonly to: readonly string[];
  readonly body: string;
  readonly smtpUtf8: boolean;
  readonly chunks: boolean;
}

/** Who can sign in: `user@example.org` with `secret`. */
export interface ServerSecrets {
  readonly sha256: ScramSecret;
  readonly sha1: ScramSecret;
}

export const serverRules: Rules = {
  hostname: "mx.example.net",
  id: "ID",
  submission: false,
  startTls: true,
  requireTls: true,
  mechanisms: ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN", "EXTERNAL"],
  plainWithoutTls: false,
  maxMessageBytes: 1_000_000,
  maxRecipients: 100,
  maxErrors: 20,
  maxUnknownCommands: 10,
  maxIdleCommands: 100,
  maxBadTransactions: 10,
  maxAuthFailures: 5,
};

type Mode =
  | { readonly kind: "lines" }
  | { readonly kind: "auth"; readonly turn: AuthTurn }
  | {
    readonly kind: "body";
    readonly reader: DataReader;
    readonly transaction: Transaction;
    readonly chunk: Bdat | null;
    left: number;
  }
  | { readonly kind: "tls" };

const refusal: Reply = { code: 535, enhanced: "5.7.8", text: "wrong" };

export class MemoryServer {
  readonly taken: Taken[] = [];
  /** Words that EHLO does not tell. */
  readonly #hidden: ReadonlySet<string>;
  readonly #secrets: ServerSecrets | null;
  #session: Session;
  #mode: Mode = { kind: "lines" };
  #input: Bytes = noBytes;
  #body: Bytes[] = [];
  /** Of the message that is under way: a CR can end one chunk and its LF begin the next. */
  #reader: DataReader | null = null;
  #said = "";
  #scram: ScramServer | null = null;
  #login: LoginState | null = null;
  #afterEhlo = false;
  closed = false;

  constructor(rules: Rules, secure: boolean, hidden: Iterable<string>, secrets: ServerSecrets | null = null) {
    this.#hidden = new Set(hidden);
    this.#secrets = secrets;
    const [session, actions] = begin(rules, secure, secure);
    this.#session = session;
    this.#act(actions);
  }

  /** What was said since the last time. */
  said(): string {
    const said = this.#said;
    this.#said = "";
    return said;
  }

  get asksHandshake(): boolean {
    return this.#mode.kind === "tls";
  }

  secured(): void {
    this.#mode = { kind: "lines" };
    this.#happens({ kind: "secured", certificate: true });
  }

  hears(bytes: Bytes): void {
    this.#input = concat([this.#input, bytes]);
    while (!this.closed && this.#one());
  }

  #happens(event: Event): void {
    const [session, actions] = step(this.#session, event);
    this.#session = session;
    this.#act(actions);
  }

  #one(): boolean {
    if (this.#mode.kind === "body") return this.#read(this.#mode);
    if (this.#mode.kind === "tls") {
      if (this.#input.length > 0) throw new Error("the client went on before the handshake");
      return false;
    }
    const end = this.#input.indexOf(10);
    if (end === -1) return false;
    if (this.#input[end - 1] !== 13) throw new Error("the client sent a bare LF");
    const line = fromUtf8(this.#input.subarray(0, end - 1));
    this.#input = this.#input.slice(end + 1);
    if (this.#mode.kind === "auth") {
      const { turn } = this.#mode;
      this.#mode = { kind: "lines" };
      this.#happens({ kind: "authLine", turn, response: parseAuthResponse(line) });
    } else {
      const command = parseCommand(line);
      this.#afterEhlo = command.verb === "EHLO";
      this.#happens({ kind: "command", command, now: 0 });
    }
    return true;
  }

  #read(mode: Extract<Mode, { kind: "body" }>): boolean {
    const { reader, chunk, transaction } = mode;
    const taken = this.#input.subarray(0, Math.min(mode.left, this.#input.length));
    const end = reader.take(taken, (piece) => void this.#body.push(piece.slice()));
    mode.left -= taken.length;
    this.#input = this.#input.slice(end === -1 ? taken.length : end);
    if (chunk === null ? end === -1 : mode.left > 0) return false;
    if (reader.fault !== null) throw new Error(`the client sent wrong data: ${reader.fault}`);
    this.#mode = { kind: "lines" };
    if (chunk === null || chunk.last) {
      this.taken.push({
        from: transaction.from === null ? "" : printMailbox(transaction.from),
        to: transaction.recipients.all().map(({ address }) => printMailbox(address)),
        body: fromLatin1(concat(this.#body)),
        smtpUtf8: transaction.smtpUtf8,
        chunks: chunk !== null,
      });
      this.#body = [];
    }
    this.#happens({ kind: "received", chunk, reply: null, suspicious: false });
    return true;
  }

  #act(actions: readonly Action[]): void {
    for (const action of actions) {
      switch (action.kind) {
        case "reply":
          this.#said += printReply(this.#shown(action.reply));
          break;
        case "checkSender":
          this.#happens({ kind: "senderChecked", mail: action.mail, allowed: true });
          break;
        case "resolve":
          this.#resolve(action);
          break;
        case "authenticate":
          this.#authenticate(action.mechanism, action.initial);
          break;
        case "continueAuth":
          this.#continue(action.exchange, action.response);
          break;
        case "readAuthLine":
          this.#mode = { kind: "auth", turn: action.turn };
          break;
        case "startTls":
          this.#mode = { kind: "tls" };
          break;
        case "receive":
          this.#mode = {
            kind: "body",
            reader: this.#reader ??= new DataReader(action.chunk === null ? "data" : "chunks", Infinity),
            transaction: action.transaction,
            chunk: action.chunk,
            left: action.chunk?.size ?? Infinity,
          };
          break;
        case "discard":
          throw new Error("the client sent a chunk that nobody wants");
        case "drop":
          this.#body = [];
          this.#reader = null;
          break;
        case "close":
          this.closed = true;
          break;
      }
    }
  }

  /** `unknown@` is refused, everybody else is taken. */
  #resolve({ rcpt }: Extract<Action, { kind: "resolve" }>): void {
    const judgement = rcpt.to.local === "unknown"
      ? { kind: "refused" as const, code: 550, text: "no such address" }
      : { kind: "local" as const };
    this.#happens({ kind: "resolved", rcpt, judgement });
  }

  #shown(reply: Reply): Reply {
    if (!this.#afterEhlo || typeof reply.text === "string") return reply;
    this.#afterEhlo = false;
    return {
      ...reply,
      text: reply.text.filter((line, i) => i === 0 || !this.#hidden.has(line.split(" ")[0] ?? "")),
    };
  }

  #authenticate(mechanism: string, initial: Bytes | null): void {
    const challenge = utf8("<1.2@mx.example.net>");
    switch (mechanism) {
      case "EXTERNAL":
        return this.#signedIn(true);
      case "LOGIN":
        return this.#loginStep(beginLogin(initial));
      case "CRAM-MD5":
        return this.#happens({ kind: "challenged", exchange: mechanism, challenge });
      default:
        // A response that did not come with the command is asked for with nothing. RFC 4422 5
        if (initial === null) {
          return this.#happens({ kind: "challenged", exchange: mechanism, challenge: noBytes });
        }
        return this.#continue(mechanism, initial);
    }
  }

  #continue(mechanism: string, response: Bytes): void {
    switch (mechanism) {
      case "PLAIN": {
        const login = parsePlain(response);
        return this.#signedIn(login?.authcid === "user@example.org" && login.password === "secret");
      }
      case "LOGIN":
        return this.#loginStep(continueLogin(this.#login ?? { username: null }, response));
      case "CRAM-MD5": {
        const answer = parseCramMd5(response);
        const challenge = utf8("<1.2@mx.example.net>");
        return this.#signedIn(answer !== null && checkCramMd5(cramMd5Secret("secret"), challenge, answer));
      }
      default:
        return this.#scramStep(mechanism, response);
    }
  }

  #loginStep(next: LoginStep): void {
    if (next.kind === "malformed") return this.#signedIn(false);
    if (next.kind === "done") return this.#signedIn(next.login.password === "secret");
    this.#login = next.state;
    this.#happens({ kind: "challenged", exchange: "LOGIN", challenge: next.challenge });
  }

  #scramStep(mechanism: string, response: Bytes): void {
    if (this.#scram === null) {
      const first = parseClientFirst(response);
      if (first === null || this.#secrets === null) return this.#signedIn(false);
      const sha1 = mechanism === "SCRAM-SHA-1";
      this.#scram = new ScramServer(
        sha1 ? "SHA-1" : "SHA-256",
        first,
        sha1 ? this.#secrets.sha1 : this.#secrets.sha256,
        "servernonce",
      );
      return this.#happens({ kind: "challenged", exchange: mechanism, challenge: this.#scram.challenge });
    }
    const finished = this.#scram.finish(response);
    this.#signedIn(finished.kind === "proved", finished.kind === "proved" ? finished.final : null);
  }

  #signedIn(right: boolean, final: Bytes | null = null): void {
    this.#happens(
      right
        ? { kind: "signedIn", success: { account: "user", capability: "c", final } }
        : { kind: "notSignedIn", reply: refusal, guessed: true },
    );
  }
}
