/**
 * The messages of an RPC connection: arrays that begin with a kind and the number of a call.
 *
 * Both ends may ask. Whoever asks numbers its calls upwards from 1, and each is ended by exactly one `result`,
 * `error` or `end`, also after a `cancel`: so both ends always agree on how much is outstanding.
 *
 * Tested by `src/rpc/connection_test.ts`.
 *
 * @module
 */
import { isReason, type Reason, Refused } from "../base/errors.ts";
import type { Plain } from "./plain_data.ts";

/** The kinds. Only ever added to. */
export const kind = {
  /** Asker: number, service, method, capability or null, request. */
  call: 0,
  /** Asker: the same, for a method that streams. */
  open: 1,
  /** Asker: the answer is not wanted any more. */
  cancel: 2,
  /** Asker: so many octets of items were consumed. */
  credit: 3,
  /** Answerer: the result; absent if there is none. */
  result: 4,
  /** Answerer: reason and text of a refusal, or nulls for what only its log knows. */
  error: 5,
  /** Answerer: one item of a stream. */
  item: 6,
  /** Answerer: a stream ended. */
  end: 7,
} as const;

/** Which call of which service is meant. */
export interface Target {
  readonly service: string;
  readonly method: string;
  readonly capability: string | null;
}

/** Characters of a service's or method's name, and of a capability. */
export const maxNameLength = 64;

/** The longest explanation of a refusal that is passed on, in characters; it goes to a log. */
export const maxErrorText = 500;

/** A message that was read, with its fields checked. */
export type Incoming =
  | { readonly kind: "call" | "open"; readonly id: number; readonly target: Target; readonly request: Plain }
  | { readonly kind: "cancel" | "end"; readonly id: number }
  | { readonly kind: "credit"; readonly id: number; readonly bytes: number }
  | { readonly kind: "result" | "item"; readonly id: number; readonly value: Plain }
  | { readonly kind: "error"; readonly id: number; readonly reason: Reason | null; readonly text: string };

/** @throws {Refused} `badRequest` if it is no message of ours. */
export function readMessage(message: Plain): Incoming {
  if (!Array.isArray(message)) throw malformed();
  const [what, id]: readonly Plain[] = message;
  if (!isCount(id) || id === 0) throw malformed();
  switch (what) {
    case kind.call:
    case kind.open:
      return { kind: what === kind.call ? "call" : "open", id, target: target(message), request: message[5] };
    case kind.cancel:
      return { kind: "cancel", id };
    case kind.credit: {
      const bytes: Plain = message[2];
      if (!isCount(bytes)) throw malformed();
      return { kind: "credit", id, bytes };
    }
    case kind.result:
      return { kind: "result", id, value: message[2] };
    case kind.item:
      return { kind: "item", id, value: message[2] };
    case kind.end:
      return { kind: "end", id };
    case kind.error: {
      const reason: Plain = message[2];
      const text: Plain = message[3];
      if (reason === null) return { kind: "error", id, reason, text: "" };
      if (!isReason(reason) || typeof text !== "string") throw malformed();
      return { kind: "error", id, reason, text: text.slice(0, maxErrorText) };
    }
  }
  throw malformed();
}

function target(message: readonly Plain[]): Target {
  const [, , service, method, capability] = message;
  if (!isName(service) || !isName(method) || capability !== null && !isName(capability)) throw malformed();
  return { service, method, capability };
}

function isName(value: Plain): value is string {
  return typeof value === "string" && value.length <= maxNameLength;
}

function isCount(value: Plain): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function malformed(): Refused {
  return new Refused("badRequest", "the RPC peer sent a message that does not follow the protocol");
}
