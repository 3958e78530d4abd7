/**
 * How fast a message passes through the reader, beside the least that anyone could do: looking for line ends.
 *
 * @module
 */
import { latin1 } from "../base/bytes.ts";
import { DataReader } from "./data_reader.ts";

const clean = latin1(`${"A".repeat(76)}\r\n`.repeat(840));
const dotted = latin1(`${"A".repeat(76)}\r\n..b\r\n`.repeat(800));
const bare = latin1(`${"A".repeat(76)}\n`.repeat(840));

Deno.bench("64 KB: looking for each line's end", { group: "data", baseline: true }, () => {
  for (let at = 0; at !== -1;) at = clean.indexOf(10, at + 1);
});

for (const [name, piece] of Object.entries({ clean, dotted, bare })) {
  Deno.bench(`64 KB: DataReader, ${name}`, { group: "data" }, () => {
    const reader = new DataReader("data", Infinity);
    reader.take(piece, () => {});
  });
}
