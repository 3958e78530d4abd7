import assert from "node:assert/strict";
import fc from "fast-check";
import type { Address } from "../address/address.ts";
import { takePath } from "../address/mailbox.ts";
import { Scanner } from "../base/scanner.ts";
import { parsePath } from "./path.ts";

const accepted: [text: string, address: Address][] = [
  ["<a@example.org>", { local: "a", domain: "example.org" }],
  ["<A.b+c@EXAMPLE.org>", { local: "A.b+c", domain: "example.org" }],
  ['<"a>b"@example.org>', { local: "a>b", domain: "example.org" }],
  ["<a@[192.0.2.1]>", { local: "a", domain: "[192.0.2.1]" }],
  ["<@x.example:a@example.org>", { local: "a", domain: "example.org" }],
  ["<é@xn--bcher-kva.example>", { local: "é", domain: "bücher.example" }],
  ["<Postmaster>", { local: "postmaster", domain: "" }],
];
for (const [text, address] of accepted) {
  Deno.test(`parsePath() reads ${text}`, () => {
    assert.deepEqual(parsePath(`TO:${text} X`, 3), { address, end: 3 + text.length });
  });
}

const refused = [
  "",
  "a@example.org",
  "<a@example.org",
  "<a>",
  "<@example.org>",
  "<a@>",
  "<a@b@c.example>",
  "<.a@b.example>",
  "<a..b@c.example>",
  "<a@-b.example>",
  "<a@b-.example>",
  "<a@b..c>",
  "<a b@c.example>",
  "<a@1.2.3.4>",
  "<a\0@b.example>",
  `<${"x".repeat(200)}@b.example>`,
  `<a@${"x".repeat(64)}.example>`,
  `<a@${"b.".repeat(200)}example>`,
];
for (const text of refused) {
  Deno.test(`parsePath() refuses ${text}`, () => assert.throws(() => parsePath(text, 0), SyntaxError));
}

Deno.test("the short way and the full grammar agree", () => {
  const part = fc.constantFrom(
    "a",
    "B",
    "7",
    "-",
    ".",
    "@",
    "<",
    ">",
    "_",
    "xn--",
    "é",
    '"',
    "example",
    "org",
    "+",
    " ",
  );
  const text = fc.array(part, { maxLength: 9 }).map((parts) =>
    `<${parts.join("")}@${parts.toReversed().join("")}.org>`
  );
  const result = (read: () => unknown) => {
    try {
      return read();
    } catch (error) {
      if (error instanceof SyntaxError) return "refused";
      throw error;
    }
  };
  fc.assert(
    fc.property(fc.oneof(text, fc.array(part).map((parts) => `<${parts.join("")}>`)), (path) => {
      const full = () => {
        const s = new Scanner(path);
        const address = takePath(s, { utf8: true });
        return { address, end: s.at };
      };
      assert.deepEqual(result(() => parsePath(path, 0)), result(full));
    }),
    { numRuns: 1000 },
  );
});
