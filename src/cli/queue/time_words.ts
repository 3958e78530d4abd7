/**
 * Times and time spans as people write and read them.
 *
 * @module
 */
import type { Millis } from "../../base/clock.ts";

const units: readonly [unit: string, ms: number][] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

/** The longest span that is taken: a hundred years. */
const maxSpanMs = 100 * 365 * 86_400_000;

/** Milliseconds of `90s`, `1h30m`, `-2d`, `+5m`; null for anything else. */
export function parseSpan(text: string): number | null {
  const match = /^([+-]?)((?:\d{1,9}(?:ms|[dhms]))+)$/.exec(text);
  if (match === null) return text === "0" ? 0 : null;
  let ms = 0;
  for (const [, count, unit] of (match[2] ?? "").matchAll(/(\d+)(ms|[dhms])/g)) {
    ms += Number(count) * (units.find(([name]) => name === unit)?.[1] ?? 0);
  }
  if (ms > maxSpanMs) return null;
  return match[1] === "-" ? -ms : ms;
}

/** A span in its two largest units, without its sign: `3 d 4 h`, `7 m 30 s`, `0 s`. */
export function spanText(ms: number): string {
  let rest = Math.round(Math.abs(ms) / 1000) * 1000;
  const parts: string[] = [];
  for (const [unit, factor] of units.slice(0, -1)) {
    const count = Math.floor(rest / factor);
    // Only what stands right behind the largest says something.
    if (count === 0 && parts.length === 0) continue;
    if (count > 0) parts.push(`${count} ${unit}`);
    rest -= count * factor;
    if (parts.length === 2 || count === 0) break;
  }
  return parts.length === 0 ? "0 s" : parts.join(" ");
}

/** `in 7 m 30 s`, `3 m ago`; `just now` and `in a moment` where it is less than a second. */
export function relativeText(at: Millis, now: Millis): string {
  const ms = at - now;
  if (Math.abs(ms) < 1000) return ms > 0 ? "in a moment" : "just now";
  return ms > 0 ? `in ${spanText(ms)}` : `${spanText(ms)} ago`;
}

/** As `2026-11-21 15:30:05 UTC`. */
export function timeText(at: Millis): string {
  return `${isoTime(at).replace("T", " ").slice(0, 19)} UTC`;
}

/** For JSON; what no calendar has (the store's largest time) becomes the last that one has. */
export function isoTime(at: Millis): string {
  return new Date(Math.min(Math.max(at, 0), 253_402_300_799_000)).toISOString();
}

/** A moment: `now`, a time as `2026-11-21T15:30:00Z`, or null. Without a time zone it is not clear whose time is meant. */
export function parseMoment(text: string, now: Millis): Millis | null {
  if (text === "now") return now;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)$/.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

/** As `2 KB`; sizes below a kilobyte in octets. */
export function sizeText(octets: number): string {
  if (octets < 1024) return `${octets} B`;
  if (octets < 1024 * 1024) return `${Math.round(octets / 1024)} KB`;
  return `${(octets / 1024 / 1024).toFixed(1)} MB`;
}
