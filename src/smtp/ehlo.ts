/**
 * EHLO and HELO, with which a client says its name and asks for the server's extensions. RFC 5321 4.1.1.1
 *
 * @module
 */
import { parseIp } from "../base/ip_address.ts";

/** `EHLO name`, or the old `HELO name`, after which no extension may be used. */
export interface Ehlo {
  readonly verb: "EHLO" | "HELO";
  /** As it was sent: a domain or an address literal; empty if there was none. */
  readonly name: string;
}

/** Reads what follows the word. Whether the name will do, {@link isHeloName} tells. */
export function parseEhlo(verb: "EHLO" | "HELO", args: string): Ehlo {
  return { verb, name: args.trim() };
}

export function printEhlo(command: Ehlo): string {
  return `${command.verb} ${command.name}`;
}

/** Octets of a domain. RFC 5321 4.5.3.1.2 */
const maxNameLength = 255;

/**
 * Whether a name is a domain or an address literal; HELO knows no literals, and gets them all the same. An
 * underscore is not allowed in a host's name (RFC 1123 2.1) and sent by many of them.
 */
export function isHeloName(name: string): boolean {
  if (name.length === 0 || name.length > maxNameLength) return false;
  if (name.startsWith("[")) return isAddressLiteral(name);
  return name.replace(/\.$/, "").split(".").every((label) =>
    /^[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?$/.test(label)
  );
}

/** RFC 5321 4.1.3 */
function isAddressLiteral(name: string): boolean {
  if (!name.endsWith("]")) return false;
  const inside = name.slice(1, -1);
  if (/^IPv6:/i.test(inside)) return inside.includes(":", 5) && parseIp(inside.slice(5)) !== null;
  return !inside.includes(":") && parseIp(inside) !== null;
}
