/**
 * THREAD of the twin: the six steps of RFC 5256 3, word for word, over objects; slow, and recursive.
 *
 * Tested by `src/accounts/testing/conformance_sort.ts`.
 *
 * @module
 */
import type { ThreadAlgorithm } from "../../imap/sort_key.ts";
import { casemap } from "../../message/casemap.ts";
import { baseSubject } from "../../message/subject.ts";
import type { MemoryMessage } from "./memory_message.ts";
import { sentDate } from "./memory_sort.ts";

/** A message, or a dummy. */
interface Node {
  readonly message: MemoryMessage | null;
  parent: Node | null;
  children: Node[];
}

/** UIDs (0 for a dummy) and depths, each parent before its children. */
export function threaded(
  messages: readonly MemoryMessage[],
  algorithm: ThreadAlgorithm,
): { uid: number; depth: number }[] {
  const roots = algorithm === "references" ? byReferences(messages) : bySubject(messages);
  const told: { uid: number; depth: number }[] = [];
  const tell = (node: Node, depth: number) => {
    told.push({ uid: node.message?.uid ?? 0, depth });
    for (const child of node.children) tell(child, depth + 1);
  };
  for (const root of roots) tell(root, 0);
  return told;
}

const node = (message: MemoryMessage | null): Node => ({ message, parent: null, children: [] });

function byTime(a: MemoryMessage, b: MemoryMessage): number {
  return sentDate(a) - sentDate(b) || a.uid - b.uid;
}

function bySubject(messages: readonly MemoryMessage[]): Node[] {
  const groups = Map.groupBy([...messages].sort(byTime), subjectOfMessage);
  return [...groups.values()].map(([first, ...rest]) => ({
    ...node(first ?? null),
    children: rest.map((message) => node(message)),
  })).sort((a, b) => bySent(a, b));
}

function subjectOfMessage(message: MemoryMessage): string {
  return casemap(baseSubject(message.email.index.subject).base);
}

function detach(child: Node): void {
  if (child.parent === null) return;
  child.parent.children = child.parent.children.filter((each) => each !== child);
  child.parent = null;
}

function attach(child: Node, parent: Node): void {
  for (let at: Node | null = parent; at !== null; at = at.parent) if (at === child) return;
  child.parent = parent;
  parent.children.push(child);
}

function byReferences(messages: readonly MemoryMessage[]): Node[] {
  // (1)
  const all = messages.map(node);
  const byId = new Map<string, Node>();
  for (const each of all) {
    const id = each.message?.email.index.messageId ?? null;
    if (id !== null && !byId.has(id)) byId.set(id, each);
  }
  for (const each of all) {
    const chain = (each.message?.email.index.references ?? []).map((id) => {
      const known = byId.get(id) ?? node(null);
      byId.set(id, known);
      return known;
    });
    for (const [i, child] of chain.entries()) {
      const parent = chain[i - 1];
      if (parent !== undefined && child.parent === null) attach(child, parent);
    }
    const last = chain.at(-1);
    if (last !== undefined && each.parent === last) continue;
    detach(each);
    if (last !== undefined) attach(each, last);
  }
  // (2)
  const root: Node = {
    ...node(null),
    children: [...new Set([...all, ...byId.values()])].filter((each) => each.parent === null),
  };
  // (3)
  root.children = root.children.flatMap((each) => {
    prune(each);
    if (each.message !== null) return [each];
    return each.children.length > 1 ? [each] : each.children;
  });
  // (4)
  for (const each of root.children) if (each.message === null) each.children.sort(bySent);
  root.children.sort(bySent);
  gather(root);
  // (6)
  sortAll(root);
  return root.children;
}

function prune(parent: Node): void {
  parent.children = parent.children.flatMap((child) => {
    prune(child);
    return child.message === null ? child.children : [child];
  });
}

/** (5) */
function gather(root: Node): void {
  const table = new Map<string, Node>();
  for (const each of root.children) {
    const subject = threadSubject(each);
    if (subject === "") continue;
    const other = table.get(subject);
    const replaces = other !== undefined && other.message !== null &&
      (each.message === null || isReply(other) && !isReply(each));
    if (other === undefined || replaces) table.set(subject, each);
  }
  for (const each of [...root.children]) {
    const subject = threadSubject(each);
    const other = table.get(subject);
    if (subject === "" || other === undefined || other === each) continue;
    root.children = root.children.filter((child) => child !== each);
    if (other.message === null && each.message === null) other.children.push(...each.children);
    else if (other.message === null) other.children.push(each);
    else if (isReply(each) && !isReply(other)) other.children.push(each);
    else {
      const dummy = { ...node(null), children: [other, each] };
      root.children = root.children.map((child) => child === other ? dummy : child);
      table.set(subject, dummy);
    }
  }
}

function threadSubject(each: Node): string {
  const message = each.message ?? each.children[0]?.message ?? null;
  return message === null ? "" : subjectOfMessage(message);
}

function isReply(each: Node): boolean {
  return each.message !== null && baseSubject(each.message.email.index.subject).isReply;
}

function sortAll(parent: Node): void {
  for (const child of parent.children) sortAll(child);
  parent.children.sort(bySent);
}

function bySent(a: Node, b: Node): number {
  const [x, y] = [a.message ?? a.children[0]?.message, b.message ?? b.children[0]?.message];
  return x === undefined || x === null || y === undefined || y === null ? 0 : byTime(x, y);
}
