import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import { Signing } from "../delivery/signing.ts";
import { DkimVerifier } from "../dkim/verifier.ts";
import { txt, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { composeSignedNotice } from "./signed_notices.ts";
import { sampleNotice } from "./testing/sample_notice.ts";

const now = Date.UTC(2026, 10, 21, 12);
const original = utf8("From: ann@example.org\r\nSubject: hello\r\n\r\nthe text\r\n");
const random = () => crypto.randomUUID().replaceAll("-", "");

function signingFor(...domains: string[]): Signing {
  const signing = new Signing();
  const settings = {
    headers: [],
    dontSealHeaders: false,
    relaxedHeader: true,
    relaxedBody: true,
    expiration: 72 * 3_600_000,
  };
  for (const domain of domains) {
    signing.add(domain, "s", generateKeyPairSync("ed25519").privateKey, settings, true);
  }
  return signing;
}

Deno.test("a notice is from the sender's own domain and verifies by that domain's key", async () => {
  const signing = signingFor("example.org");
  const facts = sampleNotice({ sender: "ann@example.org" }, now);
  const message = composeSignedNotice({ hostname: "mail.example.net", signing, random }, facts, original);
  assert.ok(message !== null);
  assert.match(fromUtf8(message), /^From: .*<postmaster@example\.org>/m);
  const zones = Object.fromEntries(
    signing.records.map(({ name, text }) => [name.slice(0, -1), { records: { TXT: txt(text) } }]),
  );
  const verifier = new DkimVerifier({ resolver: new ZoneResolver(zones), now });
  verifier.write(message);
  assert.deepEqual((await verifier.finish()).map(({ status, signature }) => [status, signature?.domain]), [
    ["pass", "example.org"],
  ]);
});

Deno.test("where the sender's domain has no key, a notice is from the server, whose key signs if there is one", () => {
  const facts = sampleNotice({ sender: "ann@example.com" }, now);
  for (const domains of [["mail.example.net"], []]) {
    const parts = { hostname: "mail.example.net", signing: signingFor(...domains), random };
    const text = fromUtf8(composeSignedNotice(parts, facts, original) ?? new Uint8Array());
    assert.match(text, /^From: .*<postmaster@mail\.example\.net>/m);
    assert.equal(/^DKIM-Signature:/m.test(text), domains.length > 0);
  }
});

Deno.test("a server with an internationalised name writes notices, too", () => {
  const parts = { hostname: "mail.bücher.example", signing: signingFor(), random };
  const text = fromUtf8(
    composeSignedNotice(parts, sampleNotice({ sender: "ann@bücher.example" }, now), original) ??
      new Uint8Array(),
  );
  assert.match(text, /^Message-ID: <[0-9a-f]+@mail\.xn--bcher-kva\.example>\r$/m);
  assert.match(text, /^From: .*<postmaster@mail\.xn--bcher-kva\.example>\r$/m);
  assert.match(text, /^To: ann@xn--bcher-kva\.example\r$/m);
  assert.match(text, /^Reporting-MTA: dns; mail\.xn--bcher-kva\.example\r$/m);
});

Deno.test("about a message without sender there is no notice", () => {
  const parts = { hostname: "mail.example.net", signing: signingFor(), random };
  assert.equal(composeSignedNotice(parts, sampleNotice({ sender: "" }, now), original), null);
});
