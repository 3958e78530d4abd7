/**
 * A disk that is full, or of which chosen operations fail.
 *
 * @module
 */
import { type Disk, realDisk } from "../disk.ts";

/** Operations that can fail. */
export type DiskOperation = "create" | "write" | "sync" | "rename" | "syncFolder" | "read";

export class FaultyDisk implements Disk {
  /** These fail now, with "no space left". */
  readonly failing = new Set<DiskOperation>();
  /** What was done, in order, with the last part of its path. */
  readonly done: string[] = [];
  /** New files take nothing and are closed at once: a test may then have more of them than a process may have open. */
  empty = false;

  async create(path: string) {
    this.#check("create", path);
    const file = await realDisk.create(path);
    if (this.empty) {
      file.close();
      return { write: () => Promise.resolve(), sync: () => Promise.resolve(), close: () => {} };
    }
    return {
      write: async (bytes: Uint8Array) => {
        this.#check("write", path);
        await file.write(bytes);
      },
      sync: async () => {
        this.#check("sync", path);
        await file.sync();
      },
      close: () => file.close(),
    };
  }

  async rename(from: string, to: string): Promise<void> {
    this.#check("rename", to);
    await realDisk.rename(from, to);
  }

  async syncFolder(path: string): Promise<void> {
    this.#check("syncFolder", path);
    await realDisk.syncFolder(path);
  }

  read(path: string, start: number, end: number) {
    this.#check("read", path);
    return realDisk.read(path, start, end);
  }

  makeFolder = realDisk.makeFolder;
  remove = realDisk.remove;
  size = realDisk.size;
  list = realDisk.list;

  #check(operation: DiskOperation, path: string): void {
    this.done.push(`${operation} ${path.slice(path.lastIndexOf("/") + 1)}`);
    if (this.failing.has(operation)) {
      throw Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
    }
  }
}
