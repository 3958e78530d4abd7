/**
 * The file operations that bodies need, as an interface, so that a test can have a full disk.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";

/** A file being written. */
export interface NewFile {
  /** Writes all of `bytes` at the end. */
  write(bytes: Uint8Array): Promise<void>;
  /** Returns once the content is on the disk (fdatasync). */
  sync(): Promise<void>;
  close(): void;
}

/** Errors are the runtime's own; {@link diskRefusal} translates them. */
export interface Disk {
  /** A new file, 0600. Fails if there is one. */
  create(path: string): Promise<NewFile>;
  rename(from: string, to: string): Promise<void>;
  /** Returns once the folder's entries are on the disk. */
  syncFolder(path: string): Promise<void>;
  /** Makes a folder, 0700, unless it is there. Tells whether it was made. */
  makeFolder(path: string): boolean;
  /** Removes a file; one that is not there is no error. */
  remove(path: string): void;
  /** Octets `start` to `end` of a file, fewer if it ends before. Blocking: at most a megabyte or so. */
  read(path: string, start: number, end: number): Bytes;
  /** The size of a file, or null if there is none. */
  size(path: string): number | null;
  /** Names in a folder; none if it is not there. */
  list(path: string): string[];
}

/** The real one. */
export const realDisk: Disk = {
  async create(path) {
    const file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
    return {
      async write(bytes) {
        for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      },
      sync: () => file.syncData(),
      close: () => file.close(),
    };
  },
  rename: (from, to) => Deno.rename(from, to),
  async syncFolder(path) {
    const folder = await Deno.open(path, { read: true });
    try {
      await folder.sync();
    } finally {
      folder.close();
    }
  },
  makeFolder(path) {
    try {
      Deno.mkdirSync(path, { mode: 0o700 });
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return false;
      throw error;
    }
  },
  remove(path) {
    try {
      Deno.removeSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  },
  read(path, start, end) {
    const bytes = new Uint8Array(Math.max(0, end - start));
    const file = Deno.openSync(path, { read: true });
    try {
      if (start > 0) file.seekSync(start, Deno.SeekMode.Start);
      let at = 0;
      while (at < bytes.length) {
        const n = file.readSync(bytes.subarray(at));
        if (n === null || n === 0) return bytes.slice(0, at);
        at += n;
      }
      return bytes;
    } finally {
      file.close();
    }
  },
  size(path) {
    try {
      return Deno.statSync(path).size;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
  },
  list(path) {
    try {
      return [...Deno.readDirSync(path)].map((entry) => entry.name);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  },
};

/** What a failed file operation means to the one who asked: no space, or something else. */
export function diskRefusal(error: unknown, what: string): Refused {
  if (error instanceof Refused) return error;
  const full = error instanceof Error &&
    (("code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT")) ||
      /no space left|quota exceeded/i.test(error.message));
  return full
    ? new Refused("diskFull", `no space left: ${what}`, error)
    : new Refused("tryLater", `failed: ${what}`, error);
}
