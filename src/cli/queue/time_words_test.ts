import assert from "node:assert/strict";
import { isoTime, parseMoment, parseSpan, relativeText, sizeText, spanText, timeText } from "./time_words.ts";

const spans: [text: string, ms: number | null][] = [
  ["90s", 90_000],
  ["1h30m", 5_400_000],
  ["+5m", 300_000],
  ["-2d", -172_800_000],
  ["250ms", 250],
  ["0", 0],
  ["0s", 0],
  ["", null],
  ["5", null],
  ["5 m", null],
  ["m5", null],
  ["1w", null],
  ["--5m", null],
  ["999999999d", null],
];
for (const [text, ms] of spans) {
  Deno.test(`parseSpan() of '${text}' is ${ms}`, () => assert.equal(parseSpan(text), ms));
}

const printed: [ms: number, text: string][] = [
  [0, "0 s"],
  [999, "1 s"],
  [90_000, "1 m 30 s"],
  [450_000, "7 m 30 s"],
  [3_600_000, "1 h"],
  [3_605_000, "1 h"],
  [273_600_000, "3 d 4 h"],
  [-60_000, "1 m"],
];
for (const [ms, text] of printed) {
  Deno.test(`spanText() of ${ms} ms is ${text}`, () => assert.equal(spanText(ms), text));
}

Deno.test("moments are read and printed", () => {
  const now = Date.UTC(2026, 10, 21, 15, 30);
  assert.equal(parseMoment("now", now), now);
  assert.equal(parseMoment("2026-11-21T15:30Z", 0), now);
  assert.equal(parseMoment("2026-11-21T16:30:00+01:00", 0), now);
  for (const wrong of ["2026-11-21", "2026-11-21T15:30", "2026-13-01T00:00Z", "tomorrow", ""]) {
    assert.equal(parseMoment(wrong, now), null, wrong);
  }
  assert.deepEqual([
    relativeText(now + 450_000, now),
    relativeText(now - 60_000, now),
    relativeText(now, now),
  ], [
    "in 7 m 30 s",
    "1 m ago",
    "just now",
  ]);
  assert.equal(relativeText(now + 999, now), "in a moment");
  assert.equal(timeText(now), "2026-11-21 15:30:00 UTC");
  assert.equal(isoTime(Number.MAX_SAFE_INTEGER), "9999-12-31T23:59:59.000Z");
  assert.deepEqual([sizeText(1023), sizeText(2048), sizeText(3_500_000)], ["1023 B", "2 KB", "3.3 MB"]);
});
