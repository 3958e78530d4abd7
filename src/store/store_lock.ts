/**
 * One server at a time for each data folder: an advisory lock of the operating system on a file, which ends with the
 * process however that ends.
 *
 * @module
 */

/** Another process serves this data folder. The message is for whoever started the second. */
export class FolderLocked extends Error {
  override readonly name = "FolderLocked";
}

/** A folder that is ours until {@link release}. */
export interface FolderLock {
  release(): void;
}

/** Locks a data folder. @throws {FolderLocked} If another holder (also in this process) has it. */
export function lockFolder(folder: string): FolderLock {
  const file = Deno.openSync(`${folder}/lock`, { create: true, write: true, mode: 0o600 });
  let locked = false;
  try {
    locked = file.tryLockSync(true);
  } finally {
    if (!locked) file.close();
  }
  if (!locked) {
    throw new FolderLocked(
      `${folder} is in use by another mailden: stop that one first, or give this one another folder`,
    );
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
