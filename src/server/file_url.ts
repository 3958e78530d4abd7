/**
 * File URLs as paths.
 *
 * Tested by `src/server/role_process_test.ts`.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** The path of a `file:` URL; a folder keeps its final slash. */
export function fromFileUrl(url: URL): string {
  return fileURLToPath(url);
}
