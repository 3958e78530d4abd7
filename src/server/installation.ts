/**
 * An installation: the folder with `mailden.toml`, `domains.toml` and the certificates, read and checked.
 *
 * Only the supervisor and the commands read it; roles are handed what they need.
 *
 * Tested by `tests/scenarios/localserve_test.ts`.
 *
 * @module
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { utf8 } from "../base/bytes.ts";
import { ownCertificateFiles } from "../config/transport_config.ts";
import { ConfigError, type PlacedProblem, readConfig } from "../config/load.ts";
import { checkDynamic, type DynamicConfig, dynamicSchema } from "../config/dynamic_config.ts";
import { checkRoutes } from "../config/route_config.ts";
import {
  checkStatic,
  type Listener,
  services,
  type StaticConfig,
  staticSchema,
} from "../config/static_config.ts";
import { type BootDns, dnsGrant } from "../roles/boot_dns.ts";
import type { Places } from "../roles/grants.ts";
import { checkDestinationMailboxes } from "./destination_mailboxes.ts";
import { makeFolders, syncFolder } from "./durable_file.ts";
import { fileProblem } from "./file_problem.ts";
import { fromFileUrl } from "./file_url.ts";
import type { PemPair } from "../tls/self_signed.ts";

export interface Installation {
  /** Absolute. */
  readonly folder: string;
  readonly config: StaticConfig;
  readonly domains: DynamicConfig;
  /** Absolute path of the data folder. */
  readonly data: string;
  /** Absolute path of `domains.toml`. */
  readonly domainsFile: string;
  /** Our own certificates for relays that ask for one, by the transport's name. */
  readonly relayCertificates: Readonly<Record<string, PemPair>>;
  /** Certificates of each listener that has TLS, by its name. */
  readonly certificates: Readonly<Record<string, readonly PemPair[]>>;
}

/**
 * Reads and checks everything.
 *
 * @throws {ConfigError} With all faults of one file, or of all certificates.
 */
export async function readInstallation(folder: string): Promise<Installation> {
  const root = resolve(folder);
  const staticFile = join(root, "mailden.toml");
  const domainsFile = join(root, "domains.toml");
  const config = readConfig(await readText(staticFile), staticFile, staticSchema, checkStatic);
  const domains = readConfig(await readText(domainsFile), domainsFile, dynamicSchema, (read) => [
    ...checkDynamic(read),
    ...checkDestinationMailboxes(read),
    ...checkRoutes(read, config.transports),
  ]);
  const problems: PlacedProblem[] = [];
  const certificates: Record<string, PemPair[]> = {};
  for (const [name, listener] of Object.entries(config.listeners)) {
    const pairs = await readCertificates(root, name, listener, problems);
    if (pairs.length > 0) certificates[name] = pairs;
  }
  const relayCertificates: Record<string, PemPair> = {};
  for (const { name, path, certFile, keyFile } of ownCertificateFiles(config.transports)) {
    const pair = await readPair(root, path, { certFile, keyFile }, problems);
    if (pair !== null) relayCertificates[name] = pair;
  }
  const account = config.localserve?.account;
  if (account !== undefined && !Object.hasOwn(domains.accounts, account)) {
    problems.push({
      line: 1,
      path: "localserve.account",
      message: `there is no account ${account} in domains.toml`,
    });
  }
  if (problems.length > 0) throw new ConfigError(staticFile, problems);
  return {
    folder: root,
    config,
    domains,
    data: within(root, config.dataDir),
    domainsFile,
    certificates,
    relayCertificates,
  };
}

function within(root: string, path: string): string {
  return isAbsolute(path) ? path : join(root, path);
}

async function readText(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    throw new ConfigError(file, [{
      line: 1,
      path: "(file)",
      message: `cannot be read: ${fileProblem(error)}; is ${dirname(file)} the folder of the configuration?`,
    }]);
  }
}

async function readCertificates(
  root: string,
  name: string,
  listener: Listener,
  problems: PlacedProblem[],
): Promise<PemPair[]> {
  const pairs: PemPair[] = [];
  for (const [i, files] of (listener.tls?.keyCerts ?? []).entries()) {
    const pair = await readPair(root, `listeners.${name}.tls.keyCerts[${i}]`, files, problems);
    if (pair !== null) pairs.push(pair);
  }
  return pairs;
}

/** A certificate and its key; null, and a problem more, if they cannot be used. */
async function readPair(
  root: string,
  path: string,
  { certFile, keyFile }: { readonly certFile: string; readonly keyFile: string },
  problems: PlacedProblem[],
): Promise<PemPair | null> {
  try {
    const cert = await Deno.readTextFile(within(root, certFile));
    const key = await Deno.readTextFile(within(root, keyFile));
    if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
      return { chainPem: cert, keyPem: key };
    }
    problems.push({ line: 1, path, message: `${keyFile} is not the key of ${certFile}` });
  } catch (error) {
    const message = `${certFile} and ${keyFile} cannot be used: ${fileProblem(error)}`;
    problems.push({ line: 1, path, message });
  }
  return null;
}

/** Octets; longer paths are refused by the system for sockets (sun_path). */
const maxSocketPath = 100;

/** Whether all sockets can be in a folder. */
function hasRoom(folder: string): boolean {
  return utf8(`${folder}/metrics.sock`).length <= maxSocketPath;
}

const controlSocketName = "ctl.sock";

function runFolder(folder: string): string {
  return join(folder, "run");
}

/** Where the control socket of an installation is, if a server was started there. @throws If none was. */
export async function findControlSocket(folder: string): Promise<string> {
  const path = join(await Deno.realPath(runFolder(resolve(folder))), controlSocketName);
  await Deno.stat(path);
  return path;
}

/** How names of folders of sockets begin, in temporary folders. */
const shortPrefix = "mailden-";

/** A new folder for sockets: where the system has its temporary files, or in /tmp where TMPDIR is too long as well. */
async function shortFolder(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: shortPrefix });
  if (hasRoom(folder)) return folder;
  await Deno.remove(folder);
  return await Deno.makeTempDir({ dir: "/tmp", prefix: shortPrefix });
}

/**
 * Leaves a link where the sockets would be, for commands look there. Where something else is, the server goes without. The
 * folder that an earlier start made, whose server is gone, is removed.
 */
async function pointTo(run: string, folder: string): Promise<void> {
  const before = await Deno.readLink(run).catch(() => "");
  if (dirname(before) === dirname(folder) && basename(before).startsWith(shortPrefix)) {
    await Deno.remove(before, { recursive: true }).catch(() => {});
  }
  await Deno.remove(run).catch(() => {});
  await Deno.symlink(folder, run).catch(() => {});
}

/**
 * Where everything is, for the grants. Creates the folder of sockets: beside the configuration, or (where that
 * path is too long for a socket) in a temporary folder; and beside the configuration the front's own.
 */
export async function prepareRun(
  installation: Installation,
  dns: BootDns,
): Promise<Places & { readonly run: string }> {
  let run = runFolder(installation.folder);
  if (!hasRoom(run)) {
    const short = await shortFolder();
    await pointTo(run, short);
    run = short;
  }
  await Deno.mkdir(run, { recursive: true, mode: 0o750 });
  // The store, which acknowledges what is in it, has no right to the folder around it. Some file systems sync no folder.
  await makeFolders(installation.data, (folder) => syncFolder(folder).catch(() => {}));
  const front = join(installation.folder, "front");
  await Deno.mkdir(front, { recursive: true, mode: 0o700 });
  // What a crash left behind: a socket file that nobody listens on would refuse the new one.
  for (const name of ["store.sock", controlSocketName, "web.sock", "metrics.sock"]) {
    await Deno.remove(join(run, name)).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
  return {
    run,
    listen: Object.values(installation.config.listeners).flatMap((listener) =>
      services(listener).flatMap(([, port]) =>
        listener.addresses.map((address) =>
          address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`
        )
      )
    ),
    data: installation.data,
    front,
    domains: installation.domainsFile,
    storeSocket: join(run, "store.sock"),
    controlSocket: join(run, controlSocketName),
    program: fromFileUrl(new URL("../", import.meta.url)),
    webSockets: [join(run, "web.sock"), join(run, "metrics.sock")],
    // Mail for others goes to any host; localserve sends none.
    outbound: installation.config.localserve === null ? "any" : dnsGrant(dns),
  };
}
