/**
 * Chooses the states that a disk may be found in after its power failed.
 *
 * All of them are states of the same moment: what was synced is there, and of what was not, whatever the disk happened to
 * write. Purely by chance most faults would never be met, so each state is of a kind that is known to find some.
 *
 * @module
 */
import {
  type Change,
  contentAfter,
  type DiskNode,
  type Entry,
  type FileNode,
  type FolderNode,
} from "./power_disk.ts";

/** Numbers from 0 to 1, 1 excluded. */
export type Random = () => number;

/** Numbers from a seed, the same every time. */
export function randomFrom(seed: number): Random {
  // Neighbouring seeds shall begin far from each other.
  let state = Math.imul(seed ^ (seed >>> 16), 0x45d9f3b) >>> 0;
  state = Math.imul(state ^ (state >>> 16), 0x45d9f3b) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What the disk has of what was not synced. */
export const crashKinds = [
  /** Nothing. */
  "nothing",
  /** All of it. */
  "everything",
  /** Of each file and folder the first changes, up to some; of the last of them a part. */
  "torn",
  /** Each page, each size and each name is of some moment since the last sync. */
  "anything",
  /** Names and sizes, and no content: zeros where files have grown. */
  "sizes",
  /** Names, and nothing of the files. */
  "names",
  /** The files, under the old names. */
  "contents",
] as const;
export type CrashKind = typeof crashKinds[number];

/** Files and folders as they are found. */
export type FoundFolder = ReadonlyMap<string, FoundFolder | Uint8Array>;

/** Disks write sectors whole; a system writes pages. */
const sectorBytes = 512;
const pageBytes = 4096;

/** One state. It is not to be changed, and shares octets with the disk. */
export function crashState(root: FolderNode, kind: CrashKind, random: Random): FoundFolder {
  return new Chooser(kind, random).found(root);
}

class Chooser {
  readonly #kind: CrashKind;
  readonly #random: Random;
  readonly #kept = new Map<FolderNode, ReadonlySet<Entry>>();
  readonly #contents = new Map<FileNode, Uint8Array>();

  constructor(kind: CrashKind, random: Random) {
    this.#kind = kind;
    this.#random = random;
  }

  found(folder: FolderNode): FoundFolder {
    const names = new Map<string, DiskNode>(folder.names);
    const kept = this.#keptOf(folder);
    for (const entry of folder.pending) {
      if (!kept.has(entry)) continue;
      // A name is lost by a rename only where the new one has come.
      if (entry.gained !== null && !this.#hasGained(entry.gained)) continue;
      if (entry.node === null) names.delete(entry.name);
      else names.set(entry.name, entry.node);
    }
    return new Map([...names].map(([name, node]) => [
      name,
      node.kind === "folder" ? this.found(node) : this.#contentOf(node, name),
    ]));
  }

  /** The new name is there: it was synced, or is kept, or something later at the same place is. */
  #hasGained({ folder, entry }: { readonly folder: FolderNode; readonly entry: Entry }): boolean {
    const at = folder.pending.indexOf(entry);
    if (at === -1) return true;
    const kept = this.#keptOf(folder);
    return folder.pending.slice(at).some((each) => each.name === entry.name && kept.has(each));
  }

  /** Of each name a first part of what it came to mean, one after the other. */
  #keptOf(folder: FolderNode): ReadonlySet<Entry> {
    let kept = this.#kept.get(folder);
    if (kept === undefined) this.#kept.set(folder, kept = new Set(this.#choose(folder.pending)));
    return kept;
  }

  #choose(pending: readonly Entry[]): readonly Entry[] {
    switch (this.#kind) {
      case "nothing":
      case "contents":
        return [];
      case "everything":
      case "sizes":
      case "names":
        return pending;
      case "torn":
        return pending.slice(0, this.#upTo(pending.length));
      case "anything":
        return [...Map.groupBy(pending, ({ name }) => name).values()]
          .flatMap((entries) => entries.slice(0, this.#upTo(entries.length)));
    }
  }

  #contentOf(file: FileNode, name: string): Uint8Array {
    let content = this.#contents.get(file);
    if (content === undefined) {
      // SQLite's index of the log is in memory that is written back at any time: it is made anew, whatever is in it.
      content = name.endsWith("-shm") ? this.#anyOctets(file) : this.#content(file);
      this.#contents.set(file, content);
    }
    return content;
  }

  #content({ content, pending }: FileNode): Uint8Array {
    if (pending.length === 0) return content;
    switch (this.#kind) {
      case "nothing":
      case "names":
        return content;
      case "everything":
      case "contents":
        return contentAfter(content, pending);
      case "torn":
        return this.#torn(content, pending);
      case "sizes":
        return resized(content, contentAfter(content, pending).length);
      case "anything":
        return this.#anything(content, pending);
    }
  }

  /** The first changes, and of one more its first sectors. */
  #torn(content: Uint8Array, pending: readonly Change[]): Uint8Array {
    const count = this.#upTo(pending.length);
    const torn = pending[count];
    const whole = pending.slice(0, count);
    if (torn?.kind !== "write" || torn.bytes.length === 0) return contentAfter(content, whole);
    const { offset, bytes } = torn;
    const sectors = Math.ceil((offset + bytes.length) / sectorBytes) - Math.floor(offset / sectorBytes);
    const end = (Math.floor(offset / sectorBytes) + this.#upTo(sectors)) * sectorBytes;
    const part = bytes.subarray(0, Math.max(0, end - offset));
    return contentAfter(content, [...whole, { kind: "write", offset, bytes: part }]);
  }

  /** Each page as it was after any of the changes, and any of the sizes. */
  #anything(content: Uint8Array, pending: readonly Change[]): Uint8Array {
    const unit = this.#random() < 0.5 ? sectorBytes : pageBytes;
    const last = contentAfter(content, pending);
    const sizes = [content.length];
    for (const change of pending) {
      const size = sizes.at(-1) ?? 0;
      sizes.push(change.kind === "size" ? change.size : Math.max(size, change.offset + change.bytes.length));
    }
    // The last size oftener than others: a file that is too short is found out soon.
    const size = this.#random() < 0.5 ? last.length : sizes[this.#upTo(pending.length)] ?? last.length;
    const found = resized(content, size);
    const units = new Set<number>();
    for (const change of pending) {
      if (change.kind === "size") continue;
      const end = Math.min(change.offset + change.bytes.length, size);
      for (let at = Math.floor(change.offset / unit); at * unit < end; at++) units.add(at);
    }
    for (const at of units) this.#placeUnit(found, at * unit, unit, content, pending);
    return found;
  }

  #placeUnit(
    found: Uint8Array,
    from: number,
    unit: number,
    content: Uint8Array,
    pending: readonly Change[],
  ): void {
    const to = Math.min(from + unit, found.length);
    const piece = new Uint8Array(unit);
    piece.set(content.subarray(from, to));
    for (const change of pending.slice(0, this.#upTo(pending.length))) {
      if (change.kind === "size") {
        if (change.size < to) piece.fill(0, Math.max(0, change.size - from));
        continue;
      }
      const begin = Math.max(from, change.offset);
      const end = Math.min(to, change.offset + change.bytes.length);
      if (begin < end) {
        piece.set(change.bytes.subarray(begin - change.offset, end - change.offset), begin - from);
      }
    }
    found.set(piece.subarray(0, Math.max(0, to - from)), from);
  }

  #anyOctets({ content, pending }: FileNode): Uint8Array {
    const size = contentAfter(content, pending).length;
    const octets = new Uint8Array(size);
    if (this.#kind !== "nothing") { for (let i = 0; i < size; i++) octets[i] = this.#random() * 256; }
    return octets;
  }

  /** A whole number from 0 to `count`, both included. */
  #upTo(count: number): number {
    return Math.floor(this.#random() * (count + 1));
  }
}

function resized(content: Uint8Array, size: number): Uint8Array {
  const found = new Uint8Array(size);
  found.set(content.subarray(0, size));
  return found;
}
