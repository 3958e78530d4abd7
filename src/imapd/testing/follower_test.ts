import assert from "node:assert/strict";
import { Follower, Gone, type Wire } from "./follower.ts";
import { Witness } from "./witness.ts";

/** A server that says so, whatever it is told; `@` is the tag of the command before. */
function wireOf(answers: readonly string[]): Wire {
  const left = ["* OK hello\r\n", ...answers.map((lines) => lines.replaceAll("\n", "\r\n") + "\r\n")];
  let tag = "";
  return {
    send(text) {
      tag = text.split(" ")[0] ?? "";
      return Promise.resolve();
    },
    receive: () => Promise.resolve(left.shift()?.replaceAll("@", tag) ?? null),
    close: () => {},
  };
}

const select =
  "* 3 EXISTS\n* OK [UIDVALIDITY 7] x\n* OK [UIDNEXT 12] x\n* OK [HIGHESTMODSEQ 5] x\n@ OK [READ-WRITE] x";
const learn =
  "* 1 FETCH (UID 3 FLAGS (\\Seen))\n* 2 FETCH (UID 5 FLAGS ())\n* 3 FETCH (UID 9 FLAGS ())\n@ OK x";
const kept = { name: "a", uidValidity: 7, modseq: 4, messages: [{ uid: 3, flags: "", modseq: 0 }] };

/** Signs nobody in, selects, asks for all, and then says what is given. */
async function follow(enabled: string, command: string, answer: string): Promise<Follower> {
  const wire = wireOf([`* ENABLED ${enabled || "X"}\n@ OK x`, select, learn, answer]);
  const follower = await Follower.open("a", wire, new Witness());
  await follower.run("ENABLE X");
  await follower.select("SELECT", "a", "", null);
  await follower.run("FETCH 1:* (UID FLAGS)");
  await follower.run(command);
  return follower;
}

const followed: [enabled: string, command: string, answer: string, uids: number[], modseq: number][] = [
  ["", "NOOP", "* 2 EXPUNGE\n* 2 EXPUNGE\n@ OK x", [3], 5],
  ["", "NOOP", "* 4 EXISTS\n* 4 FETCH (UID 12 FLAGS ())\n@ OK x", [3, 5, 9, 12], 5],
  ["", "UID FETCH 3 (FLAGS)", "* 1 FETCH (UID 3 FLAGS ())\n* 1 EXPUNGE\n@ OK x", [5, 9], 5],
  ["QRESYNC", "NOOP", "* VANISHED 3,9\n@ OK [HIGHESTMODSEQ 8] x", [5], 8],
  ["QRESYNC", "NOOP", "* 5 EXISTS\n* VANISHED 12\n@ OK x", [3, 5, 9, 0], 5],
  ["CONDSTORE", "NOOP", "* 1 FETCH (UID 3 FLAGS () MODSEQ (9))\n@ OK x", [3, 5, 9], 9],
  [
    "QRESYNC",
    "STORE 1 +FLAGS x",
    "* 1 FETCH (UID 3 FLAGS () MODSEQ (9))\n* OK [HIGHESTMODSEQ 6] x\n@ OK x",
    [3, 5, 9],
    6,
  ],
];
for (const [enabled, command, answer, uids, modseq] of followed) {
  Deno.test(`a follower understands ${command}: ${answer}`, async () => {
    const { box } = await follow(enabled, command, answer);
    assert.deepEqual(box?.messages.map(({ uid }) => uid), uids);
    assert.equal(box?.modseq, modseq);
  });
}

const refused: [enabled: string, command: string, answer: string, why: RegExp][] = [
  ["", "FETCH 1 (FLAGS)", "* 2 EXPUNGE\n@ OK x", /EXPUNGE during FETCH/],
  ["", "STORE 1 +FLAGS x", "* 2 EXPUNGE\n@ OK x", /EXPUNGE during STORE/],
  ["QRESYNC", "SEARCH ALL", "* VANISHED 3\n@ OK x", /VANISHED during SEARCH/],
  ["", "NOOP", "* 4 EXPUNGE\n@ OK x", /EXPUNGE 4 of 3/],
  ["QRESYNC", "NOOP", "* 1 EXPUNGE\n@ OK x", /instead of VANISHED/],
  ["", "NOOP", "* VANISHED 3\n@ OK x", /without QRESYNC/],
  ["QRESYNC", "NOOP", "* VANISHED 4\n@ OK x", /was not there/],
  ["QRESYNC", "NOOP", "* VANISHED (EARLIER) 4\n@ OK x", /EARLIER. during NOOP/],
  ["QRESYNC", "UID FETCH 1 (FLAGS)", "* VANISHED (EARLIER) 3\n@ OK x", /EARLIER of what is there/],
  ["", "NOOP", "* 2 EXISTS\n@ OK x", /EXISTS shrinks/],
  ["", "NOOP", "* 1 FETCH (UID 4 FLAGS ())\n@ OK x", /changes its UID/],
  ["", "NOOP", "* 4 EXISTS\n* 4 FETCH (UID 9 FLAGS ())\n@ OK x", /too near/],
  ["", "NOOP", "* 4 FETCH (FLAGS ())\n@ OK x", /FETCH 4 of 3/],
  ["CONDSTORE", "NOOP", "* 1 FETCH (FLAGS ())\n@ OK x", /without UID and MODSEQ/],
  [
    "CONDSTORE",
    "FETCH 1 (FLAGS MODSEQ)",
    "* 1 FETCH (FLAGS () MODSEQ (9))\n* 1 FETCH (FLAGS () MODSEQ (8))\n@ OK x",
    /goes back/,
  ],
  [
    "CONDSTORE",
    "FETCH 1 (FLAGS MODSEQ)",
    "* 1 FETCH (FLAGS () MODSEQ (9))\n* 1 FETCH (FLAGS (x) MODSEQ (9))\n@ OK x",
    /two sets of flags/,
  ],
];
for (const [enabled, command, answer, why] of refused) {
  Deno.test(`a follower refuses ${command}: ${answer}`, async () => {
    await assert.rejects(follow(enabled, command, answer), why);
  });
}

Deno.test("a client that comes back knows everything, or the server is wrong", async () => {
  const comeBack = async (told: string) => {
    const witness = new Witness();
    witness.quiet = true;
    const wire = wireOf(["* ENABLED QRESYNC\n@ OK x", select.replace("@ OK", `${told}@ OK`)]);
    const follower = await Follower.open("a", wire, witness);
    await follower.run("ENABLE QRESYNC");
    await follower.select("SELECT", "a", " (QRESYNC (7 4))", kept);
    return follower.box?.messages.map(({ uid }) => uid);
  };
  const fetched = "* 2 FETCH (UID 5 FLAGS () MODSEQ (5))\n* 3 FETCH (UID 9 FLAGS () MODSEQ (5))\n";
  assert.deepEqual(await comeBack(fetched), [3, 5, 9]);
  await assert.rejects(comeBack(""), /not told everything/);
  await assert.rejects(comeBack(fetched.replace("2 FETCH", "1 FETCH")), /changes its UID/);
  await assert.rejects(comeBack(`* VANISHED (EARLIER) 3\n${fetched}`), /not told everything/);
});

Deno.test("what one was told, another cannot be told otherwise", () => {
  const witness = new Witness();
  witness.subject(7, 1, "a");
  assert.throws(() => witness.subject(7, 1, "b"), /two messages/);
  witness.opened(7, 5, 10, witness.moment());
  const since = witness.moment();
  assert.throws(() => witness.opened(7, 4, 10, since), /HIGHESTMODSEQ goes back/);
  assert.throws(() => witness.opened(7, 5, 9, since), /UIDNEXT goes back/);
  assert.throws(() => witness.arrived(7, 9, since), /below UIDNEXT/);
});

Deno.test("BYE is the end", async () => {
  await assert.rejects(follow("", "NOOP", "* BYE x"), Gone);
});
