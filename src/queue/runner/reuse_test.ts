import assert from "node:assert/strict";
import { FakeClock, settle } from "../../../tests/support/fake_clock.ts";
import { deadlinesOf } from "../../net/deadlines.ts";
import { approvalMs, type Line, Lines } from "./reuse.ts";

class Client {
  isReady = true;
  tls = null;
  quits = 0;
  #over = Promise.withResolvers<void>();
  ended = this.#over.promise;

  quit(): Promise<void> {
    this.quits++;
    this.destroy();
    return this.ended;
  }

  destroy(): void {
    this.isReady = false;
    this.#over.resolve();
  }
}

interface TestLine extends Line {
  readonly client: Client;
}

const line = (host: string, way = "0"): TestLine => ({
  client: new Client(),
  way,
  remote: { host, address: "192.0.2.1" },
  proof: null,
  id: "1",
  hasBoth: false,
  tlsMode: "opportunistic",
  carried: 1,
  approved: new Map(),
});

function lines(maxIdle = 10) {
  const clock = new FakeClock();
  return { clock, lines: new Lines<TestLine>(deadlinesOf(clock), { maxIdle, idleMs: 3000 }) };
}

Deno.test("a line waits so long, and is then left", async () => {
  const { clock, lines: some } = lines();
  const one = line("a");
  some.put(one);
  await clock.advance(2999);
  assert.equal(one.client.quits, 0);
  await clock.advance(100);
  assert.equal(one.client.quits, 1);
  assert.equal(some.size, 0);
});

Deno.test("a line is given once, and only of its way and host, if it is good", () => {
  const { lines: some } = lines();
  const one = line("a", "relay");
  some.put(one);
  assert.equal(some.to("direct", "a", () => true), null);
  assert.equal(some.to("relay", "b", () => true), null);
  assert.equal(some.to("relay", "a", () => false), null);
  assert.equal(some.to("relay", "a", () => true), one);
  assert.equal(some.to("relay", "a", () => true), null);
});

Deno.test("what a line was found good for holds for a while", async () => {
  const { clock, lines: some } = lines();
  const one = line("a");
  some.approve(one, "d null");
  some.put(one);
  assert.equal(some.approvedFor("0", "d true"), null);
  assert.equal(some.approvedFor("1", "d null"), null);
  assert.equal(some.approvedFor("0", "d null"), one);
  await clock.advance(approvalMs);
  some.put(one);
  assert.equal(some.approvedFor("0", "d null"), null);
});

Deno.test("a line that ended is not given", async () => {
  const { lines: some } = lines();
  const one = line("a");
  some.put(one);
  one.client.destroy();
  await settle();
  assert.equal(some.size, 0);
  some.put(one);
  assert.equal(some.size, 0);
});

Deno.test("the longest waiting makes room", () => {
  const { lines: some } = lines(2);
  const all = [line("a"), line("b"), line("c")];
  for (const one of all) some.put(one);
  assert.deepEqual(all.map(({ client }) => client.quits), [1, 0, 0]);
  assert.equal(some.size, 2);
});

Deno.test("closing leaves all, and keeps none that come later", async () => {
  const { clock, lines: some } = lines();
  const all = [line("a"), line("b")];
  for (const one of all) some.put(one);
  await some.close();
  some.put(line("c"));
  assert.deepEqual(all.map(({ client }) => client.quits), [1, 1]);
  assert.equal(some.size, 0);
  assert.equal(clock.pending, 0);
});
