/**
 * Two accounts of one store, `ann` and `bob`, behind an IMAP server over memory transports: for what they share.
 *
 * Tested by `src/imapd/sharing_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { FakeClock, settle } from "../../../tests/support/fake_clock.ts";
import { type MemoryTransport, memoryTransports } from "../../../tests/support/memory_transport.ts";
import { ensureAccount } from "../../accounts/accounts.ts";
import type { Mail } from "../../accounts/mail.ts";
import { StoreMail } from "../../accounts/mail_store.ts";
import { type Bytes, concat, fromUtf8, latin1, utf8 } from "../../base/bytes.ts";
import { createLog } from "../../base/log.ts";
import { Metrics } from "../../base/metrics.ts";
import { type TempStore, tempStore } from "../../store/testing/temp_store.ts";
import { imapMetrics } from "../metrics.ts";
import { serveImap } from "../serve_imap.ts";
import { indexOf, testSettings } from "./imap_stage.ts";
import { lateMail, lateTransport } from "./late.ts";
import { MemoryAuthenticator } from "./memory_authenticator.ts";
import { messages } from "./messages.ts";

const names = ["ann", "bob", "cat"] as const;
export type AccountName = typeof names[number];

/** What a stage begins with. */
export interface SharingSettings {
  readonly maxBytes?: number | null;
  readonly maxMessages?: number | null;
}

/** A store with three accounts, and as many clients of each as a test connects. */
export class SharingStage {
  readonly temp: TempStore;
  readonly clock = new FakeClock();
  readonly errors: string[] = [];
  readonly #ids = new Map<string, number>();
  readonly #running: Promise<void>[] = [];
  readonly #mail: StoreMail[] = [];
  readonly #stop = new AbortController();
  readonly #metrics = imapMetrics(new Metrics());

  private constructor(temp: TempStore) {
    this.temp = temp;
  }

  static async make({ maxBytes = null, maxMessages = null }: SharingSettings = {}): Promise<SharingStage> {
    // It stands still, as the sessions' does: what comes to a client was told, nobody looked it up now and then.
    const stage = new SharingStage(tempStore({ clock: new FakeClock(Date.now()) }));
    for (const name of names) {
      stage.#ids.set(name, await ensureAccount(stage.temp.store, { name, maxBytes, maxMessages }));
    }
    return stage;
  }

  /** The store's interface for a new session of an account, as a front has it. */
  mail(name: AccountName): StoreMail {
    const mail = new StoreMail(this.temp.store, this.#ids.get(name) ?? 0, () => {}, {
      accountOfLogin: (login) => /^(.*)@example\.org$/.exec(login)?.[1] ?? null,
      serverAnnotations: new Map([["/shared/admin", utf8("mailto:postmaster@example.org")]]),
    });
    this.#mail.push(mail);
    return mail;
  }

  /**
   * A client that has signed in.
   *
   * @param random From 0 up to 1: then everything that its session waits for comes late, by chance.
   */
  async client(
    name: AccountName,
    mailbox: string | null = null,
    random: (() => number) | null = null,
  ): Promise<StageClient> {
    const authenticator = new MemoryAuthenticator(name, "secret");
    const { server, client } = memoryTransports({ secure: true, clock: this.clock });
    const mail = this.mail(name);
    const services = {
      authenticator,
      openMail: (): Mail => random === null ? mail : lateMail(mail, random),
    };
    const transport = random === null ? server : lateTransport(server, random);
    this.#running.push(serveImap(transport, services, testSettings, {
      log: createLog({ level: "error", format: "text" }, () => 0, (_level, line) => this.errors.push(line)),
      clock: this.clock,
      metrics: this.#metrics,
      stopping: this.#stop.signal,
    }));
    const reader = new StageClient(client);
    await reader.line();
    assert.match(await reader.command(`LOGIN ${name} secret`), /^= OK /);
    if (mailbox !== null) assert.match(await reader.command(`SELECT ${JSON.stringify(mailbox)}`), /^= OK /m);
    return reader;
  }

  /** A message of `messages.ts`, as a client stores it. */
  async put(name: AccountName, mailbox: string, message: string, bits = 0): Promise<number> {
    const mail = this.mail(name);
    const content = latin1(messages[message] ?? message);
    const id = (await mail.find({ name: mailbox }))?.id ?? 0;
    const { to } = await mail.append({
      mailbox: id,
      messages: [{ bits, keywords: [], internalDate: 0, index: indexOf(content), content, spool: null }],
    });
    return to[0] ?? 0;
  }

  /** Ends all; fails if the store is not consistent or a bug was logged. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
    for (const mail of this.#mail) await mail.close();
    await this.temp.close();
    assert.deepEqual(this.errors, []);
  }
}

/** A client that reads lines. */
export class StageClient {
  readonly #transport: MemoryTransport;
  #last = 0;
  #read = "";

  constructor(transport: MemoryTransport) {
    this.#transport = transport;
  }

  send(text: string): Promise<void> {
    return this.#transport.write(utf8(text));
  }

  /** The next line, whenever it comes; null at the end of the connection. */
  async line(): Promise<string | null> {
    for (;;) {
      const end = this.#read.indexOf("\r\n");
      if (end !== -1) {
        const line = this.#read.slice(0, end);
        this.#read = this.#read.slice(end + 2);
        return line;
      }
      const piece: Bytes | null = await this.#transport.read().catch(() => null);
      if (piece === null) return null;
      this.#read += fromUtf8(concat([piece]));
    }
  }

  /** Lines up to one that matches, it included. */
  async until(end: RegExp): Promise<string> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.line();
      if (line === null) return [...lines, "(closed)"].join("\n");
      lines.push(line);
      if (end.test(line)) return lines.join("\n");
    }
  }

  /** The whole answer, lines joined by \n; the tag of the last is `=`. */
  async command(text: string): Promise<string> {
    const tag = `t${++this.#last}`;
    await this.send(`${tag} ${text}\r\n`);
    const answer = await this.until(new RegExp(`^${tag} `));
    return answer.replace(new RegExp(`(^|\n)${tag} `), "$1= ");
  }

  /** What came without being asked for, once nothing more does. */
  async pending(): Promise<string> {
    for (let i = 0; i < 20; i++) await settle();
    while (this.#transport.buffered > 0) {
      const piece = await this.#transport.read();
      if (piece === null) break;
      this.#read += fromUtf8(piece);
      await settle();
    }
    const text = this.#read.trimEnd().replaceAll("\r\n", "\n");
    this.#read = "";
    return text;
  }
}

/** A test with a stage of its own, which must be consistent afterwards. */
export function staged(
  name: string,
  test: (stage: SharingStage) => Promise<void>,
  settings: SharingSettings = {},
): void {
  Deno.test(name, async () => {
    const stage = await SharingStage.make(settings);
    try {
      await test(stage);
    } finally {
      await stage.close();
    }
  });
}
