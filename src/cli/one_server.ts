/**
 * One server for one folder, said in plain words to whoever starts the second.
 *
 * Tested by `tests/scenarios/localserve_test.ts`.
 *
 * @module
 */
import { type FolderLock, FolderLocked, lockFolder } from "../store/store_lock.ts";
import { CommandError } from "./command_error.ts";

/** Locks an installation's folder for this process. @throws {CommandError} If a server runs in it. */
export function lockInstallation(folder: string): FolderLock {
  return locking(folder, () => lockFolder(folder));
}

/** Does what locks a folder. @throws {CommandError} If a server runs in it. */
export function locking<T>(folder: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof FolderLocked)) throw error;
    throw new CommandError(`A server is running in ${folder} already: stop it first, or use another folder.`);
  }
}
