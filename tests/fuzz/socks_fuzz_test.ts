/**
 * Anything at all as the answers of a SOCKS proxy: read or refused, never thrown at; more is only asked for while there
 * can be more; and what was read of an answer does not depend on what follows it.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { maxSocksAnswer, readSocks, type SocksPhase } from "../../src/net/socks5.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const run = { seed, numRuns: 1e9, interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false };

const octet = fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 5, 255), fc.integer({ min: 0, max: 255 }));
const answer = fc.array(octet, { maxLength: 2 * maxSocksAnswer });
const begun = fc.tuple(
  fc.constantFrom([], [5], [5, 0], [5, 2], [5, 0, 0, 1], [5, 0, 0, 3], [5, 0, 0, 4], [1, 0]),
  answer,
).map(([beginning, rest]) => [...beginning, ...rest]);
const phase = fc.constantFrom<SocksPhase>("methods", "login", "request");
const login = fc.constantFrom({ username: "", password: "" }, { username: "a", password: "b" });
const target = { address: "2001:db8::1", port: 25 };

Deno.test("any octets as the answers of a SOCKS proxy", () => {
  fc.assert(
    fc.property(phase, begun, login, (phase, octets, login) => {
      const step = readSocks(phase, new Uint8Array(octets), target, login);
      if (step.kind === "more") {
        assert.ok(octets.length < maxSocksAnswer);
        return;
      }
      if (step.kind === "refused") {
        assert.notEqual(step.why, "");
        return;
      }
      assert.ok(step.octets <= octets.length);
      const alone = readSocks(phase, new Uint8Array(octets.slice(0, step.octets)), target, login);
      assert.deepEqual(alone, step);
      if (step.octets > 0) {
        const less = readSocks(phase, new Uint8Array(octets.slice(0, step.octets - 1)), target, login);
        assert.equal(less.kind, "more");
      }
    }),
    run,
  );
});
