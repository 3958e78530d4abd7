import assert from "node:assert/strict";
import fc from "fast-check";
import { concat, fromLatin1, latin1, utf8 } from "../base/bytes.ts";
import { Indexer, indexLimits } from "./indexer.ts";
import { maxProblems, type MessageIndex } from "./message_index.ts";
import { checkIndex, imapText, indexOf, shape } from "./testing/check_index.ts";

/** Lines with CRLF; one character for each octet. */
const crlf = (...lines: string[]) => latin1(lines.join("\r\n"));

/** Indexes, and checks what is always true. */
function index(...lines: string[]): MessageIndex {
  const bytes = crlf(...lines);
  const made = indexOf(bytes);
  checkIndex(bytes, made);
  return made;
}

const multipart = "Content-Type: multipart/mixed; boundary=b";

const shapes: [what: string, lines: string[], shape: string, problems?: string[]][] = [
  ["nothing", [""], "text/plain:0/0"],
  ["an empty line", ["", ""], "text/plain:0/0"],
  ["a header without a body", ["Subject: a", ""], "text/plain:0/0"],
  ["a header without a line end", ["Subject: a"], "text/plain:0/0"],
  ["a body without a header", ["", "a", ""], "text/plain:3/1"],
  ["a body without a last line end", ["Subject: a", "", "a", "b"], "text/plain:4/1"],
  ["bare line feeds", ["Subject: a\n\na\nb\n"], "text/plain:4/2"],
  ["a bare CR", ["Subject: a\rb", "", "a\rb"], "text/plain:3/0"],
  ["a CR at the very end of the header", ["Subject: a", "\r"], "text/plain:0/0"],
  [
    "two parts",
    [multipart, "", "--b", "", "a", "--b", "", "bc", "--b--", ""],
    "multipart/mixed(text/plain:1/0 text/plain:2/0)",
  ],
  [
    "preamble and epilogue",
    [multipart, "", "pre", "--b", "", "a", "", "--b--", "epi", "--b", "more"],
    "multipart/mixed(text/plain:3/1)",
  ],
  [
    "bare line feeds between parts",
    [`${multipart}\n\n--b\n\na\n--b\n\nb\n--b--\n`],
    "multipart/mixed(text/plain:1/0 text/plain:1/0)",
  ],
  [
    "a delimiter as the last octets",
    [multipart, "", "--b", "", "a", "--b--"],
    "multipart/mixed(text/plain:1/0)",
  ],
  [
    "a delimiter with white space behind",
    [multipart, "", "--b \t", "", "a", "--b-- "],
    "multipart/mixed(text/plain:1/0)",
  ],
  [
    "a part without header and empty line",
    [multipart, "", "--b", "--b", "--b--"],
    "multipart/mixed(text/plain:0/0 text/plain:0/0)",
  ],
  [
    "a part with a header only",
    [multipart, "", "--b", "Content-Type: a/b", "--b--"],
    "multipart/mixed(a/b:0/0)",
  ],
  ["an empty part", [multipart, "", "--b", "", "--b--"], "multipart/mixed(text/plain:0/0)"],
  ["an empty line in a part", [multipart, "", "--b", "", "", "--b--"], "multipart/mixed(text/plain:0/0)"],
  ["no parts", [multipart, "", "text"], "multipart/mixed(text/plain:0/0)", [
    "multipart without its last delimiter",
  ]],
  ["an unterminated multipart", [multipart, "", "--b", "", "a", ""], "multipart/mixed(text/plain:3/1)", [
    "multipart without its last delimiter",
  ]],
  ["a boundary that begins like another", [
    multipart,
    "",
    "--b",
    "Content-Type: multipart/a; boundary=bb",
    "",
    "--bb",
    "",
    "x",
    "--bb--",
    "--b",
    "",
    "y",
    "--b--",
  ], "multipart/mixed(multipart/a(text/plain:1/0) text/plain:1/0)"],
  ["the same boundary inside", [
    multipart,
    "",
    "--b",
    multipart,
    "",
    "--b",
    "",
    "x",
    "--b--",
    "--b",
    "",
    "y",
    "--b--",
  ], "multipart/mixed(multipart/mixed(text/plain:1/0) text/plain:1/0)"],
  ["a boundary that ends in hyphens", [
    'Content-Type: multipart/mixed; boundary="b--"',
    "",
    "--b--",
    "",
    "x",
    "--b----",
    "--b--",
  ], "multipart/mixed(text/plain:1/0)"],
  [
    "an inner multipart that the outer ends",
    [
      multipart,
      "",
      "--b",
      "Content-Type: multipart/a; boundary=c",
      "",
      "--c",
      "",
      "x",
      "--b--",
      "--c",
    ],
    "multipart/mixed(multipart/a(text/plain:1/0))",
    ["multipart without its last delimiter"],
  ],
  ["what only looks like a delimiter", [
    multipart,
    "",
    "--b",
    "",
    "-",
    "--",
    "--bx",
    " --b",
    "x--b",
    "--b x",
    "--b",
    "",
    "-\r--b",
    "--b--",
  ], "multipart/mixed(text/plain:30/5 text/plain:5/0)"],
  ["a delimiter inside a header", [
    multipart,
    "",
    "--b",
    "Content-Type: a/b",
    " ; c=d",
    "--b",
    "",
    "x",
    "--b--",
  ], "multipart/mixed(a/b:0/0 text/plain:1/0)"],
  ["a digest", [
    "Content-Type: multipart/digest; boundary=b",
    "",
    "--b",
    "",
    "Subject: a",
    "",
    "x",
    "--b",
    "Content-Type: text/plain",
    "",
    "y",
    "--b--",
  ], "multipart/digest(message/rfc822(text/plain:1/0) text/plain:1/0)"],
  [
    "a message of nothing in a digest",
    ["Content-Type: multipart/digest; boundary=b", "", "--b", "", "", "--b--"],
    "multipart/digest(message/rfc822(text/plain:0/0))",
  ],
  [
    "a message of a header only, at the end of another multipart",
    [multipart, "", "--b", "Content-Type: multipart/a; boundary=c", "", "--c", "", "--b--"],
    "multipart/mixed(multipart/a(text/plain:0/0))",
    ["multipart without its last delimiter"],
  ],
  [
    "a message that ends before its header does",
    [multipart, "", "--b", "Content-Type: message/rfc822", "", "Content-Type: message/rfc822", "", "--b--"],
    "multipart/mixed(message/rfc822(message/rfc822(text/plain:0/0)))",
  ],
  ["a message in a message in a message", [
    "Content-Type: message/rfc822",
    "",
    "Content-Type: message/global",
    "",
    "Subject: c",
    "",
    "x",
    "",
  ], "message/rfc822(message/global(text/plain:3/1))"],
  ["a multipart in a message in a multipart", [
    multipart,
    "",
    "--b",
    "Content-Type: message/rfc822",
    "",
    "Content-Type: multipart/a; boundary=c",
    "",
    "--c",
    "",
    "x",
    "--c--",
    "--b",
    "",
    "y",
    "--b--",
  ], "multipart/mixed(message/rfc822(multipart/a(text/plain:1/0)) text/plain:1/0)"],
  [
    "an encoded message",
    [
      "Content-Type: message/rfc822",
      "Content-Transfer-Encoding: base64",
      "",
      "YWJj",
    ],
    "message/rfc822:4/0",
    ["encoded message"],
  ],
  [
    "a multipart that says it is encoded",
    [
      multipart,
      "Content-Transfer-Encoding: base64",
      "",
      "--b",
      "",
      "x",
      "--b--",
    ],
    "multipart/mixed(text/plain:1/0)",
    ["encoded multipart"],
  ],
  ["a multipart without boundary", ["Content-Type: multipart/mixed", "", "x"], "text/plain:1/0", [
    "multipart without a usable boundary",
  ]],
  ["an empty boundary", ['Content-Type: multipart/mixed; boundary=" "', "", "x"], "text/plain:1/0", [
    "multipart without a usable boundary",
  ]],
  ["a malformed type", ["Content-Type: a b", "", "x"], "text/plain:1/0", ["malformed content-type"]],
  ["a type without subtype", ["Content-Type: text; charset=utf-8", "", "x"], "text/plain:1/0"],
  ["an unknown encoding", ["Content-Transfer-Encoding: x-uuencode", "", "x"], "text/plain:1/0", [
    "unknown content-transfer-encoding",
  ]],
  ["two types", ["Content-Type: a/b", "Content-Type: c/d", "", "x"], "a/b:1/0", [
    "more than one content-type field",
  ]],
];
for (const [what, lines, expected, problems = []] of shapes) {
  Deno.test(`the parts of a message: ${what}`, () => {
    const made = index(...lines);
    assert.equal(shape(made.root), expected);
    assert.deepEqual(made.problems, problems);
  });
}

Deno.test("offsets are exact", () => {
  const bytes = crlf("A: b", multipart, "", "pre", "--b", "C: d", "", "one", "two", "--b--", "epilogue");
  const { root } = indexOf(bytes);
  const part = root.children[0];
  assert.ok(part !== undefined);
  const text = (start: number, end: number) => fromLatin1(bytes.subarray(start, end));
  assert.equal(text(part.headerStart, part.bodyStart), "C: d\r\n\r\n");
  assert.equal(text(part.bodyStart, part.bodyEnd), "one\r\ntwo");
  assert.equal(text(root.headerStart, root.bodyStart), `A: b\r\n${multipart}\r\n\r\n`);
  assert.equal(text(root.bodyEnd - 8, root.bodyEnd), "epilogue");
});

const sizes: [encoding: string, body: string, size: number][] = [
  ["7bit", "ab\r\n", 4],
  ["8BIT", "\xfc", 1],
  ["binary", "a\0b", 3],
  ["base64", "YWJj\r\nYQ==\r\n", 4],
  ['"base64"', "YWJj", 3],
  ["Quoted-Printable (comment)", "a=3Db=\r\nc \r\n", 6],
  ["x-unknown", "a", -1],
];
for (const [encoding, body, size] of sizes) {
  Deno.test(`decoded size of ${encoding}`, () => {
    assert.equal(index(`Content-Transfer-Encoding: ${encoding}`, "", body).root.decodedSize, size);
    // The line end in front of a delimiter is not part of the body.
    const inside = index(multipart, "", "--b", `Content-Transfer-Encoding: ${encoding}`, "", body, "--b--");
    assert.equal(inside.root.children[0]?.decodedSize, size);
  });
}

Deno.test("a header gives envelope and index", () => {
  const made = index(
    "Received: a",
    "Received: b",
    "Date: Fri, 21 Nov 1997 09:55:06 -0600",
    "From: =?utf-8?q?J=C3=BCrgen?= <J@B\xc3\xbccher.example>",
    'To: "Group \\"A\\"": a@b.test, c@d.test;, e@f.test',
    "Cc:",
    "Subject: Re: [list] =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
    " folded\ttext",
    "Message-ID: <1@x>",
    "References: <a@x>",
    "\t<b@x>",
    "In-Reply-To: <c@x>",
    "",
    "Hello!",
  );
  assert.equal(
    fromLatin1(made.envelope),
    '("Fri, 21 Nov 1997 09:55:06 -0600" "Re: [list] =?utf-8?q?Gr=C3=BC=C3=9Fe?= folded\ttext" ' +
      '(("=?utf-8?q?J=C3=BCrgen?=" NIL "J" {15}\r\nB\xc3\xbccher.example)) '.repeat(3) +
      '((NIL NIL "Group \\"A\\"" NIL)(NIL NIL "a" "b.test")(NIL NIL "c" "d.test")(NIL NIL NIL NIL)' +
      '(NIL NIL "e" "f.test")) NIL NIL "<c@x>" "<1@x>")',
  );
  assert.equal(made.subject, "Re: [list] Grüße folded\ttext");
  assert.equal(made.baseSubject, "grüße folded text");
  assert.equal(made.isReply, true);
  assert.equal(made.date, Date.parse("1997-11-21T15:55:06Z"));
  assert.equal(made.from, "Jürgen <J@bücher.example>");
  assert.equal(made.to, "a@b.test, c@d.test, e@f.test");
  assert.equal(made.cc, "");
  assert.equal(made.fromAddress, "J@bücher.example");
  assert.equal(made.messageId, "1@x");
  assert.deepEqual(made.references, ["a@x", "b@x"]);
  assert.equal(made.receivedCount, 2);
  assert.equal(made.hasUtf8Headers, true);
  assert.equal(made.has8Bit, false);
  assert.equal(made.preview, "Hello!");
});

Deno.test("an empty message has an envelope of nothing", () => {
  const made = index("");
  assert.equal(imapText(made.envelope), "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
  assert.equal(made.subject, "");
  assert.equal(made.messageId, null);
  assert.equal(made.date, null);
  assert.equal(made.fromAddress, null);
});

Deno.test("what is said twice is said to be", () => {
  const made = index("From: a@b.test", "From: c@d.test", "Subject: x", "Subject: y", "Date: never", "", "");
  assert.equal(made.from, "a@b.test");
  assert.equal(made.fromAddress, null);
  assert.equal(made.subject, "x");
  assert.deepEqual(made.problems, [
    "more than one subject field",
    "more than one from field",
    "unreadable date",
  ]);
  assert.equal(index("From: a@b.test, c@d.test", "", "").fromAddress, null);
});

Deno.test("In-Reply-To stands in for References", () => {
  assert.deepEqual(index("References: none", "In-Reply-To: <a@b> <c@d>", "", "").references, ["a@b"]);
});

Deno.test("values that cannot be quoted are literals, without NUL", () => {
  const made = index(
    "Subject: a\xfcb",
    'From: "a\\\\\\"" <b@c.test>',
    "Message-ID: <a\0\rb>",
    `Date: ${"x".repeat(2000)}`,
    "",
    "",
  );
  const envelope = fromLatin1(made.envelope);
  assert.ok(envelope.includes(" {3}\r\na\xfcb "), envelope);
  assert.ok(envelope.includes('"a\\\\\\""'), envelope);
  assert.ok(envelope.includes(" {5}\r\n<a\rb>)"), envelope);
  assert.ok(envelope.startsWith("({2000}\r\nxxx"), envelope.slice(0, 20));
});

Deno.test("eight bits in headers and in the body are told apart", () => {
  const bits = (...lines: string[]) => {
    const made = index(...lines);
    return [made.hasUtf8Headers, made.has8Bit];
  };
  assert.deepEqual(bits("Subject: a", "", "b"), [false, false]);
  assert.deepEqual(bits("Subject: \xc3\xbc", "", "b"), [true, false]);
  assert.deepEqual(bits("Subject: a", "", "\xc3\xbc"), [false, true]);
  assert.deepEqual(bits(multipart, "", "--b", "Content-Description: \xc3\xbc", "", "b", "--b--"), [
    true,
    true,
  ]);
  assert.deepEqual(bits("Content-Transfer-Encoding: base64", "", "YQ\xff=="), [false, true]);
});

const previews: [what: string, lines: string[], preview: string][] = [
  ["the text", ["", "Hello", "> old"], "Hello [...]"],
  ["a decoded text", [
    "Content-Type: text/plain; charset=iso-8859-1",
    "Content-Transfer-Encoding: quoted-printable",
    "",
    "Gr=FC=DFe",
  ], "Grüße"],
  ["the plain part, wherever it stands", [
    multipart,
    "",
    "--b",
    "Content-Type: text/html",
    "",
    "<b>html</b>",
    "--b",
    "",
    "plain",
    "--b--",
  ], "plain"],
  ["HTML where plain text is empty", [
    multipart,
    "",
    "--b",
    "",
    " ",
    "--b",
    "Content-Type: text/html",
    "",
    "<p>html",
    "--b--",
  ], "html"],
  ["no attachment", [
    multipart,
    "",
    "--b",
    "Content-Disposition: attachment",
    "",
    "secret",
    "--b",
    "",
    "open",
    "--b--",
  ], "open"],
  ["nothing of a picture", ["Content-Type: image/png", "", "x"], ""],
];
for (const [what, lines, preview] of previews) {
  Deno.test(`a preview shows ${what}`, () => assert.equal(index(...lines).preview, preview));
}

Deno.test("names, charsets and dispositions of parts", () => {
  const { root } = index(
    multipart,
    "",
    "--b",
    'Content-Type: application/pdf; name="other.pdf"',
    "Content-Disposition: Attachment; filename*=utf-8''%E2%82%AC.pdf",
    "",
    "--b",
    'Content-Type: TEXT/Plain; CharSet="UTF-8"; name=a.txt',
    "Content-Disposition: inline",
    "",
    "--b--",
  );
  assert.deepEqual(
    root.children.map(({ disposition, fileName, charset }) => [disposition, fileName, charset]),
    [["attachment", "€.pdf", null], ["inline", "a.txt", "utf-8"]],
  );
});

Deno.test("a report is known by its type", () => {
  assert.equal(
    index("Content-Type: multipart/report; report-type=delivery-status; boundary=b", "", "--b--").isReport,
    true,
  );
  assert.equal(index(multipart, "", "--b--").isReport, false);
});

Deno.test("it is used once", () => {
  const indexer = new Indexer();
  indexer.end();
  assert.throws(() => indexer.end(), TypeError);
  assert.throws(() => indexer.write(utf8("a")), TypeError);
});

/** Lines of which broken messages are made. */
const line = fc.constantFrom(
  "",
  "",
  "--a",
  "--a--",
  "--b",
  "--b--",
  "--ab",
  "-",
  "--",
  "Content-Type: multipart/mixed; boundary=a",
  "Content-Type: multipart/digest; boundary=b",
  'Content-Type: multipart/x; boundary="a--"',
  "Content-Type: message/rfc822",
  "Content-Type: text/html; charset=utf-8",
  "Content-Transfer-Encoding: base64",
  "Content-Transfer-Encoding: quoted-printable",
  "Content-Transfer-Encoding: x",
  "Content-Disposition: attachment; filename*0=a; filename*1*=%20b",
  "From: a <b@c.test>, d: e@f.test;",
  "Subject: =?utf-8?q?=C3=BC?=",
  " folded",
  "YWJj",
  "YQ==",
  "a=3D b =",
  "\xfc\0",
  "> quoted",
);
const message = fc.array(fc.tuple(line, fc.constantFrom("\r\n", "\r\n", "\r\n", "\n", "\r", "")), {
  maxLength: 40,
})
  .map((lines) => latin1(lines.flat().join("")));
const cuts = fc.array(fc.nat(30), { maxLength: 30 });

Deno.test("broken messages have sound indexes, wherever they are cut", () => {
  fc.assert(
    fc.property(message, cuts, (bytes, cuts) => {
      const whole = indexOf(bytes);
      checkIndex(bytes, whole);
      assert.deepEqual(indexOf(bytes, cuts), whole);
      assert.deepEqual(indexOf(bytes, Array<number>(bytes.length).fill(1)), whole);
      checkIndex(bytes, indexOf(bytes, cuts, { maxParts: 3, maxDepth: 2 }));
    }),
    { numRuns: 1500 },
  );
});

Deno.test("limits of header octets do not depend on where the bytes are cut", () => {
  const limits = { maxHeaderOctets: 60, maxAllHeaderOctets: 100, maxHeaderLine: 25, maxAddresses: 2 };
  fc.assert(
    fc.property(message, cuts, (bytes, cuts) => {
      const whole = indexOf(bytes, [], limits);
      checkIndex(bytes, whole);
      // What is noticed first may differ.
      const sorted = (made: MessageIndex) => ({ ...made, problems: made.problems.toSorted() });
      assert.deepEqual(sorted(indexOf(bytes, cuts, limits)), sorted(whole));
    }),
    { numRuns: 500 },
  );
});

/** Hostile messages: head, something many times, tail. */
const attacks: [what: string, head: string, piece: string, times: number, problem: string | null][] = [
  ["a text in one line", "\r\n", "x", 4_000_000, null],
  ["a base64 text in one line", "Content-Transfer-Encoding: base64\r\n\r\n", "YWJj", 1_000_000, null],
  ["nothing but line feeds", "\r\n", "\n", 4_000_000, null],
  [
    "nothing but hyphens",
    `${multipart}\r\n\r\n--b\r\n\r\n`,
    "-",
    4_000_000,
    "multipart without its last delimiter",
  ],
  [
    "lines of hyphens",
    `${multipart}\r\n\r\n--b\r\n\r\n`,
    "--\r\n",
    1_000_000,
    "multipart without its last delimiter",
  ],
  [
    "lines like delimiters",
    `${multipart}\r\n\r\n--b\r\n\r\n`,
    "--b--x\r\n",
    500_000,
    "multipart without its last delimiter",
  ],
  ["soft line breaks", "Content-Transfer-Encoding: quoted-printable\r\n\r\n", "=\r\n", 1_000_000, null],
  ["spaces", "Content-Transfer-Encoding: quoted-printable\r\n\r\n", " ", 2_000_000, null],
  ["200,000 parts", `${multipart}\r\n\r\n`, "--b\r\n\r\nx\r\n", 200_000, "too many parts"],
  ["messages in messages", "", "Content-Type: message/rfc822\r\n\r\n", 10_000, "parts nested too deep"],
  ["100,000 addresses", "To: a@b.test", ",\r\n a@b.test", 100_000, "header too large"],
  ["20,000 addresses", "To: a@b.test", ",\r\n a@b.test", 20_000, "more addresses than are indexed"],
  ["a million header lines", "", "A:\r\n", 1_000_000, "header too large"],
  ["a header line of megabytes", "Subject: ", "x", 4_000_000, "header line too long"],
  ["a folded line of megabytes", "Subject: x", "\r\n x", 1_000_000, "header too large"],
  ["comments in comments", "To: ", "(", 1_000_000, "header line too long"],
  ["parameters", "Content-Type: a/b", "; c=d", 1_000_000, "header line too long"],
  ["encoded words", "Subject: ", "=?utf-8?q?a?= ", 500_000, "header line too long"],
  ["references", "References:", "\r\n <a@b>", 200_000, "header too large"],
  ["unclosed HTML", "Content-Type: text/html\r\n\r\n", "<a ", 500_000, null],
  ["delimiters in headers", `${multipart}\r\n\r\n--b\r\n`, "A: b\r\n--b\r\n", 200_000, "too many parts"],
];
for (const [what, head, piece, times, problem] of attacks) {
  Deno.test(`a hostile message costs no more than its size: ${what}`, () => {
    const bytes = concat([latin1(head), latin1(piece.repeat(times))]);
    const indexer = new Indexer();
    for (let at = 0; at < bytes.length; at += 65_536) indexer.write(bytes.subarray(at, at + 65_536));
    const made = indexer.end();
    assert.ok(indexer.work <= 4 * bytes.length + 10_000, `${indexer.work} for ${bytes.length}`);
    assert.equal(made.size, bytes.length);
    if (problem === null) assert.deepEqual(made.problems, []);
    else assert.ok(made.problems.includes(problem), made.problems.join(", "));
    const kept = made.envelope.length + made.body.length + made.bodyStructure.length + made.to.length;
    assert.ok(kept < 4_000_000, `${kept} octets kept`);
  });
}

Deno.test("multiparts a thousand deep are read a hundred deep", () => {
  const depth = 1000;
  let text = "";
  for (let i = 0; i < depth; i++) text += `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`;
  text += "\r\nx\r\n";
  for (let i = depth - 1; i >= 0; i--) text += `--b${i}--\r\n`;
  const bytes = latin1(text);
  const made = indexOf(bytes);
  checkIndex(bytes, made);
  assert.deepEqual(made.problems, ["parts nested too deep"]);
  let part = made.root;
  let levels = 1;
  for (; part.children[0] !== undefined; levels++) part = part.children[0];
  assert.equal(levels, indexLimits.maxDepth);
  assert.deepEqual([part.type, part.subtype], ["application", "octet-stream"]);
  assert.ok(made.bodyStructure.length < 20_000);
});

Deno.test("beyond the limit of parts, the rest is content of the last", () => {
  const bytes = latin1(`${multipart}\r\n\r\n${"--b\r\n\r\nx\r\n".repeat(5)}--b--\r\n`);
  const made = indexOf(bytes, [], { maxParts: 3 });
  checkIndex(bytes, made);
  assert.equal(shape(made.root), "multipart/mixed(text/plain:1/0 text/plain:40/11)");
});

Deno.test("octets that come one by one cost no more memory", () => {
  const bytes = latin1(`Subject: ${"x".repeat(60_000)}\r\n\r\n${"y".repeat(60_000)}`);
  const one = Array<number>(bytes.length).fill(1);
  assert.deepEqual(indexOf(bytes, one), indexOf(bytes));
});

Deno.test("a line that is too long does not hide the fields behind it", () => {
  const made = index(`Subject: ${"x".repeat(100_000)}`, "Content-Type: a/b", "", "");
  assert.equal(shape(made.root), "a/b:0/0");
  assert.equal(made.subject.length, 10_000);
  assert.ok(made.envelope.length < 70_000);
});

Deno.test("there is a limit to problems", () => {
  const fields = [
    "type",
    "transfer-encoding",
    "disposition",
    "id",
    "description",
    "language",
    "location",
    "md5",
  ];
  const header = fields.flatMap((name) => [`Content-${name}: ;=`, `Content-${name}: ;=`]);
  const made = index(
    ...header,
    ...[
      "From",
      "To",
      "Cc",
      "Bcc",
      "Date",
      "Sender",
      "Subject",
      "Reply-To",
      "Message-Id",
      "In-Reply-To",
      "References",
    ].flatMap((name) => [`${name}: x`, `${name}: y`]),
    "",
    "",
  );
  assert.equal(made.problems.length, maxProblems);
});
