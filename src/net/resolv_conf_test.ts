import assert from "node:assert/strict";
import {
  maxAttempts,
  maxResolvConfCharacters,
  maxServers,
  maxTimeoutSeconds,
  parseResolvConf,
  type ResolvConf,
  upstreamServers,
} from "./resolv_conf.ts";

const none: ResolvConf = { servers: [], trustAd: false, timeoutMs: null, attempts: null };

const files: [what: string, text: string, conf: ResolvConf][] = [
  ["nothing", "", none],
  ["a server", "nameserver 192.0.2.1\n", { ...none, servers: ["192.0.2.1"] }],
  ["no line end", "nameserver 192.0.2.1", { ...none, servers: ["192.0.2.1"] }],
  ["CRLF and white space", "  nameserver\t192.0.2.1 \r\n", { ...none, servers: ["192.0.2.1"] }],
  ["IPv6", "nameserver 2001:DB8::0:1", { ...none, servers: ["2001:db8::1"] }],
  ["IPv6 with a zone", "nameserver fe80::1%eth0.2", { ...none, servers: ["fe80::1%eth0.2"] }],
  ["an IPv4-mapped address", "nameserver ::ffff:127.0.0.1", { ...none, servers: ["127.0.0.1"] }],
  ["a word behind the address", "nameserver 192.0.2.1 # router", { ...none, servers: ["192.0.2.1"] }],
  ["comments", "# nameserver 192.0.2.1\n;nameserver 192.0.2.2\n", none],
  [
    "other keywords",
    "search example.org\ndomain example.org\nsortlist 192.0.2.0\nnameservers 192.0.2.1",
    none,
  ],
  [
    "what is no address",
    "nameserver localhost\nnameserver 192.0.2\nnameserver\nnameserver ::1%\nnameserver ::1%a%b\nnameserver 192.0.2.1%eth0\nnameserver ::1%a/b",
    none,
  ],
  ["a server twice", "nameserver ::1\nnameserver 0:0::1\n", { ...none, servers: ["::1"] }],
  ["options", "options trust-ad timeout:2 attempts:4 edns0", {
    ...none,
    trustAd: true,
    timeoutMs: 2000,
    attempts: 4,
  }],
  ["options on two lines", "options timeout:2 rotate\noptions timeout:3 trust-ad", {
    ...none,
    trustAd: true,
    timeoutMs: 3000,
  }],
  ["options over their caps", "options timeout:999 attempts:999", {
    ...none,
    timeoutMs: maxTimeoutSeconds * 1000,
    attempts: maxAttempts,
  }],
  ["options of 0", "options timeout:0 attempts:0", { ...none, timeoutMs: 1000, attempts: 1 }],
  ["options that are no numbers", "options timeout:x attempts: timeout:-1 no-trust-ad", none],
];
for (const [what, text, conf] of files) {
  Deno.test(`resolv.conf with ${what}`, () => {
    assert.deepEqual(parseResolvConf(text), conf);
  });
}

Deno.test("resolv.conf with too many servers: the first count", () => {
  const text = Array.from({ length: maxServers + 2 }, (_, i) => `nameserver 192.0.2.${i}\n`).join("");
  assert.deepEqual(parseResolvConf(text).servers, ["192.0.2.0", "192.0.2.1", "192.0.2.2"]);
});

Deno.test("resolv.conf without end is not read to its end", () => {
  const text = `nameserver 192.0.2.1\n${"#\n".repeat(maxResolvConfCharacters)}nameserver 192.0.2.2\n`;
  assert.deepEqual(parseResolvConf(text).servers, ["192.0.2.1"]);
});

Deno.test("loopback is trusted, others only with trust-ad, and without servers it is loopback", () => {
  const conf = { ...none, servers: ["127.0.0.53", "192.0.2.1", "fe80::1%lo", "::1"] };
  const trusted = (one: ResolvConf) => upstreamServers(one).map((server) => server.trusted);
  assert.deepEqual(trusted(conf), [true, false, false, true]);
  assert.deepEqual(trusted({ ...conf, trustAd: true }), [true, true, true, true]);
  assert.deepEqual(upstreamServers(none), [{ address: "127.0.0.1", port: 53, trusted: true }]);
});
