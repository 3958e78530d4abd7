import assert from "node:assert/strict";
import { Capabilities, maxCapabilities } from "./auth_capabilities.ts";

function connection(capabilities: Capabilities) {
  const ended: string[] = [];
  return { ended, own: capabilities.forConnection((capability) => void ended.push(capability)) };
}

Deno.test("a capability opens its account, on its own connection only", () => {
  const capabilities = new Capabilities();
  const [one, other] = [connection(capabilities), connection(capabilities)];
  const capability = one.own.issue("you", "you@example.org");
  assert.match(capability, /^[0-9a-f]{32}$/);
  const holder = one.own.holder(capability);
  assert.deepEqual([holder.account, holder.login, holder.ended], ["you", "you@example.org", false]);
  assert.throws(() => other.own.holder(capability), { reason: "noCapability" });
  assert.throws(() => one.own.holder("0".repeat(32)), { reason: "noCapability" });
  other.own.release(capability);
  assert.equal(one.own.holder(capability).ended, false);
});

Deno.test("it ends by release, with the connection, and with the account, and its holder is told", () => {
  const capabilities = new Capabilities();
  const [one, other] = [connection(capabilities), connection(capabilities)];
  const released = one.own.issue("you", "you");
  const holder = one.own.holder(released);
  one.own.release(released);
  one.own.release(released);
  assert.ok(holder.ended);
  assert.deepEqual(one.ended, [released]);
  assert.throws(() => one.own.holder(released), { reason: "noCapability" });

  const [mine, theirs] = [one.own.issue("you", "you"), one.own.issue("they", "they")];
  const elsewhere = other.own.issue("you", "you");
  capabilities.endAccount("you");
  assert.deepEqual(one.ended, [released, mine]);
  assert.deepEqual(other.ended, [elsewhere]);
  assert.equal(one.own.holder(theirs).ended, false);

  one.own.close();
  one.own.close();
  assert.deepEqual(one.ended, [released, mine, theirs]);
  assert.throws(() => one.own.issue("you", "you"), { reason: "tryLater" });
});

Deno.test("a connection has so many at most", () => {
  const { own } = connection(new Capabilities());
  const first = own.issue("you", "you");
  while (own.size < maxCapabilities) own.issue("you", "you");
  assert.throws(() => own.issue("you", "you"), { reason: "tryLater" });
  own.release(first);
  own.issue("you", "you");
});
