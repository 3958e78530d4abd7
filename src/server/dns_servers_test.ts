import assert from "node:assert/strict";
import { readConfig } from "../config/load.ts";
import { checkStatic, staticSchema } from "../config/static_config.ts";
import { bootDns, dnsOf } from "./dns_servers.ts";

const config = (dns: string) =>
  readConfig(
    `hostname = "a.example"\n[listeners.a]\naddresses = ["192.0.2.9"]\n[listeners.a.smtp]\n${dns}`,
    "mailden.toml",
    staticSchema,
    checkStatic,
  );

Deno.test("configured servers go before the system's, and only those on this machine are trusted", () => {
  const { servers, direct } = dnsOf(
    config('[dns]\nservers = ["127.0.0.1:5353", "192.0.2.1"]\n'),
    "nameserver 192.0.2.2\n",
  );
  assert.deepEqual(servers, [
    { address: "127.0.0.1", port: 5353, trusted: true },
    { address: "192.0.2.1", port: 53, trusted: false },
  ]);
  assert.equal(direct, true);
  assert.deepEqual(dnsOf(config(""), "nameserver 192.0.2.2\n").servers.map(({ address }) => address), [
    "192.0.2.2",
  ]);
});

Deno.test("a server is also trusted that the configuration names, and no other at its address", () => {
  const servers = (dns: string) => dnsOf(config(`[dns]\n${dns}\n`), "").servers.map(({ trusted }) => trusted);
  const two = 'servers = ["192.0.2.1", "[2001:db8::1]:5353", "192.0.2.1:5353"]';
  assert.deepEqual(servers(two), [false, false, false]);
  assert.deepEqual(servers(`${two}\ntrustedServers = ["192.0.2.1:53"]`), [true, false, false]);
  assert.deepEqual(servers(`${two}\ntrustedServers = ["[2001:db8:0::1]:5353"]`), [false, true, false]);
});

Deno.test("who is trusted without being asked is a mistake", () => {
  const mistakes = [
    'trustedServers = ["192.0.2.1"]',
    'servers = ["192.0.2.2"]\ntrustedServers = ["192.0.2.1"]',
    'servers = ["192.0.2.1"]\ntrustedServers = ["192.0.2.1:5353"]',
  ];
  for (const dns of mistakes) {
    assert.throws(() => config(`[dns]\n${dns}\n`), /dns\.trustedServers.*none of dns\.servers/s);
  }
  assert.throws(() => config('[dns]\ntrustedServers = ["localhost"]\n'), /is no server/);
});

Deno.test("mode local asks nobody, and what does not validate does not go to the zones' own servers", async () => {
  assert.deepEqual(await bootDns(config('[dns]\nmode = "local"\n')), {
    mode: "local",
    servers: [],
    direct: false,
  });
  assert.equal(dnsOf(config('[dns]\nmode = "off"\n'), "").direct, false);
});
