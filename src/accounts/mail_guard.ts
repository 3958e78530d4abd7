/**
 * Changes in slices, which ask before each slice whether they may still be made.
 *
 * Tested by `src/accounts/mail_sharing_test.ts`.
 *
 * @module
 */
import type { Step, Work } from "../store/query.ts";
import type { SlicedWork, Transaction } from "../store/transaction.ts";
import { checkRights, type Reach, reach } from "./mail_access.ts";

/** What an account's mail may be asked to check at each commit. Throws when the right has ended. */
export type StillAllowed = () => void;

/** A mailbox, and the rights to it that something takes. */
export interface Access {
  readonly mailbox: number;
  /** @throws {Refused} */
  readonly needed: (reached: Reach) => number;
  /** Another mailbox, and the rights to it that it takes as well. */
  readonly and?: Access;
}

/** What is done in slices. */
export type Begin<T> = (tx: Transaction, reached: Reach) => SlicedWork<T>;

/** @throws {Refused} If a right is missing. */
export function* reachFor(viewerId: number, { mailbox, needed, and }: Access): Work<Reach> {
  const reached = yield* reach(viewerId, mailbox, 0);
  checkRights(reached.rights, needed(reached));
  if (and !== undefined) yield* reachFor(viewerId, and);
  return reached;
}

/** Sliced work that asks again, whenever it may have been interrupted, whether it may go on. */
export function* guarded<T>(
  viewerId: number,
  access: Access,
  begin: Begin<T>,
  tx: Transaction,
  stillAllowed: StillAllowed,
): SlicedWork<T> {
  stillAllowed();
  const reached = yield* reachFor(viewerId, access);
  const needed = access.needed(reached);
  const sliced = begin(tx, reached);
  let next = sliced.next();
  while (!next.done) {
    if (next.value.want !== "pause") next = yield* answered(sliced, next.value);
    else {
      yield next.value;
      stillAllowed();
      // What it took at the beginning, not what it would take now.
      yield* reachFor(viewerId, { ...access, needed: () => needed });
      next = sliced.next();
    }
  }
  return next.value;
}

/** Sliced work as one unit: it is never interrupted. */
export function* inOneGo<T>(sliced: SlicedWork<T>): Work<T> {
  let next = sliced.next();
  while (!next.done) {
    if (next.value.want === "pause") next = sliced.next();
    else next = yield* answered(sliced, next.value);
  }
  return next.value;
}

function* answered<T>(
  sliced: SlicedWork<T>,
  step: Step,
): Generator<Step, ReturnType<SlicedWork<T>["next"]>, unknown> {
  let answer: unknown;
  try {
    answer = yield step;
  } catch (error) {
    return sliced.throw(error);
  }
  return sliced.next(answer);
}
