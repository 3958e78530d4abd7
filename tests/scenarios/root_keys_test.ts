/**
 * The root's keys through a whole server: asked for by the front, checked and kept by the store, and not asked for
 * again by a restart. The root is one of our own, for which `anchors.txt` in the data folder has a DS record.
 *
 * @module
 */
import assert from "node:assert/strict";
import { makeKey } from "../../src/dns/testing/signed_keys.ts";
import { SignedZone } from "../../src/dns/testing/signed_zone.ts";
import { ask } from "../../src/dns/testing/zone_servers.ts";
import { anchorOfKey, parseAnchors, printAnchors } from "../../src/dns/trust_anchors.ts";
import { startDnsServer } from "../support/dns_server.ts";
import { makeFolder, type Mode, removeFolder, startServer, type TestServer } from "../support/server.ts";

const [old, next] = [makeKey(15), makeKey(15)];
const root = new SignedZone(".", { now: Date.now(), keys: [old, next], ttl: 172_800 });

/** Waits until a server has printed something. */
async function printed(server: TestServer, pattern: RegExp): Promise<void> {
  for (let i = 0; !pattern.test(server.printed()); i++) {
    assert.ok(i < 600, `it never printed ${pattern}:\n${server.printed()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

for (const mode of ["serve", "localserve"] satisfies Mode[]) {
  Deno.test(`${mode} follows the root's keys, and remembers over a restart`, async () => {
    const dns = await startDnsServer(({ name, type }) => ask(root, name, type));
    const made = await makeFolder();
    const file = `${made.folder}/data/anchors.txt`;
    await Deno.mkdir(`${made.folder}/data`, { recursive: true, mode: 0o700 });
    const digests = [anchorOfKey(".", old.data)];
    await Deno.writeTextFile(file, printAnchors({ digests, keys: [] }));
    const asked = `[dns]\nmode = "validate"\nservers = ["127.0.0.1:${dns.port}"]\n`;
    const change = (config: string) => config.replace(/\[dns\]\nmode = "local"\n/, asked);
    try {
      let server = await startServer(mode, made, change);
      await printed(server, /a trust anchor has changed[^]*a trust anchor has changed/);
      await server.stop();
      const { keys } = parseAnchors(await Deno.readTextFile(file));
      assert.deepEqual(keys.map(({ key, state }) => [key.publicKey, state]), [
        [old.data.publicKey, "valid"],
        [next.data.publicKey, "pending"],
      ]);
      const before = dns.asked.length;
      assert.ok(before > 0);
      await Deno.writeTextFile(file, "damaged");
      server = await startServer(mode, made);
      await printed(server, /trust anchors can not be read/);
      await server.stop();
      assert.deepEqual(dns.asked.slice(before), [], "it is not due");
    } finally {
      await dns.close();
      await removeFolder(made.folder);
    }
  });
}
