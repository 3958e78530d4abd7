/**
 * The names that only this server may write Authentication-Results under: those that it writes them under now, on
 * whichever listener, those that it did before, and those of its domains, which readers take for it. RFC 8601 5
 *
 * @module
 */
import { normalNames } from "../config/authentication_config.ts";
import type { StaticConfig } from "../config/static_config.ts";

/** The names, in normal form. */
export function authservIds(
  config: Pick<StaticConfig, "hostname" | "authentication"> & {
    readonly listeners: Readonly<Record<string, { readonly hostname: string | null }>>;
  },
  { domains }: { readonly domains: Readonly<Record<string, unknown>> },
): string[] {
  const hostnames = Object.values(config.listeners).flatMap(({ hostname }) => hostname ?? []);
  const { formerNames } = config.authentication;
  return normalNames([config.hostname, ...hostnames, ...formerNames, ...Object.keys(domains)]);
}
