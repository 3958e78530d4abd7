import assert from "node:assert/strict";
import { isOpenAddress } from "../base/open_address.ts";
import { rootServers } from "./iterate_hints.ts";

Deno.test("the root's thirteen servers may be asked, over IPv4 and IPv6", () => {
  assert.equal(rootServers.length, 13);
  for (const { host, addresses } of rootServers) {
    assert.equal(addresses.length, 2, host);
    assert.ok(addresses.every(isOpenAddress), host);
  }
  assert.equal(new Set(rootServers.flatMap(({ addresses }) => addresses)).size, 26);
});
