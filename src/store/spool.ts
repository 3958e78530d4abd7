/**
 * Bodies on their way in: files that are filled in pieces, hashed here as they arrive, and then taken into a message
 * or dropped.
 *
 * The hashes are always our own: a client of the store cannot claim that its body is one that somebody else has.
 *
 * @module
 */
import { base64Url, type Bytes, GiB, MiB } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { BodyHasher, type BodyHashes } from "./block_hash.ts";
import { type Disk, diskRefusal, type NewFile } from "./disk.ts";

/** Octets of one piece. */
export const maxPieceBytes = MiB;
/** Octets of one body, whatever the edges allow. */
export const maxSpoolBytes = 2 * GiB;
/** Spool files of one owner, and of all. */
export const maxOwnSpools = 256;
export const maxSpools = 4096;

/** A body that has arrived and is on the disk, still in the spool folder. */
export interface SpooledBody {
  readonly path: string;
  readonly hashes: BodyHashes;
}

/** The folder of spool files. */
export class SpoolFolder {
  readonly #folder: string;
  readonly #disk: Disk;
  #open = 0;

  constructor(folder: string, disk: Disk) {
    this.#folder = folder;
    this.#disk = disk;
    disk.makeFolder(folder);
  }

  /** Removes what an earlier run left behind. To be called before any spool is opened. */
  sweep(): number {
    const names = this.#disk.list(this.#folder);
    for (const name of names) this.#disk.remove(`${this.#folder}/${name}`);
    return names.length;
  }

  /** Spool files of one owner: a connection, or one signed-in account on it. */
  forOwner(): Spools {
    return new Spools(this.#disk, () => this.#newPath(), () => this.#open--);
  }

  #newPath(): string {
    if (this.#open >= maxSpools) throw new Refused("tooMany", "too many spool files are open");
    this.#open++;
    return `${this.#folder}/${base64Url(crypto.getRandomValues(new Uint8Array(16)))}`;
  }
}

interface Spooled {
  readonly path: string;
  readonly file: Promise<NewFile>;
  readonly hasher: BodyHasher;
  /** Settles when all that was asked so far is done; never rejects. */
  last: Promise<void>;
  /** Octets asked to be written. */
  asked: number;
  failed: Refused | null;
}

/** The spool files of one owner. Their ids are good here only. */
export class Spools {
  readonly #disk: Disk;
  readonly #newPath: () => string;
  readonly #closed: () => void;
  readonly #all = new Map<string, Spooled>();
  #ended = false;

  constructor(disk: Disk, newPath: () => string, closed: () => void) {
    this.#disk = disk;
    this.#newPath = newPath;
    this.#closed = closed;
  }

  /** A new, empty spool file. @throws {Refused} `tooMany`, `diskFull`, `tryLater`. */
  async open(): Promise<string> {
    if (this.#ended) throw new Refused("noCapability", "the spool's owner is gone");
    if (this.#all.size >= maxOwnSpools) throw new Refused("tooMany", "one owner has too many spool files");
    const path = this.#newPath();
    const id = path.slice(path.lastIndexOf("/") + 1);
    const file = this.#disk.create(path);
    const spooled = {
      path,
      file,
      hasher: new BodyHasher(),
      last: file.then(() => {}, () => {}),
      asked: 0,
      failed: null,
    };
    this.#all.set(id, spooled);
    try {
      await file;
    } catch (error) {
      this.#forget(id);
      throw diskRefusal(error, "a spool file could not be made");
    }
    return id;
  }

  /** Adds a piece. @throws {Refused} `tooLarge`, `badRequest` for an unknown id, `diskFull`. */
  async write(id: string, bytes: Bytes): Promise<void> {
    const spooled = this.#of(id);
    if (bytes.length > maxPieceBytes) throw new Refused("tooLarge", "a piece of a spool file is too large");
    if (spooled.asked + bytes.length > maxSpoolBytes) {
      throw new Refused("tooLarge", "a spool file is too large");
    }
    spooled.asked += bytes.length;
    // One piece after the other, each hashed as it is written.
    const written = spooled.last.then(async () => {
      if (spooled.failed !== null) throw spooled.failed;
      spooled.hasher.update(bytes);
      try {
        await (await spooled.file).write(bytes);
      } catch (error) {
        throw spooled.failed = diskRefusal(error, "a spool file could not be written");
      }
    });
    spooled.last = written.catch(() => {});
    await written;
  }

  /** Removes a spool file; one that is not there is no error. */
  async drop(id: string): Promise<void> {
    const spooled = this.#all.get(id);
    if (spooled === undefined) return;
    this.#forget(id);
    await this.#discard(spooled);
  }

  /**
   * Takes a finished body out: the file is the caller's to move or remove, and it is on the disk unless it is small.
   *
   * @param unsynced A file of at most so many octets is not brought to the disk, because the caller keeps its content
   *   elsewhere: waiting for the disk for each of many small messages is most of what an APPEND of them would cost.
   * @throws {Refused} `badRequest` for an unknown id, `diskFull` and `tryLater` if it is not all on the disk; then
   * the file is gone.
   */
  async take(id: string, unsynced = 0): Promise<SpooledBody> {
    const spooled = this.#of(id);
    this.#forget(id);
    await spooled.last;
    if (spooled.failed !== null) {
      await this.#discard(spooled);
      throw spooled.failed;
    }
    try {
      const file = await spooled.file;
      if (spooled.hasher.size > unsynced) await file.sync();
      file.close();
    } catch (error) {
      await this.#discard(spooled);
      throw diskRefusal(error, "a spool file could not be written to the disk");
    }
    return { path: spooled.path, hashes: spooled.hasher.digest() };
  }

  /** The owner is gone: removes all that is left, and refuses new ones. */
  async close(): Promise<void> {
    this.#ended = true;
    await Promise.all([...this.#all.keys()].map((id) => this.drop(id)));
  }

  #of(id: string): Spooled {
    const spooled = this.#all.get(id);
    if (spooled === undefined) throw new Refused("badRequest", "no such spool file");
    return spooled;
  }

  #forget(id: string): void {
    if (this.#all.delete(id)) this.#closed();
  }

  async #discard(spooled: Spooled): Promise<void> {
    await spooled.last;
    try {
      (await spooled.file).close();
    } catch { /* It was never made, or is closed. */ }
    this.#disk.remove(spooled.path);
  }
}
