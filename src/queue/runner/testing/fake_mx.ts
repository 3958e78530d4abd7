/**
 * A mail exchanger that does what a test says, on a real socket of this machine: what it offers, answers, where it hangs
 * or hangs up, and which certificate it shows. It keeps what it heard and took.
 *
 * @module
 */
import { fromLatin1, latin1 } from "../../../base/bytes.ts";
import type { Listener } from "../../../net/listener.ts";
import { listenLocally } from "../../../net/testing/loopback.ts";
import type { Transport } from "../../../net/transport.ts";
import { Certificates, type LoadedCertificate } from "../../../tls/certificates.ts";

/** Steps of a dialogue, as scripts name them. `CONNECT`: before the greeting; `BODY`: the message; `END`: its final dot. */
export type Step =
  | "CONNECT"
  | "EHLO"
  | "HELO"
  | "STARTTLS"
  | "HANDSHAKE"
  | "AUTH"
  | "MAIL"
  | "RCPT"
  | "DATA"
  | "BODY"
  | "END"
  | "RSET"
  | "QUIT";

/** A reply without its CRLF; `drop` hangs up, `hang` says nothing more. */
export type Answer = string | "drop" | "hang";

export interface MxScript {
  /** Words of EHLO; `STARTTLS` is added where there is a certificate, but for {@link noStartTls}. */
  readonly offers?: readonly string[];
  readonly certificate?: LoadedCertificate;
  readonly noStartTls?: boolean;
  readonly implicitTls?: boolean;
  /** Other answers than usual; null: the usual one. `times` counts the step's commands over all connections, from 1. */
  readonly answer?: (
    step: Step,
    line: string,
    times: number,
    mx: FakeMx,
  ) => Answer | null | Promise<Answer | null>;
  /** Hangs up after so many octets that it said, over the whole connection. */
  readonly dropAfterOctets?: number;
}

/** A message that was taken. */
export interface Taken {
  readonly from: string;
  readonly to: readonly string[];
  readonly body: string;
  readonly tls: boolean;
  readonly connection: number;
}

const usual: Readonly<Record<Step, string>> = {
  CONNECT: "220 mx.test ESMTP",
  EHLO: "250 mx.test",
  HELO: "250 mx.test",
  STARTTLS: "220 go ahead",
  HANDSHAKE: "",
  AUTH: "235 2.7.0 welcome",
  MAIL: "250 2.1.0 ok",
  RCPT: "250 2.1.5 ok",
  DATA: "354 go on",
  BODY: "",
  END: "250 2.0.0 taken",
  RSET: "250 2.0.0 ok",
  QUIT: "221 2.0.0 bye",
};

export class FakeMx {
  script: MxScript;
  readonly taken: Taken[] = [];
  /** Each line that was heard, but content. */
  readonly heard: string[] = [];
  connections = 0;
  handshakes = 0;
  /** Names that were asked for in handshakes. */
  readonly asked: (string | null)[] = [];
  readonly #times = new Map<Step, number>();
  #listener: (Listener & { port: number }) | null = null;
  readonly #open = new Set<Transport>();

  constructor(script: MxScript = {}) {
    this.script = script;
  }

  static async start(script: MxScript = {}): Promise<FakeMx> {
    const mx = new FakeMx(script);
    mx.#listener = await listenLocally({
      handler: (transport) => mx.#serve(transport),
      ...(script.certificate === undefined
        ? {}
        : { tls: { certificates: new Certificates([script.certificate]) } }),
      implicitTls: script.implicitTls === true,
    });
    return mx;
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  count(step: Step): number {
    return this.#times.get(step) ?? 0;
  }

  /** Hangs up on everybody. */
  hangUp(): void {
    for (const transport of this.#open) transport.destroy();
  }

  async close(): Promise<void> {
    this.hangUp();
    await this.#listener?.close(0);
  }

  async #serve(transport: Transport): Promise<void> {
    this.#open.add(transport);
    const connection = ++this.connections;
    try {
      await new Dialogue(this, transport, connection).run();
      await transport.close();
    } catch {
      transport.destroy(); // The client left, or the script hung up.
    } finally {
      this.#open.delete(transport);
    }
  }

  /** @ignore For the dialogue. */
  async answerTo(step: Step, line: string): Promise<Answer> {
    const times = this.count(step) + 1;
    this.#times.set(step, times);
    return await this.script.answer?.(step, line, times, this) ?? usual[step];
  }
}

class HungUp extends Error {}

class Dialogue {
  readonly #mx: FakeMx;
  readonly #transport: Transport;
  readonly #connection: number;
  #input = "";
  #said = 0;
  #from = "";
  #to: string[] = [];
  #body = "";
  /** Code of the last reply. */
  #last = 0;

  constructor(mx: FakeMx, transport: Transport, connection: number) {
    this.#mx = mx;
    this.#transport = transport;
    this.#connection = connection;
  }

  async run(): Promise<void> {
    if (!await this.#reply("CONNECT", "")) return;
    for (let line = await this.#line(); line !== null; line = await this.#line()) {
      this.#mx.heard.push(line);
      const verb = line.slice(0, 4).toUpperCase();
      switch (verb) {
        case "EHLO":
          if (!await this.#ehlo(line)) return;
          break;
        case "STAR":
          if (!await this.#startTls(line)) return;
          break;
        case "MAIL":
          this.#from = /<(.*?)>/.exec(line)?.[1] ?? "";
          this.#to = [];
          if (!await this.#reply("MAIL", line)) return;
          break;
        case "RCPT":
          if (!await this.#rcpt(line)) return;
          break;
        case "DATA":
          if (!await this.#data(line)) return;
          break;
        case "BDAT":
          if (!await this.#bdat(line)) return;
          break;
        case "QUIT":
          await this.#reply("QUIT", line);
          return;
        case "AUTH":
          if (!await this.#auth(line)) return;
          break;
        case "HELO":
        case "RSET":
          if (!await this.#reply(verb, line)) return;
          break;
        default:
          await this.#say("500 what?");
      }
    }
  }

  async #ehlo(line: string): Promise<boolean> {
    const { offers = ["PIPELINING", "8BITMIME", "SMTPUTF8"], certificate, noStartTls } = this.#mx.script;
    const startTls = certificate !== undefined && noStartTls !== true && this.#transport.tls === null;
    const words = [...offers, ...startTls ? ["STARTTLS"] : []];
    const answer = await this.#mx.answerTo("EHLO", line);
    if (answer !== usual.EHLO) return await this.#done(answer);
    const lines = ["mx.test", ...words];
    await this.#say(lines.map((word, i) => `250${i === lines.length - 1 ? " " : "-"}${word}`).join("\r\n"));
    return true;
  }

  async #startTls(line: string): Promise<boolean> {
    if (!await this.#reply("STARTTLS", line)) return false;
    if (this.#last >= 300) return true;
    const answer = await this.#mx.answerTo("HANDSHAKE", line);
    if (answer !== "") {
      if (answer !== "drop") await this.#more(); // Its ClientHello.
      return await this.#done(answer);
    }
    this.#mx.handshakes++;
    const info = await this.#transport.startTls();
    this.#mx.asked.push(info.serverName);
    return true;
  }

  async #auth(line: string): Promise<boolean> {
    for (let said: string | null = line; said !== null; said = await this.#line()) {
      if (said !== line) this.#mx.heard.push(said);
      if (!await this.#reply("AUTH", said)) return false;
      if (this.#last !== 334) return true;
    }
    return false;
  }

  async #rcpt(line: string): Promise<boolean> {
    if (!await this.#reply("RCPT", line)) return false;
    if (this.#last < 300) this.#to.push(/<(.*?)>/.exec(line)?.[1] ?? "");
    return true;
  }

  async #data(line: string): Promise<boolean> {
    if (this.#to.length === 0) {
      await this.#say("554 5.5.1 nobody to send it to");
      return true;
    }
    if (!await this.#reply("DATA", line)) return false;
    if (this.#last !== 354) return true;
    const body = await this.#mx.answerTo("BODY", "");
    if (body !== "") return await this.#done(body);
    const lines: string[] = [];
    for (let text = await this.#line(); text !== "."; text = await this.#line()) {
      if (text === null) return false;
      lines.push(text.startsWith(".") ? text.slice(1) : text);
    }
    return await this.#end(lines.map((text) => `${text}\r\n`).join(""));
  }

  async #bdat(line: string): Promise<boolean> {
    const [, size = "0", last] = line.split(" ");
    while (this.#input.length < Number(size)) if (!await this.#more()) return false;
    this.#body += this.#input.slice(0, Number(size));
    this.#input = this.#input.slice(Number(size));
    if (last === undefined) {
      await this.#say("250 2.0.0 chunk");
      return true;
    }
    const body = this.#body;
    this.#body = "";
    return await this.#end(body);
  }

  async #end(body: string): Promise<boolean> {
    const answer = await this.#mx.answerTo("END", "");
    if (answer.startsWith("2")) {
      this.#mx.taken.push({
        from: this.#from,
        to: this.#to,
        body,
        tls: this.#transport.tls !== null,
        connection: this.#connection,
      });
    }
    return await this.#done(answer);
  }

  async #reply(step: Step, line: string): Promise<boolean> {
    return await this.#done(await this.#mx.answerTo(step, line));
  }

  async #done(answer: Answer): Promise<boolean> {
    if (answer === "drop") throw new HungUp();
    if (answer === "hang") {
      while (await this.#more()) this.#input = "";
      return false;
    }
    this.#last = Number(answer.slice(0, 3));
    await this.#say(answer);
    return true;
  }

  async #say(text: string): Promise<void> {
    const octets = latin1(`${text}\r\n`);
    const room = (this.#mx.script.dropAfterOctets ?? Infinity) - this.#said;
    this.#said += octets.length;
    await this.#transport.write(octets.subarray(0, Math.max(0, Math.min(room, octets.length))));
    if (octets.length <= room) return;
    await this.#transport.close();
    throw new HungUp();
  }

  async #line(): Promise<string | null> {
    for (;;) {
      const end = this.#input.indexOf("\r\n");
      if (end !== -1) {
        const line = this.#input.slice(0, end);
        this.#input = this.#input.slice(end + 2);
        return line;
      }
      if (!await this.#more()) return null;
    }
  }

  async #more(): Promise<boolean> {
    const piece = await this.#transport.read();
    if (piece === null) return false;
    this.#input += fromLatin1(piece);
    return true;
  }
}
