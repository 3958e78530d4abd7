/**
 * STORE, which changes flags. RFC 9051 6.4.6, RFC 7162 3.1.3
 *
 * @module
 */
import type { Store } from "./command.ts";
import { readFlags } from "./flag_list.ts";
import type { Scanner } from "./scanner.ts";
import { readSequenceSet } from "./sequence_set.ts";

const modes: Readonly<Record<string, Pick<Store, "mode" | "silent">>> = {
  "FLAGS": { mode: "replace", silent: false },
  "FLAGS.SILENT": { mode: "replace", silent: true },
  "+FLAGS": { mode: "add", silent: false },
  "+FLAGS.SILENT": { mode: "add", silent: true },
  "-FLAGS": { mode: "remove", silent: false },
  "-FLAGS.SILENT": { mode: "remove", silent: true },
};

export function parseStore(uid: boolean, s: Scanner): Store {
  s.space();
  const set = readSequenceSet(s);
  s.space();
  let unchangedSince: number | null = null;
  if (s.peek() === 0x28) {
    s.list((s) => {
      if (unchangedSince !== null) throw new SyntaxError("UNCHANGEDSINCE given twice"); // RFC 7162 7
      s.expect("UNCHANGEDSINCE");
      s.space();
      unchangedSince = s.number64("a MODSEQ");
    });
    s.space();
  }
  const word = s.keyword("FLAGS");
  const mode = Object.hasOwn(modes, word) ? modes[word] : undefined;
  if (mode === undefined) throw new SyntaxError("expected FLAGS");
  s.space();
  return { verb: "STORE", uid, set, ...mode, flags: readFlags(s), unchangedSince };
}
