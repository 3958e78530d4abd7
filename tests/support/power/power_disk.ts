/**
 * A disk that can lose its power: what of a folder is on it for certain, and what may be.
 *
 * A file's content is certain up to its last sync; each write and each change of size since is pending. A folder's entries
 * are certain up to the folder's own last sync: syncing a file says nothing of its name. A rename is two changes, of
 * which the disk may have the new name without the loss of the old one, and never the other way round: every file system
 * keeps that much. This is less than usual ones promise (they keep the order of changes to folders), so what survives
 * here survives there.
 *
 * {@link CrashStates} chooses among the states that the disk may be found in.
 *
 * @module
 */
import type { Operation } from "./operations.ts";

/** A change of a file's content that the disk may not have. */
export type Change =
  | { readonly kind: "write"; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "size"; readonly size: number };

export interface FileNode {
  readonly kind: "file";
  /** What is certain; the octets are never changed in place. */
  content: Uint8Array;
  /** Oldest first. */
  pending: Change[];
}

/** A name that means something else since. */
export interface Entry {
  readonly name: string;
  /** Null: the name is gone. */
  readonly node: DiskNode | null;
  /** Of a rename's loss of the old name: where the new name came, without which the old one is not lost. */
  readonly gained: { readonly folder: FolderNode; readonly entry: Entry } | null;
}

export interface FolderNode {
  readonly kind: "folder";
  readonly names: Map<string, DiskNode>;
  /** Oldest first. */
  pending: Entry[];
}

export type DiskNode = FileNode | FolderNode;

/** The disk under one folder. */
export class PowerDisk {
  readonly root: FolderNode;
  readonly #path: string;
  readonly #open = new Map<number, DiskNode>();
  /** How many changes there were when a sync began. */
  readonly #syncs = new Map<number, readonly unknown[]>();

  /** @param root What is there for certain, at this absolute path. */
  constructor(path: string, root: FolderNode = { kind: "folder", names: new Map(), pending: [] }) {
    this.#path = path;
    this.root = root;
  }

  /** Does what a program did. What it said changes nothing. @throws {Error} For what cannot be, such as a write to nowhere. */
  apply(operation: Operation): void {
    switch (operation.kind) {
      case "open":
        return this.#opened(operation);
      case "write": {
        const { offset, bytes } = operation;
        this.#file(operation.handle).pending.push({ kind: "write", offset, bytes });
        return;
      }
      case "truncate":
        this.#file(operation.handle).pending.push({ kind: "size", size: operation.size });
        return;
      case "beginSync":
        this.#syncs.set(operation.sync, [...this.#node(operation.handle).pending]);
        return;
      case "endSync": {
        const covered = new Set(this.#syncs.get(operation.sync));
        this.#syncs.delete(operation.sync);
        const node = this.#node(operation.handle);
        if (node.kind === "file") settleFile(node, covered);
        else settleFolder(node, covered);
        return;
      }
      case "makeFolder": {
        const [parent, name] = this.#place(operation.path);
        const node: FolderNode = { kind: "folder", names: new Map(), pending: [] };
        parent?.pending.push({ name, node, gained: null });
        return;
      }
      case "remove": {
        const [parent, name] = this.#place(operation.path);
        parent?.pending.push({ name, node: null, gained: null });
        return;
      }
      case "rename":
        return this.#renamed(operation.from, operation.to);
    }
  }

  /** The process is gone, and its handles with it; the system still has what it wrote. */
  processEnded(): void {
    this.#open.clear();
    this.#syncs.clear();
  }

  #opened(operation: Operation & { kind: "open" }): void {
    let node = this.#at(operation.path);
    if (node === undefined) {
      if (!operation.creates) throw new Error(`${operation.path} was opened and is not there`);
      const [parent, name] = this.#place(operation.path);
      node = { kind: "file", content: new Uint8Array(), pending: [] };
      parent?.pending.push({ name, node, gained: null });
    } else if (operation.truncates && node.kind === "file") node.pending.push({ kind: "size", size: 0 });
    this.#open.set(operation.handle, node);
  }

  #renamed(from: string, to: string): void {
    const node = this.#at(from);
    const [source, oldName] = this.#place(from);
    const [target, newName] = this.#place(to);
    if (node === undefined || source === null || target === null) throw new Error(`${from} is not there`);
    const entry: Entry = { name: newName, node, gained: null };
    target.pending.push(entry);
    source.pending.push({ name: oldName, node: null, gained: { folder: target, entry } });
  }

  #node(handle: number): DiskNode {
    const node = this.#open.get(handle);
    if (node === undefined) throw new Error(`handle ${handle} is not open`);
    return node;
  }

  #file(handle: number): FileNode {
    const node = this.#node(handle);
    if (node.kind !== "file") throw new Error(`handle ${handle} is a folder`);
    return node;
  }

  /** What is at a path now, as programs see it. */
  #at(path: string): DiskNode | undefined {
    let node: DiskNode | undefined = this.root;
    for (const name of this.#names(path)) {
      node = node?.kind === "folder" ? currentEntry(node, name) : undefined;
    }
    return node;
  }

  /** Folder and name of a path; the folder is null for the root's own. */
  #place(path: string): [FolderNode | null, string] {
    const names = this.#names(path);
    const name = names.pop();
    if (name === undefined) return [null, ""];
    const parent = this.#at([this.#path, ...names].join("/"));
    if (parent?.kind !== "folder") throw new Error(`the folder of ${path} is not there`);
    return [parent, name];
  }

  #names(path: string): string[] {
    return path.slice(this.#path.length).split("/").filter((name) => name !== "");
  }
}

function currentEntry(folder: FolderNode, name: string): DiskNode | undefined {
  const last = folder.pending.findLast((entry) => entry.name === name);
  return last === undefined ? folder.names.get(name) : last.node ?? undefined;
}

function settleFile(file: FileNode, covered: ReadonlySet<unknown>): void {
  file.content = contentAfter(file.content, file.pending.filter((change) => covered.has(change)));
  file.pending = file.pending.filter((change) => !covered.has(change));
}

function settleFolder(folder: FolderNode, covered: ReadonlySet<unknown>): void {
  for (const entry of folder.pending.filter((each) => covered.has(each))) {
    if (entry.gained !== null) {
      const { folder: target, entry: gained } = entry.gained;
      const before = target.pending.slice(0, target.pending.indexOf(gained) + 1);
      settleFolder(target, new Set(before.filter(({ name }) => name === gained.name)));
    }
    if (entry.node === null) folder.names.delete(entry.name);
    else folder.names.set(entry.name, entry.node);
  }
  folder.pending = folder.pending.filter((entry) => !covered.has(entry));
}

/** A file's content after some changes. A gap is zeros. */
export function contentAfter(content: Uint8Array, changes: readonly Change[]): Uint8Array {
  if (changes.length === 0) return content;
  let size = content.length;
  let longest = size;
  for (const change of changes) {
    size = change.kind === "size" ? change.size : Math.max(size, change.offset + change.bytes.length);
    longest = Math.max(longest, size);
  }
  const after = new Uint8Array(longest);
  after.set(content);
  let length = content.length;
  for (const change of changes) {
    if (change.kind === "size") {
      if (change.size < length) after.fill(0, change.size, length);
      length = change.size;
    } else {
      after.set(change.bytes, change.offset);
      length = Math.max(length, change.offset + change.bytes.length);
    }
  }
  return after.subarray(0, size);
}
