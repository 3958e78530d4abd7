/**
 * A server core for model runs: the store in a temporary folder, the session code, and transports in memory.
 *
 * Tested by `src/imapd/model_test.ts`.
 *
 * @module
 */
import { type MemoryTransport, memoryTransports } from "../../../tests/support/memory_transport.ts";
import { ensureAccount } from "../../accounts/accounts.ts";
import { type Mail, mailMethods } from "../../accounts/mail.ts";
import { StoreMail } from "../../accounts/mail_store.ts";
import { fromLatin1, latin1 } from "../../base/bytes.ts";
import { createLog } from "../../base/log.ts";
import { Metrics } from "../../base/metrics.ts";
import { HistoryCutter } from "../../store/history.ts";
import { realClock, type TempStore, tempStore } from "../../store/testing/temp_store.ts";
import { imapMetrics } from "../metrics.ts";
import { serveImap } from "../serve_imap.ts";
import type { Wire } from "./follower.ts";
import { testSettings } from "./imap_stage.ts";
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
   * @param disturb What is put between sessions and their mail, such as delays.
   */
  async stage(disturb: (mail: Mail) => Mail = (mail) => mail): Promise<Stage> {
    const { store } = this.#temp;
    const mailboxes = mailboxNames.map((name) => ({
      name: name === "INBOX" ? "Inbox" : name,
      specialUse: "",
    }));
    const name = `account${++this.#accounts}`;
    const accountId = await ensureAccount(store, { name, maxBytes: null, mailboxes });
    const authenticator = new MemoryAuthenticator();
    const services = { authenticator, openMail: () => disturb(new StoreMail(store, accountId)) };
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
        const running = serveImap(server, services, testSettings, environment);
        this.#running.set(running, client);
        void running.then(() => this.#running.delete(running));
        return Promise.resolve(wireOf(client));
      },
      cutHistory: (count) =>
        new HistoryCutter(store, { days: 1000, messages: count }).run({
          place: "",
          signal: new AbortController().signal,
          keep: () => Promise.resolve(),
          pause: () => Promise.resolve(),
        }),
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

function wireOf(client: MemoryTransport): Wire {
  return {
    send: (text) => client.write(latin1(text)),
    receive: async () => {
      const bytes = await client.read();
      return bytes === null ? null : fromLatin1(bytes);
    },
    close: () => client.close(),
  };
}

/**
 * Mail whose calls begin and end late, by chance, and whose changes are heard of late: as it is at the other end of a
 * connection. What was asked for first may be answered last.
 */
export function lateMail(mail: Mail, random: () => number): Mail {
  const late = async () => {
    for (let turns = Math.floor(random() * 4); turns > 0; turns--) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };
  async function* stream(items: AsyncIterable<unknown>): AsyncGenerator<unknown, void, undefined> {
    await late();
    for await (const item of items) {
      await late();
      yield item;
    }
  }
  async function call(begin: () => Promise<unknown>): Promise<unknown> {
    await late();
    const value = await begin();
    await late();
    return value;
  }
  const kinds: Readonly<Record<string, "call" | "stream">> = mailMethods;
  return new Proxy(mail, {
    get(_mail, name) {
      const method: unknown = Reflect.get(mail, name, mail);
      const kind = typeof name === "string" ? kinds[name] : undefined;
      if (typeof method !== "function" || kind === undefined) return method;
      // The table of methods says which of the two each returns.
      return (request: unknown) => {
        const begin = () => Reflect.apply(method, mail, [request]) as unknown;
        return kind === "call"
          ? call(begin as () => Promise<unknown>)
          : stream(begin() as AsyncIterable<unknown>);
      };
    },
  });
}
