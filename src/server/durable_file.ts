/**
 * Small files that are whole or not there, whatever is killed when.
 *
 * Tested by `src/server/id_key_test.ts`.
 *
 * @module
 */
import { dirname } from "node:path";

/** Writes a new file for its owner alone, and waits until the disk has it. */
export async function writeNew(path: string, content: string): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  const bytes = new TextEncoder().encode(content);
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  await file.sync();
}

/** Waits until the disk has the names in a folder. */
export async function syncFolder(folder: string): Promise<void> {
  using opened = await Deno.open(folder, { read: true });
  await opened.sync();
}

/**
 * Makes a file that is either whole or not there: written and synced beside its place, then renamed, then the folder
 * synced. A crash leaves at worst a file that ends in `.new`, which the next call replaces.
 */
export async function writeWhole(path: string, content: string): Promise<void> {
  const making = `${path}.new`;
  await Deno.remove(making).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await writeNew(making, content);
  await Deno.rename(making, path);
  await syncFolder(dirname(path));
}
