import assert from "node:assert/strict";
import { displayName, mailboxAddress, mailboxText, maxAddresses, parseAddressList } from "./address_list.ts";

/** Compact: `name|route|local|domain`, `name:` and `;` for groups. */
const shown = (raw: string) =>
  parseAddressList(raw).entries.map((entry) => {
    if (entry.kind === "group") return `${entry.name}:`;
    if (entry.kind === "groupEnd") return ";";
    return [entry.name, entry.route, entry.local, entry.domain].map((part) => part ?? "-").join("|");
  });

const cases: [raw: string, entries: string[]][] = [
  // RFC 5322 A.1.2, A.1.3, A.5, A.6.1
  ["Joe Q. Public <john.q.public@example.com>", ["Joe Q. Public|-|john.q.public|example.com"]],
  ["Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>", [
    "Mary Smith|-|mary|x.test",
    "-|-|jdoe|example.org",
    "Who?|-|one|y.test",
  ]],
  ['<boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>', [
    "-|-|boss|nil.test",
    'Giant; "Big" Box|-|sysservices|example.net',
  ]],
  ["A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;", [
    "A Group:",
    "Ed Jones|-|c|a.test",
    "-|-|joe|where.test",
    "John|-|jdoe|one.test",
    ";",
  ]],
  ["Undisclosed recipients:;", ["Undisclosed recipients:", ";"]],
  ["Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", ["Pete|-|pete|silly.test"]],
  [
    "A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n         joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (the end of the group)",
    ["A Group:", "Chris Jones|-|c|public.example", "-|-|joe|example.org", "John|-|jdoe|one.test", ";"],
  ],
  ["(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", ["Hidden recipients:", ";"]],
  ["Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example", [
    "Mary Smith|@node.test|mary|example.net",
    "-|-|jdoe|test.example",
  ]],
  ["<@a.test,@b.test:c@d.test>", ["-|@a.test,@b.test|c|d.test"]],
  ["Joe Q. Public <john . q . public @ example . com>", ["Joe Q. Public|-|john.q.public|example.com"]],
  // Quotes, literals, comments as names.
  ['"a b".c@d.test', ["-|-|a b.c|d.test"]],
  ['"a@b" <"c d"@e.test>', ["a@b|-|c d|e.test"]],
  ["a@[192.0.2.1]", ["-|-|a|[192.0.2.1]"]],
  ["a@b.test (Full Name)", ["Full Name|-|a|b.test"]],
  ["<a@b.test> (Full Name)", ["Full Name|-|a|b.test"]],
  ['"" <a@b.test>', ["-|-|a|b.test"]],
  ["=?utf-8?q?a?= =?utf-8?q?b?= <a@b.test>", ["=?utf-8?q?a?= =?utf-8?q?b?=|-|a|b.test"]],
  // Careless.
  ["John Doe john@example.org", ["John Doe|-|john|example.org"]],
  ["John Doe <john@example.org", ["John Doe|-|john|example.org"]],
  ["a@b.test; c@d.test", ["-|-|a|b.test", "-|-|c|d.test"]],
  ["a@b.test c@d.test, e@f.test", ["-|-|a|b.test", "-|-|e|f.test"]],
  ["a@b@c.test", ["-|-|a|b"]],
  ["root", ["-|-|root|"]],
  ["a@", ["-|-|a|"]],
  ["@b.test", ["-|-||b.test"]],
  ["Name <>, <>", ["Name|-||"]],
  ["Doe, John <a@b.test>", ["-|-|Doe|", "John|-|a|b.test"]],
  ["a: b: c@d.test;", ["a:", ";", "b:", "-|-|c|d.test", ";"]],
  ["a: b@c.test", ["a:", "-|-|b|c.test", ";"]],
  [";,;,", []],
  ['"unterminated <a@b.test>', ['"unterminated|-|a|b.test']],
  ["(unterminated a@b.test", []],
  ["\\", ["-|-|\\|"]],
  ["a\u0000@b\u0000.test", ["-|-|a|b.test"]],
  ["", []],
];
for (const [raw, entries] of cases) {
  Deno.test(`parseAddressList() reads ${JSON.stringify(raw.slice(0, 60))}`, () => {
    assert.deepEqual(shown(raw), entries);
  });
}

const texts: [raw: string, text: string, address: string | null][] = [
  ["=?utf-8?q?J=C3=BCrgen?= <j@B\xc3\xbccher.example>", "Jürgen <j@bücher.example>", "j|bücher.example"],
  ["\xfc <\xc3\xbc@xn--bcher-kva.example>", "ü <ü@bücher.example>", "ü|bücher.example"],
  ['"a b"@c.test', '"a b"@c.test', "a b|c.test"],
  ["a@[192.0.2.1]", "a@[192.0.2.1]", "a|[192.0.2.1]"],
  ["=?utf-8?q?a=0D=0Ab?= <c@d.test>", "a b <c@d.test>", "c|d.test"],
  ["root", "root", null],
  ["a@b_c.test", "a@b_c.test", null],
  ["a@127.0.0.1", "a@127.0.0.1", null],
];
for (const [raw, text, expected] of texts) {
  Deno.test(`${JSON.stringify(raw)} for people`, () => {
    const entry = parseAddressList(raw).entries[0];
    assert.ok(entry?.kind === "mailbox");
    assert.equal(mailboxText(entry), text);
    const address = mailboxAddress(entry);
    assert.equal(address === null ? null : `${address.local}|${address.domain}`, expected);
  });
}

Deno.test("the name is decoded, and may be missing", () => {
  const [named, bare] = parseAddressList("=?utf-8?q?=C3=BC?= <a@b.test>, c@d.test").entries;
  assert.ok(named?.kind === "mailbox" && bare?.kind === "mailbox");
  assert.equal(displayName(named), "ü");
  assert.equal(displayName(bare), null);
});

Deno.test("there is a limit to addresses and groups", () => {
  const many = parseAddressList("a@b.test,".repeat(100_000));
  assert.equal(many.entries.length, maxAddresses);
  assert.equal(many.truncated, true);
  assert.equal(parseAddressList("a:;".repeat(100_000), 10).entries.length <= 24, true);
  assert.equal(parseAddressList("a@b.test,c@d.test", 2).truncated, false);
});

Deno.test("hostile lists are read in linear time", () => {
  for (
    const piece of [
      "(",
      "()",
      '"',
      "<",
      "@",
      ":",
      "a ",
      "\\",
      '"\\',
      "<@",
      "<a",
      "a.",
      ". ",
      "[",
      "a@b ",
      ">",
    ]
  ) {
    parseAddressList(piece.repeat(300_000));
  }
});
