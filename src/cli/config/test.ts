/**
 * `config test`: checks the configuration files.
 *
 * @module
 */
import { readInstallation } from "../../server/installation.ts";
import type { Command } from "../command.ts";

export const command: Command = {
  words: "config test",
  summary: "check the configuration files",
  help: `
Reads mailden.toml and domains.toml, and the certificates that they name, and reports every fault at once, each
with its file, line, path, value and what to do. Exit code 0 if there is none. Changes nothing.`,
  options: {
    config: { type: "string", value: "DIR", doc: "folder of mailden.toml and domains.toml", default: "." },
  },
  async run(args, output) {
    const installation = await readInstallation(args.text("config") ?? ".");
    output.out(`${installation.folder}: good`);
    return 0;
  },
};
