/**
 * A server core for model runs: the store in a temporary folder, the session code, and transports in memory.
 *
 * Tested by `src/imapd/model_test.ts`.
 *
 * @module
 */
import { type MemoryTransport, memoryTransports } from "../../../tests/support/memory_transport.ts";
import { ensureAccount } from "../../accounts/accounts.ts";
import { StoreMail } from "../../accounts/mail_store.ts";
import { fromLatin1, latin1 } from "../../base/bytes.ts";
import { createLog } from "../../base/log.ts";
import { Metrics } from "../../base/metrics.ts";
import { HistoryCutter } from "../../store/history.ts";
import { realClock, type TempStore, tempStore } from "../../store/testing/temp_store.ts";
import { DeflateTransport } from "../../net/deflate_transport.ts";
import type { Transport } from "../../net/transport.ts";
import { imapMetrics } from "../metrics.ts";
import { serveImap } from "../serve_imap.ts";
import type { Wire } from "./follower.ts";
import { testSettings } from "./imap_stage.ts";
import { lateMail, lateTransport } from "./late.ts";
import { MemoryAuthenticator } from "./memory_authenticator.ts";
import type { Stage } from "./model_player.ts";
import { mailboxNames } from "./model_run.ts";

/** A store, on which many runs can be made, each with an account of its own. */
export class ModelStore {
  readonly #temp: TempStore = tempStore();
  readonly #metrics = imapMetrics(new Metrics());
  /** Sessions, each with its client's end. */
  readonly #running = new Map<Promise<void>, MemoryTransport>();
  readonly #errors: string[] = [];
  #accounts = 0;

  /**
   * A new account.
   *
   * @param random From 0 up to 1: then everything that a session waits for comes late, by chance.
   */
  async stage(random: (() => number) | null = null): Promise<Stage> {
    const { store } = this.#temp;
    const mailboxes = mailboxNames.map((name) => ({
      name: name === "INBOX" ? "Inbox" : name,
      specialUse: "",
    }));
    const name = `account${++this.#accounts}`;
    const guest = `guest${this.#accounts}`;
    const owner = await this.#account(name, mailboxes, random);
    const other = await this.#account(guest, mailboxes, random);
    return {
      ...owner,
      guest: { ...other, name: guest, prefix: `Other Users/${name}/` },
      cutHistory: (count) =>
        new HistoryCutter(store, { days: 1000, messages: count }).run({
          place: "",
          signal: new AbortController().signal,
          keep: () => Promise.resolve(),
          pause: () => Promise.resolve(),
        }),
    };
  }

  async #account(
    name: string,
    mailboxes: readonly { name: string; specialUse: string }[],
    random: (() => number) | null,
  ): Promise<{ login: string; connect: () => Promise<Wire> }> {
    const { store } = this.#temp;
    const accountId = await ensureAccount(store, { name, maxBytes: null, mailboxes });
    const authenticator = new MemoryAuthenticator();
    const openMail = () => {
      const mail = new StoreMail(store, accountId);
      return random === null ? mail : lateMail(mail, random);
    };
    const services = { authenticator, openMail };
    return {
      login: `${authenticator.user} ${authenticator.password}`,
      connect: () => {
        const { server, client } = memoryTransports({ secure: true });
        const log = createLog(
          { level: "error", format: "text" },
          () => 0,
          (_level, line) => this.#errors.push(line),
        );
        const environment = {
          log,
          clock: realClock,
          metrics: this.#metrics,
          stopping: new AbortController().signal,
        };
        const transport = random === null ? server : lateTransport(server, random);
        const running = serveImap(transport, services, testSettings, environment);
        this.#running.set(running, client);
        void running.then(() => this.#running.delete(running));
        return Promise.resolve(wireOf(client));
      },
    };
  }

  /** Waits for all sessions to end; fails if a bug was logged or the store is not consistent. */
  async close(): Promise<void> {
    for (const [running, client] of this.#running) {
      await client.close();
      await running;
    }
    await this.#temp.close();
    if (this.#errors.length > 0) throw new Error(this.#errors.join("\n"));
  }
}

function wireOf(plain: MemoryTransport): Wire {
  let transport: Transport = plain;
  return {
    send: (text) => transport.write(latin1(text)),
    receive: async () => {
      const bytes = await transport.read();
      return bytes === null ? null : fromLatin1(bytes);
    },
    close: () => transport.close(),
    compress() {
      transport = new DeflateTransport(plain);
    },
  };
}
