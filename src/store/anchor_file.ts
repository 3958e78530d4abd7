/**
 * The file of trust anchors in the data folder, `anchors.txt`: whole or not there, and readable for people.
 *
 * Where it is not there, or damaged, chains of trust begin with the keys that are built in. A damaged file is kept
 * beside the new one when that is written: somebody may have written it by hand.
 *
 * @module
 */
import { fromUtf8, utf8 } from "../base/bytes.ts";
import type { Log } from "../base/log.ts";
import {
  maxAnchorsCharacters,
  parseAnchors,
  printAnchors,
  type TrustAnchor,
  type TrustAnchors,
  withBuiltIn,
} from "../dns/trust_anchors.ts";
import type { Disk } from "./disk.ts";

/** Its name in the data folder. */
export const anchorsName = "anchors.txt";

/** Reads and writes it. */
export class AnchorFile {
  readonly #folder: string;
  readonly #path: string;
  readonly #disk: Disk;
  readonly #log: Log;
  #damaged = false;

  /** @param folder The data folder, absolute. */
  constructor(folder: string, disk: Disk, log: Log) {
    this.#folder = folder;
    this.#path = `${folder}/${anchorsName}`;
    this.#disk = disk;
    this.#log = log;
  }

  /** What is in it, with what is built in and not known to it. */
  read(builtIn: readonly TrustAnchor[]): TrustAnchors {
    return withBuiltIn(this.#read(), builtIn);
  }

  /** Blocks: it is read once, at the start. */
  #read(): TrustAnchors {
    const none: TrustAnchors = { digests: [], keys: [] };
    try {
      if (this.#disk.size(this.#path) === null) return none;
      return parseAnchors(fromUtf8(this.#disk.read(this.#path, 0, maxAnchorsCharacters + 1)));
    } catch (error) {
      this.#damaged = true;
      const what = error instanceof Error ? error.message : String(error);
      this.#log.error("trust anchors can not be read, those that are built in are used", {
        path: this.#path,
        problem: what,
        remedy: "mend the file and restart, or leave it: it is kept aside and made anew",
      });
      return none;
    }
  }

  /** Returns when the disk has it. A crash leaves the old file or the new one. */
  async write(anchors: TrustAnchors): Promise<void> {
    const disk = this.#disk;
    const making = `${this.#path}.new`;
    disk.remove(making);
    const file = await disk.create(making);
    try {
      await file.write(utf8(printAnchors(anchors)));
      await file.sync();
    } finally {
      file.close();
    }
    if (this.#damaged && disk.size(this.#path) !== null) {
      await disk.rename(this.#path, `${this.#path}.damaged`);
    }
    this.#damaged = false;
    await disk.rename(making, this.#path);
    await disk.syncFolder(this.#folder);
  }
}
