import assert from "node:assert/strict";
import { dynamicSchema } from "../config/dynamic_config.ts";
import { readConfig } from "../config/load.ts";
import { staticSchema } from "../config/static_config.ts";
import { domainsOf } from "./domains.ts";

const dynamic = readConfig(
  `[domains."example.org"]
[accounts.a]
domain = "example.org"
[accounts.a.destinations]
"a@example.org" = { mailbox = "Work" }
`,
  "domains.toml",
  dynamicSchema,
);

const config = (more: string) =>
  readConfig(`hostname = "Mail.example.org"\n${more}`, "mailden.toml", staticSchema);

Deno.test("domainsOf() gives addresses with their mailboxes, and a postmaster", () => {
  const domains = domainsOf(config(""), dynamic);
  assert.deepEqual(domains.hostnames, ["mail.example.org"]);
  assert.deepEqual(domains.postmaster, { account: "a", mailbox: "Inbox" });
  assert.equal(domains.accounts.get("a")?.destinations.get("a@example.org")?.mailbox, "Work");
  assert.equal(domains.acceptAny, null);
});

Deno.test("domainsOf() takes any address in localserve alone", () => {
  const local = config('[localserve]\naccount = "a"\npassword = "x"\nadminPassword = "y"\n');
  assert.equal(domainsOf(local, dynamic).acceptAny, "a");
});
