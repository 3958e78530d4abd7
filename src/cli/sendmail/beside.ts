/**
 * Where the files are that the configuration of sendmail names.
 *
 * Tested by `tests/scenarios/sendmail_test.ts`.
 *
 * @module
 */
import { dirname, isAbsolute, join } from "node:path";

/** A path in a configuration file: as it is, or seen from the file's folder. */
export function beside(configFile: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(configFile), path);
}
