import assert from "node:assert/strict";
import type { Hold } from "../smtp/mail.ts";
import { printHold, releaseOf } from "./future_release.ts";

const now = Date.UTC(2026, 10, 21, 12);
const cases: [hold: Hold, at: number, text: string][] = [
  [{ kind: "for", seconds: 0 }, now, "for;0"],
  [{ kind: "for", seconds: 90 }, now + 90_000, "for;90"],
  [{ kind: "until", at: now + 1000 }, now + 1000, "until;2026-11-21T12:00:01Z"],
  [{ kind: "until", at: now - 1000 }, now - 1000, "until;2026-11-21T11:59:59Z"],
];
for (const [hold, at, text] of cases) {
  Deno.test(`a message that waits: ${text}`, () => {
    assert.equal(releaseOf(hold, now), at);
    assert.equal(printHold(hold), text);
  });
}
