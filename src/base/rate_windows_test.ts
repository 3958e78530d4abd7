import assert from "node:assert/strict";
import { type IpAddress, parseIp } from "./ip_address.ts";
import { networkKeys, RateWindows } from "./rate_windows.ts";

const minute = 60_000;
const settings = { windows: [{ windowMs: minute, limits: [2, 4, 6] as const }], maxTracked: 100 };

function ip(text: string): IpAddress {
  const parsed = parseIp(text);
  assert.ok(parsed !== null);
  return parsed;
}

Deno.test("networkKeys() names the three networks of both families", () => {
  assert.deepEqual(networkKeys(ip("192.0.2.77")), ["192.0.2.77/32", "192.0.2.64/26", "192.0.0.0/21"]);
  assert.deepEqual(networkKeys(ip("::ffff:192.0.2.77")), networkKeys(ip("192.0.2.77")));
  assert.deepEqual(networkKeys(ip("2001:db8:1:2::3")), [
    "2001:db8:1:2::/64",
    "2001:db8:1::/48",
    "2001:db8::/32",
  ]);
});

Deno.test("each width of network has its limit", () => {
  const rates = new RateWindows(settings);
  const tried: [address: string, fits: boolean][] = [
    ["192.0.2.1", true],
    ["192.0.2.1", true],
    ["192.0.2.1", false], // Two an address.
    ["192.0.2.2", true],
    ["192.0.2.2", true],
    ["192.0.2.3", false], // Four in its /26.
    ["192.0.2.65", true],
    ["192.0.2.66", true],
    ["192.0.3.1", false], // Six in its /21.
    ["192.0.8.1", true],
  ];
  for (const [address, fits] of tried) assert.equal(rates.tryAdd(ip(address), 5), fits, address);
});

Deno.test("an IPv6 host cannot escape by changing the lower half of its address", () => {
  const rates = new RateWindows(settings);
  assert.ok(rates.tryAdd(ip("2001:db8::1"), 0));
  assert.ok(rates.tryAdd(ip("2001:db8::2"), 0));
  assert.ok(!rates.tryAdd(ip("2001:db8::3"), 0));
});

Deno.test("what was refused is not counted, and the next slot begins at 0", () => {
  const rates = new RateWindows(settings);
  const peer = ip("192.0.2.1");
  assert.ok(!rates.tryAdd(peer, 59_999, 3));
  assert.ok(rates.tryAdd(peer, 59_999, 2));
  assert.ok(!rates.fits(peer, 59_999));
  assert.ok(rates.fits(peer, 60_000));
  assert.equal(rates.tracked, 0);
});

Deno.test("the longer window still holds when the shorter begins anew", () => {
  const rates = new RateWindows({
    windows: [...settings.windows, { windowMs: 60 * minute, limits: [3, 9, 27] }],
    maxTracked: 100,
  });
  const peer = ip("192.0.2.1");
  assert.ok(rates.tryAdd(peer, 0, 2));
  assert.ok(rates.tryAdd(peer, minute));
  assert.ok(!rates.tryAdd(peer, 2 * minute));
});

Deno.test("forgive() takes an address's own count out of its networks, and nobody else's", () => {
  const rates = new RateWindows(settings);
  rates.add(ip("192.0.2.1"), 0, 3); // add() goes over the limit: failures happened, allowed or not.
  rates.add(ip("192.0.2.2"), 0, 1);
  assert.ok(!rates.fits(ip("192.0.2.1"), 0));
  rates.forgive(ip("192.0.2.1"), 0);
  assert.ok(rates.fits(ip("192.0.2.1"), 0, 2));
  assert.ok(rates.fits(ip("192.0.2.3"), 0, 2));
  assert.ok(!rates.fits(ip("192.0.2.2"), 0, 2));
});

Deno.test("memory stays bounded, and wide networks hold when narrow ones are forgotten", () => {
  const rates = new RateWindows({ windows: [{ windowMs: minute, limits: [1, 1000, 150] }], maxTracked: 50 });
  let admitted = 0;
  for (let i = 0; i < 400; i++) if (rates.tryAdd(ip(`192.0.${i >> 8}.${i & 255}`), 0)) admitted++;
  assert.equal(admitted, 150);
  assert.ok(rates.tracked <= 3 * 50);
});
