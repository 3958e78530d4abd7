import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { utf8 } from "../base/bytes.ts";
import { createLog, type Log } from "../base/log.ts";
import { TextFile, textFileName, trigramsOf, windowEmails } from "./text_file.ts";
import { TextIndex } from "./text_index.ts";
import type { TextParser, TextSource } from "./text_source.ts";

/** Text of a message without decoding anything. */
const plainParser: TextParser = {
  read: (sources: readonly TextSource[]) =>
    Promise.resolve(sources.map(({ header, parts }) => ({
      header: new TextDecoder().decode(header),
      body: parts.map(({ text }) => new TextDecoder().decode(text?.bytes)).join("\n"),
    }))),
};

function noted(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "text" }, () => 0, (_level, line) => lines.push(line));
  return { log, lines };
}

function emailIds(index: TextIndex, accountId: number, text: string): number[] | null {
  const steps = index.find(accountId, text);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value === null ? null : [...step.value];
}

interface Folder {
  readonly folder: string;
  readonly lines: string[];
  open(settings?: { database?: string; lastEmail?: number }): TextIndex;
}

async function withFolder(test: (folder: Folder) => Promise<void> | void): Promise<void> {
  const folder = await Deno.makeTempDir();
  const { log, lines } = noted();
  try {
    await test({
      folder,
      lines,
      open: (settings = {}) =>
        new TextIndex({ folder, database: "d", lastEmail: 1e6, log, parser: plainParser, ...settings }),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const text = (emailId: number, body: string, accountId = 1) => ({
  accountId,
  emailId,
  text: { header: "subject: s", body },
});

Deno.test("texts of three characters and more are found, whatever is in them", () =>
  withFolder(({ open }) => {
    const index = open();
    const words = [
      'say "hi"',
      "100% sure",
      "a AND b",
      "東京都庁",
      "😀😀😀x",
      "a'b\\c",
      "NEAR(a b)",
      "col:umn",
      "x\uffffy",
    ];
    index.add(words.map((word, i) => text(i + 1, `before ${word} behind`)), words.length);
    for (const [i, word] of words.entries()) assert.deepEqual(emailIds(index, 1, word), [i + 1], word);
    for (const short of ["", "a", "東京", "😀😀"]) assert.equal(emailIds(index, 1, short), null, short);
    assert.deepEqual(emailIds(index, 1, "nowhere"), []);
    assert.deepEqual(emailIds(index, 2, "before"), []);
    assert.equal(emailIds(index, 1, "before a\0nd"), null);
    assert.deepEqual(index.text(1, 4), { header: "subject: s", body: "before 東京都庁 behind" });
    index.close(true);
  }));

Deno.test("a long text is asked for by some of its trigrams, of its beginning and of its end", () => {
  const asked = trigramsOf("abcdefghij".repeat(1600)) ?? "";
  assert.ok(asked.split(" AND ").length <= 10, asked);
  assert.ok(
    (trigramsOf(Array.from({ length: 4000 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join("")) ?? "")
      .length < 500,
  );
  assert.equal(trigramsOf('a"b'), '"a""b"');
});

Deno.test("emails far apart, and of many accounts, are found in the windows where they are", () =>
  withFolder(({ open }) => {
    const index = open();
    const ids = [1, windowEmails, windowEmails + 1, 5 * windowEmails, 900_000];
    index.add(ids.flatMap((id) => [text(id, "needle here"), text(id + 1, "needle there", 2)]), 1e6);
    assert.deepEqual(emailIds(index, 1, "needle"), ids);
    assert.deepEqual(emailIds(index, 2, "needle"), ids.map((id) => id + 1));
    index.remove(1, ids.slice(1));
    assert.deepEqual(emailIds(index, 1, "needle"), [1]);
    assert.equal(index.text(1, 900_000), null);
    index.close(true);
  }));

Deno.test("what was added is there after a start, unless it is of another database or ahead of this one", () =>
  withFolder(({ open, lines }) => {
    const first = open();
    first.add([text(7, "needle")], 9);
    first.close(true);
    const again = open();
    assert.deepEqual([again.done, emailIds(again, 1, "needle"), again.needsSweep], [9, [7], false]);
    again.close(false);
    const unclean = open();
    assert.equal(unclean.needsSweep, true);
    unclean.close(true);
    const restored = open({ lastEmail: 8 });
    assert.deepEqual([restored.done, emailIds(restored, 1, "needle")], [0, []]);
    restored.add([text(7, "needle")], 7);
    restored.close(true);
    const other = open({ database: "e" });
    assert.deepEqual([other.done, emailIds(other, 1, "needle")], [0, []]);
    other.close(true);
    assert.equal(lines.filter((line) => line.includes("made again")).length, 2);
  }));

for (
  const [what, damage] of Object.entries({
    "no database": (path: string) => Deno.writeFileSync(path, utf8("not a database ".repeat(1000))),
    "cut off": (path: string) => Deno.truncateSync(path, 6000),
    "overwritten in the middle": (path: string) => {
      const file = Deno.openSync(path, { read: true, write: true });
      const { size } = file.statSync();
      file.seekSync(4096, Deno.SeekMode.Start);
      for (let at = 4096; at < size; at += 4096) file.writeSync(new Uint8Array(4096).fill(at % 251));
      file.close();
    },
    "of others' tables": (path: string) => {
      Deno.removeSync(path);
      const file = new TextFile(path);
      file.set("format", "another");
      file.close();
    },
  })
) {
  Deno.test(`a damaged index is deleted and made anew: ${what}`, () =>
    withFolder(({ folder, open, lines }) => {
      const first = open();
      first.add(Array.from({ length: 300 }, (_, i) => text(i + 1, `needle ${Math.sin(i)}`.repeat(50))), 300);
      first.close(true);
      damage(join(folder, textFileName));
      const index = open();
      // Found at the start, or when it is first used; then nothing is known, and all is asked of the messages.
      index.known(1);
      emailIds(index, 1, "needle");
      index.text(1, 5);
      const known = index.known(1);
      assert.deepEqual([known.done, known.has(5)], [0, false], lines.join("\n"));
      index.add([text(1, "needle")], 1);
      assert.deepEqual(emailIds(index, 1, "needle"), [1]);
      index.close(true);
    }));
}

Deno.test("an index that fails again is left alone until the next start, and nobody is bothered", () =>
  withFolder(({ folder, open, lines }) => {
    const index = open();
    for (const usable of [true, false]) {
      index.add([text(1, "needle")], 1);
      const other = new DatabaseSync(join(folder, textFileName));
      other.exec("drop table docs");
      other.close();
      assert.equal(index.text(1, 1), null);
      assert.deepEqual([index.usable, index.done], [usable, 0]);
    }
    assert.equal(emailIds(index, 1, "needle"), null);
    assert.equal(index.known(1).has(1), false);
    index.add([text(1, "needle")], 1);
    index.remove(1, [1]);
    index.close(true);
    assert.deepEqual(lines.map((line) => /damaged|again and again/.exec(line)?.[0]), [
      "damaged",
      "again and again",
    ]);
    const next = open();
    assert.equal(next.usable, true);
    next.close(true);
  }));

Deno.test("the parser is not believed: what is too long, or no text, is no text", () =>
  withFolder(async ({ folder }) => {
    const said = [{ header: "", body: "a\0b" }, { header: "\ud800", body: "" }, {
      header: "",
      body: "x".repeat(1 << 25),
    }];
    const parser: TextParser = { read: () => Promise.resolve(said) };
    const { log } = noted();
    const index = new TextIndex({ folder, database: "d", lastEmail: 0, log, parser });
    const sources = said.map(() => ({ header: utf8("s"), parts: [] }));
    assert.deepEqual(await index.read(sources), [null, null, null]);
    index.close(true);
  }));

Deno.test("a killed process leaves the index as some commit left it, and it goes on from there", () =>
  withFolder(async ({ folder, open }) => {
    for (let round = 0; round < 3; round++) {
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--quiet",
          "--no-prompt",
          "-A",
          new URL("./testing/text_child.ts", import.meta.url).href,
          folder,
        ],
        stdout: "piped",
      }).spawn();
      let printed = "";
      for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
        printed += piece;
        if (printed.split("\n").length > 12 + 7 * round) child.kill("SIGKILL");
      }
      await child.status;
      const last = Number(printed.trim().split("\n").at(-1));
      const index = open();
      assert.ok(index.done >= last && last > 0, `${index.done} of ${last}`);
      assert.equal(index.needsSweep, true);
      assert.deepEqual(emailIds(index, 1, "needle"), Array.from({ length: index.done }, (_, i) => i + 1));
      assert.deepEqual(emailIds(index, 1, `needle ${index.done} `), [index.done]);
      assert.equal(index.text(1, index.done)?.body.startsWith(`needle ${index.done} `), true);
      index.close(false);
    }
  }));
