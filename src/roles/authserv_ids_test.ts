import assert from "node:assert/strict";
import { authservIds } from "./authserv_ids.ts";

Deno.test("names of this server now and before, of its listeners and of its domains are its own", () => {
  const config = {
    hostname: "Mail.example.org",
    listeners: { a: { hostname: null }, b: { hostname: "mx.xn--bcher-kva.example" } },
    authentication: {
      trustedSealers: ["lists.example"],
      formerNames: ["old.example.net", "mail.example.org"],
    },
  };
  assert.deepEqual(authservIds(config, { domains: { "example.org": {}, "bücher.example": {} } }), [
    "mail.example.org",
    "mx.bücher.example",
    "old.example.net",
    "example.org",
    "bücher.example",
  ]);
});
