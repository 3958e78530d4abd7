/**
 * `serve`: the server of an installation, each role in a process of its own.
 *
 * @module
 */
import { createLog } from "../base/log.ts";
import { ConfigError } from "../config/load.ts";
import { readInstallation } from "../server/installation.ts";
import { shutdownSignal } from "../server/shutdown_signal.ts";
import { supervise } from "../server/supervisor.ts";
import type { Command } from "./command.ts";
import { CommandError } from "./command_error.ts";
import { lockInstallation } from "./one_server.ts";
import { version } from "./version.ts";

export const command: Command = {
  words: "serve",
  summary: "run the server of an installation, each role in a process of its own",
  help: `
Reads mailden.toml, domains.toml and the certificates from the folder, then starts the store (all mail, no network)
and the front (network, no mail), each with exactly the permissions it needs; they are logged at the start. A role
that ends is started again; what was acknowledged is never lost. SIGTERM and Ctrl-C stop everything within three
seconds.`,
  options: {
    config: { type: "string", value: "DIR", doc: "folder of mailden.toml and domains.toml", default: "." },
  },
  async run(args, output) {
    const installation = await readInstallation(args.text("config") ?? ".");
    const lock = lockInstallation(installation.folder);
    const { logLevel, logFormat } = installation.config;
    const log = createLog(
      { level: logLevel, format: logFormat },
      Date.now,
      (_level, line) => output.error(line),
    );
    const signal = shutdownSignal();
    const supervisor = await supervise(installation, version, log).catch((error: Error) => {
      if (error instanceof ConfigError) throw error;
      throw new CommandError(`The server could not start; what stands above tells why. (${error.message})`);
    });
    output.out(`mailden ${version} serves ${installation.folder}; Ctrl-C stops it`);
    log.info("stopping", { signal: await signal.asked });
    await supervisor.stop();
    signal.release();
    lock.release();
    return 0;
  },
};
