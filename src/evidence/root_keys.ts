/**
 * The root's keys, as front and store follow them together: who may ask the DNS has no file, and who has the file
 * may not ask. RFC 5011
 *
 * @module
 */
import type { KeySet } from "../dns/seen_keys.ts";
import type { TrustAnchor } from "../dns/trust_anchors.ts";
import type { Methods } from "../rpc/service.ts";

/** What chains of trust begin with, and when the root's keys are to be looked at again. */
export interface RootKeysNow {
  readonly anchors: readonly TrustAnchor[];
  /** Milliseconds from now. */
  readonly dueMs: number;
}

export interface RootKeys {
  current(request: Record<string, never>): Promise<RootKeysNow>;
  /**
   * What the root's servers told, or null where nobody told anything. What comes before it is due is not looked at.
   */
  saw(request: Pick<KeySet, "keys" | "signatures"> | null): Promise<RootKeysNow>;
}

export const rootKeysMethods = { current: "call", saw: "call" } as const satisfies Methods<RootKeys>;
