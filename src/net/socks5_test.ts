import assert from "node:assert/strict";
import { latin1, utf8 } from "../base/bytes.ts";
import { maxSocksAnswer, readSocks, socksGreeting, type SocksLogin, type SocksPhase } from "./socks5.ts";

const nobody: SocksLogin = { username: "", password: "" };
const known: SocksLogin = { username: "mail", password: "ä" };
const target = { address: "192.0.2.1", port: 25 };

Deno.test("only what can be used is offered", () => {
  assert.deepEqual([...socksGreeting(nobody)], [5, 1, 0]);
  assert.deepEqual([...socksGreeting(known)], [5, 1, 2]);
});

Deno.test("the request names the address, of either family", () => {
  const said = (address: string) => {
    const step = readSocks("methods", new Uint8Array([5, 0]), { address, port: 587 }, nobody);
    assert.ok(step.kind === "say" && step.phase === "request");
    return [...step.bytes];
  };
  assert.deepEqual(said("192.0.2.1"), [5, 1, 0, 1, 192, 0, 2, 1, 2, 75]);
  assert.deepEqual(said("2001:db8::1"), [
    ...[5, 1, 0, 4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    ...[2, 75],
  ]);
});

Deno.test("user name and password are said in octets, once they are asked for", () => {
  const step = readSocks("methods", new Uint8Array([5, 2]), target, known);
  assert.ok(step.kind === "say" && step.phase === "login");
  assert.deepEqual([...step.bytes], [1, 4, ...latin1("mail"), 2, ...utf8("ä")]);
  const next = readSocks("login", new Uint8Array([1, 0]), target, known);
  assert.ok(next.kind === "say" && next.phase === "request");
});

Deno.test("what cannot be said is a mistake, and never cut", () => {
  const long = { username: "a".repeat(256), password: "b" };
  for (const login of [long, { username: "a", password: "" }, { username: "", password: "b" }]) {
    assert.throws(() => readSocks("methods", new Uint8Array([5, 2]), target, login), RangeError);
  }
  for (const [address, port] of [["mx.example.org", 25], ["192.0.2.1", 0], ["192.0.2.1", 65536]] as const) {
    assert.throws(() => readSocks("methods", new Uint8Array([5, 0]), { address, port }, nobody), RangeError);
  }
});

const answers: [phase: SocksPhase, octets: number[], login: SocksLogin, kind: string][] = [
  ["methods", [], nobody, "more"],
  ["methods", [5], nobody, "more"],
  ["methods", [4], nobody, "refused"], // SOCKS 4
  ["methods", [5, 255], nobody, "refused"],
  ["methods", [5, 255], known, "refused"],
  ["methods", [5, 1], nobody, "refused"], // GSSAPI was not offered.
  ["methods", [5, 0], known, "refused"], // Nor was it offered to be nobody.
  ["methods", [5, 2], nobody, "refused"],
  ["login", [1], known, "more"],
  ["login", [1, 1], known, "refused"],
  ["login", [5, 0], known, "refused"],
  ["request", [5], nobody, "more"],
  ["request", [5, 5], nobody, "refused"],
  ["request", [5, 99], nobody, "refused"],
  ["request", [5, 0, 0], nobody, "more"],
  ["request", [5, 0, 0, 1, 0, 0, 0, 0, 0], nobody, "more"],
  ["request", [5, 0, 0, 1, 0, 0, 0, 0, 0, 0], nobody, "connected"],
  ["request", [5, 0, 0, 3], nobody, "more"],
  ["request", [5, 0, 0, 3, 2, 97, 98, 0], nobody, "more"],
  ["request", [5, 0, 0, 3, 2, 97, 98, 0, 0], nobody, "connected"],
  ["request", [5, 0, 0, 4, ...new Array(18).fill(0)], nobody, "connected"],
  ["request", [5, 0, 0, 2, 0, 0, 0, 0, 0, 0], nobody, "refused"],
  ["request", [72, 84, 84, 80], nobody, "refused"], // A web server.
];
for (const [phase, octets, login, kind] of answers) {
  Deno.test(`SOCKS ${phase}: ${JSON.stringify(octets.slice(0, 8))} means ${kind}`, () => {
    assert.equal(readSocks(phase, new Uint8Array(octets), target, login).kind, kind);
  });
}

Deno.test("the longest answer is known", () => {
  const long = new Uint8Array(maxSocksAnswer + 1);
  long.set([5, 0, 0, 3, 255]);
  const step = readSocks("request", long, target, nobody);
  assert.ok(step.kind === "connected" && step.octets === maxSocksAnswer);
});
