import assert from "node:assert/strict";
import { parseIp } from "../../base/ip_address.ts";
import { type Zone, ZoneResolver } from "../../dns/testing/zone_resolver.ts";
import { addressesOf, closedWords, configuredHosts, maxAddresses, orderAddresses } from "./addresses.ts";
import { hostAt } from "./testing/stage.ts";

const [a4, b4, c4] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"] as const;
const [a6, b6] = ["2001:db8::1", "2001:db8::2"] as const;

const orders: [what: string, addresses: string[], dialed: string[], order: string[]][] = [
  ["the first attempt begins with IPv6, and takes turns", [a4, b4, a6, b6], [], [a6, a4, b6, b4]],
  ["the other family than last time", [a4, a6], [a6], [a4, a6]],
  ["and back", [a4, a6], [a6, a4], [a6, a4]],
  ["the same address as in the first attempt, for greylisting", [a4, b4, c4], [b4], [b4, a4, c4]],
  ["in the third attempt another one", [a4, b4, c4], [b4, b4], [a4, c4, b4]],
  ["then the one that was not tried for longest", [a4, b4], [a4, b4, b4], [a4, b4]],
  ["in each family what greylisting knows", [a4, b4, a6, b6], [b6, b4], [b6, b4, a6, a4]],
  ["what belongs to other hosts does not count", [a4, a6], ["192.0.2.99", "2001:db8::99"], [a6, a4]],
  ["one alone", [a4], [a4, a4, a4], [a4]],
  ["none", [], [a4], []],
];
for (const [what, addresses, dialed, order] of orders) {
  Deno.test(`addresses: ${what}`, () => {
    assert.deepEqual(orderAddresses(addresses, dialed, () => 0.5), order);
  });
}

Deno.test("addresses of a family are shuffled, and no more than some are dialled", () => {
  const many = Array.from({ length: 2 * maxAddresses }, (_, i) => `192.0.2.${i + 1}`);
  let next = many.length;
  const order = orderAddresses(many, [], () => next-- / 100);
  assert.deepEqual(order, many.toReversed().slice(0, maxAddresses));
});

const closed: [address: string, isPrivate: boolean, isAllowed: boolean][] = [
  ["0.0.0.0", true, false],
  ["0.1.2.3", true, false],
  ["224.0.0.1", true, false],
  ["255.255.255.255", true, false],
  ["::", true, false],
  ["ff02::1", true, false],
  ["::ffff:0.0.0.0", true, false],
  ["127.0.0.1", false, false],
  ["127.0.0.1", true, true],
  ["::1", true, true],
  ["::1", false, false],
  ["10.0.0.1", false, false],
  ["169.254.169.254", false, false],
  ["fe80::1", false, false],
  ["fd00::1", true, true],
  ["::ffff:127.0.0.1", false, false],
  ["9.9.9.9", false, true],
  ["2620:fe::fe", false, true],
];
for (const [address, allowPrivate, isAllowed] of closed) {
  Deno.test(`${address} is ${isAllowed ? "" : "not "}dialled${allowPrivate ? " where private ones are" : ""}`, () => {
    const ip = parseIp(address);
    assert.ok(ip !== null);
    assert.equal(closedWords(ip, allowPrivate) === null, isAllowed);
  });
}

const rules = { ipv4: true, ipv6: true, allowPrivate: true };

Deno.test("localhost is this machine where the configuration names it, and nowhere else", async () => {
  const resolver = new ZoneResolver({ localhost: hostAt([a4]), "relay.localhost": hostAt([a4]) });
  for (const host of ["localhost", "relay.localhost"]) {
    const found = await addressesOf(host, resolver, configuredHosts);
    assert.deepEqual([found.verdict, found.addresses], [null, ["127.0.0.1", "::1"]]);
    assert.deepEqual(resolver.asked, []);
  }
  // Anybody's MX record can name it.
  assert.deepEqual((await addressesOf("localhost", resolver, rules)).addresses, [a4]);
  const other = await addressesOf("notlocalhost", resolver, configuredHosts);
  assert.match(other.verdict?.text ?? "", /does not exist/);
});

Deno.test("both families are looked up, and only those that the transport uses", async () => {
  const zone: Zone = { "mx.test": hostAt([a4, a6]) };
  const ask = async (own: Partial<typeof rules>) => {
    const resolver = new ZoneResolver(zone);
    const found = await addressesOf("mx.test", resolver, { ...rules, ...own });
    return { ...found, asked: resolver.asked };
  };
  const both = await ask({});
  assert.deepEqual([...both.addresses].sort(), [a4, a6]);
  assert.equal(both.hasBoth, true);
  const four = await ask({ ipv6: false });
  assert.deepEqual(four.addresses, [a4]);
  assert.equal(four.hasBoth, false);
  assert.deepEqual(four.asked, ["mx.test. A"]);
  assert.deepEqual((await ask({ ipv4: false })).addresses, [a6]);
});

const none: [what: string, zone: Zone, own: Partial<typeof rules>, text: RegExp][] = [
  ["no such host", {}, {}, /does not exist/],
  ["no addresses", { "mx.test": {} }, {}, /has no addresses/],
  ["none of the family", { "mx.test": hostAt([a4]) }, { ipv4: false }, /no IPv6 addresses/],
  ["no answer", { "mx.test": { failures: { "*": "timeout" } } }, {}, /in time/],
  ["forged ones", { "mx.test": { failures: { "*": "bogus" } } }, {}, /DNSSEC/],
  ["nobody's", { "mx.test": hostAt(["0.0.0.0"]) }, {}, /0\.0\.0\.0, which is nobody's/],
  ["private ones", { "mx.test": hostAt(["10.0.0.1"]) }, { allowPrivate: false }, /10\.0\.0\.1/],
];
for (const [what, zone, own, text] of none) {
  Deno.test(`a host with ${what} is passed over for now`, async () => {
    const { addresses, verdict } = await addressesOf("mx.test", new ZoneResolver(zone), { ...rules, ...own });
    assert.deepEqual(addresses, []);
    assert.equal(verdict?.outcome, "temporary");
    assert.equal(verdict?.retry, "host");
    assert.match(verdict?.text ?? "", text);
  });
}

Deno.test("an address that may not be dialled is left out beside one that may", async () => {
  const zone = { "mx.test": hostAt(["0.0.0.0", a4]) };
  const { addresses, verdict } = await addressesOf("mx.test", new ZoneResolver(zone), rules);
  assert.deepEqual(addresses, [a4]);
  assert.equal(verdict, null);
});

Deno.test("one family that cannot be looked up does not hide the other", async () => {
  const zone: Zone = {
    "mx.test": { records: { A: [{ address: a4 }] }, failures: { AAAA: "timeout" } },
  };
  assert.deepEqual((await addressesOf("mx.test", new ZoneResolver(zone), rules)).addresses, [a4]);
});
