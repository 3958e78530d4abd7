/**
 * `mailden sendmail`, called as programs call /usr/sbin/sendmail.
 *
 * @module
 */
import { join } from "./paths.ts";
import { certificate, password, type Ran, run, user } from "./scenario.ts";
import { launch, type TestServer } from "./server.ts";

/** A user's home with a configuration for this server. */
export async function homeFor(
  server: Pick<TestServer, "folder" | "ports">,
  change = (config: string) => config,
): Promise<string> {
  const home = join(server.folder, "..", `home-${crypto.randomUUID().slice(0, 8)}`);
  await Deno.mkdir(join(home, ".config"), { recursive: true });
  const config = `host = "localhost"
port = ${server.ports.submissions}
trustedCertFile = "${certificate(server)}"
username = "${user}"
password = "${password}"
from = "${user}"
`;
  await Deno.writeTextFile(join(home, ".config", "mailden-submit.toml"), change(config));
  return home;
}

/** With another home the runtime would look for its packages elsewhere. */
let denoDir: Promise<string> | null = null;

async function findDenoDir(): Promise<string> {
  return JSON.parse((await run(Deno.execPath(), ["info", "--json"])).stdout).denoDir;
}

/** Hands a message in, as the user whose home it is. */
export async function sendmail(home: string, args: readonly string[], message: string): Promise<Ran> {
  return await run(Deno.execPath(), [...launch, "sendmail", ...args], message, {
    HOME: home,
    XDG_CONFIG_HOME: "",
    DENO_DIR: await (denoDir ??= findDenoDir()),
  });
}
