import assert from "node:assert/strict";
import fc from "fast-check";
import { fromLatin1, latin1 } from "../base/bytes.ts";
import {
  fieldValue,
  maxChunkLine,
  maxFields,
  maxFramingOctets,
  maxHeadOctets,
  maxInterim,
  ResponseReader,
} from "./http_response.ts";

const limit = 100;

/** Reads an answer in pieces of `size`; its body, or "more" if it has not ended. */
function read(text: string, size = Infinity, maxBody = limit) {
  const reader = new ResponseReader(maxBody);
  const bytes = latin1(text);
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.slice(at, at + size));
  return { head: reader.head, body: fromLatin1(reader.body), done: reader.done };
}

const head = (...lines: string[]) => ["HTTP/1.1 200 OK", ...lines, "", ""].join("\r\n");
const good: [what: string, text: string, status: number, body: string][] = [
  ["a length", head("Content-Length: 5") + "hello", 200, "hello"],
  ["the same length twice", head("Content-Length: 5", "content-length: 5, 5") + "hello", 200, "hello"],
  ["no body", head("Content-Length: 0"), 200, ""],
  ["what follows the body", head("Content-Length: 5") + "hello, world", 200, "hello"],
  ["bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, "ok"],
  ["an older server", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok"],
  ["a newer server", "HTTP/1.9 200\r\nContent-Length: 2\r\n\r\nok", 200, "ok"],
  ["no reason", "HTTP/1.1 404 \r\nContent-Length: 2\r\n\r\nno", 404, "no"],
  ["chunks", head("Transfer-Encoding: Chunked") + "3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\n\r\n", 200, "hello"],
  [
    "chunks with trailers",
    head("Transfer-Encoding: chunked") + "00005 \r\nhello\r\n0\r\nX: y\r\n\r\nmore",
    200,
    "hello",
  ],
  ["no chunks", head("Transfer-Encoding: chunked") + "0\r\n\r\n", 200, ""],
  ["interim answers", `HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n${head("Content-Length: 1")}x`, 200, "x"],
  ["no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""],
  ["not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, ""],
  ["more than is wanted", head("Content-Length: 999999999") + "x".repeat(limit + 9), 200, "x".repeat(limit)],
  [
    "more chunks than are wanted",
    head("Transfer-Encoding: chunked") + `FFFFFF\r\n${"x".repeat(limit + 9)}`,
    200,
    "x".repeat(limit),
  ],
];
for (const [what, text, status, body] of good) {
  Deno.test(`an answer with ${what} is read, cut anywhere`, () => {
    for (const size of [1, 2, 3, 7, Infinity]) {
      const got = read(text, size);
      assert.deepEqual([got.done, got.head?.status, got.body], [true, status, body]);
    }
  });
}

const chunked = head("Transfer-Encoding: chunked");
const bad: [what: string, text: string, why: RegExp][] = [
  ["something else", "220 mail.example.org ESMTP\r\n", /does not begin/],
  ["HTTP/2", "HTTP/2 200\r\n", /does not begin/],
  ["no number", "HTTP/1.1 2000 OK\r\n", /does not begin/],
  ["a field before the first", head(" X: y"), /begins with a space/],
  ["a line that is no field", head("hello"), /no field/],
  ["a name with a space", head("X : y"), /no field/],
  ["no name", head(": y"), /no field/],
  ["NUL", head("X: a\0b"), /control characters/],
  ["CR", head("X: a\rContent-Length: 3"), /control characters/],
  ["an empty length", head("Content-Length:"), /is no number/],
  ["an empty coding", head("Transfer-Encoding:"), /where the body ends/],
  [
    "an empty length and chunks",
    head("Content-Length:", "Transfer-Encoding: chunked"),
    /where the body ends/,
  ],
  ["two lengths", head("Content-Length: 5", "Content-Length: 6"), /is no number/],
  ["a negative length", head("Content-Length: -5"), /is no number/],
  ["an enormous length", head(`Content-Length: ${"9".repeat(16)}`), /is no number/],
  ["a length and chunks", head("Content-Length: 5", "Transfer-Encoding: chunked"), /where the body ends/],
  ["an unknown coding", head("Transfer-Encoding: gzip"), /where the body ends/],
  ["several codings", head("Transfer-Encoding: gzip, chunked"), /where the body ends/],
  [
    "chunks of an older server",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    /where the body ends/,
  ],
  ["another protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", /nobody asked for/],
  ["a chunk without size", chunked + "\r\n", /no number/],
  ["a chunk of size x", chunked + "x\r\n", /no number/],
  ["an enormous chunk", chunked + "1234567890abc\r\n", /no number/],
  ["a chunk that is too long", chunked + "3\r\nhello\r\n", /does not end where/],
  // Limits.
  ["a head without end", head(`X: ${"y".repeat(maxHeadOctets)}`), /the head has more than/],
  ["a line without end", "H".repeat(maxHeadOctets + 1), /the head has more than/],
  ["too many fields", head(...Array.from({ length: maxFields + 1 }, () => "X: y")), /more than 100 fields/],
  ["too many interim answers", "HTTP/1.1 100 Continue\r\n\r\n".repeat(maxInterim + 1), /interim answers/],
  ["a size without end", `${chunked}1;${"x".repeat(maxChunkLine)}`, /size of a chunk is too long/],
  ["trailers without end", `${chunked}0\r\n${"X: y\r\n".repeat(maxHeadOctets / 6 + 1)}`, /the head has more/],
];
for (const [what, text, why] of bad) {
  Deno.test(`an answer with ${what} is refused, cut anywhere`, () => {
    for (const size of [1, 5, Infinity]) {
      assert.throws(() => read(text, size), { name: "SyntaxError", message: why });
    }
  });
}

Deno.test("small chunks with long sizes are refused at last", () => {
  const line = `1;${"x".repeat(500)}\r\ny\r\n`;
  const text = chunked + line.repeat(Math.ceil(maxFramingOctets / 500));
  assert.throws(() => read(text, 1000, 1e6), /too much around the body/);
});

Deno.test("an answer that is cut is not whole", () => {
  for (
    const text of [head("Content-Length: 5") + "hell", `${chunked}5\r\nhello\r\n`, head("Content-Length: 1")]
  ) {
    assert.equal(read(text).done, false);
  }
});

for (const version of ["HTTP/1.0", "HTTP/1.1"]) {
  Deno.test(`the end that the peer makes is the end of a body without a length (${version})`, () => {
    for (const body of ["", "hello"]) {
      for (const size of [1, Infinity]) {
        for (const inOrder of [true, false]) {
          const reader = new ResponseReader(limit);
          const bytes = latin1(`${version} 200 OK\r\nConnection: close\r\n\r\n${body}`);
          for (let at = 0; at < bytes.length; at += size) reader.push(bytes.slice(at, at + size));
          assert.equal(reader.done, false);
          reader.end(inOrder);
          assert.deepEqual([reader.done, fromLatin1(reader.body)], [inOrder, body]);
        }
      }
    }
    const long = read(`${version} 200 OK\r\n\r\n${"x".repeat(limit + 9)}`);
    assert.deepEqual([long.done, long.body], [true, "x".repeat(limit)]);
  });
}

Deno.test("the end makes nothing whole that says how long it is", () => {
  for (
    const text of ["", "HTTP/1.1 200 OK\r\n", head("Content-Length: 5") + "hell", `${chunked}5\r\nhello\r\n`]
  ) {
    const reader = new ResponseReader(limit);
    reader.push(latin1(text));
    reader.end(true);
    assert.equal(reader.done, false);
  }
});

Deno.test("fields are told with their names in lower case; folded ones are unfolded", () => {
  const got = read(head("Content-Type:  text/plain\t", "X: a", "  b ", "X: c", "Content-Length: 0"));
  assert.ok(got.head !== null);
  assert.equal(fieldValue(got.head, "content-type"), "text/plain");
  assert.equal(fieldValue(got.head, "x"), null); // Two that differ.
  assert.equal(fieldValue(got.head, "y"), null);
  assert.deepEqual(got.head.fields[1], ["x", "a b"]);
});

Deno.test("bodies come through as they were sent, however they are chunked", () => {
  fc.assert(fc.property(
    fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 5 }),
    fc.integer({ min: 1, max: 9 }),
    (chunks, size) => {
      const texts = chunks.map((chunk) => fromLatin1(chunk));
      const body = texts.join("");
      const sent = chunked + texts.map((one) => `${one.length.toString(16)}\r\n${one}\r\n`).join("") +
        "0\r\n\r\n";
      assert.equal(read(sent, size, 1000).body, body);
      assert.equal(read(`${head(`Content-Length: ${body.length}`)}${body}`, size, 1000).body, body);
    },
  ));
});
