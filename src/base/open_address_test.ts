import assert from "node:assert/strict";
import { parseIp } from "./ip_address.ts";
import { closedFor, isOpenAddress } from "./open_address.ts";

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
  Deno.test(`${address} is of the open Internet`, () => assert.equal(isOpenAddress(address), true));
}
for (const address of closed) {
  Deno.test(`${address || "no address"} is not`, () => assert.equal(isOpenAddress(address), false));
}

/**
 * IANA's registries of special-purpose addresses (IPv4 and IPv6, of October 2025), and the multicast networks: first and
 * last address of each, and whether it is open.
 */
const registry: [network: string, first: string, last: string, open: boolean][] = [
  ["0.0.0.0/8", "0.0.0.0", "0.255.255.255", false],
  ["10.0.0.0/8", "10.0.0.0", "10.255.255.255", false],
  ["100.64.0.0/10", "100.64.0.0", "100.127.255.255", false],
  ["127.0.0.0/8", "127.0.0.0", "127.255.255.255", false],
  ["169.254.0.0/16", "169.254.0.0", "169.254.255.255", false],
  ["172.16.0.0/12", "172.16.0.0", "172.31.255.255", false],
  ["192.0.0.0/24", "192.0.0.0", "192.0.0.255", false], // With the anycast addresses of PCP and TURN, which serve no strangers.
  ["192.0.2.0/24", "192.0.2.0", "192.0.2.255", false],
  ["192.31.196.0/24, AS112", "192.31.196.0", "192.31.196.255", true],
  ["192.52.193.0/24, AMT", "192.52.193.0", "192.52.193.255", true],
  ["192.88.99.0/24", "192.88.99.0", "192.88.99.255", false],
  ["192.168.0.0/16", "192.168.0.0", "192.168.255.255", false],
  ["192.175.48.0/24, AS112", "192.175.48.0", "192.175.48.255", true],
  ["198.18.0.0/15", "198.18.0.0", "198.19.255.255", false],
  ["198.51.100.0/24", "198.51.100.0", "198.51.100.255", false],
  ["203.0.113.0/24", "203.0.113.0", "203.0.113.255", false],
  ["224.0.0.0/4", "224.0.0.0", "239.255.255.255", false],
  ["240.0.0.0/4", "240.0.0.0", "255.255.255.255", false],
  ["::/128, ::1/128", "::", "::1", false],
  ["::ffff:0:0/96 of what is closed", "::ffff:0.0.0.0", "::ffff:255.255.255.255", false],
  ["::ffff:0:0/96 of what is open", "::ffff:1.0.0.0", "::ffff:223.255.255.255", true],
  ["64:ff9b::/96 of what is closed", "64:ff9b::10.0.0.1", "64:ff9b::ffff:ffff", false],
  ["64:ff9b::/96 of what is open", "64:ff9b::1.1.1.1", "64:ff9b::9.9.9.9", true],
  ["64:ff9b:1::/48", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", false],
  ["64:ff9b:1::/48 of what would be open", "64:ff9b:1::1.1.1.1", "64:ff9b:1:0:0:0:9.9.9.9", false],
  ["100::/64", "100::", "100::ffff:ffff:ffff:ffff", false],
  ["100:0:0:1::/64", "100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", false],
  ["2001::/32, Teredo", "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", false],
  ["2001::/23", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", false],
  ["2001:2::/48", "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", false],
  ["2001:10::/28", "2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", false],
  ["2001:20::/28", "2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", false],
  ["2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", false],
  ["2002::/16, 6to4", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false],
  ["2620:4f:8000::/48, AS112", "2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", true],
  ["3fff::/20", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", false],
  ["5f00::/16", "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false],
  ["fc00::/7", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false],
  ["fe80::/10", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false],
  ["fec0::/10", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false],
  ["ff00::/8", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false],
];
for (const [network, first, last, isOpen] of registry) {
  Deno.test(`${network} is ${isOpen ? "open" : "closed"}, from its first address to its last`, () => {
    for (const address of [first, last]) assert.equal(isOpenAddress(address), isOpen, address);
  });
}

Deno.test("what is closed says what it is", () => {
  const words = (address: string) => {
    const ip = parseIp(address);
    return ip && closedFor(ip);
  };
  assert.equal(words("192.168.1.1"), "a private network (RFC 1918)");
  assert.equal(words("64:ff9b::127.0.0.1"), "this machine (RFC 1122), behind a translator (RFC 6052)");
  assert.equal(words("4000::1"), "no network that is given out (RFC 4291 2.4)");
  assert.equal(words("2a00::1"), null);
});
