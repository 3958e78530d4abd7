/**
 * Dates of header fields: printed as the standard wants, read as they are sent. RFC 5322 3.3, 4.3
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { commentEnd } from "./parameters.ts";

/** A date with the time zone it was written in. */
export interface ZonedDate {
  readonly at: Millis;
  /** Minutes east of Greenwich; 0 where the zone is not known. */
  readonly offsetMinutes: number;
}

/** Longer values are not dates. */
export const maxDateLength = 200;

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const lowerMonths = months.map((name) => name.toLowerCase());

/** RFC 5322 4.3. Military letters and all other names mean that the zone is not known. */
const zones: ReadonlyMap<string, number> = new Map([
  ["EDT", -4 * 60],
  ["EST", -5 * 60],
  ["CDT", -5 * 60],
  ["CST", -6 * 60],
  ["MDT", -6 * 60],
  ["MST", -7 * 60],
  ["PDT", -7 * 60],
  ["PST", -8 * 60],
]);

/** `Fri, 21 Nov 1997 09:55:06 -0600`, with other separators, month in full, and white space where people put it. */
const usual =
  /^(?:[a-z]{2,9}\.?,? ?)?(\d{1,2})[ -]([a-z]{3,9})\.?[ -](\d{2,4}),? (\d{1,2}) ?: ?(\d{1,2})(?: ?: ?(\d{1,2})(?:\.\d+)?)?(?: ?([+-]\d{4}|[a-z]+(?:[+-]\d{4})?))?/i;
/** asctime: `Fri Nov 21 09:55:06 1997`, with or without zone in front of the year. */
const asctime =
  /^[a-z]{3,9},? ([a-z]{3,9}) (\d{1,2}),? (\d{1,2}):(\d{2}):(\d{2})(?: ([a-z]{1,5}|[+-]\d{4}))? (\d{4})/i;

/** Reads a date; null if it is none. */
export function parseDate(raw: string): Millis | null {
  return parseZonedDate(raw)?.at ?? null;
}

/** Reads a date and its zone; null if it is none. The name of the day is not looked at. */
export function parseZonedDate(raw: string): ZonedDate | null {
  if (raw.length > maxDateLength) return null;
  const text = withoutComments(raw);
  let match = usual.exec(text);
  if (match !== null) {
    const [, day, month, year, hour, minute, second, zone] = match;
    return zoned(year, month, day, hour, minute, second, zone);
  }
  match = asctime.exec(text);
  if (match === null) return null;
  const [, month, day, hour, minute, second, zone, year] = match;
  return zoned(year, month, day, hour, minute, second, zone);
}

/** `Fri, 21 Nov 1997 09:55:06 -0600`. RFC 5322 3.3 */
export function printDate(at: Millis, offsetMinutes = 0): string {
  const date = new Date(at + offsetMinutes * 60_000);
  const two = (n: number) => String(n).padStart(2, "0");
  const away = Math.abs(offsetMinutes);
  const zone = `${offsetMinutes < 0 ? "-" : "+"}${two(Math.floor(away / 60))}${two(away % 60)}`;
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  const year = String(date.getUTCFullYear()).padStart(4, "0");
  return `${days[date.getUTCDay()]}, ${date.getUTCDate()} ${
    months[date.getUTCMonth()]
  } ${year} ${time} ${zone}`;
}

type Text = string | undefined;

function zoned(
  year: Text,
  month: Text,
  day: Text,
  hour: Text,
  minute: Text,
  second: Text,
  zone: Text,
): ZonedDate | null {
  const name = (month ?? "").slice(0, 3).toLowerCase();
  const monthIndex = lowerMonths.indexOf(name);
  const offsetMinutes = zoneOffset(zone ?? "");
  if (monthIndex === -1 || offsetMinutes === null) return null;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second ?? 0) > 60) return null;
  const wall = new Date(0); // Not Date.UTC(), to which the year 97 is 1997.
  wall.setUTCFullYear(fullYear(year ?? ""), monthIndex, Number(day));
  // The 31st of June is not the first of July.
  if (wall.getUTCDate() !== Number(day)) return null;
  // A leap second is the next minute's first. RFC 5322 3.3
  wall.setUTCHours(Number(hour), Number(minute), Number(second ?? 0));
  return { at: wall.getTime() - offsetMinutes * 60_000, offsetMinutes };
}

/** RFC 5322 4.3: 00 to 49 are this century, three digits count from 1900. */
function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length >= 4) return year;
  return digits.length === 2 && year < 50 ? year + 2000 : year + 1900;
}

/** Null for an offset that cannot be. */
function zoneOffset(zone: string): number | null {
  const numeric = /([+-])(\d{2})(\d{2})$/.exec(zone);
  if (numeric === null) return zones.get(zone.toUpperCase()) ?? 0;
  const minutes = Number(numeric[2]) * 60 + Number(numeric[3]);
  if (Number(numeric[3]) > 59) return null;
  return numeric[1] === "-" && minutes > 0 ? -minutes : minutes;
}

function withoutComments(raw: string): string {
  if (/^[^( \t\r\n\0]+(?: [^( \t\r\n\0]+)*$/.test(raw)) return raw; // As nearly all are.
  let text = "";
  for (let at = 0; at < raw.length;) {
    if (raw[at] === "(") {
      at = commentEnd(raw, at);
      text += " ";
    } else text += raw[at++];
  }
  return text.replace(/[ \t\r\n\u0000]+/g, " ").trim();
}
