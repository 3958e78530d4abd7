/**
 * `localserve`: a mail server for this machine, without any configuration.
 *
 * @module
 */
import { isAbsolute, join, resolve } from "node:path";
import { parseIp } from "../base/ip_address.ts";
import { createLog } from "../base/log.ts";
import { systemClock } from "../net/system_clock.ts";
import { type LocalBoot, newAdminCapability } from "../roles/boot.ts";
import { grants } from "../roles/grants.ts";
import { bootDns } from "../server/dns_servers.ts";
import { fileProblem } from "../server/file_problem.ts";
import { readIdKey } from "../server/id_key.ts";
import { type Installation, prepareRun, readInstallation } from "../server/installation.ts";
import { localAccount, makeLocalserveFolder } from "../server/localserve_folder.ts";
import { openFileLimit } from "../server/open_file_limit.ts";
import { ParserHost } from "../server/parser_host.ts";
import { startRole } from "../server/role_process.ts";
import { shutdownSignal } from "../server/shutdown_signal.ts";
import { type Command, type Output, UsageError } from "./command.ts";
import { CommandError } from "./command_error.ts";
import { lockInstallation } from "./one_server.ts";
import { localSummary } from "./local_summary.ts";
import { version } from "./version.ts";

export const command: Command = {
  words: "localserve",
  summary: "run a mail server on this machine, without any configuration",
  help: `
For developers and for a first look. On the first start it makes its folder, with a self-signed certificate and
configuration files, then serves SMTP, submission and IMAP on ports from 1025 up, takes mail for any address, and
keeps it in one account (${localAccount.address}, password ${localAccount.password}). A page at http://localhost:1080/ shows
all of this. The next start finds everything again; to begin anew, delete the folder.

Local parts such as temperror@, permerror@ and timeout@ make failures on request, and queuepermerror@ a bounce; the page
tells how.`,
  options: {
    dir: {
      type: "string",
      value: "DIR",
      doc: "the folder (default: mailden-localserve in your configuration folder)",
    },
    ip: {
      type: "string",
      value: "ADDRESS",
      doc: "listen on this address instead of 127.0.0.1 and ::1; only when the folder is made",
    },
    initonly: { type: "boolean", doc: "make the folder, and stop" },
  },
  async run(args, output) {
    const folder = resolve(args.text("dir") ?? join(configFolder(), "mailden-localserve"));
    const made = await ensureFolder(folder, args.text("ip"));
    const installation = await readInstallation(folder);
    if (args.is("initonly")) {
      output.out(`${folder}: ${made ? "made" : "was there already"}`);
      return 0;
    }
    const lock = lockInstallation(folder);
    try {
      return await serve(installation, made, output);
    } finally {
      lock.release();
    }
  },
};

/** The user's folder for configuration, as the XDG base directory specification and macOS have it. */
function configFolder(): string {
  const xdg = Deno.env.get("XDG_CONFIG_HOME");
  if (xdg !== undefined && isAbsolute(xdg)) return xdg;
  const home = Deno.env.get("HOME");
  if (home === undefined || home === "") throw new CommandError("HOME is not set: say where with --dir DIR.");
  return Deno.build.os === "darwin" ? join(home, "Library", "Application Support") : join(home, ".config");
}

async function ensureFolder(folder: string, ip: string | undefined): Promise<boolean> {
  if (ip !== undefined && parseIp(ip) === null) {
    throw new UsageError(`${ip} is no IP address: write it as 127.0.0.1 or ::1`);
  }
  if (folder.includes(",")) {
    throw new UsageError(`${folder} holds a comma, which separates folders in permissions: choose another`);
  }
  const cannotBeMade = (error: unknown) =>
    new CommandError(`${folder} cannot be made: ${fileProblem(error)}; choose another with --dir DIR`);
  const found = await Deno.stat(folder).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return null;
    throw cannotBeMade(error);
  });
  if (found !== null) {
    if (!found.isDirectory) throw new UsageError(`${folder} is a file: choose a folder with --dir DIR`);
    if (ip !== undefined) {
      throw new UsageError(
        `--ip is only for a new folder: change addresses in ${folder}/mailden.toml, or delete the folder`,
      );
    }
    return false;
  }
  const addresses = ip === undefined ? ["127.0.0.1", "::1"] : [ip];
  await makeLocalserveFolder(folder, addresses, Date.now()).catch((error) => {
    throw cannotBeMade(error);
  });
  return true;
}

/** Starts the server with exactly its grants, and waits for its end or a signal. */
async function serve(installation: Installation, made: boolean, output: Output): Promise<number> {
  const [dns, openFiles] = await Promise.all([bootDns(installation.config), openFileLimit()]);
  const places = await prepareRun(installation, dns);
  const boot: LocalBoot = {
    config: installation.config,
    domains: installation.domains,
    places,
    version,
    folder: installation.folder,
    certificates: installation.certificates,
    relayCertificates: installation.relayCertificates,
    idKey: await readIdKey(installation.folder),
    dns,
    openFiles,
    adminCapability: newAdminCapability(),
  };
  const signal = shutdownSignal();
  const { logLevel, logFormat } = installation.config;
  const parser = new ParserHost({
    clock: systemClock,
    log: createLog({ level: logLevel, format: logFormat }, Date.now, (_level, line) => output.error(line), {
      role: "parser",
    }),
    write: (bytes) => void role.write(bytes).catch(() => {}),
  });
  const role = startRole({
    name: "localserve",
    entry: new URL("../roles/local_main.ts", import.meta.url),
    grant: grants.local(places),
    boot,
    output: (bytes) => parser.take(bytes),
  });
  // From here on nothing is read or looked up any more, and the parser alone is started.
  for (const name of ["env", "write", "read"] as const) await Deno.permissions.revoke({ name });
  try {
    await role.ready;
  } catch (error) {
    signal.release();
    throw new CommandError(
      `The server could not start; what stands above tells why. (${(error as Error).message})`,
    );
  }
  output.out(localSummary(installation, made));
  const code = await Promise.race([role.ended, signal.asked.then(() => null)]);
  if (code === null) await role.stop();
  await parser.stop();
  signal.release();
  return code ?? 0;
}
