/**
 * Dates: of search keys (`1-Feb-1994`) and with time (`"01-Feb-1994 12:00:00 +0100"`). RFC 9051 9
 *
 * Years are 0000 to 9999 of the Gregorian calendar, as `Date` has them.
 *
 * @module
 */
import type { Scanner } from "./scanner.ts";
import type { Day } from "./search_key.ts";

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const dayMs = 86_400_000;

/** The earliest and latest instants that can be written with four digits of year. */
export const minMillis = Date.UTC(2000, 0, 1) - 730_485 * dayMs;
export const maxMillis = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** `date`, with or without quotes, as days since 1970-01-01. */
export function readDate(s: Scanner): Day {
  const quoted = s.take('"');
  let day = s.digits(1, "a day of month");
  if (isDigit(s.peek())) day = day * 10 + s.digits(1, "a day of month");
  const date = readMonthAndYear(s, day);
  if (quoted) s.expect('"');
  return date;
}

/** `date-time`, quotes included, as milliseconds since 1970. */
export function readDateTime(s: Scanner): number {
  s.expect('"');
  // date-day-fixed pads with a space; some clients send one digit alone.
  s.take(" ");
  let day = s.digits(1, "a day of month");
  if (isDigit(s.peek())) day = day * 10 + s.digits(1, "a day of month");
  const date = readMonthAndYear(s, day);
  s.space();
  const hours = s.digits(2, "hours");
  s.expect(":");
  const minutes = s.digits(2, "minutes");
  s.expect(":");
  const seconds = s.digits(2, "seconds");
  if (hours > 23 || minutes > 59 || seconds > 60) throw new SyntaxError("no such time of day");
  s.space();
  const offset = readZone(s);
  s.expect('"');
  const time = date * dayMs + ((hours * 60 + minutes - offset) * 60 + seconds) * 1000;
  return Math.min(Math.max(time, minMillis), maxMillis);
}

/** Minutes east of Greenwich. */
function readZone(s: Scanner): number {
  const west = s.take("-");
  if (!west) s.expect("+");
  const hours = s.digits(2, "a time zone");
  const minutes = s.digits(2, "a time zone");
  if (hours > 23 || minutes > 59) throw new SyntaxError("no such time zone");
  return (hours * 60 + minutes) * (west ? -1 : 1);
}

function readMonthAndYear(s: Scanner, day: number): Day {
  s.expect("-");
  const month = months.findIndex((name) => s.take(name));
  if (month === -1) throw new SyntaxError("expected a month");
  s.expect("-");
  const year = s.digits(4, "a year");
  // Date.UTC takes years below 100 for 19xx; 400 years are 146,097 days.
  const date = Date.UTC(year + 400, month, day) / dayMs - 146_097;
  if (new Date((date + 146_097) * dayMs).getUTCDate() !== day) throw new SyntaxError("no such day of month");
  return date;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** `1-Feb-1994` */
export function formatDate(day: Day): string {
  const date = new Date(day * dayMs);
  return `${date.getUTCDate()}-${months[date.getUTCMonth()]}-${year(date)}`;
}

/** ` 1-Feb-1994 11:00:00 +0000`, without quotes, in UTC: the instant is kept, the sender's zone is not. */
export function formatDateTime(millis: number): string {
  const date = new Date(Math.min(Math.max(millis, minMillis), maxMillis));
  const day = String(date.getUTCDate()).padStart(2, " ");
  return `${day}-${months[date.getUTCMonth()]}-${year(date)} ${two(date.getUTCHours())}:` +
    `${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

function year(date: Date): string {
  return String(date.getUTCFullYear()).padStart(4, "0");
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
