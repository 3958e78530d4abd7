import assert from "node:assert/strict";
import { ownTime } from "../../tests/support/own_time.ts";
import { parseIp } from "../base/ip_address.ts";
import {
  expand,
  expandName,
  type MacroValues,
  maxExplanation,
  maxNameLength,
  parseDomainSpec,
  parseExplanation,
  printMacro,
} from "./macro.ts";

function values(changes: Partial<MacroValues> = {}): MacroValues {
  return {
    local: "strong-bad",
    senderDomain: "email.example.com",
    domain: "email.example.com",
    dottedIp: "192.0.2.3",
    readableIp: "192.0.2.3",
    version: 4,
    helo: "mx.example.org",
    receiver: "here.example.net",
    now: 1_700_000_000_999,
    validatedName: () => Promise.resolve("mx.example.org"),
    ...changes,
  };
}

const v6 = [...(parseIp("2001:db8::cb01")?.bytes ?? new Uint8Array()).toHex()].join(".");

// RFC 7208 7.4, and what its words allow.
const expanded: [text: string, result: string, changes?: Partial<MacroValues>][] = [
  ["%{s}", "strong-bad@email.example.com"],
  ["%{o}", "email.example.com"],
  ["%{d}", "email.example.com"],
  ["%{d4}", "email.example.com"],
  ["%{d3}", "email.example.com"],
  ["%{d2}", "example.com"],
  ["%{d1}", "com"],
  ["%{dr}", "com.example.email"],
  ["%{d2r}", "example.email"],
  ["%{l}", "strong-bad"],
  ["%{l-}", "strong.bad"],
  ["%{lr}", "strong-bad"],
  ["%{lr-}", "bad.strong"],
  ["%{l1r-}", "strong"],
  ["%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"],
  ["%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"],
  [
    "%{ir}.%{v}._spf.%{d2}",
    "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com"
      .replace("1.0.b.c.", "1.0.b.c.0.0.0.0."),
    { dottedIp: v6, version: 6 },
  ],
  ["%{p}", "mx.example.org"],
  ["%{h}%%%_%-", "mx.example.org% %20"],
  ["%{D128}", "email.example.com"],
  ["%{L}", "a%2Fb%21%C3%BC", { local: "a/b!ü" }],
  ["%{o}", "xn--bcher-kva.example", { senderDomain: "bücher.example" }], // RFC 8616 4
  ["x..%{l2.-+,/_=}", "x..b.c", { local: "a=b/c" }],
  ["%{h}", "xn--bcher-kva.example", { helo: "bücher.example" }],
  ["%{h1-}", "[192.0.2.3]", { helo: "[192.0.2.3]" }],
  ["%{l1r.-}|%{l9999-}", "|.a..b.", { local: "-a--b-" }], // Empty parts are parts. RFC 7208 7.3
  ["a b%%25", "a b%25"],
];
for (const [text, result, changes] of expanded) {
  Deno.test(`expand() makes ${result} of ${text}`, async () => {
    assert.equal(await expand(parseExplanation(text), values(changes)), result);
    assert.equal(printMacro(parseExplanation(text)), text);
  });
}

Deno.test("an explanation has letters and blanks that a domain has not", async () => {
  const text = "%{c} at %{t}, says %{r}";
  assert.equal(
    await expand(parseExplanation(text), values()),
    "192.0.2.3 at 1700000000, says here.example.net",
  );
});

const specs: [text: string, good: boolean][] = [
  ["example.com", true],
  ["example.com.", true],
  ["%{d}", true],
  ["%{d}.x-1", true],
  ["_spf.%{d2}%-", true],
  ["a.b.c-d", true],
  ["", false],
  ["example", false],
  ["example.123", false],
  ["example.-a", false],
  ["example..", false],
  ["%%_", false],
  ["x%%.com", true],
  ["x.%%com", false],
  ["%_", true],
  ["exa mple.com", false],
  ["ex\u00e4mple.com", false],
  ["%", false],
  ["%(d)", false],
  ["%{x}", false],
  ["%{d", false],
  ["%{d0}", false],
  ["%{dr2}", false],
  ["%{c}", false],
  ["%{T}.example.com", false],
];
for (const [text, good] of specs) {
  Deno.test(`parseDomainSpec() ${good ? "reads" : "refuses"} ${JSON.stringify(text)}`, () => {
    if (good) assert.ok(parseDomainSpec(text).length > 0);
    else assert.throws(() => parseDomainSpec(text), SyntaxError);
  });
}

Deno.test("a name that becomes too long loses labels at its left", async () => {
  const long = values({ local: "a.".repeat(150) + "end" });
  const name = await expandName(parseDomainSpec("%{l}.example.com"), long);
  assert.ok(name !== null && name.length <= maxNameLength && name.length > maxNameLength - 3, name ?? "");
  assert.ok(name.startsWith("a.a."));
  assert.equal(
    await expandName(parseDomainSpec("%{l}.example.com"), values({ local: "a".repeat(300) })),
    "example.com",
  );
  assert.equal(await expandName(parseDomainSpec("%{l}%{l}"), values({ local: "a".repeat(300) })), null);
});

Deno.test("a name is made from its right: what is cut off in the end is not even asked for", async () => {
  const never = values({ validatedName: () => Promise.reject(new Error("asked for")) });
  const long = `${"b".repeat(60)}.`.repeat(5);
  const name = await expandName(parseDomainSpec(`%{p}.%{l}.${long}example.com`), never);
  assert.equal(name, `${"b".repeat(60)}.`.repeat(3) + "example.com");
  const dotted = await expandName(
    parseDomainSpec(`%{l}.${"c.".repeat(121)}example.com.`),
    values({ local: "" }),
  );
  assert.equal(dotted, `${"c.".repeat(121)}example.com`);
});

Deno.test("a name made from its right is cut as one made from its left", async () => {
  const spec = parseDomainSpec("%{h}.%{l}.%{o1}.example.com.");
  for (let length = 230; length <= 245; length++) {
    for (const helo of ["a", "a.bc", "", ".", "d".repeat(60)]) {
      const all = values({ helo, local: `${"x.".repeat(length)}`.slice(0, length) });
      const whole = (await expand(spec, all)).replace(/\.$/, "").split(".");
      while (whole.join(".").length > maxNameLength) whole.shift();
      assert.equal(await expandName(spec, all), whole.join("."));
    }
  }
});

Deno.test("what an explanation's end would say is not even asked for", async () => {
  const never = values({ validatedName: () => Promise.reject(new Error("asked for")) });
  const text = "x".repeat(maxExplanation);
  assert.equal(await expand(parseExplanation(`${text}%{p}`), never, maxExplanation), text);
});

Deno.test("a local part outside of ASCII matches nothing (RFC 8616 4)", async () => {
  const utf8 = values({ local: "j\u00fcrgen" });
  assert.equal(await expandName(parseDomainSpec("%{l}.%{d}"), utf8), null);
  assert.equal(await expandName(parseDomainSpec("%{d}"), utf8), "email.example.com");
});

Deno.test("an expansion ends at its limit, however many macros there are", async () => {
  const text = "%{s}".repeat(16_000);
  assert.equal((await expand(parseExplanation(text), values(), 800)).length, 800);
});

// A long label took quadratic time once: half a minute for the first of these.
for (const piece of ["a", "a-", "a.", "-", ".", "%%", "%{d}", "_", "%{l.", "/1"]) {
  Deno.test(`reading a long row of ${piece} takes linear time`, () => {
    for (const end of ["", "_", ".", ".com", "%"]) {
      const text = `.${piece.repeat(200_000 / piece.length)}${end}`;
      const took = ownTime();
      try {
        parseDomainSpec(text);
      } catch (error) {
        assert.ok(error instanceof SyntaxError);
      }
      assert.ok(took() < 3000, end);
    }
  });
}
