/**
 * The data folder that somebody names.
 *
 * Tested by `src/cli/main_test.ts`.
 *
 * @module
 */
import { join } from "node:path";
import { fileProblem } from "../server/file_problem.ts";
import { databaseName } from "../store/store.ts";
import { CommandError } from "./command_error.ts";

/** @throws {CommandError} If there is no mail in it. */
export async function checkDataFolder(folder: string): Promise<void> {
  const database = join(folder, databaseName);
  await Deno.stat(database).catch((error) => {
    throw new CommandError(
      `${folder} is no data folder (dataDir in mailden.toml names it): ${database}: ${fileProblem(error)}`,
    );
  });
}
