import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { type Bytes, concat, fromUtf8, utf8 } from "../base/bytes.ts";
import { Signing } from "../delivery/signing.ts";
import { DkimVerifier } from "../dkim/verifier.ts";
import { txt, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { queueRow } from "../store/queue_rows.ts";
import { enqueue } from "../store/testing/queue_sample.ts";
import { tempStore } from "../store/testing/temp_store.ts";
import { freshPrefix } from "./fresh_signatures.ts";

const hour = 3_600_000;
const body = "From: a@example.org\r\n\r\ntext\r\n"; // As `enqueue` makes it.
const received = "Received: from here\r\n";

function signingOf(domain: string): Signing {
  const signing = new Signing();
  const settings = {
    headers: [],
    dontSealHeaders: false,
    relaxedHeader: true,
    relaxedBody: true,
    expiration: 72 * hour,
  };
  for (const selector of ["a", "b"]) {
    signing.add(domain, selector, generateKeyPairSync("ed25519").privateKey, settings, true);
  }
  return signing;
}

/** A message that was signed when it was submitted. */
async function scene(domain = "example.org", change: { account_id?: number; signed?: boolean } = {}) {
  const clock = new FakeClock();
  const temp = tempStore({ clock });
  const signing = signingOf(domain);
  const [header = "", text = ""] = body.split(/(?<=\r\n\r\n)/);
  const fields = signing.sign({
    fromDomain: domain,
    header: utf8(received + header),
    body: [utf8(text)],
    now: clock.now(),
  });
  const { signed = true, account_id = 1 } = change;
  const prefix = utf8((signed ? fields : "") + received);
  const [id = 0] = await enqueue(temp.store, ["b@x.example"], { prefix, account_id });
  const row = temp.store.read(queueRow(id));
  return {
    temp,
    clock,
    signing,
    prefix: row.prefix,
    row,
    fresh: () => freshPrefix({ store: temp.store, signing }, row),
  };
}

async function statuses(signing: Signing, prefix: Bytes, now: number) {
  const resolver = new ZoneResolver(
    Object.fromEntries(
      signing.records.map(({ name, text }) => [name.slice(0, -1), { records: { TXT: txt(text) } }]),
    ),
  );
  const verifier = new DkimVerifier({ resolver, now });
  verifier.write(concat([prefix, utf8(body)]));
  return (await verifier.finish()).map(({ status }) => status);
}

Deno.test("a message that was on hold for a week leaves with signatures that are good for their whole time", async () => {
  const { temp, clock, signing, prefix, fresh } = await scene();
  await using _ = temp;
  await clock.advance(7 * 24 * hour);
  assert.deepEqual(await statuses(signing, prefix, clock.now()), ["policy", "policy"]);
  const made = fresh();
  assert.deepEqual(await statuses(signing, made, clock.now()), ["pass", "pass"]);
  assert.deepEqual(await statuses(signing, made, clock.now() + 71 * hour), ["pass", "pass"]);
  assert.equal(fromUtf8(made).match(/Received:/g)?.length, 1);
});

Deno.test("in the time of the usual attempts a message stays as it is", async () => {
  const { temp, clock, prefix, fresh } = await scene();
  await using _ = temp;
  await clock.advance(35 * hour);
  assert.equal(fresh(), prefix);
  await clock.advance(2 * hour);
  assert.notEqual(fresh(), prefix);
});

const untouched: [what: string, domain: string, change: { account_id?: number; signed?: boolean }][] = [
  ["what was not signed", "example.org", { signed: false }],
  ["what was signed for somebody else than its author", "example.net", {}],
  ["the server's own mail, whose author nobody has checked", "example.org", { account_id: 0 }],
];
for (const [what, domain, change] of untouched) {
  Deno.test(`${what} is never signed anew`, async () => {
    const { temp, clock, prefix, fresh } = await scene(domain, change);
    await using _ = temp;
    await clock.advance(7 * 24 * hour);
    assert.equal(fresh(), prefix);
  });
}

Deno.test("who has no keys any more sends what there is", async () => {
  const { temp, clock, prefix, row } = await scene();
  await using _ = temp;
  await clock.advance(7 * 24 * hour);
  assert.equal(freshPrefix({ store: temp.store, signing: new Signing() }, row), prefix);
});
