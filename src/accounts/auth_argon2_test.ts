import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import { argon2id, checkArgon2, Gate, parsePhc, printPhc } from "./auth_argon2.ts";

/** Stored hashes, which every later runtime must still find right. */
const vectors: [password: string, phc: string][] = [
  ["password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"],
  ["password", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"],
];
for (const [password, phc] of vectors) {
  Deno.test(`Argon2id gives ${phc}`, async () => {
    const stored = parsePhc(phc);
    assert.ok(stored !== null);
    assert.equal(printPhc(stored), phc);
    assert.ok(await checkArgon2(argon2id, password, stored));
    assert.ok(!await checkArgon2(argon2id, "passwore", stored));
  });
}

const salt = "c29tZXNhbHQ";
const hash = "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
const refused: [what: string, phc: string][] = [
  ["nothing", ""],
  ["another function", `$argon2i$v=19$m=256,t=2,p=1$${salt}$${hash}`],
  ["another version", `$argon2id$v=16$m=256,t=2,p=1$${salt}$${hash}`],
  ["no passes", `$argon2id$v=19$m=256,t=0,p=1$${salt}$${hash}`],
  ["too little memory", `$argon2id$v=19$m=7,t=2,p=1$${salt}$${hash}`],
  ["a gigabyte", `$argon2id$v=19$m=1048576,t=2,p=1$${salt}$${hash}`],
  ["too many passes", `$argon2id$v=19$m=256,t=17,p=1$${salt}$${hash}`],
  ["too many lanes", `$argon2id$v=19$m=256,t=2,p=9$${salt}$${hash}`],
  ["a short salt", `$argon2id$v=19$m=256,t=2,p=1$c29t$${hash}`],
  ["a short hash", `$argon2id$v=19$m=256,t=2,p=1$${salt}$c29tZXNhbHQ`],
  ["no base64", `$argon2id$v=19$m=256,t=2,p=1$${salt}$${hash}AA`],
  ["something behind", `$argon2id$v=19$m=256,t=2,p=1$${salt}$${hash}$`],
];
for (const [what, phc] of refused) {
  Deno.test(`parsePhc() refuses ${what}`, () => assert.equal(parsePhc(phc), null));
}

Deno.test("a gate lets so many pass, keeps the others in order, and refuses too many", async () => {
  const gate = new Gate({ maxRunning: 2, maxWaiting: 2 });
  const running: PromiseWithResolvers<void>[] = [];
  const begun: number[] = [];
  const enter = (i: number) =>
    gate.run(() => {
      begun.push(i);
      const work = Promise.withResolvers<void>();
      running.push(work);
      return work.promise;
    });
  const entered = [1, 2, 3, 4].map(enter);
  assert.deepEqual(begun, [1, 2]);
  assert.equal(gate.waiting, 2);
  await assert.rejects(enter(5), { reason: "tryLater" });
  running[0]?.reject(new Error("failed"));
  await assert.rejects(entered[0] ?? Promise.resolve(), { message: "failed" });
  await Promise.resolve();
  assert.deepEqual(begun, [1, 2, 3]);
  running[1]?.resolve();
  await entered[1];
  await Promise.resolve();
  assert.deepEqual(begun, [1, 2, 3, 4]);
  for (const work of running) work.resolve();
  await Promise.all(entered.slice(1));
  await gate.run(() => Promise.resolve());
  assert.equal(gate.waiting, 0);
});

Deno.test("printPhc() has no padding", () => {
  const costs = { memoryKiB: 19456, passes: 2, lanes: 1 };
  const phc = printPhc({ costs, salt: utf8("1234567890123456"), hash: new Uint8Array(32) });
  assert.match(phc, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^=]+$/);
});
