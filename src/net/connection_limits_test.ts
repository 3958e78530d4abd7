import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { type Admission, ConnectionLimits, type ConnectionLimitSettings } from "./connection_limits.ts";

const settings: ConnectionLimitSettings = {
  maxOpen: 8,
  openPerNetwork: [2, 4, 6],
  newPerMinute: [5, 50, 500],
  maxTracked: 100,
  exemptLoopback: true,
};

const word = (admission: Admission) => admission.kind === "refused" ? admission.why : "admitted";

function release(admission: Admission): void {
  assert.ok(admission.kind === "admitted");
  admission.release();
}

Deno.test("open connections are limited for each width of network, and in all", () => {
  const limits = new ConnectionLimits(new FakeClock(), settings);
  const tried: [address: string, answer: string][] = [
    ["192.0.2.1", "admitted"],
    ["::ffff:192.0.2.1", "admitted"],
    ["192.0.2.1", "open"],
    ["192.0.2.2", "admitted"],
    ["192.0.2.3", "admitted"],
    ["192.0.2.4", "open"], // Four in the /26.
    ["192.0.2.70", "admitted"],
    ["192.0.3.1", "admitted"],
    ["192.0.4.1", "open"], // Six in the /21.
    ["2001:db8::1", "admitted"],
    ["2001:db8::2", "admitted"],
    ["198.51.100.1", "full"],
  ];
  for (const [address, answer] of tried) assert.equal(word(limits.admit(address)), answer, address);
  assert.equal(limits.open, 8);
});

Deno.test("a released place can be taken again, and is released once", () => {
  const limits = new ConnectionLimits(new FakeClock(), settings);
  const first = limits.admit("192.0.2.1");
  limits.admit("192.0.2.1");
  assert.equal(word(limits.admit("192.0.2.1")), "open");
  release(first);
  release(first);
  assert.equal(limits.open, 1);
  assert.equal(word(limits.admit("192.0.2.1")), "admitted");
  assert.equal(word(limits.admit("192.0.2.1")), "open");
});

Deno.test("new connections in a minute are limited, and refused ones are not counted", () => {
  const clock = new FakeClock(0);
  const limits = new ConnectionLimits(clock, settings);
  for (let i = 0; i < 5; i++) release(limits.admit("192.0.2.1"));
  for (let i = 0; i < 5; i++) assert.equal(word(limits.admit("192.0.2.1")), "rate");
  assert.equal(word(limits.admit("192.0.2.2")), "admitted");
  clock.jump(60_000);
  assert.equal(word(limits.admit("192.0.2.1")), "admitted");
});

Deno.test("this machine's own connections count only in all, where the setting says so", () => {
  const limits = new ConnectionLimits(new FakeClock(), settings);
  for (let i = 0; i < 8; i++) assert.equal(word(limits.admit("127.0.0.1")), "admitted");
  assert.equal(word(limits.admit("127.0.0.1")), "full");
  const strict = new ConnectionLimits(new FakeClock(), { ...settings, exemptLoopback: false });
  for (let i = 0; i < 2; i++) assert.equal(word(strict.admit("::1")), "admitted");
  assert.equal(word(strict.admit("::1")), "open");
});

Deno.test("an address with a zone is limited like any other", () => {
  const limits = new ConnectionLimits(new FakeClock(), settings);
  for (const zone of ["eth0", "eth1"]) assert.equal(word(limits.admit(`fe80::1%${zone}`)), "admitted");
  assert.equal(word(limits.admit("fe80::1%eth2")), "open");
});

Deno.test("memory returns when connections end and the minute is over, and is bounded before", () => {
  const clock = new FakeClock(0);
  const limits = new ConnectionLimits(clock, { ...settings, maxOpen: 1e6, openPerNetwork: [9, 1e6, 1e6] });
  const open: Admission[] = [];
  for (let i = 0; i < 1000; i++) open.push(limits.admit(`10.${i >> 8}.${i & 255}.1`));
  for (const admission of open) release(admission);
  assert.ok(limits.tracked <= 3 * settings.maxTracked, String(limits.tracked));
  clock.jump(60_000);
  limits.admit("192.0.2.1");
  assert.equal(limits.tracked, 6);
});

Deno.test("the defaults are those of the reference", () => {
  const limits = new ConnectionLimits(new FakeClock());
  for (let i = 0; i < 30; i++) assert.equal(word(limits.admit("192.0.2.1")), "admitted");
  assert.equal(word(limits.admit("192.0.2.1")), "open");
});
