/**
 * Small files that are whole or not there, whatever is killed when.
 *
 * @module
 */
import { dirname, resolve } from "node:path";

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
 * Makes a folder, and those above it that are missing. Returns when the disk has all their names; also that of the folder
 * itself where it was there, since whoever made it may have been killed before the disk had it.
 *
 * @param sync For tests.
 */
export async function makeFolders(path: string, sync = syncFolder): Promise<void> {
  const made = [resolve(path)];
  for (let above = dirname(made[0] ?? ""); !await isThere(above); above = dirname(above)) made.push(above);
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  for (const each of made.toReversed()) await sync(dirname(each));
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
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
