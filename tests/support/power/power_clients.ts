/**
 * Clients of a store that loses its power, as they are: over SMTP and IMAP, through the edges. What they are told is what
 * must be kept.
 *
 * @module
 */
import { type Authenticator, authenticatorMethods } from "../../../src/accounts/authenticator.ts";
import { type Mail, mailMethods, type NewMessage } from "../../../src/accounts/mail.ts";
import { type Bytes, concat, fromLatin1, utf8 } from "../../../src/base/bytes.ts";
import { type Log, silentLog } from "../../../src/base/log.ts";
import { Metrics } from "../../../src/base/metrics.ts";
import { type Deliver, deliverMethods, type Submit, submitMethods } from "../../../src/delivery/deliver.ts";
import { flagBits, seen } from "../../../src/imap/flags.ts";
import { imapMetrics } from "../../../src/imapd/metrics.ts";
import { serveImap } from "../../../src/imapd/serve_imap.ts";
import { Indexer } from "../../../src/message/indexer.ts";
import { systemClock } from "../../../src/net/system_clock.ts";
import { client } from "../../../src/rpc/client.ts";
import type { Connection } from "../../../src/rpc/connection.ts";
import { smtpMetrics } from "../../../src/smtpd/metrics.ts";
import { PartialDeliveries } from "../../../src/smtpd/partial_deliveries.ts";
import { serveSmtp } from "../../../src/smtpd/serve.ts";
import { SpoolPlaces } from "../../../src/smtpd/spool_places.ts";
import { smtpSettings } from "../../../src/smtpd/settings.ts";
import { type MemoryTransport, memoryTransports } from "../memory_transport.ts";
import { password } from "./power_store.ts";

const log: Log = silentLog;
const stopping = new AbortController().signal;

/** Lines of a connection. */
class Lines {
  readonly #transport: MemoryTransport;
  #text = "";

  constructor(transport: MemoryTransport) {
    this.#transport = transport;
  }

  async send(...pieces: readonly (string | Bytes)[]): Promise<void> {
    await this.#transport.write(
      concat(pieces.map((piece) => typeof piece === "string" ? utf8(piece) : piece)),
    );
  }

  async line(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf("\r\n");
      if (end !== -1) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return line;
      }
      const piece = await this.#transport.read();
      if (piece === null) throw new Error(`the server has left, after ${this.#text}`);
      this.#text += fromLatin1(piece);
    }
  }
}

/** A server that brings mail, over one connection. */
export class SmtpPeer {
  readonly #lines: Lines;

  private constructor(lines: Lines) {
    this.#lines = lines;
  }

  static async connect(store: Connection): Promise<SmtpPeer> {
    const { server, client: end } = memoryTransports();
    const settings = smtpSettings({ kind: "delivery", hostname: "mail.example.org", startTls: false });
    const deliver = client<Deliver>(store, "deliver", deliverMethods);
    void serveSmtp(
      server,
      {
        deliver,
        authenticator: client<Authenticator>(store, "authenticator", authenticatorMethods),
        submit: (capability) => client<Submit>(store, "submit", submitMethods, capability),
        indexer: () => new Indexer(),
        evidence: null,
        destinations: null,
        clock: systemClock,
        random: (octets) => crypto.getRandomValues(new Uint8Array(octets)),
        publicId: (cid) => cid,
        metrics: smtpMetrics(new Metrics()),
        partial: new PartialDeliveries(),
        places: new SpoolPlaces(deliver, systemClock),
        stopping,
      },
      settings,
      log,
    );
    const peer = new SmtpPeer(new Lines(end));
    await peer.#reply();
    await peer.#command("EHLO power.example\r\n", "250");
    return peer;
  }

  /** Returns when the message was taken. @throws {Error} If it was not. */
  async send(content: Bytes, to: readonly string[]): Promise<void> {
    await this.#command("MAIL FROM:<a@power.example>\r\n", "250");
    for (const address of to) await this.#command(`RCPT TO:<${address}>\r\n`, "250");
    await this.#command("DATA\r\n", "354");
    await this.#lines.send(content, ".\r\n"); // No line of it begins with a dot.
    await this.#expect("250");
  }

  async #command(line: string, code: string): Promise<void> {
    await this.#lines.send(line);
    await this.#expect(code);
  }

  async #expect(code: string): Promise<void> {
    const reply = await this.#reply();
    if (!reply.startsWith(code)) throw new Error(`not ${code}: ${reply}`);
  }

  async #reply(): Promise<string> {
    for (;;) {
      const line = await this.#lines.line();
      if (line[3] !== "-") return line;
    }
  }
}

/** What is done with messages in mailboxes, whoever does it. */
export interface MailChanges {
  /** Adds messages with \Seen; returns their UIDs. */
  append(mailbox: string, contents: readonly Bytes[]): Promise<readonly number[]>;
  /** Replaces flags. */
  store(mailbox: string, uids: readonly number[], bits: number): Promise<void>;
  /** Returns the new UID of each. */
  copy(
    mailbox: string,
    uids: readonly number[],
    to: string,
    moves: boolean,
  ): Promise<ReadonlyMap<number, number>>;
  /** Removes what is marked \Deleted. */
  expunge(mailbox: string, uids: readonly number[]): Promise<void>;
}

/** Ann's mail program, over one connection. */
export class ImapUser implements MailChanges {
  readonly #lines: Lines;
  #selected = "";
  #lastTag = 0;

  private constructor(lines: Lines) {
    this.#lines = lines;
  }

  static async connect(store: Connection): Promise<ImapUser> {
    const { server, client: end } = memoryTransports();
    void serveImap(
      server,
      {
        authenticator: client<Authenticator>(store, "authenticator", authenticatorMethods),
        openMail: (capability) => client<Mail>(store, "mail", mailMethods, capability),
      },
      { service: "imap", startTls: false, plainWithoutTls: true, mechanisms: ["PLAIN"] },
      { log, clock: systemClock, metrics: imapMetrics(new Metrics()), stopping },
    );
    const user = new ImapUser(new Lines(end));
    await user.#lines.line();
    await user.#command(`LOGIN ann@example.org "${password}"`);
    return user;
  }

  async append(mailbox: string, contents: readonly Bytes[]): Promise<readonly number[]> {
    const pieces = contents.flatMap((content) => [` (\\Seen) {${content.length}+}\r\n`, content]);
    const answer = await this.#command(`APPEND ${mailbox}`, ...pieces); // RFC 3502
    return numbersOf(/\[APPENDUID \d+ ([\d:,]+)\]/.exec(answer)?.[1] ?? "");
  }

  async store(mailbox: string, uids: readonly number[], bits: number): Promise<void> {
    await this.#select(mailbox);
    const flags = Object.keys(flagBits).filter((flag) => ((flagBits[flag] ?? 0) & bits) !== 0);
    await this.#command(`UID STORE ${uids} FLAGS.SILENT (${flags.join(" ")})`);
  }

  async copy(
    mailbox: string,
    uids: readonly number[],
    to: string,
    moves: boolean,
  ): Promise<ReadonlyMap<number, number>> {
    await this.#select(mailbox);
    const answer = await this.#command(`UID ${moves ? "MOVE" : "COPY"} ${uids} ${to}`);
    const found = /\[COPYUID \d+ ([\d:,]+) ([\d:,]+)\]/.exec(answer); // RFC 4315 3, RFC 6851 4.3
    const made = numbersOf(found?.[2] ?? "");
    return new Map(numbersOf(found?.[1] ?? "").map((uid, i) => [uid, made[i] ?? 0]));
  }

  async expunge(mailbox: string, uids: readonly number[]): Promise<void> {
    await this.#select(mailbox);
    await this.#command(`UID EXPUNGE ${uids}`);
  }

  async #select(mailbox: string): Promise<void> {
    if (this.#selected === mailbox) return;
    await this.#command(`SELECT ${mailbox}`);
    this.#selected = mailbox;
  }

  /** All lines up to the tagged one, which must be OK. */
  async #command(...pieces: readonly (string | Bytes)[]): Promise<string> {
    const tag = `a${++this.#lastTag}`;
    await this.#lines.send(`${tag} `, ...pieces, "\r\n");
    const lines: string[] = [];
    for (;;) {
      const line = await this.#lines.line();
      lines.push(line);
      if (line.startsWith(`${tag} OK`)) return lines.join("\r\n");
      if (line.startsWith(`${tag} `)) throw new Error(line);
    }
  }
}

/** The numbers of a set: `1:3,5`. RFC 9051 9, uid-set */
function numbersOf(set: string): number[] {
  return set.split(",").filter((range) => range !== "").flatMap((range) => {
    const [first = 0, last = first] = range.split(":").map(Number);
    return Array.from({ length: Math.abs(last - first) + 1 }, (_, i) => Math.min(first, last) + i);
  });
}

/** The same, as the front asks the store for it. */
export class RpcUser implements MailChanges {
  readonly #mail: Mail;
  readonly #prepare: (content: Bytes) => Promise<Pick<NewMessage, "index" | "content" | "spool">>;
  readonly #idOf: (mailbox: string) => number;

  constructor(
    mail: Mail,
    prepare: (content: Bytes) => Promise<Pick<NewMessage, "index" | "content" | "spool">>,
    idOf: (mailbox: string) => number,
  ) {
    this.#mail = mail;
    this.#prepare = prepare;
    this.#idOf = idOf;
  }

  async append(mailbox: string, contents: readonly Bytes[]): Promise<readonly number[]> {
    const messages: NewMessage[] = [];
    for (const content of contents) {
      messages.push({ bits: seen, keywords: [], internalDate: null, ...await this.#prepare(content) });
    }
    return [...(await this.#mail.append({ mailbox: this.#idOf(mailbox), messages })).to];
  }

  async store(mailbox: string, uids: readonly number[], bits: number): Promise<void> {
    await this.#mail.storeFlags({
      mailbox: this.#idOf(mailbox),
      uids: rangesOf(uids),
      mode: "replace",
      bits,
      keywords: [],
      unchangedSince: null,
    });
  }

  async copy(
    mailbox: string,
    uids: readonly number[],
    to: string,
    moves: boolean,
  ): Promise<ReadonlyMap<number, number>> {
    const request = { mailbox: this.#idOf(mailbox), uids: rangesOf(uids), to: this.#idOf(to) };
    const made = moves ? await this.#mail.move(request) : await this.#mail.copy(request);
    return new Map([...made.from].map((uid, i) => [uid, made.to[i] ?? 0]));
  }

  async expunge(mailbox: string, uids: readonly number[]): Promise<void> {
    await this.#mail.expunge({ mailbox: this.#idOf(mailbox), uids: rangesOf(uids) });
  }
}

function rangesOf(uids: readonly number[]): number[] {
  const ranges: number[] = [];
  for (const uid of uids.toSorted((a, b) => a - b)) {
    if (ranges.at(-1) === uid - 1) ranges[ranges.length - 1] = uid;
    else ranges.push(uid, uid);
  }
  return ranges;
}
