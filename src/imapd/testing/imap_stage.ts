/**
 * An IMAP server over memory transports and the twins, for tests.
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import { FakeClock } from "../../../tests/support/fake_clock.ts";
import {
  type MemorySettings,
  type MemoryTransport,
  memoryTransports,
} from "../../../tests/support/memory_transport.ts";
import { type Bytes, latin1, utf8 } from "../../base/bytes.ts";
import { createLog } from "../../base/log.ts";
import { Metrics } from "../../base/metrics.ts";
import { flagBits } from "../../imap/flags.ts";
import { Indexer } from "../../message/indexer.ts";
import { imapMetrics } from "../metrics.ts";
import { serveImap } from "../serve_imap.ts";
import type { ImapServices, ImapSettings } from "../settings.ts";
import { MemoryAuthenticator } from "./memory_authenticator.ts";
import { MemoryMail } from "./memory_mail.ts";
import type { MemoryMailSettings } from "./memory_settings.ts";
import { messages } from "./messages.ts";

/** Settings of most tests: STARTTLS, and passwords only with TLS. */
export const testSettings: ImapSettings = {
  service: "imap",
  startTls: true,
  plainWithoutTls: false,
  mechanisms: ["EXTERNAL", "SCRAM-SHA-256", "PLAIN"],
};

/** A server, its account, and as many clients as a test connects. */
export class ImapStage {
  readonly clock = new FakeClock();
  readonly authenticator = new MemoryAuthenticator();
  readonly mail: MemoryMail;
  readonly metrics = new Metrics();
  readonly stop = new AbortController();
  readonly running: Promise<void>[] = [];
  /** Lines of level `error`. */
  readonly errors: string[] = [];
  readonly services: ImapServices;
  readonly #imapMetrics = imapMetrics(this.metrics);

  constructor(settings: Partial<MemoryMailSettings> = {}, names: readonly string[] | null = null) {
    this.mail = new MemoryMail({ now: () => this.clock.now(), ...settings }, names);
    this.services = { authenticator: this.authenticator, openMail: () => this.mail };
  }

  /** A new connection; `running` gains what resolves when it has ended. */
  connect(settings: Partial<ImapSettings> = {}, transport: MemorySettings = {}): MemoryTransport {
    const { server, client } = memoryTransports({ secure: true, clock: this.clock, ...transport });
    const environment = {
      log: createLog({ level: "error", format: "text" }, () => 0, (_level, line) => this.errors.push(line)),
      clock: this.clock,
      metrics: this.#imapMetrics,
      stopping: this.stop.signal,
    };
    this.running.push(serveImap(server, this.services, { ...testSettings, ...settings }, environment));
    return client;
  }

  /** A message of `messages.ts`, delivered. */
  deliver(mailbox: string, name: string): number {
    const text = messages[name];
    if (text === undefined) throw new TypeError(`no message ${name}`);
    const bytes = latin1(text);
    return this.mail.deliver(mailbox, bytes, indexOf(bytes), utf8(`Return-Path: <${name}@example.net>\r\n`));
  }

  /** What another session does, in words: see the transcripts. Tells whether it knew them. */
  async other(words: readonly string[]): Promise<boolean> {
    const [verb = "", name = "", ...rest] = words;
    const mailbox = async () =>
      (await this.mail.list({})).mailboxes.find((each) => each.name === name)?.id ?? 0;
    const uids = (text: string | undefined) =>
      (text ?? "").split(":").concat(text ?? "").slice(0, 2).map(Number);
    switch (verb) {
      case "deliver":
        for (const message of rest) this.deliver(name, message);
        return true;
      case "flag": {
        const keywords = rest.slice(1).filter((flag) => !(flag in flagBits));
        const bits = rest.slice(1).reduce((sum, flag) => sum | (flagBits[flag] ?? 0), 0);
        await this.mail.storeFlags({
          mailbox: await mailbox(),
          uids: uids(rest[0]),
          mode: "replace",
          bits,
          keywords,
          unchangedSince: null,
        });
        return true;
      }
      case "expunge": {
        const request = { mailbox: await mailbox(), uids: uids(rest[0]) };
        await this.mail.storeFlags({ ...request, mode: "add", bits: 8, keywords: [], unchangedSince: null });
        await this.mail.expunge(request);
        return true;
      }
      case "forget":
        this.mail.forgetExpunged(name);
        return true;
      case "damage":
        for (const message of this.mail.messages(name)) {
          if (message.uid === Number(rest[0])) message.email.damaged = true;
        }
        return true;
      case "create":
        await this.mail.create({ name, specialUse: [] });
        return true;
      case "delete":
        await this.mail.delete({ name });
        return true;
      case "rename":
        await this.mail.rename({ from: name, to: rest[0] ?? "" });
        return true;
      case "subscribe":
      case "unsubscribe":
        await this.mail.subscribe({ name, subscribed: verb === "subscribe" });
        return true;
      case "limit":
        this.authenticator.isLimited = true;
        return true;
      case "disable":
        this.authenticator.nextFailure = { reason: "accountDisabled", text: "gone fishing" };
        return true;
      case "stop":
        this.stop.abort();
        return true;
      default:
        return false;
    }
  }

  /** All connections have ended, and nothing of them is left. */
  async assertEnded(): Promise<void> {
    await Promise.all(this.running);
    const left = {
      capabilities: this.authenticator.open.size,
      exchanges: this.authenticator.exchanges.size,
      listeners: this.mail.listeners,
      spools: this.mail.spools,
      timers: this.clock.pending,
    };
    if (Object.values(left).some((count) => count > 0)) throw new Error(`left over: ${JSON.stringify(left)}`);
  }
}

/** The index of a whole message. */
export function indexOf(bytes: Bytes) {
  const indexer = new Indexer();
  indexer.write(bytes);
  return indexer.end();
}
