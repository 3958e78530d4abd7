/**
 * The private keys that sign outgoing mail: files in the data folder's folder `dkim`, read by the store alone.
 *
 * @module
 */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { fromUtf8, KiB, utf8 } from "../base/bytes.ts";
import { generateKey } from "../dkim/keys.ts";
import { algorithmOf } from "../dkim/sign.ts";
import type { Disk } from "./disk.ts";

/** A file of 4096-bit RSA has about three. */
const maxKeyFileBytes = 64 * KiB;

/** A key file that is not there, or holds no key for DKIM; the message says which, and what to do. */
export class KeyFileError extends Error {
  override readonly name = "KeyFileError";
}

/** The folder of key files. */
export class DkimKeys {
  readonly #dataFolder: string;
  readonly #folder: string;
  readonly #disk: Disk;

  /** @param dataFolder Absolute. */
  constructor(dataFolder: string, disk: Disk) {
    this.#dataFolder = dataFolder;
    this.#folder = `${dataFolder}/dkim`;
    this.#disk = disk;
  }

  /** Reads a key. @param name Of the file, without a folder. @throws {KeyFileError} */
  read(name: string): KeyObject {
    const path = `${this.#folder}/${name}`;
    if (this.#disk.size(path) === null) {
      throw new KeyFileError(
        `${path} is not there: make it with 'mailden dkim gened25519 > ${path}', readable for the server's user alone`,
      );
    }
    const text = fromUtf8(this.#disk.read(path, 0, maxKeyFileBytes));
    try {
      const key = createPrivateKey(text);
      algorithmOf(key);
      return key;
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      throw new KeyFileError(`${path} holds no private key for DKIM (PEM of RSA or Ed25519): ${what}`);
    }
  }

  /** Reads a key, or makes an Ed25519 key where there is no file. */
  async readOrMake(name: string): Promise<KeyObject> {
    if (this.#disk.size(`${this.#folder}/${name}`) === null) await this.#make(name);
    return this.read(name);
  }

  /**
   * Whole or not there: the folder's own name, the content, then the file's name are brought to the disk, so that a key whose record
   * was published is never lost to a crash. What a crash leaves of the first step is overwritten by the next try.
   */
  async #make(name: string): Promise<void> {
    const disk = this.#disk;
    disk.makeFolder(this.#folder);
    await disk.syncFolder(this.#dataFolder); // A folder that a crash left may have no name on the disk yet.
    const making = `${this.#folder}/${name}.new`;
    disk.remove(making);
    const file = await disk.create(making);
    try {
      await file.write(utf8(generateKey("ed25519")));
      await file.sync();
    } finally {
      file.close();
    }
    await disk.rename(making, `${this.#folder}/${name}`);
    await disk.syncFolder(this.#folder);
  }
}
