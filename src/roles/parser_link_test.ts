import assert from "node:assert/strict";
import { fromLatin1, latin1, noBytes } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { decode, encode } from "../rpc/codec.ts";
import { frameOf, FrameReader } from "../rpc/frame_reader.ts";
import { realClock } from "../store/testing/temp_store.ts";
import type { TextSource } from "../store/text_source.ts";
import { answers, headOf, maxParserRequest, numberOf, requestHead } from "./parser_frames.ts";
import { linkDeadlineMs, ParserLink } from "./parser_link.ts";

/** What the other end says to the headers of some messages. */
type Other = (headers: readonly string[]) => { readonly answer: number; readonly value?: unknown };

const good: Other = (headers) => ({
  answer: answers.read,
  value: headers.map((header) => ({ header, body: "" })),
});

function linkTo(other: Other): { link: ParserLink; asked: string[][] } {
  const asked: string[][] = [];
  const reader = new FrameReader(maxParserRequest + requestHead);
  const link: ParserLink = new ParserLink((bytes) =>
    reader.push(bytes, (frame) => {
      const sources = decode(frame.subarray(requestHead)) as TextSource[];
      const headers = sources.map(({ header }) => fromLatin1(header).slice(0, 10));
      asked.push(headers);
      const { answer, value } = other(headers);
      const said = frameOf(headOf(numberOf(frame), answer), value === undefined ? noBytes : encode(value));
      queueMicrotask(() => {
        for (const byte of said.subarray(0, 9)) link.take(Uint8Array.of(byte));
        link.take(said.subarray(9));
      });
    }), realClock);
  return { link, asked };
}

const source = (header: string): TextSource => ({ header: latin1(header), parts: [] });

Deno.test("texts come back in order, many messages at once", async () => {
  const { link, asked } = linkTo(good);
  const sources = Array.from({ length: 100 }, (_, i) => source(String(i)));
  assert.deepEqual((await link.read(sources)).map((text) => text?.header), sources.map((_, i) => String(i)));
  assert.equal(asked.length, 2);
  const large = [source("a".repeat(400_000)), source("b".repeat(400_000)), source("c")];
  assert.deepEqual((await link.read(large)).map((text) => text?.header[0]), ["a", "b", "c"]);
  assert.deepEqual(asked.slice(2).map((headers) => headers.length), [1, 2]);
  assert.deepEqual(await link.read([source("d".repeat(maxParserRequest))]), [null]);
});

Deno.test("a message on which the parser fails takes nothing from others, and is tried alone, twice", async () => {
  const { link, asked } = linkTo((headers) =>
    headers.includes("bad") ? { answer: answers.failed } : good(headers)
  );
  const texts = await link.read(["a", "bad", "b"].map(source));
  assert.deepEqual(texts.map((text) => text?.header ?? null), ["a", null, "b"]);
  assert.deepEqual(asked, [["a", "bad", "b"], ["a"], ["bad"], ["bad"], ["b"]]);
});

Deno.test("a parser that somebody killed costs nothing", async () => {
  let first = true;
  const { link } = linkTo((headers) => {
    if (!first) return good(headers);
    first = false;
    return { answer: answers.failed };
  });
  assert.deepEqual((await link.read([source("a")])).map((text) => text?.header), ["a"]);
});

for (
  const [what, value] of Object.entries({
    "too few": [],
    "no array": { header: "", body: "" },
    "no texts": [7],
    "no strings": [{ header: 1, body: "" }],
  })
) {
  Deno.test(`an answer that is none has no text: ${what}`, async () => {
    const { link } = linkTo(() => ({ answer: answers.read, value }));
    assert.deepEqual(await link.read([source("a")]), [null]);
  });
}

Deno.test("no parser, a broken pipe, and a store that ends are told as tryLater", async () => {
  const late = (error: unknown) => error instanceof Refused && error.reason === "tryLater";
  await assert.rejects(linkTo(() => ({ answer: answers.none })).link.read([source("a")]), late);
  const { link } = linkTo(good);
  link.take(new Uint8Array(8).fill(255));
  await assert.rejects(link.read([source("a")]), late);
  const silent = new ParserLink(() => {}, realClock);
  const waiting = [silent.read([source("a")]), silent.read([source("b")])];
  await Promise.resolve();
  silent.close();
  for (const each of waiting) await assert.rejects(each, late);
});

Deno.test("an answer that does not come is not waited for", async () => {
  let due = () => {};
  const clock = {
    ...realClock,
    after(ms: number, fn: () => void) {
      assert.equal(ms, linkDeadlineMs);
      due = fn;
      return { cancel: () => {} };
    },
  };
  const written: Uint8Array[] = [];
  const link = new ParserLink((frame) => written.push(frame), clock);
  const waiting = link.read([source("a")]);
  while (written.length === 0) await Promise.resolve();
  due();
  await assert.rejects(waiting, Refused);
  // The old answer, when it comes after all, is not the next one's.
  const next = link.read([source("b")]);
  while (written.length === 1) await Promise.resolve();
  link.take(frameOf(headOf(1, answers.read), encode([{ header: "a", body: "" }])));
  link.take(frameOf(headOf(2, answers.read), encode([{ header: "b", body: "" }])));
  assert.deepEqual(await next, [{ header: "b", body: "" }]);
});
