/**
 * Cuts the power of a recorded store at many moments, and gives the states that its disk may then be found in.
 *
 * @module
 */
import {
  type CrashKind,
  crashKinds,
  crashState,
  type FoundFolder,
  type Random,
  randomFrom,
} from "./crash_states.ts";
import type { Operation } from "./operations.ts";
import { type FolderNode, PowerDisk } from "./power_disk.ts";
import { Promises, type Said } from "./promises.ts";

/** What was recorded: the lives of a store on one folder, each of which ended without a loss of power. */
export interface Recording {
  readonly folder: string;
  readonly lives: readonly (readonly Operation[])[];
  /** What was on the disk before the first, and what had been promised of it. */
  readonly before?: { readonly state: FoundFolder; readonly said: readonly Said[] };
}

/** One loss of power. */
export interface PowerLoss {
  /** Operations before it, and all there are. */
  readonly at: number;
  readonly of: number;
  readonly kind: CrashKind;
  readonly state: FoundFolder;
  /** All that was said before. */
  readonly said: readonly Said[];
  /** For whatever chance has to decide afterwards. */
  readonly random: Random;
}

/** So many losses of power, in the order of their moments. */
export function* powerLosses(
  { folder, lives, before }: Recording,
  settings: { readonly count: number; readonly seed: number },
): Generator<PowerLoss, void, undefined> {
  const random = randomFrom(settings.seed);
  const all = lives.flatMap((life): (Operation | null)[] => [...life, null]); // Null: the process has ended.
  const moments = Array.from({ length: settings.count }, () => momentIn(all, random)).toSorted((a, b) =>
    a - b
  );
  const disk = new PowerDisk(folder, before === undefined ? undefined : folderOf(before.state));
  const said: Said[] = [...before?.said ?? []];
  let at = 0;
  for (const moment of moments) {
    for (; at < moment; at++) {
      const operation = all[at];
      if (operation === undefined || operation === null) disk.processEnded();
      else if (operation.kind === "said") said.push(...operation.lines.map(saidOf));
      else disk.apply(operation);
    }
    const kind = crashKinds[Math.floor(random() * crashKinds.length)] ?? "anything";
    const own = randomFrom(Math.floor(random() * 2 ** 32));
    yield { at, of: all.length, kind, state: crashState(disk.root, kind, own), said: [...said], random: own };
  }
}

/** What was promised, as it was said. */
export function promisesOf(said: readonly Said[]): Promises {
  const promises = new Promises();
  for (const each of said) promises.take(each);
  return promises;
}

/**
 * A moment that is worth it: when the disk has been asked to write much and nothing is certain yet, just after something was
 * promised, or any.
 */
function momentIn(all: readonly (Operation | null)[], random: Random): number {
  const any = Math.floor(random() * (all.length + 1));
  const wanted = (["endSync", "said", null] as const)[Math.floor(random() * 3)] ?? null;
  if (wanted === null) return any;
  const next = all.findIndex((operation, i) => i >= any && operation?.kind === wanted);
  if (next === -1) return any;
  return wanted === "said" ? next + 1 : next;
}

function saidOf(line: string): Said {
  return JSON.parse(line) as Said; // Written by `power_load.ts`.
}

function folderOf(state: FoundFolder): FolderNode {
  return {
    kind: "folder",
    pending: [],
    names: new Map([...state].map(([name, found]) => [
      name,
      found instanceof Uint8Array ? { kind: "file", content: found, pending: [] } : folderOf(found),
    ])),
  };
}

/** The same as if a store had left out to sync some files: those whose paths `unsynced` picks. */
export function withoutSync(
  lives: readonly (readonly Operation[])[],
  unsynced: (path: string) => boolean,
): Operation[][] {
  return lives.map((life) => {
    const paths = new Map<number, string>();
    return life.filter((operation) => {
      if (operation.kind === "open") paths.set(operation.handle, operation.path);
      const isSync = operation.kind === "beginSync" || operation.kind === "endSync";
      return !isSync || !unsynced(paths.get(operation.handle) ?? "");
    });
  });
}
