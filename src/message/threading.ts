/**
 * Threads of messages: THREAD=ORDEREDSUBJECT and THREAD=REFERENCES. RFC 5256 3
 *
 * REFERENCES goes through six steps, which are marked below. Nothing is recursive, and no step costs more than about the
 * number of references times its logarithm, whatever they say: loops are found by a {@link Forest}, and siblings are put
 * in order by going through all messages in theirs.
 *
 * @module
 */
import { ordered } from "../base/order.ts";
import { Forest, nobody } from "./forest.ts";

/** Links made between two turns for others: a few milliseconds. */
const stepSize = 20_000;

/** Threads as trees, each parent before its children. */
export interface Threads {
  /** 0 for a parent that is not there. */
  readonly uids: Uint32Array;
  /** 0 for the first of a thread. */
  readonly depths: Uint32Array;
}

/** What the algorithms know of messages, in the order of their numbers. */
export class ThreadInput {
  uids: Uint32Array;
  dates: Float64Array;
  /** The same number for the same base subject; 0 if it is empty. */
  subjects: Uint32Array;
  replies: Uint8Array;
  ids: (string | null)[] = [];
  /** References oldest first, joined by spaces. */
  refs: string[] = [];
  /** Characters of all ids and different subjects. */
  length = 0;
  readonly #known = new Map<string, number>([["", 0]]);
  #count = 0;

  constructor(uids: Uint32Array) {
    this.uids = uids;
    this.dates = new Float64Array(uids.length);
    this.subjects = new Uint32Array(uids.length);
    this.replies = new Uint8Array(uids.length);
  }

  /**
   * Adds the next message.
   *
   * @param date RFC 5256 2.2
   * @param subject Its base subject, folded.
   */
  add(date: number, subject: string, isReply: boolean, id: string | null, refs: string): void {
    const i = this.#count++;
    let number = this.#known.get(subject);
    if (number === undefined) {
      number = this.#known.size;
      this.#known.set(subject, number);
      this.length += subject.length;
    }
    this.dates[i] = date;
    this.subjects[i] = number;
    this.replies[i] = isReply ? 1 : 0;
    this.ids.push(id);
    this.refs.push(refs);
    this.length += (id?.length ?? 0) + refs.length;
  }

  /** Leaves some out again, by their places, once all are added. */
  leaveOut(places: ReadonlySet<number>): void {
    if (places.size === 0) return;
    const stays = (_value: unknown, i: number) => !places.has(i);
    this.uids = this.uids.filter(stays);
    this.dates = this.dates.filter(stays);
    this.subjects = this.subjects.filter(stays);
    this.replies = this.replies.filter(stays);
    this.ids = this.ids.filter(stays);
    this.refs = this.refs.filter(stays);
  }
}

/** Messages in the order of their dates; by number where those are the same. RFC 5256 2.2 */
function byDate({ uids, dates }: ThreadInput): Generator<void, Uint32Array> {
  return ordered(uids.length, (a, b) => (dates[a] ?? 0) - (dates[b] ?? 0));
}

/** ORDEREDSUBJECT: those of one base subject are one thread, all but the first its children. */
export function* orderedSubject(input: ThreadInput): Generator<void, Threads> {
  const order = yield* byDate(input);
  const parents = new Int32Array(order.length).fill(nobody);
  const first = new Map<number, number>();
  for (const message of order) {
    const subject = input.subjects[message] ?? 0;
    const root = first.get(subject);
    if (root === undefined) first.set(subject, message);
    else parents[message] = root;
  }
  return trees(input, order, parents);
}

/** REFERENCES. */
export function* references(input: ThreadInput): Generator<void, Threads> {
  const forest = yield* linked(input);
  const order = yield* byDate(input);
  return trees(input, order, merged(input, order, pruned(forest, order.length)));
}

/** Step 1. Nodes are the messages, by number, and behind them those that are only referred to. */
function* linked(input: ThreadInput): Generator<void, Forest> {
  const count = input.uids.length;
  const forest = new Forest(Math.max(64, count));
  const nodes = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    forest.add();
    const id = input.ids[i] ?? null;
    // Of several messages with one id, it is the first one's.
    if (id !== null && !nodes.has(id)) nodes.set(id, i);
  }
  let done = 0;
  for (let i = 0; i < count; i++) {
    let last = nobody;
    for (const id of input.refs[i]?.split(" ") ?? []) {
      if (id === "") continue;
      let node = nodes.get(id);
      if (node === undefined) {
        node = forest.add();
        nodes.set(id, node);
      }
      // (A) A link that is there stays.
      if (last !== nobody && forest.parentOf(node) === nobody) forest.link(node, last);
      last = node;
      done++;
    }
    // (B) The last reference is the parent, whatever others have said.
    if (forest.parentOf(i) !== last) {
      forest.cut(i);
      if (last !== nobody) forest.link(i, last);
    }
    if (++done >= stepSize) {
      yield;
      done = 0;
    }
  }
  return forest;
}

/**
 * Steps 2 and 3: the parent of each message once what is not there is taken out. That is a message; or `nobody`; or one that
 * is not there, at the root, of which there are then several children.
 */
function pruned(forest: Forest, count: number): Int32Array {
  const parents = new Int32Array(forest.size).fill(nobody);
  const known = new Uint8Array(forest.size);
  const path: number[] = [];
  for (let i = 0; i < count; i++) {
    let at = forest.parentOf(i);
    // Up to a message, to a dummy whose place is known, or to the root.
    while (at >= count && known[at] === 0 && forest.parentOf(at) !== nobody) {
      path.push(at);
      at = forest.parentOf(at);
    }
    const parent = at >= count && known[at] === 1 ? parents[at] ?? nobody : at;
    for (const dummy of path) {
      parents[dummy] = parent;
      known[dummy] = 1;
    }
    path.length = 0;
    parents[i] = parent;
  }
  // A dummy with one child gives way to it.
  const children = new Uint32Array(forest.size);
  for (let i = 0; i < count; i++) {
    const parent = parents[i] ?? nobody;
    if (parent >= count) children[parent] = (children[parent] ?? 0) + 1;
  }
  const messages = parents.subarray(0, count);
  return messages.map((parent) => parent >= count && children[parent] === 1 ? nobody : parent);
}

/** Steps 4 and 5: threads of the same subject become one. */
function merged(input: ThreadInput, order: Uint32Array, parents: Int32Array): Int32Array {
  const { subjects, replies } = input;
  const count = order.length;
  // (4) The first child of a dummy stands for it: what comes first in the order of dates.
  const roots: number[] = [];
  const firstChild = new Map<number, number>();
  for (const message of order) {
    const parent = parents[message] ?? nobody;
    if (parent === nobody) roots.push(message);
    else if (parent >= count && !firstChild.has(parent)) {
      firstChild.set(parent, message);
      roots.push(parent);
    }
  }
  const isDummy = (node: number) => node >= count;
  const isReply = (node: number) => !isDummy(node) && replies[node] === 1;
  const subjectOf = (node: number) => subjects[firstChild.get(node) ?? node] ?? 0; // (B) (i)
  const table = new Map<number, number>(); // (A)
  for (const root of roots) {
    const subject = subjectOf(root);
    if (subject === 0) continue; // (B) (ii)
    const other = table.get(subject); // (B) (iii)
    const better = other === undefined ||
      !isDummy(other) && (isDummy(root) || isReply(other) && !isReply(root));
    if (better) table.set(subject, root); // (B) (iv)
  }
  const became = new Map<number, number>();
  let newest = parents.reduce((most, parent) => Math.max(most, parent), count) + 1;
  for (const root of roots) {
    const subject = subjectOf(root);
    const other = table.get(subject);
    if (subject === 0 || other === undefined || other === root) continue; // (C) (ii), (iii), (iv)
    if (isDummy(root)) became.set(root, other); // Only a dummy can be in the table then: (B) (iv).
    else if (isDummy(other) || isReply(root) && !isReply(other)) parents[root] = other;
    else {
      parents[root] = parents[other] = newest;
      table.set(subject, newest++);
    }
  }
  return became.size === 0 ? parents : parents.map((parent) => became.get(parent) ?? parent);
}

/** Step 6, and the trees in the order in which they are told. What comes first in `order` comes first among siblings. */
function trees({ uids }: ThreadInput, order: Uint32Array, parents: Int32Array): Threads {
  const count = order.length;
  const size = parents.reduce((most, parent) => Math.max(most, parent), count) + 1;
  // Each parent's children, from the last to the first.
  const lastChild = new Int32Array(size).fill(nobody);
  const before = new Int32Array(size).fill(nobody);
  const roots: number[] = [];
  for (const message of order) {
    const parent = parents[message] ?? nobody;
    if (parent === nobody) {
      roots.push(message);
      continue;
    }
    // A dummy stands where its first child does.
    if (parent >= count && lastChild[parent] === nobody) roots.push(parent);
    before[message] = lastChild[parent] ?? nobody;
    lastChild[parent] = message;
  }
  const told = new Uint32Array(count + roots.length);
  const depths = new Uint32Array(count + roots.length);
  const waiting: number[] = [];
  const depthOf = new Uint32Array(size);
  let at = 0;
  for (const root of roots) {
    waiting.push(root);
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      const depth = depthOf[node] ?? 0;
      told[at] = node >= count ? 0 : uids[node] ?? 0;
      depths[at++] = depth;
      for (let child = lastChild[node] ?? nobody; child !== nobody; child = before[child] ?? nobody) {
        depthOf[child] = depth + 1;
        waiting.push(child);
      }
    }
  }
  return { uids: told.subarray(0, at), depths: depths.subarray(0, at) };
}
