import assert from "node:assert/strict";
import { asciiLower, asciiUpper, Scanner } from "./scanner.ts";

Deno.test("a scanner takes what comes next and says what does not", () => {
  const s = new Scanner("FROM:<a@b> SIZE=1");
  assert.equal(s.take("to:"), false);
  assert.equal(s.take("from:"), true);
  assert.equal(s.peek(), "<");
  s.expect("<");
  assert.equal(s.takeUntil(">"), "a@b");
  assert.equal(s.takeUntil("]"), null);
  s.expect("> ");
  assert.equal(s.takeMatch(/[a-z]+/y), null);
  assert.equal(s.expectMatch(/[A-Z]+/y, "a keyword"), "SIZE");
  assert.equal(s.rest(), "=1");
  assert.equal(s.done, false);
  assert.throws(() => s.end(), /^SyntaxError: expected the end at 15, found "=1"$/);
  s.expect("=1");
  s.end();
  assert.equal(s.peek(), "");
  assert.equal(s.take("x"), false);
});

Deno.test("a failure names the place and shows little of the text", () => {
  const s = new Scanner(`a${"\r\n".repeat(500)}`);
  s.expect("A");
  assert.throws(() => s.expect("b"), (error) => {
    assert.ok(error instanceof SyntaxError);
    assert.match(error.message, /^expected "b" at 1, found "(?:\\r\\n){10}"$/);
    return true;
  });
  assert.throws(() => new Scanner("").expectMatch(/x/y, "an x"), /expected an x at 0, found the end/);
});

Deno.test("a pattern that could match elsewhere is refused", () => {
  assert.throws(() => new Scanner("ab").takeMatch(/b/), TypeError);
});

Deno.test("letter case is ignored for ASCII only", () => {
  assert.equal(asciiLower("MAIL \u212A \u00C4"), "mail \u212A \u00C4");
  assert.equal(asciiUpper("mail \u00df \u00ff \u00b5"), "MAIL \u00df \u00ff \u00b5");
  assert.equal(asciiUpper("mail"), "MAIL");
  assert.equal(new Scanner("\u212A").take("k"), false);
  assert.equal(new Scanner("\u0130").take("i\u0307"), false);
});
