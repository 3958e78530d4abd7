import assert from "node:assert/strict";
import { heloIdentity, identityOf } from "./identity.ts";

Deno.test("a sender is checked by its domain, the null sender and HELO by the host's name", () => {
  assert.deepEqual(identityOf({ local: "a b", domain: "example.org" }, "mx.example.net"), {
    identity: "mailfrom",
    domain: "example.org",
    local: "a b",
  });
  const host = { identity: "helo", domain: "mx.example.net", local: null };
  assert.deepEqual(identityOf(null, "mx.example.net"), host);
  assert.deepEqual(heloIdentity("mx.example.net"), host);
});
