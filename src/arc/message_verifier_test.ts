import assert from "node:assert/strict";
import { now, plainMessage, signed, zone } from "../dkim/testing/signed_message.ts";
import { ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { MessageVerifier } from "./message_verifier.ts";
import { sealed, validated } from "./testing/sealed_message.ts";
import { verified } from "../dkim/testing/signed_message.ts";

const message = await sealed(signed(plainMessage)) ?? plainMessage;

Deno.test("says what the two verifiers say, in pieces of any size", async () => {
  for (const size of [1, 50, message.length]) {
    const verifier = new MessageVerifier({ resolver: new ZoneResolver(zone), now });
    for (let at = 0; at < message.length; at += size) verifier.write(message.subarray(at, at + size));
    assert.deepEqual(await verifier.finish(), {
      dkim: await verified(message),
      arc: await validated(message),
    });
  }
});

Deno.test("asks for each key once, and hashes the body once for all who want the same", async () => {
  const resolver = new ZoneResolver(zone);
  const verifier = new MessageVerifier({ resolver, now, limits: { maxBodyHashes: 1 } });
  verifier.write(message);
  const { dkim, arc } = await verifier.finish();
  assert.deepEqual([dkim[0]?.status, arc.status], ["pass", "pass"]);
  assert.deepEqual(resolver.asked, ["rsa._domainkey.example.org. TXT", "ed._domainkey.example.org. TXT"]);
});

Deno.test("a header section beyond the limit is neither's", async () => {
  const verifier = new MessageVerifier({
    resolver: new ZoneResolver(zone),
    now,
    limits: { maxHeaderOctets: 10 },
  });
  verifier.write(message);
  const { dkim, arc } = await verifier.finish();
  assert.deepEqual([dkim[0]?.status, arc.status], ["policy", "fail"]);
});
