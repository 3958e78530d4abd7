import assert from "node:assert/strict";
import { type Fault, messageFault, recipientFault, senderFault } from "./faults.ts";

const at = (local: string) => ({ local, domain: "localhost" });
const short = (fault: Fault | null) => fault && [fault.reply.code, fault.reply.enhanced, fault.waitMs];

const faults: [local: string, fault: [number, string, number] | null][] = [
  ["temperror", [451, "4.0.0", 0]],
  ["a.temperror", [451, "4.0.0", 0]],
  ["permerror", [550, "5.0.0", 0]],
  ["timeout", [451, "4.0.0", 3_600_000]],
  ["user400", [400, "4.0.0", 0]],
  ["599", [599, "5.0.0", 0]],
  ["user600", [600, "5.0.0", 0]],
  ["user399", null],
  ["user601", null],
  ["user45", null],
  ["user2450x", null],
  ["temperrors", null],
  ["queuetimeouts", null],
  ["", null],
];
for (const [local, fault] of faults) {
  Deno.test(`"${local}" fails the message with ${fault?.[0] ?? "nothing"}`, () => {
    assert.deepEqual(short(messageFault([{ address: at("fine") }, { address: at(local) }], false)), fault);
    assert.equal(senderFault(at(local)), null);
    assert.equal(recipientFault(at(local)), null);
  });
}

Deno.test("what is to fail in the queue is taken, where there is one", () => {
  const queue550 = [{ address: at("queue550") }];
  assert.equal(messageFault(queue550, true), null);
  assert.equal(messageFault(queue550, false)?.reply.code, 550);
  assert.equal(messageFault([...queue550, { address: at("x451") }], true)?.reply.code, 451);
});

Deno.test("prefixes choose the command", () => {
  assert.equal(senderFault(at("mailfromtemperror"))?.reply.code, 451);
  assert.equal(recipientFault(at("rcptto550"))?.reply.code, 550);
  assert.equal(senderFault(at("rcptto550")), null);
  assert.equal(recipientFault(at("mailfrom550")), null);
  assert.equal(senderFault(at("mailfrom")), null);
  assert.equal(senderFault(null), null);
});
