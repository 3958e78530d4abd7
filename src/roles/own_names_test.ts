import assert from "node:assert/strict";
import { parseIp } from "../base/ip_address.ts";
import { LocalResolver } from "../dns/local_resolver.ts";
import { checkHost } from "../spf/check_host.ts";
import { iprev } from "../spf/iprev.ts";
import { ownNames } from "./own_names.ts";

const key = { name: "s._domainkey.localhost.", text: `v=DKIM1;p=${"A".repeat(400)}` };
const resolver = new LocalResolver(ownNames(["localhost", "bücher.example"], [key], true), null);

Deno.test("mail from this machine passes SPF and iprev in localserve", async () => {
  for (const address of ["127.0.0.1", "127.0.0.9", "::1"]) {
    const ip = parseIp(address) ?? assert.fail();
    const request = { ip, domain: "bücher.example", local: "a", helo: "x", receiver: "localhost" };
    assert.equal((await checkHost(request, { resolver, now: 0 })).status, "pass", address);
    if (address !== "127.0.0.9") assert.equal((await iprev(ip, resolver)).status, "pass", address);
  }
});

Deno.test("keys are published in strings, and other servers know nothing else", async () => {
  const { records } = await resolver.lookup(key.name, "TXT");
  assert.deepEqual(records[0]?.strings.map(({ length }) => length), [255, key.text.length - 255]);
  assert.deepEqual([...ownNames(["example.org"], [key], false).keys()], [key.name]);
});
