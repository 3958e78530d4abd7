import assert from "node:assert/strict";
import { readDnsServer } from "./dns_config.ts";

const servers: [text: string, server: readonly [address: string, port: number] | null][] = [
  ["192.0.2.1", ["192.0.2.1", 53]],
  ["192.0.2.1:5353", ["192.0.2.1", 5353]],
  ["2001:db8::1", ["2001:db8::1", 53]],
  ["[2001:db8::1]:5353", ["2001:db8::1", 5353]],
  ["", null],
  ["dns.example.org", null],
  ["192.0.2.1:", null],
  ["192.0.2.1:0", null],
  ["192.0.2.1:65536", null],
  ["[192.0.2.1]:53", null],
  ["192.0.2:53", null],
  ["[2001:db8::1]", null],
  ["[2001:db8::1]:53x", null],
];
for (const [text, server] of servers) {
  Deno.test(`readDnsServer() ${server === null ? "refuses" : "reads"} ${JSON.stringify(text)}`, () => {
    assert.deepEqual(readDnsServer(text), server === null ? null : { address: server[0], port: server[1] });
  });
}
