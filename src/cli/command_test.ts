import assert from "node:assert/strict";
import { type Command, helpText, readArguments, usage, UsageError } from "./command.ts";

const command: Command = {
  words: "queue list",
  arguments: "ID",
  count: 1,
  summary: "list messages",
  help: "Lists.",
  options: {
    json: { type: "boolean", doc: "for scripts" },
    max: { type: "string", value: "N", doc: "at most", default: "10" },
  },
  run: () => Promise.resolve(0),
};

Deno.test("readArguments() gives options, defaults and positionals", () => {
  const args = readArguments(command, ["7", "--json"]);
  assert.deepEqual([args.positionals, args.is("json"), args.text("max")], [["7"], true, "10"]);
  assert.equal(readArguments(command, ["7", "--max=3"]).text("max"), "3");
});

const refused: [title: string, args: string[], message: RegExp][] = [
  ["an unknown option", ["7", "--jsno"], /^there is no option --jsno; did you mean --json\?$/],
  ["an option that is like no other", ["7", "--xyz"], /^there is no option --xyz$/],
  ["an option with one dash", ["7", "-x"], /^there is no option -x$/],
  [
    "a span of the past among the options",
    ["7", "-2h"],
    /^there is no option -2; [^]* at the end, behind --$/,
  ],
  ["an option without its value", ["7", "--max"], /^--max needs a value: --max N$/],
  ["an option before another instead of a value", ["7", "--max", "--json"], /^--max needs a value: --max N$/],
  ["an empty value", ["7", "--max", ""], /^--max needs a value: --max N$/],
  ["a value for what has none", ["7", "--json=3"], /^--json takes no value$/],
  ["too few arguments", [], /^queue list needs ID$/],
  ["too many arguments", ["1", "2"], /^queue list takes ID: '2' is one word too many$/],
];
for (const [title, args, message] of refused) {
  Deno.test(`readArguments() refuses ${title}`, () => {
    assert.throws(
      () => readArguments(command, args),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  });
}

Deno.test("arguments that may be left out may be there", () => {
  const two: Command = { ...command, arguments: "DOMAIN [HOST]", optional: 1 };
  assert.deepEqual(readArguments(two, ["a"]).positionals, ["a"]);
  assert.deepEqual(readArguments(two, ["a", "b"]).positionals, ["a", "b"]);
  assert.throws(() => readArguments(two, ["a", "b", "c"]), /takes DOMAIN \[HOST\]: 'c' is one word too many/);
  assert.throws(() => readArguments(two, []), /needs DOMAIN \[HOST\]/);
});

Deno.test("usage and help are made from the command", () => {
  assert.equal(usage(command), "mailden queue list [--json] [--max N] ID");
  assert.match(helpText(command), /--max N +at most \(default 10\)/);
});
