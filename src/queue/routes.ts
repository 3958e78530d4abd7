/**
 * Which transport a message takes: the one that somebody chose for it, else that of the first route which matches, else
 * straight to the recipient's mail exchangers.
 *
 * Routes are looked at anew for each attempt, so that what fails on one way can go another.
 *
 * @module
 */

/** A route as the configuration has it. */
export interface Route {
  /** Domains of the sender; none: any. `.example.org` is that domain and all below it. */
  readonly fromDomain: readonly string[];
  /** Domains of the recipient; as above. */
  readonly toDomain: readonly string[];
  /** Matches when so many attempts were made already. */
  readonly minimumAttempts: number;
  /** The transport's name; empty: straight to the recipient's mail exchangers. */
  readonly transport: string;
}

/** What routes are looked up by. */
export interface Routed {
  /** Of MAIL FROM, in normal form; empty for the null sender. */
  readonly fromDomain: string;
  /** Of the recipient, in normal form. */
  readonly toDomain: string;
  /** Attempts before this one. */
  readonly attempts: number;
}

/**
 * The name of the transport; empty for none, which is direct.
 *
 * @param chosen By hand for this very message; empty if nobody did.
 * @param levels Routes of the account, of the sender's domain, of the server, each in the order of the configuration.
 */
export function transportFor(
  routed: Routed,
  chosen: string,
  levels: readonly (readonly Route[])[],
): string {
  if (chosen !== "") return chosen;
  for (const routes of levels) {
    const route = routes.find((each) => matches(each, routed));
    if (route !== undefined) return route.transport;
  }
  return "";
}

function matches(route: Route, { fromDomain, toDomain, attempts }: Routed): boolean {
  return attempts >= route.minimumAttempts && includes(route.fromDomain, fromDomain) &&
    includes(route.toDomain, toDomain);
}

function includes(domains: readonly string[], domain: string): boolean {
  return domains.length === 0 ||
    domains.some((each) =>
      each.startsWith(".") ? domain === each.slice(1) || domain.endsWith(each) : domain === each
    );
}
