/**
 * What the end of a localpart asks for in localserve: to fail, and how.
 *
 * | end of the localpart | what happens |
 * | --- | --- |
 * | `temperror` | 451 |
 * | `permerror` | 550 |
 * | `timeout` | nobody answers |
 * | three digits, 400 to 600 | that code |
 *
 * Tested by `src/smtpd/faults_test.ts`.
 *
 * @module
 */

/** A failure that somebody asks for. */
export type AskedFault = { readonly kind: "code"; readonly code: number } | { readonly kind: "timeout" };

/** What a localpart asks for, or null. */
export function askedFault(local: string): AskedFault | null {
  if (local.endsWith("temperror")) return { kind: "code", code: 451 };
  if (local.endsWith("permerror")) return { kind: "code", code: 550 };
  if (local.endsWith("timeout")) return { kind: "timeout" };
  const code = Number(/[0-9]{3}$/.exec(local)?.[0] ?? 0);
  return code < 400 || code > 600 ? null : { kind: "code", code };
}
