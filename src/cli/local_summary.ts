/**
 * What localserve prints when it serves: what runs where, and how to connect.
 *
 * Tested by `tests/scenarios/localserve_test.ts`.
 *
 * @module
 */
import { examples } from "../httpd/local_page.ts";
import { shownServices } from "../roles/shown_services.ts";
import type { Installation } from "../server/installation.ts";
import { localAccount } from "../server/localserve_folder.ts";

/** The text, for people. */
export function localSummary(installation: Installation, made: boolean): string {
  const services = shownServices(installation.config);
  const local = installation.config.localserve;
  const password = local?.password ?? "";
  const lines = [
    `mailden serves from ${installation.folder} (${made ? "just made" : "found there"}).`,
    "",
    ...services.map((each) =>
      `  ${each.name.padEnd(12)} ${`${each.address} port ${each.port}`.padEnd(26)} ${
        each.security.padEnd(18)
      } ${each.use}`
    ),
    "",
    `  User name    ${localAccount.address}`,
    `  Password     ${password}`,
    `  Admin        ${local?.adminPassword ?? ""}`,
    "",
    "It takes mail for any address. Try:",
    "",
    ...examples({ services, login: localAccount.address, password }).map((each) => `  ${each.command}`),
    "",
    "Ctrl-C stops it; the mail stays.",
  ];
  return lines.join("\n");
}
