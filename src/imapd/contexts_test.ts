import assert from "node:assert/strict";
import fc from "fast-check";
import type { Mail, OpenMailbox } from "../accounts/mail.ts";
import { concat, fromUtf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { ResponseWriter } from "../imap/response_writer.ts";
import { differences, follow, maxContextResults, maxContexts, tellDifference } from "./contexts.ts";
import { maxSections } from "./fetch_plan.ts";
import { maxSearchedMailboxes } from "./multi_search.ts";
import type { Session } from "./session.ts";
import { FollowedResults } from "./testing/followed_results.ts";
import { Client } from "./testing/imap_client.ts";
import { ImapStage } from "./testing/imap_stage.ts";
import { readValues } from "./testing/response_reader.ts";
import { MailboxView } from "./view.ts";

/** Numbers of a set, in the order in which they stand. */
function numbersIn(set: string): number[] {
  return set.split(",").flatMap((part) => {
    const [first = 0, last = first] = part.split(":").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** What a client hears, line by line. */
function hear(followed: readonly FollowedResults[], answer: string): void {
  for (const line of answer.split("\r\n")) {
    const expunged = /^\* (\d+) EXPUNGE$/.exec(line)?.[1];
    for (const each of followed) {
      if (expunged !== undefined) each.expunged(Number(expunged), 0);
      if (line.startsWith("* ESEARCH ")) each.hear(readValues(line));
    }
  }
}

const commands = [
  ["u1", "UID SEARCH RETURN (ALL UPDATE)", "UNDELETED FLAGGED"],
  ["n1", "SEARCH RETURN (ALL UPDATE)", "NOT FLAGGED"],
  ["u2", "UID SORT RETURN (ALL UPDATE)", "(SUBJECT REVERSE DATE) UTF-8 UNDELETED"],
  ["n2", "SORT RETURN (ALL UPDATE)", "(REVERSE FROM DATE) UTF-8 OR FLAGGED UNSEEN"],
  ["n3", "SORT RETURN (ALL UPDATE)", "(RELEVANCY) UTF-8 FUZZY SUBJECT plan"],
] as const;

const deliver = fc.record({
  kind: fc.constant("deliver" as const),
  names: fc.array(fc.constantFrom("plan", "answer", "sooner", "another", "short"), {
    minLength: 1,
    maxLength: 4,
  }),
});
const change = fc.record({
  kind: fc.constantFrom("flag" as const, "own flag" as const),
  first: fc.integer({ min: 1, max: 12 }),
  last: fc.integer({ min: 1, max: 12 }),
  flags: fc.subarray(["\\Flagged", "\\Deleted", "\\Seen"]),
});
const rest = fc.record({
  kind: fc.constantFrom("expunge" as const, "own expunge" as const, "fetch" as const, "noop" as const),
  uid: fc.integer({ min: 1, max: 12 }),
});
const events = ["MessageNew", "MessageExpunge", "FlagChange"].join(" ");
const notify = fc.record({
  kind: fc.constant("notify" as const),
  set: fc.constantFrom(
    "NONE",
    `SET (SELECTED (${events}))`,
    `SET (SELECTED-DELAYED (${events}))`,
    "SET (SELECTED (MessageNew (UID) MessageExpunge))",
  ),
});

/** What others do while the store is asked. */
const others = fc.array(
  fc.oneof(
    fc.tuple(fc.constant("deliver"), fc.constant("Inbox"), fc.constantFrom("plan", "answer", "another")),
    fc.tuple(fc.constant("expunge"), fc.constant("Inbox"), fc.integer({ min: 1, max: 12 }).map(String)),
    fc.tuple(
      fc.constant("flag"),
      fc.constant("Inbox"),
      fc.integer({ min: 1, max: 12 }).map(String),
      fc.constantFrom("\\Flagged", "\\Deleted", "\\Seen"),
    ),
  ),
  { maxLength: 12 },
);

/** Something happens before the store searches, and when it has said what changed. */
function interrupt({ mail }: ImapStage, next: () => Promise<void>): void {
  const { changes, search, sort } = mail;
  mail.changes = async (request) => {
    const answer = await changes.call(mail, request);
    await next();
    return answer;
  };
  mail.search = async function* (request) {
    await next();
    yield* search.call(mail, request);
  };
  mail.sort = async function* (request) {
    await next();
    yield* sort.call(mail, request);
  };
}

Deno.test("who follows a search knows what it would find now, whatever happens", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(deliver, change, rest, notify), { maxLength: 15 }),
      others,
      async (steps, meanwhile) => {
        const stage = new ImapStage({}, ["Inbox"]);
        for (const name of ["answer", "another", "plan"]) stage.deliver("Inbox", name);
        const client = await Client.signedIn(stage);
        const followed = commands.map(([tag, command]) =>
          new FollowedResults(tag, command.startsWith("UID"), command.includes("SORT"))
        );
        for (const [i, [tag, command, program]] of commands.entries()) {
          await client.send(`${tag} ${command} ${program}\r\n`);
          const all = / ALL (\S+)/.exec(await client.read())?.[1];
          const each = followed[i];
          if (all !== undefined && each !== undefined) each.results = numbersIn(all);
        }
        const waiting = [...meanwhile];
        interrupt(stage, async () => {
          const words = waiting.shift();
          if (words !== undefined) await stage.other(words);
        });
        for (const step of steps) {
          switch (step.kind) {
            case "deliver":
              await stage.other(["deliver", "Inbox", ...step.names]);
              break;
            case "flag":
              await stage.other(["flag", "Inbox", String(step.first), ...step.flags]);
              break;
            case "own flag":
              hear(
                followed,
                await client.command(`UID STORE ${step.first}:${step.last} +FLAGS (${step.flags.join(" ")})`),
              );
              break;
            case "expunge":
              await stage.other(["expunge", "Inbox", String(step.uid)]);
              break;
            case "own expunge":
              hear(followed, await client.command("EXPUNGE"));
              break;
            case "fetch":
              hear(followed, await client.command("FETCH 1:* UID"));
              break;
            case "noop":
              hear(followed, await client.command("NOOP"));
              break;
            case "notify":
              hear(followed, await client.command(`NOTIFY ${step.set}`));
          }
        }
        waiting.length = 0;
        hear(followed, await client.command(`NOTIFY SET (SELECTED (${events}))`)); // Also what was not wanted until now.
        for (const [i, [, command, program]] of commands.entries()) {
          const answer = await client.command(`${command.replace(" UPDATE", "")} ${program}`);
          const all = / ALL (\S+)/.exec(answer)?.[1];
          assert.deepEqual(followed[i]?.results, all === undefined ? [] : numbersIn(all), program);
        }
        client.end();
        await stage.assertEnded();
      },
    ),
    { numRuns: 40 },
  );
});

for (const gone of ["1", "2", "3", "4"]) {
  Deno.test(`the order stays right when message ${gone} goes while new results are put in order`, async () => {
    const stage = new ImapStage({}, ["Inbox"]);
    const names = ["answer", "another", "plan", "short"];
    for (const name of names) stage.deliver("Inbox", name);
    const client = await Client.signedIn(stage);
    const followed = new FollowedResults("s", true, true);
    await client.send("s UID SORT RETURN (UPDATE ALL) (REVERSE SUBJECT) UTF-8 ALL\r\n");
    followed.results = numbersIn(/ ALL (\S+)/.exec(await client.read())?.[1] ?? "");
    for (let i = 0; i < 70; i++) stage.deliver("Inbox", names[i % 4] ?? "");
    const sort = stage.mail.sort;
    let sorts = 0;
    stage.mail.sort = async function* (request) {
      if (++sorts === 2) await stage.other(["expunge", "Inbox", gone]); // The first finds what is new.
      yield* sort.call(stage.mail, request);
    };
    for (let i = 0; i < 2; i++) {
      hear([followed], await client.command("NOOP"));
    }
    const now = await client.command("UID SORT RETURN (ALL) (REVERSE SUBJECT) UTF-8 ALL");
    assert.deepEqual(followed.results, numbersIn(/ ALL (\S+)/.exec(now)?.[1] ?? ""));
    client.end();
    await stage.assertEnded();
  });
}

Deno.test("a new result has its place also where those that it is compared with first are gone", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  for (let i = 0; i < 130; i++) stage.deliver("Inbox", "another");
  const client = await Client.signedIn(stage);
  const followed = new FollowedResults("s", true, true);
  await client.send("s UID SORT RETURN (UPDATE ALL) (SUBJECT) UTF-8 ALL\r\n");
  followed.results = numbersIn(/ ALL (\S+)/.exec(await client.read())?.[1] ?? "");
  stage.deliver("Inbox", "short");
  const sort = stage.mail.sort;
  let sorts = 0;
  stage.mail.sort = async function* (request) {
    if (++sorts === 2) { // The first finds what is new; this one asks for each third.
      for (let uid = 1; uid <= 130; uid += 3) await stage.other(["expunge", "Inbox", String(uid)]);
    }
    yield* sort.call(stage.mail, request);
  };
  for (let i = 0; i < 2; i++) hear([followed], await client.command("NOOP"));
  assert.equal(followed.results.at(-1), 131);
  assert.equal(followed.results.length, 87);
  client.end();
  await stage.assertEnded();
});

Deno.test("a search that cannot be followed any more is not followed, and the client hears that", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  stage.deliver("Inbox", "plan");
  const client = await Client.signedIn(stage);
  await client.send("s SORT RETURN (UPDATE) (DATE) UTF-8 ALL\r\nu SEARCH RETURN (UPDATE) ALL\r\n");
  await client.read();
  stage.deliver("Inbox", "plan");
  stage.mail.failNext("sort", new Refused("tooMany", "too many to sort"));
  assert.equal(
    await client.command("NOOP"),
    '* 2 EXISTS\r\n* 2 RECENT\r\n* NO [NOUPDATE "s"] too many\r\n' +
      '* ESEARCH (TAG "u") ADDTO (0 2)\r\n= OK done\r\n',
  );
  stage.deliver("Inbox", "plan");
  assert.doesNotMatch(await client.command("NOOP"), /"s"/);
  client.end();
  await stage.assertEnded();
});

Deno.test("many messages come into a sorted result at once", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  for (let i = 0; i < 40; i++) for (const name of ["answer", "another", "plan"]) stage.deliver("Inbox", name);
  const client = await Client.signedIn(stage);
  const followed = new FollowedResults("s", true, true);
  await client.send("s UID SORT RETURN (UPDATE ALL) (SUBJECT REVERSE DATE) UTF-8 FLAGGED\r\n");
  await client.read();
  for (const uids of ["1:100", "101", "110:120"]) {
    const answer = await client.command(`UID STORE ${uids} +FLAGS.SILENT (\\Flagged)`);
    hear([followed], answer);
  }
  const now = await client.command("UID SORT RETURN (ALL) (SUBJECT REVERSE DATE) UTF-8 FLAGGED");
  assert.deepEqual(followed.results, numbersIn(/ ALL (\S+)/.exec(now)?.[1] ?? ""));
  assert.equal(followed.results.length, 112);
  client.end();
  await stage.assertEnded();
});

Deno.test("so many searches are followed and no more, until one is cancelled", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  stage.deliver("Inbox", "plan");
  const client = await Client.signedIn(stage);
  for (let i = 0; i < maxContexts; i++) {
    assert.doesNotMatch(await client.command("SEARCH RETURN (UPDATE COUNT) ALL"), /NOUPDATE/);
  }
  await client.send("more SORT RETURN (UPDATE COUNT) (DATE) UTF-8 ALL\r\n");
  const answer = await client.read();
  assert.match(
    answer,
    /^\* ESEARCH \(TAG "more"\) COUNT 1\r\n\* NO \[NOUPDATE "more"\] [^\r]*\r\nmore OK done\r\n$/,
  );
  await client.command('CANCELUPDATE "t3" "more" "t4"');
  assert.doesNotMatch(await client.command("SEARCH RETURN (UPDATE COUNT) ALL"), /NOUPDATE/);
  client.end();
  await stage.assertEnded();
});

Deno.test("so many results are followed and no more", () => {
  const opened = {
    info: { id: 1, uidValidity: 1, highestModSeq: 1, uidNext: 2 },
    keywords: [],
    uids: [],
    recentFromUid: 2,
  };
  // Of a session, only where it writes to; of a mailbox, only what makes a view.
  const out = { w: new ResponseWriter() };
  const session = { out, notifications: null } as unknown as Session;
  const view = new MailboxView({ ...opened, uids: new Uint32Array() } as unknown as OpenMailbox, false);
  const followed = (tag: string) => ({
    tag,
    uid: true,
    key: { key: "all" } as const,
    criteria: null,
    items: [],
  });
  follow(session, view, followed("a"), new Uint32Array(maxContextResults - 1));
  follow(session, view, followed("b"), new Uint32Array(2));
  assert.deepEqual([...view.contexts.keys()], ["a"]);
  assert.match(fromUtf8(concat(out.w.take())), /^\* NO \[NOUPDATE "b"\]/);
  follow(session, view, followed("c"), new Uint32Array(1));
  assert.deepEqual([...view.contexts.keys()], ["a", "c"]);
});

Deno.test("so much is fetched of what arrives and no more, for searches and NOTIFY together", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  stage.deliver("Inbox", "plan");
  const client = await Client.signedIn(stage);
  const parts = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => `BODY.PEEK[${from + i}]`).join(" ");
  const followed = (items: string) => client.command(`SEARCH RETURN (UPDATE (${items}) COUNT) ALL`);
  assert.doesNotMatch(await followed(parts(1, maxSections - 1)), /NOUPDATE/);
  assert.match(await followed(parts(maxSections, 2)), /NOUPDATE/);
  assert.doesNotMatch(await followed(`UID ${parts(1, 9)}`), /NOUPDATE/);
  const notify = (items: string) =>
    client.command(`NOTIFY SET (SELECTED (MessageNew (${items}) MessageExpunge))`);
  assert.equal(await notify(parts(maxSections, 2)), "= NO [LIMIT] too many\r\n");
  assert.equal(await notify(parts(maxSections, 1)), "= OK done\r\n");
  stage.deliver("Inbox", "plan");
  assert.match(await client.read(), / FETCH \(BODY\[64\] NIL BODY\[1\] /);
  client.end();
  await stage.assertEnded();
});

Deno.test("so many results are followed and no more, also when they become more", async () => {
  const opened = {
    info: { id: 1, uidValidity: 1, highestModSeq: 1, uidNext: 2 },
    keywords: [],
    uids: Uint32Array.of(1),
    recentFromUid: 2,
  };
  const out = { w: new ResponseWriter() };
  const view = new MailboxView(opened as unknown as OpenMailbox, false);
  const batch = { uids: Uint32Array.of(1), modseqs: Float64Array.of(2), scores: null, looked: 1, total: 1 };
  const mail = {
    async *search() {
      yield await Promise.resolve(batch);
    },
  } as unknown as Mail;
  for (const [tag, count] of [["a", 1], ["b", maxContextResults - 2]] as const) {
    const key = { key: "all" } as const;
    view.contexts.set(tag, {
      tag,
      uid: true,
      key,
      criteria: null,
      items: [],
      results: new Uint32Array(count),
    });
  }
  const session = { out } as unknown as Session;
  for (const difference of await differences(session, mail, view, Uint32Array.of(1))) {
    await tellDifference(session, mail, view, difference);
  }
  assert.deepEqual([...view.contexts.keys()], ["a"]);
  assert.match(
    fromUtf8(concat(out.w.take())),
    /^\* ESEARCH \(TAG "a"\) UID ADDTO \(0 1\)\r\n.*\* NO \[NOUPDATE "b"\] [^\r]*\r\n$/s,
  );
});

Deno.test("a mailbox that goes while it is searched with others is passed over", async () => {
  for (const gone of ["noSuchMailbox", "noPermission"] as const) {
    const stage = new ImapStage({}, ["Inbox", "Other"]);
    for (const name of ["Inbox", "Other"]) stage.deliver(name, "plain");
    const client = await Client.signedIn(stage, null);
    stage.mail.failNext("search", new Refused(gone, "deleted"));
    assert.equal(
      await client.command("ESEARCH IN (personal) RETURN (ALL) ALL"),
      '* ESEARCH (TAG "t2" MAILBOX Other UIDVALIDITY 2) UID ALL 1\r\n= OK done\r\n',
    );
    client.end();
    await stage.assertEnded();
  }
});

Deno.test("so many mailboxes are searched at once and no more", async () => {
  const names = Array.from({ length: maxSearchedMailboxes + 1 }, (_, i) => i === 0 ? "Inbox" : `m/${i}`);
  const stage = new ImapStage({ maxMailboxes: 2000 }, names);
  const client = await Client.signedIn(stage, null);
  assert.equal(await client.command("ESEARCH IN (subtree m) ALL"), "= OK done\r\n");
  assert.equal(await client.command("ESEARCH IN (personal) ALL"), "= NO [LIMIT] too many\r\n");
  client.end();
  await stage.assertEnded();
});
