/**
 * Every right against every command, through IMAP: the table of RFC 4314 4, with those of RFC 6851 4.2, RFC 9208 6 and
 * RFC 5464 3.3.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  allRights,
  changingRights,
  formatRights,
  includesRights,
  parseRights,
  right,
} from "../imap/rights.ts";
import { SharingStage } from "./testing/sharing_stage.ts";

/** A command on ann's mailbox `M`, given as bob does. */
interface Row {
  readonly command: string;
  /** One of these sets is enough; no rights at all are, where there is an empty one. */
  readonly needs: readonly string[];
  /** `M` is selected before, which takes `r` by itself. */
  readonly selected?: true;
  /** Refused without a word of whether there is anything. */
  readonly always?: RegExp;
}

const M = '"Other Users/ann/M"';

const rows: Record<string, Row> = {
  SELECT: { command: `SELECT ${M}`, needs: ["r"] },
  EXAMINE: { command: `EXAMINE ${M}`, needs: ["r"] },
  STATUS: { command: `STATUS ${M} (MESSAGES UIDNEXT)`, needs: ["r"] },
  SUBSCRIBE: { command: `SUBSCRIBE ${M}`, needs: [""] }, // To the name; it need not exist.
  UNSUBSCRIBE: { command: `UNSUBSCRIBE ${M}`, needs: [""] },
  LIST: { command: `LIST "" ${M}`, needs: [""] }, // What it lists, another test looks at.
  CREATE: { command: 'CREATE "Other Users/ann/M/x"', needs: ["k"], always: /NOPERM/ },
  DELETE: { command: `DELETE ${M}`, needs: ["x"] },
  RENAME: { command: `RENAME ${M} "Other Users/ann/open/x"`, needs: ["x"] },
  SETACL: { command: `SETACL ${M} cat l`, needs: ["a"] },
  DELETEACL: { command: `DELETEACL ${M} cat`, needs: ["a"] },
  GETACL: { command: `GETACL ${M}`, needs: ["a"] },
  LISTRIGHTS: { command: `LISTRIGHTS ${M} cat`, needs: ["a"] },
  MYRIGHTS: { command: `MYRIGHTS ${M}`, needs: ["l", "r", "i", "k", "x", "a"] },
  APPEND: { command: `APPEND ${M} (\\Seen) {8+}\r\nA: b\r\n\r\n`, needs: ["i"] },
  GETQUOTAROOT: { command: `GETQUOTAROOT ${M}`, needs: ["r"] },
  GETMETADATA: { command: `GETMETADATA ${M} /shared/comment`, needs: ["lr", "ls", "lw", "li", "lp"] },
  "SETMETADATA /private": {
    command: `SETMETADATA ${M} (/private/comment "x")`,
    needs: ["lr", "ls", "lw", "li", "lp"],
  },
  "SETMETADATA /shared": { command: `SETMETADATA ${M} (/shared/comment "x")`, needs: ["lw"] },
  FETCH: { command: "FETCH 1 (FLAGS BODY.PEEK[])", needs: [""], selected: true },
  SEARCH: { command: "SEARCH ALL", needs: [""], selected: true },
  "COPY out": { command: "COPY 1 Drafts", needs: [""], selected: true },
  "STORE \\Seen": { command: "STORE 1 +FLAGS (\\Seen)", needs: ["s"], selected: true },
  "STORE \\Deleted": { command: "STORE 1 -FLAGS (\\Deleted)", needs: ["t"], selected: true },
  "STORE another": { command: "STORE 1 +FLAGS (\\Flagged $x)", needs: ["w"], selected: true },
  "STORE some": { command: "STORE 1 +FLAGS (\\Flagged \\Seen)", needs: ["w", "s"], selected: true },
  "STORE all": { command: "STORE 1 FLAGS ()", needs: ["w", "s", "t"], selected: true },
  EXPUNGE: { command: "EXPUNGE", needs: ["e"], selected: true },
  "UID EXPUNGE": { command: "UID EXPUNGE 1", needs: ["e"], selected: true },
  MOVE: { command: "MOVE 1 Drafts", needs: ["te"], selected: true }, // RFC 6851 4.2
  REPLACE: { command: "REPLACE 1 Drafts {8+}\r\nA: b\r\n\r\n", needs: ["te"], selected: true }, // RFC 8508 3.5
  SORT: { command: "SORT (DATE) UTF-8 ALL", needs: [""], selected: true },
  THREAD: { command: "THREAD REFERENCES UTF-8 ALL", needs: [""], selected: true },
  CLOSE: { command: "CLOSE", needs: [""], selected: true },
};

const sets = [
  0,
  allRights,
  ...[..."lrswipkxtea"].flatMap((letter) => [parseRights(letter), allRights & ~parseRights(letter)]),
];

for (const [title, { command, needs, selected, always }] of Object.entries(rows)) {
  Deno.test(`${title} takes ${needs.map((each) => each || "nothing").join(" or ")}`, async () => {
    const stage = await SharingStage.make();
    try {
      const ann = await stage.client("ann");
      await ann.command("CREATE open");
      await ann.command("SETACL open bob k");
      const bob = await stage.client("bob");
      for (const given of sets) {
        const rights = selected ? given | right.read : given;
        await ann.command("DELETE open/x");
        await ann.command("DELETE M/x");
        await ann.command("CREATE M");
        await ann.command("APPEND M (\\Deleted) {8+}\r\nA: b\r\n\r\n");
        await ann.command(`SETACL M bob "${formatRights(rights).replace(/[cd]/g, "")}"`);
        if (selected) assert.match(await bob.command(`SELECT ${M}`), /^= OK/m);
        const answer = await bob.command(command);
        const shown = `with "${formatRights(rights)}": ${answer}`;
        const enough = needs.some((each) => includesRights(rights, parseRights(each)));
        if (enough) assert.match(answer, /^= OK/m, shown);
        else if (always !== undefined) assert.match(answer, always, shown);
        else if (selected && (rights & changingRights) === 0) {
          assert.match(answer, /^= NO .*read-only$/m, shown);
        } else if (includesRights(rights, right.lookup)) assert.match(answer, /^= NO \[NOPERM\]/m, shown);
        else assert.match(answer, /^= NO \[(NONEXISTENT|TRYCREATE)\] no such mailbox$/m, shown);
        if (selected) await bob.command("UNSELECT");
        await ann.command("DELETE M/x");
        await ann.command("DELETE M");
      }
    } finally {
      await stage.close();
    }
  });
}

Deno.test("LIST shows what may be looked up, and nothing else, whatever other rights there are", async () => {
  const stage = await SharingStage.make();
  try {
    const ann = await stage.client("ann");
    const bob = await stage.client("bob");
    await ann.command("CREATE M");
    for (const rights of sets) {
      await ann.command(`SETACL M bob "${formatRights(rights).replace(/[cd]/g, "")}"`);
      const answer = await bob.command('LIST "" *');
      assert.equal(
        answer.includes("Other Users"),
        includesRights(rights, right.lookup),
        formatRights(rights),
      );
    }
  } finally {
    await stage.close();
  }
});
