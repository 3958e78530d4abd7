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

Deno.test("mode local asks nobody, and what does not validate does not go to the zones' own servers", async () => {
  assert.deepEqual(await bootDns(config('[dns]\nmode = "local"\n')), {
    mode: "local",
    servers: [],
    direct: false,
  });
  assert.equal(dnsOf(config('[dns]\nmode = "off"\n'), "").direct, false);
});
