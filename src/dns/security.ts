/**
 * Which of two states of DNSSEC is the weaker: what depends on several answers is as secure as the least secure of them.
 * RFC 4035 5
 *
 * @module
 */
import type { Security } from "./resolver.ts";

const byStrength: readonly Security[] = ["bogus", "indeterminate", "insecure", "secure"];

/** Whether `a` is the weaker. */
export function isWeaker(a: Security, b: Security): boolean {
  return byStrength.indexOf(a) < byStrength.indexOf(b);
}

/** The weaker of two; null is none, as nobody was asked. */
export function weaker<T extends Security | null>(a: T, b: T): T {
  if (a === null || b === null) return a ?? b;
  return isWeaker(a, b) ? a : b;
}
