/**
 * One server for one folder: an advisory lock that ends with the process, however that ends.
 *
 * @module
 */
import { join } from "node:path";

/** Held until it is released, or the process ends. */
export interface FolderLock {
  release(): void;
}

/** Locks `folder` for this process; null if another process has it. */
export function lockFolder(folder: string): FolderLock | null {
  const file = Deno.openSync(join(folder, "lock"), { create: true, write: true, mode: 0o600 });
  if (!file.tryLockSync(true)) {
    file.close();
    return null;
  }
  return {
    release: () => {
      // Closing alone is not enough: a program that is being started at this moment holds a copy of the file until
      // its exec, and the lock with it.
      file.unlockSync();
      file.close();
    },
  };
}
