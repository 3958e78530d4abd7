/**
 * `reindex`: takes the full-text index away, so that it is made anew.
 *
 * Tested by `tests/scenarios/parser_test.ts`.
 *
 * @module
 */
import { removeTextFile } from "../store/text_index.ts";
import type { Command } from "./command.ts";
import { checkDataFolder } from "./data_folder.ts";
import { lockInstallation } from "./one_server.ts";

export const command: Command = {
  words: "reindex",
  arguments: "DIR",
  count: 1,
  summary: "make the full-text index of a data folder anew",
  help: `
Deletes the full-text index in a data folder (the one that dataDir in mailden.toml names). The server makes it anew when
it runs, while it serves: until then search looks at each message. No mail is touched. The server must be stopped. It
does the same by itself with an index that is damaged or of another version.`,
  options: {},
  async run(args, output) {
    const folder = args.positionals[0] ?? "";
    await checkDataFolder(folder);
    const lock = lockInstallation(folder);
    try {
      const found = removeTextFile(folder);
      output.out(
        `${folder}: ${found ? "the index is deleted" : "there was no index"}; the server makes a new one`,
      );
    } finally {
      lock.release();
    }
    return 0;
  },
};
