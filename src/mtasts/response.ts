/**
 * From what a policy host answered to a policy, or the reason why there is none. RFC 8461 3.2, 3.3
 *
 * @module
 */
import { asciiLower } from "../base/scanner.ts";
import type { Fetched, FetchFailure } from "./life.ts";
import { maxPolicyOctets, parsePolicy } from "./policy.ts";

/** An answer over HTTPS, as it came: no redirect followed, no cache asked. */
export interface PolicyResponse {
  readonly status: number;
  /** The field's value; null without. */
  readonly contentType: string | null;
  /** At least one octet more than {@link maxPolicyOctets} where there are more; nobody need read on. */
  readonly body: Uint8Array;
}

/** Reads an answer. */
export function readPolicyResponse({ status, contentType, body }: PolicyResponse): Fetched {
  if (status !== 200) return no("status", `the policy host answered with the status ${status}`);
  // A web server that lets its users put pages anywhere must not speak for its domain. Parameters mean nothing.
  const type = asciiLower((contentType ?? "").split(";", 1)[0] ?? "").trim();
  if (type !== "text/plain") return no("mediaType", `the policy is not text/plain but ${shown(type)}`);
  if (body.length > maxPolicyOctets) {
    return no("tooLarge", `the policy has more than ${maxPolicyOctets} octets`);
  }
  try {
    return { ok: true, policy: parsePolicy(body) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return no("invalid", `the policy cannot be read: ${error.message}`);
  }
}

function no(failure: FetchFailure, why: string): Fetched {
  return { ok: false, failure, why };
}

/** A stranger's words, for a sentence. */
function shown(type: string): string {
  return type === "" ? "of no type" : JSON.stringify(type.slice(0, 100));
}
