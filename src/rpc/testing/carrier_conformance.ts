/**
 * What every carrier keeps, as tests: the same services, asked the same things, over whatever joins two ends.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Clock } from "../../base/clock.ts";
import { Refused } from "../../base/errors.ts";
import { silentLog } from "../../base/log.ts";
import { offer, offerWith } from "../callee.ts";
import type { Carrier } from "../carrier.ts";
import { client } from "../client.ts";
import { connect, type Connection } from "../connection.ts";
import { giveAway } from "../plain_data.ts";
import { RemoteFailure } from "../rpc_error.ts";
import type { CallContext, Methods } from "../service.ts";

/** Two ends that are joined. */
export interface Joined {
  readonly left: Carrier;
  readonly right: Carrier;
  /** Frees what joined them, after both have closed. */
  dispose(): Promise<void>;
}

/** A clock that stands still: no deadline passes in these tests. */
const still: Clock = {
  now: () => 0,
  monotonic: () => 0,
  after: () => ({ cancel() {} }),
};

interface Echo {
  echo(request: unknown): Promise<unknown>;
  nothing(request: null): Promise<void>;
  refuse(request: null): Promise<void>;
  fail(request: null): Promise<void>;
  badResult(request: null): Promise<unknown>;
  hang(request: null): Promise<void>;
  count(request: { to: number; octets: number }): AsyncIterable<{ i: number; bytes: Uint8Array }>;
  failAfter(request: { items: number; refuse: boolean }): AsyncIterable<number>;
  listen(request: null): AsyncIterable<string>;
}

const echoMethods = {
  echo: "call",
  nothing: "call",
  refuse: "call",
  fail: "call",
  badResult: "call",
  hang: "call",
  count: "stream",
  failAfter: "stream",
  listen: "stream",
} as const satisfies Methods<Echo>;

/** The implementation, and what happened to it. */
class EchoService implements Echo {
  /** Items that `count` has made. */
  counted = 0;
  /** Streams whose `finally` ran, and calls that saw their signal. */
  readonly ended: string[] = [];
  readonly #changed = new Set<() => void>();

  echo(request: unknown): Promise<unknown> {
    return Promise.resolve(request);
  }

  nothing(): Promise<void> {
    return Promise.resolve();
  }

  refuse(): Promise<void> {
    return Promise.reject(new Refused("overQuota", "the mailbox is full"));
  }

  fail(): Promise<void> {
    return Promise.reject(new Error("the secret is 42"));
  }

  badResult(): Promise<unknown> {
    return Promise.resolve(new Map());
  }

  hang(_request: null, context?: CallContext): Promise<void> {
    return new Promise((_resolve, reject) => {
      context?.signal.addEventListener("abort", () => {
        this.#end("hang");
        reject(context.signal.reason);
      });
    });
  }

  async *count({ to, octets }: { to: number; octets: number }) {
    try {
      for (let i = 0; i < to; i++) {
        this.counted = i + 1;
        await Promise.resolve();
        yield { i, bytes: new Uint8Array(octets).fill(i) };
      }
    } finally {
      this.#end("count");
    }
  }

  async *failAfter({ items, refuse }: { items: number; refuse: boolean }) {
    for (let i = 0; i < items; i++) {
      await Promise.resolve();
      yield i;
    }
    throw refuse ? new Refused("expunged", "it is gone") : new Error("the secret is 42");
  }

  async *listen(_request: null, context?: CallContext) {
    try {
      yield "listening";
      await new Promise((_resolve, reject) => {
        context?.signal.addEventListener("abort", () => reject(context.signal.reason));
      });
    } finally {
      this.#end("listen");
    }
  }

  /** Resolves when `what` has ended. */
  async hasEnded(what: string): Promise<void> {
    while (!this.ended.includes(what)) {
      await new Promise<void>((resolve) => this.#changed.add(resolve));
    }
  }

  #end(what: string): void {
    this.ended.push(what);
    for (const wake of this.#changed) wake();
    this.#changed.clear();
  }
}

/** Values that arrive as they were sent. */
const plain: [name: string, value: unknown][] = [
  ["null", null],
  ["booleans", [true, false]],
  ["whole numbers", [0, 1, 127, 128, 255, 65536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, -1, -(2 ** 40)]],
  ["other numbers", [0.1, -0, NaN, Infinity, -Infinity, 5e-324, 1.7976931348623157e308]],
  ["strings", ["", "a", "é".repeat(30), "x".repeat(24), "x".repeat(25), "😀".repeat(70_000), "\0\r\n"]],
  ["arrays", [[], [[]], [1, ["2", [null]]]]],
  ["objects", { a: 1, "": 2, "clé": { b: [{}] }, constructor: 1, toString: "x", then: 2 }],
  ["bytes", [new Uint8Array(), new Uint8Array([0, 255]), new Uint8Array(300_000).fill(7)]],
  ["columns", [
    new Int8Array([-1]),
    new Uint8ClampedArray([255]),
    new Uint16Array([1, 65535]),
    new Int16Array([-2]),
    new Uint32Array([2 ** 32 - 1]),
    new Int32Array([-(2 ** 31)]),
    new Float32Array([0.5]),
    new Float64Array([Math.PI, 2 ** 53]),
    new BigInt64Array([-1n]),
    new BigUint64Array([2n ** 64n - 1n]),
    new Float64Array(20_000).fill(1.5),
  ]],
];

/** Values that do not leave. */
const notPlain: [name: string, value: unknown][] = [
  ["a function", () => 1],
  ["a Map", { map: new Map() }],
  ["a Date", [new Date(0)]],
  ["a class", new EchoService()],
  ["a bigint", 1n],
  ["a symbol", Symbol("s")],
  ["undefined in an array", [undefined]],
  ["an ArrayBuffer", new ArrayBuffer(1)],
  ["a DataView", new DataView(new ArrayBuffer(1))],
  ["a member called __proto__", JSON.parse('{"__proto__":{"admin":true}}')],
];

/** Registers the tests for one kind of carrier. */
export function testCarrier(name: string, join: () => Promise<Joined>): void {
  /** Runs a test with a service on the right, asked from the left. */
  const test = (what: string, body: (ends: Ends) => Promise<void>) =>
    Deno.test(`${name}: ${what}`, async () => {
      const joined = await join();
      const service = new EchoService();
      const open = new Set(["capability"]);
      const right = connect(joined.right, {
        clock: still,
        log: silentLog,
        offers: {
          echo: offer<Echo>(echoMethods, service),
          guarded: offerWith<Echo>(echoMethods, (capability) => {
            if (!open.has(capability)) throw new Refused("noCapability", "unknown");
            return service;
          }),
        },
      });
      const left = connect(joined.left, { clock: still, log: silentLog });
      try {
        await body({ left, right, service, echo: client<Echo>(left, "echo", echoMethods), open });
      } finally {
        left.close();
        await right.ended;
        await joined.dispose();
      }
      assert.equal(left.outstanding + right.outstanding, 0);
    });

  for (const [what, value] of plain) {
    test(`${what} arrive as they were sent`, async ({ echo }) => {
      assert.deepStrictEqual(await echo.echo(value), value);
    });
  }

  for (const [what, value] of notPlain) {
    test(`${what} is not sent`, async ({ echo }) => {
      await assert.rejects(echo.echo(value), TypeError);
      assert.equal(await echo.echo("still open"), "still open");
    });
  }

  test("undefined members are left out, and rows become ordinary objects", async ({ echo }) => {
    assert.deepStrictEqual(await echo.echo({ a: undefined, b: 1 }), { b: 1 });
    const row: Record<string, unknown> = Object.assign(Object.create(null), { uid: 1 });
    assert.deepStrictEqual(await echo.echo(row), { uid: 1 });
  });

  test("a view travels without the rest of its buffer, and stays usable", async ({ echo }) => {
    const whole = new Uint8Array(1_000_000).fill(9);
    const answer = await echo.echo(whole.subarray(10, 200_010)) as Uint8Array;
    assert.equal(answer.length, 200_000);
    assert.equal(answer.buffer.byteLength, 200_000);
    assert.equal(whole[999_999], 9);
  });

  test("what is changed after the call is not seen", async ({ echo }) => {
    const request = { flags: ["seen"] };
    const answer = echo.echo(request);
    request.flags.push("deleted");
    assert.deepEqual(await answer, { flags: ["seen"] });
  });

  test("what was given away arrives, large or small, and cannot be given twice", async ({ echo }) => {
    for (const octets of [10, 65_536, 300_000]) {
      const bytes = giveAway(new Uint8Array(octets).fill(octets));
      assert.deepEqual(await echo.echo([1, bytes, "behind"]), [
        1,
        new Uint8Array(octets).fill(octets),
        "behind",
      ]);
    }
    const bytes = giveAway(new Uint8Array(100_000).fill(3));
    assert.deepEqual(await echo.echo([bytes, bytes]), [
      new Uint8Array(100_000).fill(3),
      new Uint8Array(100_000).fill(3),
    ]);
  });

  test("messages above the limits are refused, and the connection stays", async ({ echo }) => {
    let deep: unknown = null;
    for (let i = 0; i < 300; i++) deep = [deep];
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, i]));
    const tooMuch = [new Uint8Array(33 * 1024 * 1024), deep, many, { ["k".repeat(300)]: 1 }];
    for (const value of [...tooMuch, "x".repeat(33 * 1024 * 1024)]) {
      await assert.rejects(echo.echo(value), { name: "Refused", reason: "tooLarge" });
    }
    assert.equal(await echo.echo(1), 1);
  });

  test("a call without a result resolves with undefined", async ({ echo }) => {
    assert.equal(await echo.nothing(null), undefined);
  });

  test("refusals keep their reason, failures tell nothing", async ({ echo }) => {
    await assert.rejects(
      echo.refuse(null),
      (error) => error instanceof Refused && error.reason === "overQuota",
    );
    for (const call of [echo.fail(null), echo.badResult(null)]) {
      await assert.rejects(call, (error) => {
        assert.ok(error instanceof RemoteFailure);
        assert.ok(!error.message.includes("42"));
        return true;
      });
    }
  });

  test("a thousand calls at once are answered, each with its own", async ({ echo }) => {
    const answers = await Promise.all(Array.from({ length: 1000 }, (_, i) => echo.echo(i)));
    assert.deepEqual(answers, Array.from({ length: 1000 }, (_, i) => i));
  });

  test("a stream arrives in order and ends", async ({ echo, service }) => {
    const seen: number[] = [];
    for await (const { i, bytes } of echo.count({ to: 2000, octets: 100 })) {
      assert.equal(bytes[0], i % 256);
      seen.push(i);
    }
    assert.deepEqual(seen, Array.from({ length: 2000 }, (_, i) => i));
    assert.deepEqual(service.ended, ["count"]);
  });

  test("a stream runs ahead of its consumer by its window only", async ({ echo, service }) => {
    const stream = echo.count({ to: 1000, octets: 100_000 })[Symbol.asyncIterator]();
    await stream.next();
    for (let i = 0; i < 20; i++) await echo.echo(i);
    assert.ok(service.counted >= 2 && service.counted <= 5, `ran ahead to ${service.counted}`);
    for (let i = 0; i < 10; i++) await stream.next();
    for (let i = 0; i < 20; i++) await echo.echo(i);
    assert.ok(service.counted >= 12 && service.counted <= 15, `ran ahead to ${service.counted}`);
    await stream.return?.();
    await service.hasEnded("count");
  });

  test("leaving the loop ends the stream at the other end", async ({ echo, service }) => {
    for await (const { i } of echo.count({ to: 1e9, octets: 10 })) if (i === 3) break;
    await service.hasEnded("count");
    assert.ok(service.counted < 1e6);
  });

  test("leaving a stream that waits ends it too", async ({ echo, service }) => {
    const stream = echo.listen(null)[Symbol.asyncIterator]();
    assert.deepEqual(await stream.next(), { done: false, value: "listening" });
    const waiting = stream.next();
    await stream.return?.();
    assert.deepEqual(await waiting, { done: true, value: undefined });
    await service.hasEnded("listen");
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
  });

  test("a stream that fails gives its items first", async ({ echo }) => {
    for (const refuse of [true, false]) {
      const seen: number[] = [];
      await assert.rejects(async () => {
        for await (const i of echo.failAfter({ items: 3, refuse })) seen.push(i);
      }, refuse ? { reason: "expunged" } : { name: "RemoteFailure" });
      assert.deepEqual(seen, [0, 1, 2]);
    }
  });

  test("a stream that is never read is never opened", async ({ echo, service, left }) => {
    echo.count({ to: 10, octets: 1 });
    await echo.echo(1);
    assert.equal(service.counted, 0);
    assert.equal(left.outstanding, 0);
  });

  test("an aborted call rejects at once and is cancelled at the other end", async ({ echo, service }) => {
    const controller = new AbortController();
    const call = echo.hang(null, { signal: controller.signal });
    await echo.echo(1);
    controller.abort(new Error("enough"));
    await assert.rejects(call, { message: "enough" });
    await service.hasEnded("hang");
    await assert.rejects(echo.echo(1, { signal: controller.signal }), { message: "enough" });
  });

  test("an aborted stream rejects at once and is cancelled at the other end", async ({ echo, service }) => {
    const controller = new AbortController();
    const stream = echo.listen(null, { signal: controller.signal })[Symbol.asyncIterator]();
    await stream.next();
    const waiting = stream.next();
    controller.abort(new Error("enough"));
    await assert.rejects(waiting, { message: "enough" });
    await service.hasEnded("listen");
  });

  test("unknown services and methods, and wrong kinds, are refused", async ({ left }) => {
    const wrong = [
      ["nobody", "echo"],
      ["echo", "shutdown"],
      ["echo", "constructor"],
      ["echo", "counted"],
      ["echo", "count"],
      ["constructor", "name"],
      ["__proto__", "toString"],
    ];
    for (const [service = "", method = ""] of wrong) {
      await assert.rejects(left.call({ service, method, capability: null }, null), { reason: "badRequest" });
    }
    const stream = left.stream({ service: "echo", method: "echo", capability: null }, null);
    await assert.rejects(stream.next(), { reason: "badRequest" });
  });

  test("a guarded service opens for its capability only, and closes with it", async (ends) => {
    const { left, right, service, open } = ends;
    for (const wrong of [null, "", "guess"]) {
      const guarded = client<Echo>(left, "guarded", echoMethods, wrong);
      await assert.rejects(guarded.echo(1), { reason: "noCapability" });
      const stream = guarded.count({ to: 1, octets: 1 })[Symbol.asyncIterator]();
      await assert.rejects(stream.next(), { reason: "noCapability" });
    }
    const guarded = client<Echo>(left, "guarded", echoMethods, "capability");
    assert.equal(await guarded.echo(1), 1);
    const stream = guarded.listen(null)[Symbol.asyncIterator]();
    await stream.next();
    const call = guarded.hang(null);
    const ended = assert.rejects(call, { reason: "noCapability" });
    await ends.echo.echo("everything has begun");
    open.delete("capability");
    right.endCapability("capability");
    await assert.rejects(stream.next(), { reason: "noCapability" });
    await ended;
    await service.hasEnded("listen");
    await assert.rejects(guarded.echo(1), { reason: "noCapability" });
    assert.equal(await ends.echo.echo("others go on"), "others go on");
  });

  test("when one end closes, what was asked fails and what runs is cancelled", async (ends) => {
    const { left, right, echo, service } = ends;
    const call = echo.hang(null);
    const failed = assert.rejects(call, { name: "Refused", reason: "tryLater" });
    const stream = echo.listen(null)[Symbol.asyncIterator]();
    await stream.next();
    right.close();
    await assert.rejects(stream.next(), { reason: "tryLater" });
    await failed;
    await left.ended;
    await service.hasEnded("listen");
    await service.hasEnded("hang");
    await assert.rejects(echo.echo(1), { reason: "tryLater" });
    await assert.rejects(echo.listen(null)[Symbol.asyncIterator]().next(), { reason: "tryLater" });
    assert.equal(left.closed?.reason, "tryLater");
  });

  test("answers that were given before closing arrive", async ({ left, right, echo }) => {
    const answer = echo.echo("last words");
    const later = echo.nothing(null).then(() => right.close());
    assert.equal(await answer, "last words");
    await later;
    await left.ended;
  });
}

interface Ends {
  readonly left: Connection;
  readonly right: Connection;
  readonly service: EchoService;
  readonly echo: ReturnType<typeof client<Echo>>;
  /** Capabilities that open the guarded service. */
  readonly open: Set<string>;
}
