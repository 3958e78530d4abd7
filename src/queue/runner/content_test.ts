import assert from "node:assert/strict";
import { type Bytes, concat, fromLatin1, latin1 } from "../../base/bytes.ts";
import { ContentSource, JobContent, maxKept } from "./content.ts";

async function read(source: ContentSource, maxBytes: number): Promise<{ text: string; sizes: number[] }> {
  const pieces: Bytes[] = [];
  for (;;) {
    const { bytes, last } = await source.next(maxBytes);
    pieces.push(bytes);
    if (last) return { text: fromLatin1(concat(pieces)), sizes: pieces.map(({ length }) => length) };
  }
}

async function* inPieces(...texts: string[]): AsyncGenerator<Bytes> {
  for (const text of texts) {
    await Promise.resolve();
    yield latin1(text);
  }
}

Deno.test("content comes in pieces of at most what was asked for", async () => {
  assert.deepEqual(await read(new ContentSource(inPieces("abcde", "", "fg"), 7, null), 3), {
    text: "abcdefg",
    sizes: [3, 2, 2],
  });
  assert.deepEqual(await read(new ContentSource(inPieces(), 0, null), 3), { text: "", sizes: [0] });
});

Deno.test("too few octets, or too many, are no message", async () => {
  await assert.rejects(read(new ContentSource(inPieces("abc"), 4, null), 10), /ended after 3 of 4/);
  await assert.rejects(read(new ContentSource(inPieces("abc", "def"), 4, null), 10), /more than 4/);
});

function job(size: number) {
  let fetched = 0;
  const queue = {
    content: () => {
      fetched++;
      return inPieces("x".repeat(size - 1), "y");
    },
  };
  return { content: new JobContent(queue, { lease: "1", size }), fetched: () => fetched };
}

Deno.test("a small message is fetched once, a large one whenever it is read", async () => {
  for (const [size, times] of [[maxKept, 1], [maxKept + 1, 2]] as const) {
    const { content, fetched } = job(size);
    const first = await read(content.open(), 1000);
    const second = await read(content.open(), 1000);
    assert.equal(first.text, second.text);
    assert.equal(fetched(), times);
  }
});

Deno.test("nothing is fetched before it is asked for, and what cannot be is told then", async () => {
  const { content, fetched } = job(100);
  await content.open().close();
  assert.equal(fetched(), 0);
  const away = () => {
    throw new Error("there is no connection to the store");
  };
  const source = new JobContent({ content: away }, { lease: "1", size: 100 }).open();
  await assert.rejects(source.next(10), /no connection/);
});

Deno.test("what was read in part is not kept", async () => {
  const { content, fetched } = job(100);
  const source = content.open();
  await source.next(10);
  await source.close();
  assert.equal((await read(content.open(), 1000)).text.length, 100);
  assert.equal(fetched(), 2);
});
