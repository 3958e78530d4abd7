/**
 * `dkim gened25519`: a new Ed25519 key.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { generateKey } from "../../dkim/keys.ts";
import type { Command } from "../command.ts";

export const command: Command = {
  words: "dkim gened25519",
  summary: "make an Ed25519 key for DKIM",
  help: `
Prints a new private key (PEM, PKCS#8). Put it in a file of the data folder's folder 'dkim' that the server alone can read,
name the file in domains.toml, and publish what 'mailden dkim txt' prints for it. Not every receiver knows Ed25519 (RFC
8463): sign with an RSA key too.`,
  options: {},
  run(_args, output) {
    output.out(generateKey("ed25519").trimEnd());
    return Promise.resolve(0);
  },
};
