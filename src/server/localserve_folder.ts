/**
 * The folder of localserve, made on its first start: certificate, keys and configuration files.
 *
 * Tested by `tests/scenarios/localserve_test.ts`.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { base64Url } from "../base/bytes.ts";
import { createSelfSigned } from "../tls/self_signed.ts";
import { makeFolders, syncFolder, writeNew } from "./durable_file.ts";

/** What localserve is known by; shown on its page and in its output. */
export const localAccount = {
  name: "mailden",
  address: "mailden@localhost",
  password: "maildenmailden",
  adminPassword: "maildenadmin",
} as const;

const yearMs = 365 * 86_400_000;

/**
 * Makes the folder. It appears under its name only when it is whole, so that a crash leaves nothing half-made.
 *
 * @param ips Addresses to listen on.
 * @throws If the folder exists or cannot be made.
 */
export async function makeLocalserveFolder(
  folder: string,
  ips: readonly string[],
  now: number,
): Promise<void> {
  const making = `${folder}.new-${base64Url(crypto.getRandomValues(new Uint8Array(6)))}`;
  await makeFolders(dirname(making));
  await Deno.mkdir(making, { mode: 0o700 });
  try {
    // Valid from an hour ago: clocks of virtual machines differ.
    const pair = createSelfSigned({
      names: ["localhost"],
      addresses: [...new Set(["127.0.0.1", "::1", ...ips.filter((ip) => ip !== "0.0.0.0" && ip !== "::")])],
      notBefore: now - 3_600_000,
      notAfter: now + 4 * yearMs,
      serial: crypto.getRandomValues(new Uint8Array(16)),
    });
    await writeNew(join(making, "localhost.key"), pair.keyPem);
    await writeNew(join(making, "localhost.crt"), pair.chainPem);
    await writeNew(join(making, "mailden.toml"), staticFile(ips));
    await writeNew(join(making, "domains.toml"), domainsFile);
    // Files and their names first, then the folder's own name: it is never there half-made, power loss included.
    await syncFolder(making);
    await Deno.rename(making, folder);
    await syncFolder(dirname(folder));
  } catch (error) {
    await Deno.remove(making, { recursive: true });
    throw error;
  }
}

/** Ports of the reference's localserve: 1000 above the usual ones. */
function staticFile(ips: readonly string[]): string {
  return `# Configuration of 'mailden localserve', for development on one machine.
# 'mailden config example mailden.toml' explains every setting. Restart after changes.

hostname = "localhost"
dataDir = "data"
logLevel = "info"

# No DNS server is asked: this server's own names are all that there is. "off" asks those of the system.
[dns]
mode = "local"

[listeners.local]
addresses = ${JSON.stringify(ips)}

[listeners.local.tls]
keyCerts = [{ certFile = "localhost.crt", keyFile = "localhost.key" }]

[listeners.local.smtp]
port = 1025
${generousLimits}
[listeners.local.submission]
port = 1587
noRequireStartTls = true
${generousLimits}
[listeners.local.submissions]
port = 1465
${generousLimits}
[listeners.local.imap]
port = 1143
noRequireStartTls = true
${generousLimits}
[listeners.local.imaps]
port = 1993
${generousLimits}
[listeners.local.http]
port = 1080

[listeners.local.https]
port = 1443

[listeners.local.metrics]
port = 1081

# Takes mail for any address, fails on request, and shows the passwords on its page.
[localserve]
account = "${localAccount.name}"
password = "${localAccount.password}"
adminPassword = "${localAccount.adminPassword}"
`;
}

/** On one's own machine a program under test may well open hundreds of connections. */
const generousLimits = `connectionsPerMinute = [1000000, 1000000, 1000000]
openConnections = [2000, 2000, 2000]
`;

const domainsFile =
  `# Domains, accounts and addresses. 'mailden config example domains.toml' explains every setting.

[domains.localhost]
weakMechanisms = true

[domains.localhost.dkim]
sign = ["localserve"]

[domains.localhost.dkim.selectors.localserve]
privateKeyFile = "localserve.key"

[accounts.${localAccount.name}]
domain = "localhost"
fullName = "mailden"

[accounts.${localAccount.name}.destinations]
"${localAccount.address}" = {}
`;
