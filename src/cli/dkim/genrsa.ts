/**
 * `dkim genrsa`: a new RSA key.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { generateKey } from "../../dkim/keys.ts";
import type { Command } from "../command.ts";

export const command: Command = {
  words: "dkim genrsa",
  summary: "make an RSA key of 2048 bits for DKIM",
  help: `
Prints a new private key (PEM, PKCS#8). Put it in a file of the data folder's folder 'dkim' that the server alone can read,
name the file in domains.toml, and publish what 'mailden dkim txt' prints for it.
`,
  options: {},
  run(_args, output) {
    output.out(generateKey("rsa").trimEnd());
    return Promise.resolve(0);
  },
};
