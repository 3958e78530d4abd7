/**
 * What system calls do to one folder, and what the program said meanwhile on its standard output, in order.
 *
 * Calls that a store is not known to make (a file mapped to be written, a copy within the kernel, an asynchronous write) are
 * refused: the model of the disk would not know of what they write. The one that is known, SQLite's index of the
 * write-ahead log, is mapped, and worth nothing after a start of the machine.
 *
 * @module
 */
import { fromUtf8 } from "../../../src/base/bytes.ts";
import { type Call, type CallEvent, descriptorOf, octetsOf, textOf } from "./strace.ts";

/** Paths are absolute; a handle is one opening of a file or folder. */
export type Operation =
  | {
    readonly kind: "open";
    readonly handle: number;
    readonly path: string;
    readonly creates: boolean;
    readonly truncates: boolean;
  }
  | {
    readonly kind: "write";
    readonly handle: number;
    readonly offset: number;
    readonly bytes: Uint8Array<ArrayBuffer>;
  }
  | { readonly kind: "truncate"; readonly handle: number; readonly size: number }
  /** What was written before it begins is on the disk when it ends. `sync` is the same number in both. */
  | { readonly kind: "beginSync"; readonly handle: number; readonly sync: number }
  | { readonly kind: "endSync"; readonly handle: number; readonly sync: number }
  | { readonly kind: "makeFolder"; readonly path: string }
  | { readonly kind: "rename"; readonly from: string; readonly to: string }
  | { readonly kind: "remove"; readonly path: string }
  /** Whole lines, without their ends. */
  | { readonly kind: "said"; readonly lines: readonly string[] };

/** The calls that strace is asked for. */
export const tracedCalls = [
  "open,openat,openat2,creat,close,dup,dup2,dup3,fcntl,lseek,write,pwrite64,writev,pwritev,pwritev2",
  "truncate,ftruncate,fallocate,fsync,fdatasync,sync,syncfs,sync_file_range,msync,mmap",
  "rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir",
  "copy_file_range,sendfile,splice,io_uring_enter",
].join(",");

interface Description {
  /** 0 is the standard output. */
  readonly handle: number;
  readonly path: string;
  readonly flags: string;
  position: number;
}

/** Reads what happened to a folder out of a trace of one process. @throws {SyntaxError} For what cannot be followed. */
export function* operationsOf(
  events: Iterable<CallEvent>,
  folder: string,
): Generator<Operation, void, undefined> {
  const reader = new TraceReader(folder);
  for (const event of events) {
    const operation = event.kind === "begin" ? reader.begin(event.call) : reader.end(event.call);
    if (operation !== null) yield operation;
  }
}

class TraceReader {
  readonly #folder: string;
  readonly #open = new Map<number, Description>([[1, { handle: 0, path: "", flags: "", position: 0 }]]);
  /** Of calls that have begun: the number of a descriptor may mean another file when they end. */
  readonly #begun = new Map<Call, { readonly description: Description | undefined; readonly sync: number }>();
  #lastHandle = 0;
  #lastSync = 0;
  #unsaid = "";

  constructor(folder: string) {
    this.#folder = folder;
  }

  begin(call: Call): Operation | null {
    const [first = ""] = call.args;
    switch (call.name) {
      case "close":
        this.#open.delete(descriptorOf(first).fd);
        return null;
      case "fsync":
      case "fdatasync": {
        const description = this.#described(call, first);
        const sync = ++this.#lastSync;
        this.#begun.set(call, { description, sync });
        return description === undefined ? null : { kind: "beginSync", handle: description.handle, sync };
      }
      case "write":
      case "pwrite64":
      case "writev":
      case "pwritev":
      case "pwritev2":
      case "ftruncate":
      case "fallocate":
      case "fcntl":
      case "dup":
      case "dup2":
      case "dup3":
      case "lseek":
      case "sync_file_range":
      case "copy_file_range":
      case "sendfile":
      case "splice":
        this.#begun.set(call, { description: this.#described(call, first), sync: 0 });
        return null;
      default:
        return null;
    }
  }

  end(call: Call): Operation | null {
    const begun = this.#begun.get(call);
    this.#begun.delete(call);
    if (call.result === null || call.result < 0) return null;
    const { description } = begun ?? {};
    switch (call.name) {
      case "fsync":
      case "fdatasync":
        return description === undefined
          ? null
          : { kind: "endSync", handle: description.handle, sync: begun?.sync ?? 0 };
      case "open":
        return this.#opened(call.args[0] ?? "", call.args[1] ?? "", call.result);
      case "openat":
        return this.#opened(call.args[1] ?? "", call.args[2] ?? "", call.result);
      case "dup":
        return this.#duplicated(description, call.result);
      case "dup2":
      case "dup3":
        return this.#duplicated(description, call.result);
      case "fcntl":
        return /^F_DUPFD/.test(call.args[1] ?? "") ? this.#duplicated(description, call.result) : null;
      case "lseek":
        if (description !== undefined) description.position = call.result;
        return null;
      case "write":
      case "pwrite64":
        return description === undefined ? null : this.#written(call, description);
      case "ftruncate":
        return description === undefined
          ? null
          : { kind: "truncate", handle: description.handle, size: Number(call.args[1]) };
      case "mmap":
        return this.#mapped(call);
      case "mkdir":
        return this.#named("makeFolder", call.args[0]);
      case "mkdirat":
        return this.#named("makeFolder", call.args[1]);
      case "unlink":
      case "rmdir":
        return this.#named("remove", call.args[0]);
      case "unlinkat":
        return this.#named("remove", call.args[1]);
      case "rename":
        return this.#renamed(call.args[0], call.args[1]);
      case "renameat":
      case "renameat2":
        return this.#renamed(call.args[1], call.args[3]);
      case "close":
        return null;
      default:
        return this.#refused(call, description);
    }
  }

  /** The file of a descriptor, if it is one of the folder or the standard output. */
  #described(call: Call, arg: string): Description | undefined {
    const { fd, path } = descriptorOf(arg);
    const description = this.#open.get(fd);
    if (description === undefined && this.#isOurs(path) && call.name !== "fcntl" && call.name !== "lseek") {
      throw new SyntaxError(`${call.name} of ${path}, which was never seen to be opened`);
    }
    return description;
  }

  #opened(pathArg: string, flags: string, fd: number): Operation | null {
    if (flags.includes("O_TMPFILE")) throw new SyntaxError("a file without a name was opened");
    const path = textOf(pathArg);
    if (!this.#isOurs(path)) return null;
    const handle = ++this.#lastHandle;
    this.#open.set(fd, { handle, path, flags, position: 0 });
    return {
      kind: "open",
      handle,
      path,
      creates: flags.includes("O_CREAT"),
      truncates: flags.includes("O_TRUNC"),
    };
  }

  #duplicated(description: Description | undefined, fd: number): null {
    if (description !== undefined) this.#open.set(fd, description);
    return null;
  }

  #written(call: Call, description: Description): Operation | null {
    const bytes = octetsOf(call.args[1] ?? "").subarray(0, call.result ?? 0);
    if (description.handle === 0) return this.#said(fromUtf8(bytes));
    const { handle, flags, path } = description;
    if (call.name === "pwrite64") {
      return { kind: "write", handle, offset: Number(call.args[3]), bytes };
    }
    // Where reading moves the position or each write goes to the end, it is not known here.
    if (!flags.includes("O_WRONLY") || flags.includes("O_APPEND")) {
      throw new SyntaxError(`it is not known where ${path} was written`);
    }
    const offset = description.position;
    description.position += bytes.length;
    return { kind: "write", handle, offset, bytes };
  }

  #said(text: string): Operation | null {
    const lines = (this.#unsaid + text).split("\n");
    this.#unsaid = lines.pop() ?? "";
    return lines.length === 0 ? null : { kind: "said", lines };
  }

  #mapped(call: Call): null {
    const [, , protection = "", flags = "", file = ""] = call.args;
    if (file.startsWith("-1") || !protection.includes("PROT_WRITE") || !flags.includes("MAP_SHARED")) {
      return null;
    }
    const { path } = descriptorOf(file);
    if (this.#isOurs(path) && !path.endsWith("-shm")) {
      throw new SyntaxError(`${path} is mapped to be written`);
    }
    return null;
  }

  #named(kind: "makeFolder" | "remove", arg = ""): Operation | null {
    const path = textOf(arg);
    return this.#isOurs(path) ? { kind, path } : null;
  }

  #renamed(fromArg = "", toArg = ""): Operation | null {
    const from = textOf(fromArg);
    const to = textOf(toArg);
    if (this.#isOurs(from) !== this.#isOurs(to)) {
      throw new SyntaxError(`${from} was moved across the folder's border`);
    }
    return this.#isOurs(from) ? { kind: "rename", from, to } : null;
  }

  #refused(call: Call, description: Description | undefined): null {
    const mentions = call.args.some((arg) => arg.startsWith('"') && this.#isOurs(textOf(arg)));
    const isGlobal = call.name === "sync" || call.name === "io_uring_enter";
    if (description !== undefined && description.handle !== 0 || mentions || isGlobal) {
      throw new SyntaxError(`a call that the model does not know: ${call.name}`);
    }
    return null;
  }

  #isOurs(path: string): boolean {
    return path === this.#folder || path.startsWith(`${this.#folder}/`);
  }
}
