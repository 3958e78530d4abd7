/**
 * SELECT and EXAMINE. RFC 9051 6.3.2, 6.3.3, RFC 7162 3.1.8, 3.2.5
 *
 * @module
 */
import type { ParseMode, Qresync, Select } from "./command.ts";
import { readMailbox } from "./mailbox_name.ts";
import type { Scanner } from "./scanner.ts";
import { countOf, readKnownSet } from "./sequence_set.ts";

export function parseSelect(verb: Select["verb"], s: Scanner, mode: ParseMode): Select {
  s.space();
  const mailbox = readMailbox(s, mode);
  let condstore = false;
  let qresync: Qresync | null = null;
  if (!s.atEnd) {
    s.space();
    s.list((s) => {
      const name = s.keyword("a parameter");
      if (name === "CONDSTORE") condstore = true;
      else if (name === "QRESYNC" && qresync === null) qresync = readQresync(s);
      else throw new SyntaxError("unknown parameter");
    });
  }
  return { verb, mailbox, condstore, qresync };
}

/** ` (uidvalidity modseq [known-uids] [(numbers uids)])` */
function readQresync(s: Scanner): Qresync {
  s.space();
  s.expect("(");
  const uidValidity = s.nzNumber("UIDVALIDITY");
  s.space();
  const modSeq = s.number64("a MODSEQ");
  if (modSeq === 0) throw new SyntaxError("a MODSEQ is at least 1");
  let knownUids: Qresync["knownUids"] = null;
  let match: Qresync["match"] = null;
  if (s.take(" ") && s.peek() !== 0x28) {
    knownUids = readKnownSet(s);
    if (s.take(" ")) match = readMatch(s);
  } else if (s.peek() === 0x28) match = readMatch(s);
  s.expect(")");
  return { uidValidity, modSeq, knownUids, match };
}

function readMatch(s: Scanner): { numbers: readonly number[]; uids: readonly number[] } {
  s.expect("(");
  const numbers = readKnownSet(s);
  s.space();
  const uids = readKnownSet(s);
  s.expect(")");
  // The two are pairs. RFC 7162 3.2.5.2
  if (countOf(numbers) !== countOf(uids)) throw new SyntaxError("as many message numbers as UIDs are needed");
  return { numbers, uids };
}
