/**
 * A queue for tests of commands: answers with given rows, and keeps what was asked.
 *
 * @module
 */
import { utf8 } from "../../base/bytes.ts";
import type {
  HoldRuleRow,
  QueueAdmin,
  QueuedRecipient,
  RetiredRecipient,
  SuppressionRow,
} from "../../queue/queue_admin.ts";

/** What a fake queue holds. */
export interface FakeQueue {
  readonly queued?: readonly QueuedRecipient[];
  readonly retired?: readonly RetiredRecipient[];
  readonly rules?: readonly HoldRuleRow[];
  readonly suppressed?: readonly SuppressionRow[];
  /** What changes answer. */
  readonly count?: number;
  readonly underWay?: number;
  readonly message?: readonly string[];
  readonly removed?: boolean;
}

/** Every call, as its name and request. */
export type Asked = [method: keyof QueueAdmin, request: unknown];

export function fakeQueueAdmin(queue: FakeQueue): { admin: QueueAdmin; asked: Asked[] } {
  const asked: Asked[] = [];
  const counted = (method: keyof QueueAdmin) => (request: unknown) => {
    asked.push([method, request]);
    return Promise.resolve(queue.count ?? 0);
  };
  const ended = (method: "fail" | "drop") => (request: unknown) => {
    asked.push([method, request]);
    return Promise.resolve({ ended: queue.count ?? 0, underWay: queue.underWay ?? 0 });
  };
  async function* streamed<T>(method: keyof QueueAdmin, request: unknown, rows: readonly T[] = []) {
    asked.push([method, request]);
    if (rows.length > 0) yield await Promise.resolve(rows);
  }
  const admin: QueueAdmin = {
    list: (request) => streamed("list", request, queue.queued),
    hold: counted("hold"),
    schedule: counted("schedule"),
    transport: counted("transport"),
    requireTls: counted("requireTls"),
    fail: ended("fail"),
    drop: ended("drop"),
    async *dump(request) {
      asked.push(["dump", request]);
      for (const piece of queue.message ?? []) yield await Promise.resolve(utf8(piece));
    },
    holdRules(request) {
      asked.push(["holdRules", request]);
      return Promise.resolve(queue.rules ?? []);
    },
    addHoldRule(request) {
      asked.push(["addHoldRule", request]);
      return Promise.resolve({ id: 7, held: queue.count ?? 0 });
    },
    removeHoldRule(request) {
      asked.push(["removeHoldRule", request]);
      return Promise.resolve(queue.removed ?? true);
    },
    retired: (request) => streamed("retired", request, queue.retired),
    suppressions: (request) => streamed("suppressions", request, queue.suppressed),
    suppress(request) {
      asked.push(["suppress", request]);
      return Promise.resolve();
    },
    unsuppress(request) {
      asked.push(["unsuppress", request]);
      return Promise.resolve(queue.removed ?? true);
    },
  };
  return { admin, asked };
}

/** A recipient who waits, with something of its own. */
export function queuedRecipient(own: Partial<QueuedRecipient> = {}): QueuedRecipient {
  return {
    id: 12,
    baseId: 12,
    account: "ann",
    sender: "ann@example.org",
    recipient: "bob@example.net",
    domain: "example.net",
    submitted: 1_790_000_000_000,
    hold: false,
    attempts: 0,
    maxAttempts: 8,
    nextAttempt: 1_790_000_000_000,
    lastAttempt: 0,
    leased: false,
    dropped: false,
    behind: false,
    results: [],
    size: 2048,
    messageId: "<1@example.org>",
    subject: "hello",
    fromId: "",
    transport: "",
    requireTls: null,
    futureRelease: "",
    ...own,
  };
}

/** One who is done with. */
export function retiredRecipient(own: Partial<RetiredRecipient> = {}): RetiredRecipient {
  const { id, baseId, account, sender, recipient, submitted, size, messageId, subject, fromId } =
    queuedRecipient();
  return {
    ...{ id, baseId, account, sender, recipient, submitted, size, messageId, subject, fromId },
    retired: submitted + 60_000,
    attempts: 1,
    outcome: "delivered",
    results: [],
    ...own,
  };
}
