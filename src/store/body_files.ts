/**
 * Large bodies as files, named by their SHA-256 and shared by all emails that have them:
 * `bodies/ab/abcdef…` in the data folder.
 *
 * A file comes into its place by `rename`, already synced, and its folder is synced before any row names it. It is
 * removed after the commit that deleted the row, and only if nobody pins it: a body that has arrived but is not
 * yet committed may have the same content. All removing is synchronous on the writer's thread, so nothing comes between
 * the question and the deed. What a crash leaves behind without a row, {@link BodyFiles.sweep} removes at the next start.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import type { Disk } from "./disk.ts";

/** The folder of body files. */
export class BodyFiles {
  readonly #folder: string;
  readonly #disk: Disk;
  /** Bodies that are in place and may not be named by a row yet, with how many are counting on it. */
  readonly #pins = new Map<string, number>();
  /**
   * Folders whose own names are on the disk, or on the way. A folder that is there need not be: somebody else has just made
   * it, or a process that was killed before it synced.
   */
  readonly #named = new Map<string, Promise<void>>();

  constructor(folder: string, disk: Disk) {
    this.#folder = folder;
    this.#disk = disk;
    disk.makeFolder(folder);
  }

  /** Where the body is. */
  path(name: string): string {
    return `${this.#folder}/${name.slice(0, 2)}/${name}`;
  }

  /**
   * Moves a finished, synced file into its place, pinned: {@link unpin} must follow. A file that is there already
   * is replaced by what was just received, which is the same unless the old one is damaged.
   */
  async place(from: string, name: string): Promise<void> {
    const folder = `${this.#folder}/${name.slice(0, 2)}`;
    this.pin(name);
    try {
      await this.#ensureFolder(folder);
      await this.#disk.rename(from, this.path(name));
      await this.#disk.syncFolder(folder);
    } catch (error) {
      this.unpin(name);
      throw error;
    }
  }

  /** Makes a folder; returns when its name is on the disk. */
  #ensureFolder(folder: string): Promise<void> {
    let named = this.#named.get(folder);
    if (named === undefined) {
      this.#disk.makeFolder(folder);
      named = this.#disk.syncFolder(this.#folder);
      this.#named.set(folder, named);
      named.catch(() => this.#named.delete(folder));
    }
    return named;
  }

  /** Keeps a file from being removed until {@link unpin}. */
  pin(name: string): void {
    this.#pins.set(name, (this.#pins.get(name) ?? 0) + 1);
  }

  /** Takes one pin away. Tells whether it was the last. */
  unpin(name: string): boolean {
    const left = (this.#pins.get(name) ?? 0) - 1;
    if (left > 0) this.#pins.set(name, left);
    else this.#pins.delete(name);
    return left <= 0;
  }

  /** Removes a file that no row names, unless it is pinned. */
  remove(name: string): void {
    if (!this.#pins.has(name)) this.#disk.remove(this.path(name));
  }

  /** Octets `start` to `end`; fewer if the file is shorter or gone. */
  read(name: string, start: number, end: number): Bytes {
    return this.#disk.read(this.path(name), start, end);
  }

  /** The size of a body's file, or null if it is gone. */
  size(name: string): number | null {
    return this.#disk.size(this.path(name));
  }

  /** Every file there is, as name or, where it does not belong, as a path below the folder. */
  *all(): Generator<{ name: string; stray: boolean }> {
    for (const folder of this.#disk.list(this.#folder)) {
      for (const name of this.#disk.list(`${this.#folder}/${folder}`)) {
        const ours = /^[0-9a-f]{64}$/.test(name) && name.startsWith(folder) && folder.length === 2;
        yield { name: ours ? name : `${folder}/${name}`, stray: !ours };
      }
    }
  }

  /** Removes files for which `named` is false. Foreign files are left alone. Returns how many were removed. */
  sweep(named: (name: string) => boolean): number {
    let removed = 0;
    for (const { name, stray } of this.all()) {
      if (stray || this.#pins.has(name) || named(name)) continue;
      this.#disk.remove(this.path(name));
      removed++;
    }
    return removed;
  }
}
