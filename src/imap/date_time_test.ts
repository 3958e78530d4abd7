import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1 } from "../base/bytes.ts";
import { formatDate, formatDateTime, maxMillis, minMillis, readDate, readDateTime } from "./date_time.ts";
import { Scanner } from "./scanner.ts";

const read = <T>(text: string, how: (s: Scanner) => T): T => {
  const s = new Scanner(latin1(text));
  const value = how(s);
  s.end();
  return value;
};

const dates: [wire: string, iso: string][] = [
  ["1-Feb-1994", "1994-02-01"],
  ["01-feb-1994", "1994-02-01"],
  ['"31-Dec-1999"', "1999-12-31"],
  ["29-Feb-2000", "2000-02-29"],
  ["1-Jan-1970", "1970-01-01"],
  ["1-Jan-0000", "0000-01-01"],
  ["1-Jan-0050", "0050-01-01"],
  ["31-Dec-9999", "9999-12-31"],
];
for (const [wire, iso] of dates) {
  Deno.test(`readDate() reads ${wire}`, () => {
    assert.equal(read(wire, readDate) * 86_400_000, Date.parse(`${iso}T00:00:00Z`));
  });
}

const noDates = [
  "",
  "0-Jan-2000",
  "30-Feb-2000",
  "29-Feb-1900",
  "32-Jan-2000",
  "1-Foo-2000",
  "1-Jan-20",
  "1-Jan-20000",
  "001-Jan-2000",
  '"1-Jan-2000',
  "1 Jan 2000",
];
for (const wire of noDates) {
  Deno.test(`readDate() refuses ${wire}`, () => assert.throws(() => read(wire, readDate), SyntaxError));
}

const dateTimes: [wire: string, iso: string][] = [
  // RFC 9051 6.3.12 and 7.5.2
  ['" 7-Feb-1994 21:52:25 -0800"', "1994-02-08T05:52:25Z"],
  ['"17-Jul-1996 02:44:25 -0700"', "1996-07-17T09:44:25Z"],
  ['"01-Jan-2000 00:00:00 +0530"', "1999-12-31T18:30:00Z"],
  ['"1-Jan-2000 00:00:00 +0000"', "2000-01-01T00:00:00Z"],
  ['"31-Dec-2016 23:59:60 +0000"', "2017-01-01T00:00:00Z"],
];
for (const [wire, iso] of dateTimes) {
  Deno.test(`readDateTime() reads ${wire}`, () => assert.equal(read(wire, readDateTime), Date.parse(iso)));
}

const noDateTimes = [
  "17-Jul-1996 02:44:25 -0700",
  '"17-Jul-1996 02:44:25"',
  '"17-Jul-1996 24:00:00 +0000"',
  '"17-Jul-1996 00:60:00 +0000"',
  '"17-Jul-1996 00:00:61 +0000"',
  '"17-Jul-1996 0:00:00 +0000"',
  '"17-Jul-1996 00:00:00 +2400"',
  '"17-Jul-1996 00:00:00 +0060"',
  '"17-Jul-1996 00:00:00 0000"',
  '"17-Jul-1996 00:00:00 UTC"',
  '"31-Apr-1996 00:00:00 +0000"',
];
for (const wire of noDateTimes) {
  Deno.test(`readDateTime() refuses ${wire}`, () =>
    assert.throws(() => read(wire, readDateTime), SyntaxError));
}

Deno.test("dates are read as they were written", () => {
  fc.assert(fc.property(fc.integer({ min: -719528, max: 2932896 }), (day) => {
    assert.equal(read(formatDate(day), readDate), day);
  }));
  const seconds = fc.integer({ min: Math.ceil(minMillis / 1000), max: Math.floor(maxMillis / 1000) });
  fc.assert(fc.property(seconds, (at) => {
    assert.equal(read(`"${formatDateTime(at * 1000)}"`, readDateTime), at * 1000);
  }));
});

Deno.test("formatDateTime() pads the day and stays within four digits of year", () => {
  assert.equal(formatDateTime(Date.parse("1994-02-01T11:00:00.999Z")), " 1-Feb-1994 11:00:00 +0000");
  assert.equal(formatDateTime(8.64e15), "31-Dec-9999 23:59:59 +0000");
  assert.equal(formatDateTime(-8.64e15), " 1-Jan-0000 00:00:00 +0000");
});
