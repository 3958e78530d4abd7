import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { utf8 } from "../base/bytes.ts";
import { parseSignature } from "../dkim/signature.ts";
import { DkimVerifier } from "../dkim/verifier.ts";
import { txt, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { type SelectorSettings, Signing } from "./signing.ts";

const settings: SelectorSettings = {
  headers: [],
  dontSealHeaders: false,
  relaxedHeader: true,
  relaxedBody: true,
  expiration: 72 * 3_600_000,
};
const header = "From: <a@example.org>\r\nTo: <b@example.net>\r\nSubject: x\r\n\r\n";
const body = "some text\r\n\r\n";
const now = Date.UTC(2026, 0, 1);

function keys(
  signing: Signing,
  ...selectors: [selector: string, type: "rsa" | "ed25519", signs: boolean][]
): void {
  for (const [selector, type, signs] of selectors) {
    const { privateKey } = type === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ed25519");
    signing.add("example.org", selector, privateKey, settings, signs);
  }
}

Deno.test("a message is signed by each selector of its domain that signs, and verifies by the published records", async () => {
  const signing = new Signing();
  keys(signing, ["a", "ed25519", true], ["b", "rsa", true], ["next", "ed25519", false]);
  const fields = signing.sign({
    fromDomain: "example.org",
    header: utf8(header),
    body: [utf8(body.slice(0, 5)), utf8(body.slice(5))],
    now,
  });
  assert.equal(signing.records.length, 3);
  const resolver = new ZoneResolver(
    Object.fromEntries(
      signing.records.map(({ name, text }) => [name.slice(0, -1), { records: { TXT: txt(text) } }]),
    ),
  );
  const verifier = new DkimVerifier({ resolver, now });
  verifier.write(utf8(fields + header + body));
  const results = await verifier.finish();
  assert.deepEqual(results.map(({ status, signature }) => [status, signature?.selector]), [
    ["pass", "a"],
    ["pass", "b"],
  ]);
});

Deno.test("a message that is held is signed for the time after its release", () => {
  const signing = new Signing();
  keys(signing, ["a", "ed25519", true]);
  const times = (release: number) => {
    const field = signing.sign({ fromDomain: "example.org", header: utf8(header), body: [], now, release });
    const { timestamp, expiration } = parseSignature(field.slice(field.indexOf(":") + 1).trimEnd());
    return [timestamp, expiration];
  };
  const [begin, usual] = [now / 1000, 72 * 3600];
  assert.deepEqual(times(now), [begin, begin + usual]);
  assert.deepEqual(times(now - 1e6), [begin, begin + usual]);
  assert.deepEqual(times(now + 30 * 86_400_000), [begin, begin + 30 * 86_400 + usual]);
});

Deno.test("mail of a domain without keys, or without one From, is not signed", () => {
  const signing = new Signing();
  keys(signing, ["a", "ed25519", true]);
  const message = { header: utf8(header), body: [], now };
  assert.equal(signing.sign({ ...message, fromDomain: "example.net" }), "");
  assert.equal(signing.signs("example.net"), false);
  const two = utf8(`From: <x@example.org>\r\n${header}`);
  assert.throws(() => signing.sign({ ...message, fromDomain: "example.org", header: two }), SyntaxError);
});
