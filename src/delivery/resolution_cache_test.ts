import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import type { Deliver, Resolution } from "./deliver.ts";
import { maxRemembered, rememberResolutions } from "./resolution_cache.ts";

function counted(answer: () => Promise<Resolution>): { deliver: Deliver; asked: string[] } {
  const asked: string[] = [];
  const none = () => Promise.reject(new Error("not asked here"));
  const resolve: Deliver["resolve"] = ({ address }) => {
    asked.push(`${address.local}@${address.domain}`);
    return answer();
  };
  return {
    deliver: { spoolOpen: none, spoolWrite: none, spoolDrop: none, deliver: none, outcome: none, resolve },
    asked,
  };
}

const local: Resolution = { kind: "local" };
const at = (text: string) => ({ address: { local: text, domain: "example.org" } });

Deno.test("the same address is asked once in a second, also while the answer is under way", async () => {
  const clock = new FakeClock();
  const { deliver, asked } = counted(() => Promise.resolve(local));
  const remembered = rememberResolutions(deliver, clock);
  assert.deepEqual(await Promise.all([remembered.resolve(at("a")), remembered.resolve(at("a"))]), [
    local,
    local,
  ]);
  await remembered.resolve(at("b"));
  assert.deepEqual(asked, ["a@example.org", "b@example.org"]);
  await clock.advance(1001);
  await remembered.resolve(at("a"));
  assert.equal(asked.length, 3);
});

Deno.test("a failure is not remembered", async () => {
  let fails = true;
  const { deliver, asked } = counted(() =>
    fails ? Promise.reject(new Error("gone")) : Promise.resolve(local)
  );
  const remembered = rememberResolutions(deliver, new FakeClock());
  await assert.rejects(remembered.resolve(at("a")));
  fails = false;
  assert.deepEqual(await remembered.resolve(at("a")), local);
  assert.equal(asked.length, 2);
});

Deno.test("strangers' addresses fill a bounded memory", async () => {
  const { deliver, asked } = counted(() => Promise.resolve({ kind: "unknownAddress" }));
  const remembered = rememberResolutions(deliver, new FakeClock());
  for (let n = 0; n <= maxRemembered; n++) await remembered.resolve(at(`a${n}`));
  await remembered.resolve(at("a0"));
  assert.equal(asked.length, maxRemembered + 2);
});
