import assert from "node:assert/strict";
import { fromIdLength, fromIdOf, newFromId, senderWithId } from "./from_id.ts";

const id = "abcdefghijklmnopqrstuvwxyz".slice(0, fromIdLength);
const random = (octets: number) => crypto.getRandomValues(new Uint8Array(octets));

const senders: [local: string, separators: string[], withId: string | null][] = [
  ["you", ["+"], `you+${id}`],
  ["you+list", ["+"], `you+${id}`],
  ["you-a+b", ["+", "-"], `you+${id}`],
  ["+you", ["+"], null],
  ["-you", ["+", "-"], `-you+${id}`],
  ["you", ["--"], `you--${id}`],
  ["you", [], null],
  ["you", [""], null],
  ["x".repeat(64 - 1 - fromIdLength), ["+"], `${"x".repeat(37)}+${id}`],
  ["x".repeat(64 - fromIdLength), ["+"], null],
  ["ü".repeat(19), ["+"], null],
];
for (const [local, separators, expected] of senders) {
  Deno.test(`senderWithId(${local}, ${separators})`, () => {
    const made = senderWithId({ local, domain: "example.org" }, id, separators);
    assert.equal(made?.local ?? null, expected);
    if (made !== null) assert.equal(fromIdOf(made, separators), id);
  });
}

const received: [local: string, separators: string[], id: string | null][] = [
  [`you+${id}`, ["+"], id],
  [`You+${id.toUpperCase()}`, ["+"], id],
  [`you-${id}`, ["+", "-"], id],
  [`you-${id}`, ["+"], null],
  ["you", ["+"], null],
  [`you+${id}x`, ["+"], null],
  [`you+${id.slice(1)}`, ["+"], null],
  [`you+${id.slice(1)}1`, ["+"], null],
  [`+${id}`, ["+"], null],
  [`you+list+${id}`, ["+"], null],
];
for (const [local, separators, expected] of received) {
  Deno.test(`fromIdOf(${local}, ${separators})`, () =>
    assert.equal(fromIdOf({ local }, separators), expected));
}

Deno.test("no id is made twice, and each is found again", () => {
  const ids = Array.from({ length: 1000 }, () => newFromId(random));
  assert.equal(new Set(ids).size, 1000);
  for (const each of ids) assert.equal(fromIdOf({ local: `a+${each}` }, ["+"]), each);
});
