import assert from "node:assert/strict";
import fc from "fast-check";
import { type Recipient, Recipients } from "./recipients.ts";

const recipient = (local: string): Recipient => ({
  address: { local, domain: "b.example" },
  known: true,
  notify: null,
  orcpt: null,
});

Deno.test("recipients are there in their order, each by its address", () => {
  const two = Recipients.none().with(recipient("a")).with(recipient("A"));
  assert.deepEqual(two.all(), [recipient("a"), recipient("A")]);
  assert.deepEqual([two.length, two.first], [2, recipient("a")]);
  assert.ok(two.has({ local: "A", domain: "b.example" }));
  assert.ok(!two.has({ local: "A", domain: "c.example" }));
  assert.equal(Recipients.none().first, null);
});

Deno.test("a list stays what it is, whatever is added to it or to one made from it", () => {
  const steps = fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 40 });
  fc.assert(fc.property(steps, (steps) => {
    const lists: [recipients: Recipients, names: string[]][] = [[Recipients.none(), []]];
    for (const [from, name] of steps) {
      const [recipients, names] = lists[from % lists.length] ?? [Recipients.none(), []];
      const local = String(name);
      if (recipients.has(recipient(local).address)) continue;
      lists.push([recipients.with(recipient(local)), [...names, local]]);
    }
    for (const [recipients, names] of lists) {
      assert.deepEqual(recipients.all().map(({ address }) => address.local), names);
      for (let name = 0; name <= 30; name++) {
        assert.equal(recipients.has(recipient(String(name)).address), names.includes(String(name)));
      }
    }
  }));
});
