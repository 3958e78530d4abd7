/**
 * Plays every transcript of `smtp_client/` against a client's session: the file is the server and the queue. Each is
 * played three times, with the server's octets in packets as they stand, one by one, and in threes, which must make
 * no difference.
 *
 * ```text
 * S: 250 ok                   A line of the server; neighbouring ones are one packet, an empty line ends it.
 * s: "250 ok\n"               Raw octets of it, as a JSON string of characters up to U+00FF.
 * C: QUIT                     The client's next line, exactly. {*} stands for any text.
 * c: "BDAT 1\r\n."            Raw octets of it.
 * ! send <> b@example.net     Something that is neither; # begins a comment.
 * ```
 *
 * | line | meaning |
 * | --- | --- |
 * | `! rules tls=required auth=PLAIN,LOGIN strict nochunking nopipelining max=2` | first of all: what the client goes by |
 * | `! tls [verified]` | first of all: encrypted from the beginning |
 * | `! send FROM TO... [size=N] [8bit] [utf8] [requiretls] [ret=HDRS] [envid=X] [notify=A,B] [orcpt=X]` | |
 * | `! content "text"`, `! last "text"`, `! nocontent` | the client asked for a piece, and gets this one, or none |
 * | `! late "text"`, `! notasked` | it did not ask; the one gives a piece all the same |
 * | `! secured [verified]`, `! notsecured` | a handshake was asked for, and came out so |
 * | `! disconnect`, `! timeout`, `! quit` | |
 * | `! awaits mail 300000`, `! awaits nothing` | the deadline that runs |
 * | `! writes 2` | in how many writes the client said what it said since the last time this was asked |
 * | `! ready`, `! failed VERDICT RETRY CAUSE STEP STATUS` | how the connection came out |
 * | `! done [spent] [dsn]` | a message is over; then for each recipient: |
 * | `! result TO VERDICT RETRY CAUSE STEP STATUS [CODE] [uncertain] [fault]` | |
 * | `! closed`, `! open`, `! silent` | |
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Bytes, latin1, utf8 } from "../../src/base/bytes.ts";
import {
  type ClientMechanism,
  clientMechanisms,
  type ClientRules,
  clientRules,
} from "../../src/smtp/client_rules.ts";
import type { ClientTls, Outcome, OutgoingMessage } from "../../src/smtp/client_state.ts";
import { ClientStage, type Done, outgoing } from "../../src/smtp/testing/client_stage.ts";

const folder = new URL("./smtp_client/", import.meta.url);

for (const entry of [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  if (!entry.name.endsWith(".txt")) continue;
  const text = Deno.readTextFileSync(new URL(entry.name, folder));
  for (const [title, part] of parts(text)) {
    Deno.test(`smtp_client/${entry.name}${title}`, async () => {
      for (const cut of [Infinity, 1, 3]) await play(part, cut);
    });
  }
}

type Numbered = readonly [number: number, line: string];

/** A line `### title` begins another dialogue in the same file. */
function parts(text: string): [title: string, lines: Numbered[]][] {
  const found: [string, Numbered[]][] = [];
  let current: Numbered[] = [];
  let title = "";
  const end = () => void (current.length > 0 && found.push([title, current]));
  for (const [i, line] of text.split("\n").entries()) {
    if (line.startsWith("### ")) {
      end();
      title = `: ${line.slice(4)}`;
      current = [];
    } else if (!line.startsWith("#")) {
      if (/^[SsCc]: |^! |^$/.test(line)) current.push([i + 1, line]);
      else throw new SyntaxError(`line ${i + 1} is no step: ${line}`);
    }
  }
  end();
  return found.filter(([, lines]) => lines.some(([, line]) => line !== ""));
}

async function play(lines: readonly Numbered[], cut: number): Promise<void> {
  const setup = lines.filter(([, line]) => /^! (?:rules|tls)\b/.test(line)).map(([, line]) => line);
  const player = new Player(setup, cut);
  for (const [number, line] of [...lines.filter(([, line]) => !setup.includes(line)), [0, ""] as const]) {
    try {
      await player.line(line);
    } catch (error) {
      if (error instanceof Error) error.message = `line ${number} (cut ${cut}): ${error.message}`;
      throw error;
    }
  }
  assert.equal(player.rest, "", "the client said more than was expected");
}

class Player {
  readonly #stage: ClientStage;
  readonly #cut: number;
  #packet: Bytes[] = [];
  #said = "";
  #writesBefore = 0;
  #done: { readonly action: Done; told: number } | null = null;
  #doneBefore = 0;

  constructor(setup: readonly string[], cut: number) {
    let tls: ClientTls | null = null;
    let own: Partial<ClientRules> = {};
    for (const line of setup) {
      const [, verb, ...words] = line.split(" ");
      if (verb === "tls") tls = { verified: words[0] === "verified" };
      else own = { ...own, ...rulesOf(words) };
    }
    this.#cut = cut;
    this.#stage = new ClientStage(clientRules("client.example", own), tls);
  }

  get rest(): string {
    return this.#said + this.#stage.said();
  }

  async line(line: string): Promise<void> {
    if (/^[Ss]: /.test(line)) {
      this.#packet.push(line[0] === "S" ? utf8(`${line.slice(3)}\r\n`) : raw(line.slice(3)));
      return;
    }
    await this.#endPacket();
    if (line.startsWith("C: ")) this.#expectLine(line.slice(3));
    else if (line.startsWith("c: ")) this.#expectRaw(JSON.parse(line.slice(3)));
    else if (line !== "") await this.#act(line.slice(2).trim());
  }

  async #endPacket(): Promise<void> {
    if (this.#packet.length === 0) return;
    assert.equal(this.rest, "", "the client said more than was expected");
    for (const bytes of this.#packet) {
      for (let at = 0; at < bytes.length; at += this.#cut) {
        this.#stage.hears(bytes.slice(at, Math.min(at + this.#cut, bytes.length)));
      }
    }
    this.#packet = [];
    await this.#stage.settled();
  }

  #expectLine(wanted: string): void {
    this.#said += this.#stage.said();
    const end = this.#said.indexOf("\r\n");
    const line = end === -1 ? this.#said : this.#said.slice(0, end);
    const pattern = wanted.split("{*}").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
    if (!new RegExp(`^${pattern.join(".*")}$`, "s").test(fromLatin(line))) {
      assert.equal(fromLatin(line), wanted);
    }
    this.#said = end === -1 ? "" : this.#said.slice(end + 2);
  }

  #expectRaw(wanted: string): void {
    this.#said += this.#stage.said();
    assert.equal(this.#said.slice(0, wanted.length), wanted);
    this.#said = this.#said.slice(wanted.length);
  }

  async #act(text: string): Promise<void> {
    const stage = this.#stage;
    const [verb = "", ...words] = text.split(" ");
    const json = () => raw(text.slice(verb.length + 1));
    switch (verb) {
      case "send":
        return stage.happens({ kind: "send", message: messageOf(words) });
      case "content":
      case "last":
      case "late": // A piece that nobody waits for any more.
        assert.equal(stage.asksContent, verb !== "late", "whether the client asks for content");
        return stage.content(json(), verb === "last");
      case "notasked":
        return assert.ok(!stage.asksContent, "the client asks for content");
      case "nocontent":
        assert.ok(stage.asksContent, "the client asks for no content");
        return stage.happens({ kind: "contentFailed" });
      case "secured":
      case "notsecured":
        assert.ok(stage.asksHandshake, "the client asks for no handshake");
        stage.asksHandshake = false;
        return stage.happens(
          verb === "secured"
            ? { kind: "secured", verified: words[0] === "verified" }
            : { kind: "notSecured" },
        );
      case "disconnect":
        return stage.happens({ kind: "disconnected" });
      case "timeout":
        assert.ok(stage.deadline !== null, "no deadline runs");
        return stage.happens({ kind: "timedOut" });
      case "quit":
        return stage.happens({ kind: "quit" });
      case "awaits":
        return assert.equal(
          stage.deadline === null ? "nothing" : `${stage.deadline.wait} ${stage.deadline.ms}`,
          words.join(" "),
        );
      case "writes":
        assert.equal(stage.writes - this.#writesBefore, Number(words[0]), "writes");
        this.#writesBefore = stage.writes;
        return;
      case "ready":
        return assert.ok(stage.session.phase === "ready" && stage.ready > 0, `phase ${stage.session.phase}`);
      case "failed":
        return assert.equal(stage.failed === null ? "(not)" : shown(stage.failed).trim(), words.join(" "));
      case "done":
        return this.#expectDone(words);
      case "result":
        return this.#expectResult(words.join(" "));
      case "closed":
        return assert.ok(stage.closed, "the client has not closed the connection");
      case "open":
        return assert.ok(!stage.closed, "the client has closed the connection");
      case "silent":
        await stage.settled();
        return assert.equal(this.rest, "");
      default:
        throw new SyntaxError(`nobody knows what "${text}" is`);
    }
  }

  #expectDone(words: readonly string[]): void {
    assert.ok((this.#done?.told ?? 0) === (this.#done?.action.results.length ?? 0), "results are left");
    const action = this.#stage.done[this.#doneBefore++];
    assert.ok(action !== undefined, "no message is over");
    assert.equal(this.#stage.done.length, this.#doneBefore, "more than one is over");
    assert.deepEqual([...action.reusable ? [] : ["spent"], ...action.dsn ? ["dsn"] : []], words);
    this.#done = { action, told: 0 };
  }

  #expectResult(wanted: string): void {
    const done = this.#done;
    const result = done?.action.results[done.told++];
    assert.ok(result !== undefined, "there is no other result");
    assert.equal(`${result.to.local}@${result.to.domain} ${shown(result).trim()}`, wanted);
  }
}

function shown(outcome: Outcome): string {
  const { verdict, retry, cause, step, status, reply, uncertain, fault } = outcome;
  return [
    verdict,
    retry,
    cause,
    step,
    status,
    reply?.code ?? "",
    uncertain ? "uncertain" : "",
    fault ?? "",
  ].filter((word) => word !== "").join(" ");
}

function raw(json: string): Bytes {
  return latin1(String(JSON.parse(json)));
}

/** Lines of the client may be UTF-8. */
function fromLatin(text: string): string {
  return new TextDecoder().decode(latin1(text));
}

function rulesOf(words: readonly string[]): Partial<ClientRules> {
  let own: Partial<ClientRules> = {};
  for (const word of words) {
    const [name = "", value = ""] = word.split("=");
    if (name === "tls") own = { ...own, tls: value as ClientRules["tls"] };
    else if (name === "auth") own = { ...own, auth: { mechanisms: mechanisms(value), certificate: false } };
    else if (name === "certificate") {
      own = { ...own, auth: { mechanisms: clientMechanisms, certificate: true } };
    } else if (name === "strict") own = { ...own, strictEightBit: true };
    else if (name === "nochunking") own = { ...own, chunking: false };
    else if (name === "nopipelining") own = { ...own, pipelining: false };
    else if (name === "max") own = { ...own, maxRecipients: Number(value) };
    else throw new SyntaxError(`no rule: ${word}`);
  }
  return own;
}

function mechanisms(value: string): readonly ClientMechanism[] {
  return value === "any" ? clientMechanisms : value.split(",") as ClientMechanism[];
}

function messageOf(words: readonly string[]): OutgoingMessage {
  const [from = "", ...rest] = words;
  let message = outgoing(
    from === "<>" ? "" : from,
    rest.filter((word) => word.includes("@") && !/^\w+=/.test(word)),
  );
  for (const word of rest) {
    const [name = "", value = ""] = word.split(/=(.*)/s);
    if (name === "size") message = { ...message, size: Number(value) };
    else if (name === "8bit") message = { ...message, eightBit: true };
    else if (name === "utf8") message = { ...message, smtpUtf8: true };
    else if (name === "requiretls") message = { ...message, requireTls: true };
    else if (name === "ret") message = { ...message, ret: value as "FULL" | "HDRS" };
    else if (name === "envid") message = { ...message, envid: value };
    else if (name === "orcpt" || name === "notify") {
      const list = value.split(",") as ("SUCCESS" | "FAILURE" | "DELAY")[];
      const notify = value === "NEVER" ? value : list;
      message = {
        ...message,
        recipients: message.recipients.map((recipient) => ({
          ...recipient,
          ...name === "orcpt" ? { orcpt: value } : { notify },
        })),
      };
    }
  }
  return message;
}
