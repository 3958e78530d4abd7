/**
 * The supervisor of `mailden serve`: starts store and front as processes, and starts again what ends.
 *
 * It reads the configuration and the key files, hands each role its part, and never sees a byte from the
 * network. A parser it starts when the store asks for one (`parser_host.ts`). A front that ends takes its connections along and nothing else; a store that ends comes back with
 * everything that was acknowledged, and the front, which stays, repeats what had no answer.
 *
 * Tested by `tests/scenarios/kill_test.ts`.
 *
 * @module
 */
import type { Log } from "../base/log.ts";
import { withoutSecrets } from "../config/transport_config.ts";
import { type Boot, type FrontBoot, newAdminCapability, type StoreBoot } from "../roles/boot.ts";
import { grantFlags, grants } from "../roles/grants.ts";
import { bootDns } from "./dns_servers.ts";
import { readIdKey } from "./id_key.ts";
import { type Installation, prepareRun } from "./installation.ts";
import { systemClock } from "../net/system_clock.ts";
import { openFileLimit } from "./open_file_limit.ts";
import { ParserHost } from "./parser_host.ts";
import { type RoleProcess, type RoleStart, startRole } from "./role_process.ts";

/** The first wait before a role is started again; doubles up to the last. */
const firstRestartMs = 100;
const lastRestartMs = 30_000;

/** A role that ran for so long begins with the first wait again. */
const steadyMs = 60_000;

export interface Supervisor {
  /** The processes that run now, by role. */
  pids(): Readonly<Record<string, number>>;
  /** Stops front, then store. */
  stop(): Promise<void>;
}

/**
 * By how many percent an old generation may grow over what lives in it before it is collected; V8 itself lets it be four times
 * that. With 20,000 messages on their way out all processes held 320 MB, of which 20 to 30 lived in each; now 240 to 246. The
 * price is processor time of mail that comes in: nothing to a tenth at 2 KB, a third for the front at 50 KB. Who develops
 * has the memory: localserve goes without.
 */
const heapFlags = ["--heap-growing-percent=60"];

/**
 * Starts the roles; returns when they serve.
 *
 * @throws If one of them cannot start at all: then the other is stopped again.
 */
export async function supervise(installation: Installation, version: string, log: Log): Promise<Supervisor> {
  const [dns, openFiles] = await Promise.all([bootDns(installation.config), openFileLimit()]);
  const places = await prepareRun(installation, dns);
  const boot: Boot = {
    config: installation.config,
    domains: installation.domains,
    places,
    version,
    folder: installation.folder,
  };
  const storeBoot: StoreBoot = {
    ...boot,
    config: { ...boot.config, transports: withoutSecrets(boot.config.transports) },
    adminCapability: newAdminCapability(),
  };
  const frontBoot: FrontBoot = {
    ...boot,
    certificates: installation.certificates,
    relayCertificates: installation.relayCertificates,
    idKey: await readIdKey(installation.folder),
    dns,
    openFiles,
  };
  const parser = new ParserHost({
    clock: systemClock,
    log: log.with({ role: "parser" }),
    write: (bytes) => store.write(bytes),
  });
  const store: Kept = new Kept(
    {
      name: "store",
      entry: new URL("../roles/store_main.ts", import.meta.url),
      grant: grants.store(places),
      boot: storeBoot,
      v8Flags: heapFlags,
      output: (bytes) => parser.take(bytes),
    },
    log,
    () => parser.begin(),
  );
  const front = new Kept({
    name: "front",
    entry: new URL("../roles/front_main.ts", import.meta.url),
    grant: grants.front(places),
    boot: frontBoot,
    v8Flags: heapFlags,
  }, log);
  try {
    await store.start();
    await front.start();
  } catch (error) {
    await front.stop();
    await store.stop();
    await parser.stop();
    throw error;
  }
  return {
    pids: () => ({ store: store.pid, front: front.pid, parser: parser.pid }),
    async stop() {
      await front.stop();
      await store.stop();
      await parser.stop();
    },
  };
}

/** A role that is kept running. */
class Kept {
  readonly #start: RoleStart;
  readonly #log: Log;
  readonly #begin: () => void;
  #process: RoleProcess | null = null;
  #stopping = false;
  #waitMs = firstRestartMs;
  #wake = () => {};

  /** @param begin Called before each start. */
  constructor(start: RoleStart, log: Log, begin: () => void = () => {}) {
    this.#start = start;
    this.#begin = begin;
    this.#log = log.with({ role: start.name });
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** The first start, which must succeed. */
  async start(): Promise<void> {
    this.#log.info("starting role with these grants alone", { grants: grantFlags(this.#start.grant) });
    this.#begin();
    const process = startRole(this.#start);
    this.#process = process;
    await process.ready;
    this.#log.info("role serves", { pid: process.pid });
    void this.#watch(process);
  }

  /** Writes to the standard input of the process that runs now; one that ends does without. */
  write(bytes: Uint8Array): void {
    this.#process?.write(bytes).catch(() => {});
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    await this.#process?.stop();
  }

  async #watch(first: RoleProcess): Promise<void> {
    let process = first;
    for (;;) {
      const since = performance.now();
      const code = await process.ended;
      if (this.#stopping) return;
      if (performance.now() - since > steadyMs) this.#waitMs = firstRestartMs;
      this.#log.error("role ended, is started again", { code, waitMs: this.#waitMs });
      await this.#pause(this.#waitMs);
      if (this.#stopping) return;
      this.#waitMs = Math.min(this.#waitMs * 2, lastRestartMs);
      this.#begin();
      process = startRole(this.#start);
      this.#process = process;
      process.ready.then(
        () => this.#log.info("role serves again", { pid: process.pid }),
        (error) => this.#log.error("role could not be started", { error }),
      );
    }
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }
}
