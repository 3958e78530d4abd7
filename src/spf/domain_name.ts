/**
 * Text that becomes a name to ask for: domains of senders, and what macros make. RFC 7208 4.3, RFC 8616 4
 *
 * Tested by `check_host_test.ts` and `macro_test.ts`.
 *
 * @module
 */
import { asciiDomain, isAscii, normalForm } from "../address/domain.ts";
import { utf8 } from "../base/bytes.ts";
import { nameOfLabels } from "../dns/name.ts";
import type { Name } from "../dns/record.ts";

/** U-labels as A-labels; what is no domain stays as it is. RFC 8616 4 */
export function inALabels(domain: string): string {
  if (isAscii(domain)) return domain;
  const normal = normalForm(domain, { underscore: true });
  return normal === null ? domain : asciiDomain(normal);
}

/**
 * The name to ask for, or null where no name can be so: an empty label, one too long, U-labels against the rules.
 * Any ASCII may stand in a label, as macros make them of local parts.
 */
export function nameOf(text: string): Name | null {
  const domain = inALabels(text.replace(/\.$/, ""));
  if (!isAscii(domain)) return null;
  try {
    return nameOfLabels(domain.split(".").map(utf8));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Whether a sender's domain could have a record: an address literal, or a host's short name, has none. */
export function isCheckable(domain: string): boolean {
  return /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+\.?$/.test(inALabels(domain));
}
