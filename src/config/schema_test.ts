import assert from "node:assert/strict";
import {
  bytes,
  choice,
  duration,
  type Field,
  flag,
  integer,
  list,
  map,
  type Problem,
  table,
  text,
} from "./schema.ts";

function read<T>(field: Field<T>, value: unknown): T | string {
  const problems: Problem[] = [];
  const result = field.read(value, "x", problems);
  if (problems.length > 0 || result === undefined) return problems.map((each) => each.message).join("; ");
  return result;
}

const size = bytes({ doc: "" });
const span = duration({ doc: "" });
const cases: [title: string, field: Field<unknown>, value: unknown, expected: unknown][] = [
  ["a size in bytes", size, 12, 12],
  ["a size with a unit", size, "3MB", 3 * 1024 * 1024],
  ["a size with an unknown unit", size, "3XB", /^"3XB" is no size/],
  ["a negative size", size, -1, /is no size/],
  ["milliseconds", span, "250ms", 250],
  ["days", span, "2d", 172_800_000],
  ["a time span without unit", span, 30, /^30 is no time span: write it as "30s"/],
  ["a size that is too small", bytes({ doc: "", min: 1024 }), "1023B", /too little: use at least "1KB"/],
  ["a size that is too large", bytes({ doc: "", max: 2048 }), 2049, /too much: use at most "2KB"/],
  ["the largest size", bytes({ doc: "", min: 1024, max: 2048 }), "2KB", 2048],
  ["a time span that is too short", duration({ doc: "", min: 1000 }), "999ms", /use at least "1s"/],
  ["the shortest time span", duration({ doc: "", min: 1000 }), "1s", 1000],
  ["true", flag({ doc: "" }), true, true],
  ["a quoted truth", flag({ doc: "" }), "true", /neither true nor false/],
  ["a whole number", integer({ doc: "", min: 1, max: 9 }), 9, 9],
  ["a number with a fraction", integer({ doc: "", min: 1, max: 9 }), 1.5, /is not a whole number/],
  ["a number too large", integer({ doc: "", min: 1, max: 9 }), 10, /use 1 to 9/],
  ["a word", choice(["a", "b"], { doc: "" }), "b", "b"],
  ["another word", choice(["a", "b"], { doc: "" }), "c", /is none of "a", "b"/],
  ["an empty list that must not be", list(text({ doc: "" }), { doc: "", min: 1 }), [], /the list is empty/],
  ["no list", list(text({ doc: "" }), { doc: "" }), "a", /is not a list/],
  ["a table of tables", map(table({ a: flag({ doc: "", default: true }) }), { doc: "", sample: "s" }), {
    k: {},
  }, {
    k: { a: true },
  }],
  [
    "a name that Object has",
    table({ a: flag({ doc: "", default: true }) }),
    { constructor: 1 },
    /no setting of this name/,
  ],
];
for (const [title, field, value, expected] of cases) {
  Deno.test(`a field reads ${title}`, () => {
    const got = read(field, value);
    if (expected instanceof RegExp) assert.match(String(got), expected);
    else assert.deepEqual(got, expected);
  });
}
