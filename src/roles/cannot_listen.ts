/**
 * Why the front cannot listen somewhere, in words for whoever set it up.
 *
 * @module
 */

/** An address cannot be listened on. `message` names it, its place in `mailden.toml`, and what to do. */
export class CannotListen extends Error {
  override readonly name = "CannotListen";
}

/** What an error of the system means, and which setting helps. */
const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use by another program: stop that, or choose another port with {port}",
  EADDRNOTAVAIL: "is no address of this machine: choose others with {listener}.addresses",
  EACCES:
    "needs a right that this user has not (ports below 1024: CAP_NET_BIND_SERVICE): give it, or change {port}",
};

/** The system says EINVAL to an address of another network, too. */
const sameAs: Readonly<Record<string, string>> = { EINVAL: "EADDRNOTAVAIL", EPERM: "EACCES" };

/** @param listener Its name in `mailden.toml`. */
export function cannotListen(error: unknown, listener: string, service: string, port: number): CannotListen {
  const { code = "", address = "" } = error instanceof Error ? error as Error & SystemError : {};
  const where = `${address.includes(":") ? `[${address}]` : address}:${port}`;
  const path = `listeners.${listener}`;
  const remedy = remedies[sameAs[code] ?? code]
    ?.replace("{port}", `${path}.${service}.port`).replace("{listener}", path);
  const message = remedy === undefined
    ? `${where} (${path}.${service}.port): ${String(error)}`
    : `${where} ${remedy} in mailden.toml`;
  return new CannotListen(message, { cause: error });
}

/** What the runtime adds to errors of the system. */
interface SystemError {
  readonly code?: string;
  readonly address?: string;
}
