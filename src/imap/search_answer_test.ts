import assert from "node:assert/strict";
import { concat, fromLatin1 } from "../base/bytes.ts";
import { ResponseWriter } from "./response_writer.ts";
import { type Esearch, writeEsearch, writeSearch, writeThread } from "./search_answer.ts";

Deno.test("writeSearch() writes one line", () => {
  const w = new ResponseWriter();
  writeSearch(w, [2, 84, 882], null);
  writeSearch(w, [], null);
  writeSearch(w, new Uint32Array([2, 5]), 917162500); // RFC 7162 3.1.5
  writeSearch(w, [], 1);
  const lines = ["* SEARCH 2 84 882", "* SEARCH", "* SEARCH 2 5 (MODSEQ 917162500)", "* SEARCH", ""];
  assert.equal(fromLatin1(concat(w.take())), lines.join("\r\n"));
});

// RFC 9051 6.4.4, RFC 4731 3.1, RFC 7162 3.1.10
const answers: [found: Esearch, line: string][] = [
  // RFC 5267 3.3, 4.3.3, 4.3.4, 4.4
  [
    { tag: "E01", uid: true, all: [23765, 23765, 23764, 23764, 23763, 23763, 23761, 23761] },
    '(TAG "E01") UID ALL 23765,23764,23763,23761',
  ],
  [
    { tag: "B01", uid: true, addTo: [{ place: 0, results: [32768, 32769] }] },
    '(TAG "B01") UID ADDTO (0 32768:32769)',
  ],
  [
    { tag: "B01", uid: true, removeFrom: [{ place: 0, results: [32768, 32768] }] },
    '(TAG "B01") UID REMOVEFROM (0 32768)',
  ],
  [
    { tag: "C01", uid: true, addTo: [2733, 2732, 2731].map((uid) => ({ place: 1, results: [uid, uid] })) },
    '(TAG "C01") UID ADDTO (1 2733 1 2732 1 2731)',
  ],
  [
    { tag: "A04", uid: true, partial: { range: { from: 24000, to: 24500 }, results: [] } },
    '(TAG "A04") UID PARTIAL (24000:24500 NIL)',
  ],
  [
    { tag: "A01", uid: true, partial: { range: { from: -1, to: -100 }, results: [5, 9] } },
    '(TAG "A01") UID PARTIAL (-1:-100 5:9)',
  ],
  // RFC 6203 4, 6
  [
    { tag: "B1", uid: false, all: [1, 1, 5, 5, 10, 10], relevancy: [4, 99, 42] },
    '(TAG "B1") ALL 1,5,10 RELEVANCY (4 99 42)',
  ],
  [{ tag: "C3", uid: false, relevancy: [] }, '(TAG "C3") RELEVANCY ()'],
  // RFC 7377 3
  [
    { tag: "tag1", mailbox: { name: "folder1", uidValidity: 1 }, uid: true, all: [4001, 4001, 4003, 4003] },
    '(TAG "tag1" MAILBOX folder1 UIDVALIDITY 1) UID ALL 4001,4003',
  ],
  [{ tag: "A282", uid: false, min: 2, count: 3 }, '(TAG "A282") MIN 2 COUNT 3'],
  [{ tag: "A283", uid: false, all: [2, 2, 10, 11] }, '(TAG "A283") ALL 2,10:11'],
  [{ tag: "A284", uid: true, all: [] }, '(TAG "A284") UID'],
  [{ tag: "a", uid: true, count: 0 }, '(TAG "a") UID COUNT 0'],
  [
    { tag: "a", uid: true, min: 1, max: 9, count: 2, all: [1, 1, 9, 9], modSeq: 5 },
    '(TAG "a") UID MIN 1 MAX 9 COUNT 2 ALL 1,9 MODSEQ 5',
  ],
];
for (const [found, line] of answers) {
  Deno.test(`writeEsearch() writes ${line}`, () => {
    const w = new ResponseWriter();
    writeEsearch(w, found);
    assert.equal(fromLatin1(concat(w.take())), `* ESEARCH ${line}\r\n`);
  });
}

Deno.test("writeSearch() writes SORT likewise", () => {
  const w = new ResponseWriter();
  writeSearch(w, [5, 3, 4, 1, 2], null, "SORT"); // RFC 5256 3
  writeSearch(w, [2, 3, 6], 117, "SORT"); // RFC 7162 3.1.9
  writeSearch(w, [], 117, "SORT");
  const lines = ["* SORT 5 3 4 1 2", "* SORT 2 3 6 (MODSEQ 117)", "* SORT", ""];
  assert.equal(fromLatin1(concat(w.take())), lines.join("\r\n"));
});

// As `0` for what is not there; RFC 5256 3, 4
const threads: [nodes: [number: number, depth: number][], line: string][] = [
  [[], "* THREAD"],
  [[[2, 0], [3, 0], [6, 1], [4, 2], [23, 3], [44, 2], [7, 3], [96, 4]], "* THREAD (2)(3 6 (4 23)(44 7 96))"],
  [[[0, 0], [3, 1], [5, 1]], "* THREAD ((3)(5))"],
  [[[174, 0], [175, 1], [176, 1], [179, 0]], "* THREAD (174 (175)(176))(179)"],
  [[[194, 0], [195, 1]], "* THREAD (194 195)"],
  [
    [[0, 0], [177, 1], [183, 1], [188, 1], [184, 2], [189, 2], [185, 1], [186, 2], [187, 1], [190, 0]],
    "* THREAD ((177)(183)(188 (184)(189))(185 186)(187))(190)",
  ],
  [[[1, 0], [2, 1], [3, 2], [4, 3], [5, 3], [6, 1]], "* THREAD (1 (2 3 (4)(5))(6))"],
  [[[0, 0], [1, 1], [2, 2], [3, 2], [4, 1]], "* THREAD ((1 (2)(3))(4))"],
];
for (const [nodes, line] of threads) {
  Deno.test(`writeThread() writes ${line}`, () => {
    const w = new ResponseWriter();
    writeThread(w, Uint32Array.from(nodes, ([n]) => n), Uint32Array.from(nodes, ([, depth]) => depth));
    assert.equal(fromLatin1(concat(w.take())), `${line}\r\n`);
  });
}
