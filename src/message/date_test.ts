import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDate, parseZonedDate, printDate } from "./date.ts";

/** RFC 5322 A.1.1, A.5, A.6.2 and 4.3 first; then what is sent. */
const accepted: [text: string, iso: string][] = [
  ["Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z"],
  ["Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T08:52:37Z"],
  [
    "Thu, 13\r\n     Feb\r\n       1969\r\n   23:32\r\n            -0330 (Newfoundland Time)",
    "1969-02-14T03:02:00Z",
  ],
  ["21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06Z"],
  ["Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T15:55:06Z"],
  ["21 Nov 1997 09:55 EST", "1997-11-21T14:55:00Z"],
  ["21 Nov 1997 09:55:06 PDT", "1997-11-21T16:55:06Z"],
  ["21 Nov 1997 09:55:06 Z", "1997-11-21T09:55:06Z"],
  ["21 Nov 1997 09:55:06 K", "1997-11-21T09:55:06Z"],
  ["21 Nov 1997 09:55:06 -0000", "1997-11-21T09:55:06Z"],
  ["21 Nov 49 09:55:06 UT", "2049-11-21T09:55:06Z"],
  ["21 Nov 50 09:55:06 UT", "1950-11-21T09:55:06Z"],
  ["21 Nov 105 09:55:06 UT", "2005-11-21T09:55:06Z"],
  ["Sat, 31 Dec 2016 23:59:60 +0000", "2017-01-01T00:00:00Z"],
  ["29 Feb 2024 00:00:00 +0000", "2024-02-29T00:00:00Z"],
  ["Fri, 21 November 1997 9:55:06 +0100 (CET)", "1997-11-21T08:55:06Z"],
  ["Fri,21 Nov 1997 09:55:06 +0530", "1997-11-21T04:25:06Z"],
  ["21-Nov-1997 09:55:06 +0000", "1997-11-21T09:55:06Z"],
  ["Fri, 21 Nov 1997 09:55:06", "1997-11-21T09:55:06Z"],
  ["Fri, 21 Nov 1997 09:55:06 GMT+0100", "1997-11-21T08:55:06Z"],
  ["Fri Nov 21 09:55:06 1997", "1997-11-21T09:55:06Z"],
  ["Fri Nov 21 09:55:06 EST 1997", "1997-11-21T14:55:06Z"],
];
for (const [text, iso] of accepted) {
  Deno.test(`parseDate() reads ${JSON.stringify(text)}`, () => {
    assert.equal(parseDate(text), Date.parse(iso));
  });
}

const refused = [
  "",
  "yesterday",
  "Fri, 21 Nov 1997",
  "31 Jun 1997 09:55:06 +0000",
  "29 Feb 2023 00:00:00 +0000",
  "0 Nov 1997 09:55:06 +0000",
  "21 Foo 1997 09:55:06 +0000",
  "21 Nov 1997 24:00:00 +0000",
  "21 Nov 1997 23:60:00 +0000",
  "21 Nov 1997 23:59:61 +0000",
  "21 Nov 1997 09:55:06 +0060",
  "1997-11-21T09:55:06Z",
  `${"(".repeat(100)}`,
  `21 Nov 1997 09:55:06 +0000${" ".repeat(200)}`,
];
for (const text of refused) {
  Deno.test(`parseDate() refuses ${JSON.stringify(text.slice(0, 40))}`, () =>
    assert.equal(parseDate(text), null));
}

Deno.test("a date is printed with its offset", () => {
  assert.equal(printDate(Date.parse("1997-11-21T15:55:06Z"), -360), "Fri, 21 Nov 1997 09:55:06 -0600");
  assert.equal(printDate(Date.parse("2003-07-01T08:52:37Z")), "Tue, 1 Jul 2003 08:52:37 +0000");
  assert.equal(printDate(Date.parse("1969-02-14T03:02:00Z"), -210), "Thu, 13 Feb 1969 23:32:00 -0330");
});

Deno.test("parse(print(date)) is the date, to the second", () => {
  const second = fc.integer({ min: Date.UTC(1, 0, 2) / 1000, max: Date.UTC(9999, 11, 30) / 1000 });
  fc.assert(fc.property(second, fc.integer({ min: -1439, max: 1439 }), (seconds, offsetMinutes) => {
    const date = { at: seconds * 1000, offsetMinutes };
    assert.deepEqual(parseZonedDate(printDate(date.at, offsetMinutes)), date);
  }));
});
