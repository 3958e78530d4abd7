/**
 * The part of `domains.toml` about which mail leaves on which way: routes of the server, of domains, of accounts.
 *
 * Tested by `src/config/outgoing_config_test.ts`.
 *
 * @module
 */
import { normalForm } from "../address/domain.ts";
import { maxAttempts } from "./queue_config.ts";
import { type Field, integer, list, type Problem, table, text, tomlKey, type Value } from "./schema.ts";

const domains = (doc: string) =>
  list(
    text({
      doc: "",
      check: (value) =>
        normalForm(value.replace(/^\./, "")) === null
          ? 'is no domain: write it as "example.org", or as ".example.org" for it and all below it'
          : null,
    }),
    { doc },
  );

const route = table({
  fromDomain: domains("Domains of senders; none: any. .example.org is that domain and all below it."),
  toDomain: domains("Domains of recipients; likewise."),
  minimumAttempts: integer({
    doc: "Matches once so many attempts have failed: what does not arrive on one way can go another.",
    min: 0,
    max: maxAttempts,
    default: 0,
  }),
  transport: text({
    doc: "Name of a transport of mailden.toml; empty: straight to the recipient's mail exchangers.",
    default: "",
  }),
});

/** `[[routes]]`, `[[accounts.you.routes]]`, `[[domains."example.org".routes]]`. */
export function routes(doc: string): Field<readonly RouteConfig[]> {
  return {
    ...list(route, { doc }),
    example: (_name, path) => [`# ${doc}`, `# [[${path}]]`, ...route.example("", "")],
  };
}

export type RouteConfig = Value<typeof route>;

/** What of a configuration has routes. */
export interface Routing {
  readonly routes: readonly RouteConfig[];
  readonly domains: Readonly<Record<string, { readonly routes: readonly RouteConfig[] }>>;
  readonly accounts: Readonly<Record<string, { readonly routes: readonly RouteConfig[] }>>;
}

/** Routes whose transport `mailden.toml` does not have. */
export function checkRoutes(routing: Routing, transports: Readonly<Record<string, unknown>>): Problem[] {
  const below = (name: string, tables: Routing["domains"]): [string, readonly RouteConfig[]][] =>
    Object.entries(tables).map(([key, { routes }]) => [`${name}.${tomlKey(key)}.routes`, routes]);
  const all: [path: string, routes: readonly RouteConfig[]][] = [
    ["routes", routing.routes],
    ...below("domains", routing.domains),
    ...below("accounts", routing.accounts),
  ];
  return all.flatMap(([path, routes]) =>
    routes.flatMap(({ transport }, i) =>
      transport === "" || Object.hasOwn(transports, transport) ? [] : [{
        path: `${path}[${i}].transport`,
        message: `there is no transport ${JSON.stringify(transport)}: write [transports.${
          tomlKey(transport)
        }] in mailden.toml${known(transports)}`,
      }]
    )
  );
}

function known(transports: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(transports);
  return names.length === 0 ? "" : `; there are ${names.join(", ")}`;
}
