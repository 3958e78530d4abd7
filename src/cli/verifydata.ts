/**
 * `verifydata`: checks a data folder.
 *
 * @module
 */
import { verifyData } from "../store/verify.ts";
import type { Command } from "./command.ts";
import { checkDataFolder } from "./data_folder.ts";
import { locking } from "./one_server.ts";

export const command: Command = {
  words: "verifydata",
  arguments: "DIR",
  count: 1,
  summary: "check a data folder: database, counts, checksums of every message",
  help: `
Reads everything in a data folder (the one that dataDir in mailden.toml names) and reports what is not as it should
be: the database itself, counts and UIDs against the messages, checksums of every body, files that are missing or that
nothing names. Changes nothing. The server must be stopped. Exit code 0 if all is well, 1 if not.`,
  options: { json: { type: "boolean", doc: "print a list of problems as JSON" } },
  async run(args, output) {
    const folder = args.positionals[0] ?? "";
    await checkDataFolder(folder);
    const problems = locking(folder, () => verifyData(folder));
    if (args.is("json")) output.out(JSON.stringify({ folder, problems }));
    else if (problems.length === 0) output.out(`${folder}: good`);
    else for (const problem of problems) output.out(problem);
    return problems.length === 0 ? 0 : 1;
  },
};
