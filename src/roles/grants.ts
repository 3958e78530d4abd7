/**
 * What each role may do, and why: one line a grant. From this come the flags that a role is started with and
 * the table in README.md; a test starts each role and tries what is not granted.
 *
 * No role has run, ffi, env or sys. What must be listened on is granted as `address:port`, one by one.
 *
 * The front listens itself. A supervisor that held the ports could keep them while a front is started again, but with
 * Deno 2.9.6 a listener that was sent to a child is closed in the parent (a second child got none of 40), and is lost
 * when another message is still under way (half of them). Started by systemd, no port below 1024 needs root either way.
 *
 * @module
 */

export type RoleName = "front" | "store" | "parser" | "local";

/** The parts of a grant that depend on the installation. */
export interface Places {
  /** `address:port` of every listener, IPv6 in brackets. */
  readonly listen: readonly string[];
  /** The data folder: all mail. */
  readonly data: string;
  /** The front's own folder: what it has learnt of others and can learn again (Deno KV), never mail. */
  readonly front: string;
  /** `domains.toml`. */
  readonly domains: string;
  /** The store's RPC socket. */
  readonly storeSocket: string;
  /** Where commands reach the server (`control_socket.ts`). */
  readonly controlSocket: string;
  /** Folder of the program itself: a Worker's files are read with the permissions of its process. */
  readonly program: string;
  /** The front's own sockets, over which its web requests run inside. */
  readonly webSockets: readonly string[];
  /** What the front reaches of others: any host, or the DNS servers alone (`boot_dns.ts`). */
  readonly outbound: readonly string[] | "any";
}

/** Permissions of one role: absolute paths, `address:port`, `unix:path`. */
export interface Grant {
  readonly net: readonly string[] | "any";
  readonly read: readonly string[];
  readonly write: readonly string[];
}

const unix = (path: string) => `unix:${path}`;

/** The grants of each role. */
export const grants = {
  // Talks to strangers: no mail, no keys on disk, no files but its sockets and what it has learnt of others.
  front: ({ listen, front, storeSocket, webSockets, outbound }) => ({
    net: outbound === "any" ? "any" : [...listen, ...outbound, unix(storeSocket), ...webSockets.map(unix)],
    read: [front, storeSocket, ...webSockets],
    write: [front, storeSocket, ...webSockets],
  }),
  // Holds all mail; never online. On its second socket it hears the administrator's commands.
  store: ({ data, domains, storeSocket, controlSocket }) => ({
    net: [unix(storeSocket), unix(controlSocket)],
    read: [data, domains, storeSocket, controlSocket],
    write: [data, storeSocket, controlSocket],
  }),
  // Reads strangers' HTML and texts: a bug here reaches nothing. Its pipes are all that it has.
  parser: () => ({ net: [], read: [], write: [] }),
  // localserve: front and store in one process; the store in a Worker that has no net at all.
  // The process takes the commands' connections, and hands them on.
  local: ({ listen, data, front, domains, program, webSockets, controlSocket, outbound }) => ({
    net: outbound === "any" ? "any" : [...listen, ...outbound, ...webSockets.map(unix), unix(controlSocket)],
    read: [data, front, domains, program, ...webSockets, controlSocket],
    write: [data, front, ...webSockets, controlSocket],
  }),
} satisfies Readonly<Record<RoleName, (places: Places) => Grant>>;

/** The store's Worker inside `local`: files alone. */
export function storeWorkerGrant(places: Pick<Places, "data" | "domains">): Deno.PermissionOptionsObject {
  return {
    read: [places.data, places.domains],
    write: [places.data],
    net: false,
    env: false,
    run: false,
    ffi: false,
    sys: false,
    import: false,
  };
}

/**
 * The flags for `deno run`.
 *
 * @throws {TypeError} If a path holds a comma, which separates paths in these flags.
 */
export function grantFlags(grant: Grant): string[] {
  const flags = ["--no-prompt"];
  for (const [name, values] of Object.entries(grant) as [keyof Grant, readonly string[] | "any"][]) {
    if (values === "any") {
      flags.push(`--allow-${name}`);
      continue;
    }
    for (const value of values) {
      if (value.includes(",")) throw new TypeError(`${value} holds a comma: choose a folder without one`);
    }
    if (values.length > 0) flags.push(`--allow-${name}=${values.join(",")}`);
  }
  return flags;
}
