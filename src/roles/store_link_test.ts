import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { Refused } from "../base/errors.ts";
import { silentLog } from "../base/log.ts";
import { systemClock } from "../net/system_clock.ts";
import { offer, type Offers } from "../rpc/callee.ts";
import type { Carrier } from "../rpc/carrier.ts";
import { client } from "../rpc/client.ts";
import { connect, type Connection } from "../rpc/connection.ts";
import { PortCarrier } from "../rpc/port_carrier.ts";
import type { Methods } from "../rpc/service.ts";
import { StoreLink } from "./store_link.ts";

interface Echo {
  deliver(request: { id: string }): Promise<string>;
  other(request: { id: string }): Promise<string>;
}
const methods = { deliver: "call", other: "call" } as const satisfies Methods<Echo>;

/** A store that can be killed: each dial is a new one. */
class FakeStore {
  asked: string[] = [];
  connections: Connection[] = [];
  /** Kills the store while it answers, so many times. */
  kills = 0;
  dialled = 0;
  refusals = 0;

  dial(): Promise<Carrier> {
    this.dialled++;
    if (this.refusals-- > 0) return Promise.reject(new Error("not there yet"));
    const { port1, port2 } = new MessageChannel();
    const connection: Connection = connect(new PortCarrier(port2), {
      clock: systemClock,
      log: silentLog,
      offers: this.#offers(() => connection.close()),
      onClose: () => port2.close(),
    });
    this.connections.push(connection);
    return Promise.resolve(new PortCarrier(port1));
  }

  #offers(die: () => void): Offers {
    const answer = ({ id }: { id: string }) => {
      this.asked.push(id);
      if (this.kills-- > 0) {
        die();
        return new Promise<string>(() => {});
      }
      return Promise.resolve(`done ${id}`);
    };
    return { deliver: offer<Echo>(methods, { deliver: answer, other: answer }) };
  }
}

async function withLink(store: FakeStore, run: (echo: Echo) => Promise<void>): Promise<void> {
  const link = new StoreLink({ dial: () => store.dial(), clock: systemClock, log: silentLog });
  try {
    await run(client<Echo>(link, "deliver", methods));
  } finally {
    await link.close();
    await Promise.all(store.connections.map((connection) => connection.ended));
  }
}

Deno.test("a delivery whose answer was lost is asked again with the same id", async () => {
  const store = new FakeStore();
  store.kills = 2;
  await withLink(store, async (echo) => assert.equal(await echo.deliver({ id: "a" }), "done a"));
  assert.deepEqual(store.asked, ["a", "a", "a"]);
});

Deno.test("what must not be done twice is not asked again", async () => {
  const store = new FakeStore();
  store.kills = 1;
  await withLink(store, async (echo) => {
    await assert.rejects(
      echo.other({ id: "a" }),
      (error) => error instanceof Refused && error.reason === "tryLater",
    );
  });
  assert.deepEqual(store.asked, ["a"]);
});

Deno.test("a call that has waited long enough is forgotten, however long the store is away", async () => {
  const clock = new FakeClock();
  const link = new StoreLink({
    dial: () => Promise.reject(new Error("not there")),
    clock,
    log: silentLog,
  });
  const calls = Array.from(
    { length: 10 },
    () => link.call({ service: "a", method: "b", capability: null }, null),
  );
  const done = Promise.allSettled(calls);
  assert.equal(link.waiting, 10);
  await clock.advance(20_000);
  assert.ok((await done).every(({ status }) => status === "rejected"));
  assert.equal(link.waiting, 0);
  await link.close();
});

Deno.test("calls wait for a store that is not there yet", async () => {
  const store = new FakeStore();
  store.refusals = 2;
  await withLink(store, async (echo) => assert.equal(await echo.other({ id: "a" }), "done a"));
  assert.equal(store.dialled, 3);
});
