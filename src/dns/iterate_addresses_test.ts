import assert from "node:assert/strict";
import { isOpenAddress } from "./iterate_addresses.ts";
import { rootServers } from "./iterate_hints.ts";

const open = [
  "1.1.1.1",
  "9.9.9.9",
  "11.0.0.0",
  "100.63.255.255",
  "100.128.0.0",
  "126.255.255.255",
  "128.0.0.1",
  "169.253.255.255",
  "172.15.255.255",
  "172.32.0.0",
  "192.0.1.0",
  "192.167.255.255",
  "198.17.255.255",
  "198.20.0.0",
  "223.255.255.255",
  "2001:500:2::c",
  "2001:200::1",
  "2606:4700::1111",
  "2a00::1",
  "::ffff:9.9.9.9",
];
const closed = [
  "0.0.0.0",
  "0.1.2.3",
  "10.0.0.1",
  "10.255.255.255",
  "100.64.0.1",
  "100.127.255.255",
  "127.0.0.1",
  "127.255.255.255",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.1",
  "192.0.2.1",
  "192.88.99.1",
  "192.168.0.1",
  "198.18.0.1",
  "198.19.255.255",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.1",
  "239.255.255.255",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::ffff:127.0.0.1",
  "::ffff:10.0.0.1",
  "::127.0.0.1",
  "64:ff9b::7f00:1",
  "100::1",
  "2001::1",
  "2001:1ff::1",
  "2001:db8::1",
  "2002:7f00:1::1",
  "3fff::1",
  "4000::1",
  "fc00::1",
  "fd12:3456::1",
  "fe80::1",
  "fec0::1",
  "ff02::1",
  "localhost",
  "",
  "1.1.1",
  "fe80::1%eth0",
];
for (const address of open) {
  Deno.test(`${address} may be asked`, () => assert.equal(isOpenAddress(address), true));
}
for (const address of closed) {
  Deno.test(`${address || "no address"} may not be asked`, () => assert.equal(isOpenAddress(address), false));
}

Deno.test("the root's thirteen servers may be asked, over IPv4 and IPv6", () => {
  assert.equal(rootServers.length, 13);
  for (const { host, addresses } of rootServers) {
    assert.equal(addresses.length, 2, host);
    assert.ok(addresses.every(isOpenAddress), host);
  }
  assert.equal(new Set(rootServers.flatMap(({ addresses }) => addresses)).size, 26);
});
