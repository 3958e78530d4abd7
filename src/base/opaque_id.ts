/**
 * Ids that strangers may see and only we can read.
 *
 * A connection's id is a counter: shown as it is, it would tell how busy the server is. So peers get
 * base64url(AES-128(key, salt ‖ counter)): one block, 22 characters. Reading one back checks the salt, so an
 * invented id is told from one of ours. It hides; it authorises nothing.
 *
 * @module
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { base64Url, type Bytes, concat } from "./bytes.ts";

/** Octets of a key: 16 for AES-128, 8 of salt. */
export const opaqueKeyBytes = 24;

/** Seals and opens ids. */
export interface OpaqueIds {
  /** @param id From 0 to 2^64 - 1. @throws {RangeError} */
  seal(id: bigint): string;
  /** The id, or null if `text` is none of ours. */
  open(text: string): bigint | null;
}

/** @param secret {@link opaqueKeyBytes} random octets. @throws {RangeError} If they are more or fewer. */
export function opaqueIds(secret: Bytes): OpaqueIds {
  if (secret.length !== opaqueKeyBytes) throw new RangeError(`a key has ${opaqueKeyBytes} octets`);
  const key = secret.slice(0, 16);
  const salt = secret.slice(16);
  return {
    seal(id) {
      if (id < 0n || id > 0xffff_ffff_ffff_ffffn) throw new RangeError("an id has 64 bits");
      const block = new Uint8Array(16);
      block.set(salt);
      new DataView(block.buffer).setBigUint64(8, id);
      const cipher = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
      return base64Url(whole(cipher, block));
    },
    open(text) {
      if (!/^[A-Za-z0-9_-]{22}$/.test(text)) return null;
      const sealed = decoded(text);
      if (sealed === null) return null;
      const cipher = createDecipheriv("aes-128-ecb", key, null).setAutoPadding(false);
      const block = whole(cipher, sealed);
      for (let i = 0; i < salt.length; i++) if (block[i] !== salt[i]) return null;
      return new DataView(block.buffer).getBigUint64(8);
    },
  };
}

/** One block through a cipher. Its end must be asked for too: until then the runtime keeps the cipher. */
function whole(cipher: { update(block: Bytes): Uint8Array; final(): Uint8Array }, block: Bytes): Bytes {
  return concat([cipher.update(block), cipher.final()]);
}

/** One spelling for each block: bits that are left over must be zero. */
function decoded(text: string): Bytes | null {
  try {
    return Uint8Array.fromBase64(text, { alphabet: "base64url", lastChunkHandling: "loose" });
  } catch {
    return null;
  }
}
