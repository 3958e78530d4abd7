/**
 * Deno KV of the front: one file in its own folder, for what it has learnt of others and can learn again. Measured with
 * Deno 2.9.6: read and write of that folder alone are enough to open it; setting costs an fsync, so nothing per message
 * or per lookup goes there.
 *
 * @module
 */
import { join } from "node:path";
import type { Log } from "../base/log.ts";
import type { PolicyStore } from "../queue/runner/sts_kept.ts";

/** Characters of one value, which may have 65,536 octets; V8 writes some texts with two for each character. */
export const maxChunk = 30_000;
/** Chunks of one text; a policy and what is remembered with it has seven at most. */
export const maxChunks = 10;

/**
 * Opens the file. A damaged one is put aside and begun anew; where that fails too, what is learnt is kept in memory: mail
 * goes on.
 */
export async function openFrontKv(folder: string, log: Log): Promise<Deno.Kv> {
  const path = join(folder, "learnt.kv");
  const first = await tryOpen(path);
  if (first.kv !== null) return first.kv;
  log.error("what the front had learnt cannot be read, and is put aside", { path, error: first.error });
  // Its journals belong to it.
  for (const end of ["", "-wal", "-shm"]) {
    await Deno.rename(path + end, `${path}.damaged${end}`).catch(() => {});
  }
  const second = await tryOpen(path);
  if (second.kv !== null) return second.kv;
  log.error("what the front learns will not outlive it", { path, error: second.error });
  return await Deno.openKv(":memory:");
}

type Opened = { readonly kv: Deno.Kv; readonly error: null } | { readonly kv: null; readonly error: Error };

async function tryOpen(path: string): Promise<Opened> {
  let kv: Deno.Kv | null = null;
  try {
    // SQLite gives its journals the rights of the file, and would make the file itself readable for all.
    (await Deno.open(path, { create: true, write: true, mode: 0o600 })).close();
    kv = await Deno.openKv(path);
    await kv.get(["version"]); // A file that is no database may be noticed only now.
    return { kv, error: null };
  } catch (error) {
    kv?.close();
    return { kv: null, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** Texts under their names, of one kind; longer ones than one value holds in several. */
export class KvTexts implements PolicyStore {
  readonly #kv: Deno.Kv;
  readonly #kind: string;

  constructor(kv: Deno.Kv, kind: string) {
    this.#kv = kv;
    this.#kind = kind;
  }

  async *load(): AsyncGenerator<readonly [name: string, text: string]> {
    let name: string | null = null;
    let [text, left] = ["", 0];
    for await (const { key, value } of this.#kv.list<unknown>({ prefix: [this.#kind] })) {
      const [, of, at] = key;
      if (typeof of !== "string") continue;
      if (at === 0) { // The first says how many there are: others are left of a longer one.
        const [chunks, first] = Array.isArray(value) ? value : [];
        [name, text, left] = [of, String(first), Number(chunks) - 1];
      } else if (of === name && left > 0) {
        text += String(value);
        left--;
      } else continue;
      if (left === 0) yield [of, text];
    }
  }

  /** @throws {RangeError} If a text is too long. */
  async write(changes: readonly (readonly [name: string, text: string | null])[]): Promise<void> {
    const all = this.#kv.atomic();
    for (const [name, text] of changes) {
      const chunks = text === null ? maxChunks : Math.max(1, Math.ceil(text.length / maxChunk));
      if (chunks > maxChunks) {
        throw new RangeError(`a text of ${text?.length} characters is too long to be kept`);
      }
      for (let i = 0; i < chunks; i++) {
        const key = [this.#kind, name, i];
        const chunk = text?.slice(i * maxChunk, (i + 1) * maxChunk);
        if (chunk === undefined) all.delete(key);
        else all.set(key, i === 0 ? [chunks, chunk] : chunk);
      }
    }
    await all.commit();
  }
}
