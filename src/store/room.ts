/**
 * Whether there is room for the database, where SQLite does not say.
 *
 * SQLite knows one word for a full disk, ENOSPC, and calls it SQLITE_FULL. A quota (EDQUOT) it reports as it does a broken disk,
 * and its driver does not hand on the system's own number. So a file beside the database is tried.
 *
 * @module
 */
import { KiB } from "../base/bytes.ts";
import { diskRefusal } from "./disk.ts";

/**
 * Octets that are tried: more than what SQLite writes at once, a page or the 32 KB of the log's index, and than is left where that
 * found no room.
 */
export const triedBytes = 64 * KiB;

/**
 * Tells whether the system says now that there is no room beside a database; false for one in memory.
 *
 * @param write As `Deno.writeFileSync`.
 */
export function lacksRoom(
  database: string,
  write: (path: string, bytes: Uint8Array) => void = Deno.writeFileSync,
): boolean {
  if (database === ":memory:") return false;
  const path = `${database}-room`;
  try {
    write(path, new Uint8Array(triedBytes));
    return false;
  } catch (error) {
    return diskRefusal(error, "a file beside the database").reason === "diskFull";
  } finally {
    try {
      Deno.removeSync(path);
    } catch { /* It could not even be made, or the next one who looks removes it. */ }
  }
}
