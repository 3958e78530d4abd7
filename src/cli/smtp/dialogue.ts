/**
 * A dialogue with an SMTP server, one command and one reply at a time, which can be shown as it goes. RFC 5321, RFC 3207
 *
 * For looking at servers; mail is sent by `src/queue`, whose session does more than one thing at a time.
 *
 * Tested by `tests/scenarios/tls_commands_test.ts`.
 *
 * @module
 */
import { base64, fromBase64, utf8 } from "../../base/bytes.ts";
import type { ClientTls } from "../../net/client_tls.ts";
import type { DialedTransport } from "../../net/client.ts";
import { systemClock } from "../../net/system_clock.ts";
import { TransportError } from "../../net/transport.ts";
import { noOffers, type Offers, parseOffers } from "../../smtp/client_offers.ts";
import {
  addInput,
  hasInput,
  nextReply,
  noInput,
  type ReplyInput,
  type ServerReply,
} from "../../smtp/client_reply.ts";
import { type ClientMechanism, clientMechanisms } from "../../smtp/client_rules.ts";
import { type ClientCredentials, SignIn } from "../../smtp/client_sign_in.ts";
import { type Arguments, type Option, UsageError } from "../command.ts";
import { CommandError } from "../command_error.ts";
import { transportWords } from "../reach.ts";

export const ehloOption = {
  ehlo: { type: "string", value: "NAME", doc: "call ourselves this", default: "localhost" },
} as const satisfies Record<string, Option>;

/** @throws {UsageError} */
export function ehloOf(args: Arguments): string {
  const name = args.text("ehlo") ?? "";
  if (/[^!-~]/.test(name)) throw new UsageError("--ehlo is a name in ASCII, without spaces");
  return name;
}

export class SmtpDialogue {
  readonly #transport: DialedTransport;
  readonly #show: (line: string) => void;
  readonly #timeoutMs: number;
  #input: ReplyInput = noInput;

  /**
   * @param show Gets each line that is sent, with `C: ` in front, and each that comes, with `S: `.
   * @param timeoutMs For each reply, all of it.
   */
  constructor(transport: DialedTransport, show: (line: string) => void, timeoutMs: number) {
    this.#transport = transport;
    this.#show = show;
    this.#timeoutMs = timeoutMs;
  }

  /** The next reply. @throws {CommandError} If there is none. */
  async reply(): Promise<ServerReply> {
    let late = false;
    // A server that sends one octet after the other is in time with each of them.
    const timer = systemClock.after(this.#timeoutMs, () => {
      late = true;
      this.#transport.destroy();
    });
    try {
      return await this.#nextReply();
    } catch (error) {
      if (!late) throw error;
      throw new CommandError(`the server did not answer within ${this.#timeoutMs / 1000} s`);
    } finally {
      timer.cancel();
    }
  }

  async #nextReply(): Promise<ServerReply> {
    for (;;) {
      const [input, found] = nextReply(this.#input);
      this.#input = input;
      if (typeof found === "string") throw new CommandError(`what the server says is no reply (${found})`);
      if (found !== null) {
        for (const [i, line] of found.lines.entries()) {
          const isLast = i === found.lines.length - 1;
          const code = found.enhanced === null ? "" : `${found.enhanced} `;
          this.#show(`S: ${found.code}${isLast ? " " : "-"}${code}${line}`);
        }
        return found;
      }
      const piece = await this.#tried(() => this.#transport.read());
      if (piece === null) throw new CommandError("the server ended the connection");
      this.#input = addInput(this.#input, piece);
    }
  }

  /** Says something, and waits for the reply. @param shown What is shown of it, for secrets. */
  async say(line: string, shown = line): Promise<ServerReply> {
    this.#show(`C: ${shown}`);
    await this.#tried(() => this.#transport.write(utf8(`${line}\r\n`)));
    return await this.reply();
  }

  /** EHLO, or HELO where the server knows no other. @throws {CommandError} If it takes neither. */
  async hello(name: string): Promise<Offers> {
    const ehlo = await this.say(`EHLO ${name}`);
    if (ehlo.code === 250) return parseOffers(ehlo);
    const helo = ehlo.code >= 500 && ehlo.code <= 504 ? await this.say(`HELO ${name}`) : ehlo; // RFC 5321 3.2
    if (helo.code !== 250) throw new CommandError("the server does not want to talk to us");
    return noOffers;
  }

  /** @throws {CommandError} If it comes to no TLS. */
  async startTls(tls: ClientTls): Promise<void> {
    const reply = await this.say("STARTTLS");
    if (reply.code !== 220) throw new CommandError("the server offers STARTTLS and refuses it");
    // RFC 3207 6: nobody can say who sent what came before the handshake.
    if (hasInput(this.#input)) throw new CommandError("plain text came behind the reply to STARTTLS");
    await this.#tried(() => this.#transport.startTls(tls));
  }

  /**
   * Signs in, with the strongest mechanism that is offered.
   *
   * @param isProved Whether TLS has proved who the server is: else anybody may be there, and ask for the password itself.
   * @throws {CommandError} If that fails, or the server has not proved that it knows the password, where it must.
   */
  async signIn(
    credentials: ClientCredentials,
    offers: Offers,
    isProved: boolean,
  ): Promise<ClientMechanism> {
    const mechanism = clientMechanisms.find((one) => one !== "EXTERNAL" && offers.mechanisms.includes(one));
    if (mechanism === undefined) throw new CommandError("no way of signing in is offered that is known here");
    const isPlain = mechanism === "PLAIN" || mechanism === "LOGIN";
    if (isPlain && this.#transport.tls === null) {
      throw new CommandError(
        `the server offers ${mechanism} alone, which would send the password in the clear`,
      );
    }
    if (isPlain && !isProved) {
      throw new CommandError(
        `the server offers ${mechanism} alone, and TLS does not prove who it is: the password would be told to whoever is there; ` +
          "say with --ca and --servername whose certificate to trust",
      );
    }
    const nonce = base64(crypto.getRandomValues(new Uint8Array(18)));
    const exchange = new SignIn(mechanism, credentials, nonce);
    const { response, complete } = exchange.initial();
    const first = response === null ? "" : ` ${response.length === 0 ? "=" : base64(response)}`; // RFC 4954 4
    let reply = await this.say(`AUTH ${mechanism}${first}`, `AUTH ${mechanism}${first === "" ? "" : " …"}`);
    let isComplete = complete;
    while (reply.code === 334) {
      const proof = await exchange.respond(fromBase64(reply.lines[0] ?? "") ?? new Uint8Array());
      isComplete = proof.complete;
      reply = proof.response === null ? await this.say("*") : await this.say(base64(proof.response), "…");
    }
    if (reply.code !== 235) throw new CommandError("the server did not sign us in");
    if (!isComplete) { // RFC 5802 5
      throw new CommandError(
        "the server says that we are signed in, and has not proved that it knows the password",
      );
    }
    return mechanism;
  }

  async quit(): Promise<void> {
    await this.say("QUIT").catch((error) => {
      if (!(error instanceof CommandError)) throw error; // Many just go.
    });
  }

  async #tried<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      throw new CommandError(transportWords(error));
    }
  }
}
