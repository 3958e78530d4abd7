/**
 * `config test`: checks the configuration files.
 *
 * @module
 */
import { resolve } from "node:path";
import { ConfigError } from "../../config/load.ts";
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
    json: { type: "boolean", doc: "print a list of faults as JSON" },
  },
  async run(args, output) {
    const folder = args.text("config") ?? ".";
    if (!args.is("json")) {
      output.out(`${(await readInstallation(folder)).folder}: good`);
      return 0;
    }
    const problems = await readInstallation(folder).then(() => [], (error) => {
      if (!(error instanceof ConfigError)) throw error;
      return error.problems.map(({ line, path, message }) => ({ file: error.file, line, path, message }));
    });
    output.out(JSON.stringify({ folder: resolve(folder), problems }));
    return problems.length === 0 ? 0 : 1;
  },
};
