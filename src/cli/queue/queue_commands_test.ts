/**
 * The commands of the queue, against a fake one: what they ask for, and what they say.
 *
 * @module
 */
import assert from "node:assert/strict";
import { everyMessage } from "../../queue/queue_admin.ts";
import { fromUtf8 } from "../../base/bytes.ts";
import { Refused } from "../../base/errors.ts";
import {
  type Asked,
  type FakeQueue,
  fakeQueueAdmin,
  queuedRecipient,
  retiredRecipient,
} from "../../ctl/testing/fake_queue_admin.ts";
import type { AttemptResult, QueueFilter } from "../../queue/queue_admin.ts";
import { main } from "../main.ts";

const now = Date.UTC(2026, 10, 21, 15, 30);
const minute = 60_000;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly error: string;
  readonly asked: Asked[];
  readonly closed: number;
  readonly written: string;
}

async function run(line: string | readonly string[], queue: FakeQueue = {}, raw = false): Promise<Ran> {
  let [out, error, written, closed] = ["", "", "", 0];
  const { admin, asked } = fakeQueueAdmin(queue);
  const code = await main(typeof line === "string" ? line.split(" ") : line, {
    out: (text) => out += `${text}\n`,
    error: (text) => error += `${text}\n`,
  }, {
    now: () => now,
    openControl: () =>
      Promise.resolve({ queue: admin, lost: false, close: () => Promise.resolve(void closed++) }),
    write: raw ? (bytes) => Promise.resolve(void (written += fromUtf8(bytes))) : null,
  });
  return { code, out, error, asked, closed, written };
}

const filters: [options: string, filter: Partial<QueueFilter>][] = [
  ["", {}],
  ["--ids 3,4", { ids: [3, 4] }],
  ["--account ann", { account: "ann" }],
  ["--own", { account: "" }],
  ["--from <> --to @example.net", { from: "<>", to: "@example.net" }],
  ["--hold yes", { hold: true }],
  ["--hold no", { hold: false }],
  ["--submitted <-2h", { submitted: { from: null, until: now - 120 * minute } }],
  ["--submitted >-1h30m", { submitted: { from: now - 90 * minute + 1, until: null } }],
  ["--nextattempt now", { nextAttempt: { from: null, until: now + 1 } }],
  ["--nextattempt <10m", { nextAttempt: { from: null, until: now + 10 * minute } }],
  ["--transport relay", { transport: "relay" }],
  ["--transport none", { transport: "" }],
  ["--max 5", { max: 5 }],
];
for (const [options, filter] of filters) {
  Deno.test(`queue list ${options}`, async () => {
    const ran = await run(`queue list ${options}`.trim());
    assert.deepEqual([ran.code, ran.error, ran.closed], [0, "", 1]);
    assert.deepEqual(ran.asked, [["list", { filter: { ...everyMessage, ...filter } }]]);
    assert.equal(ran.out, options === "" ? "The queue is empty.\n" : "No message matches.\n");
  });
}

const wrong: [line: string, error: RegExp][] = [
  ["queue list --ids 3,x", /'x' is no number of a message/],
  ["queue list --ids 0", /'0' is no number/],
  ["queue list --hold maybe", /--hold is yes or no, not 'maybe'/],
  ["queue list --submitted 2h", /--submitted is now, '<SPAN' or '>SPAN'/],
  ["queue list --nextattempt <soon", /--nextattempt is now/],
  ["queue list --max 0", /--max is a whole number from 1 on/],
  ["queue list --own --account ann", /exclude each other/],
  ["queue drop", /say which messages, with --ids or another filter, or --all/],
  ["queue fail --all --ids 3", /--all and a filter exclude/],
  ["queue schedule --all soon", /'soon' is no time: say now, 30m/],
  ["queue schedule --all --now 2026-11-21T15:30Z", /--now is for a span/],
  ["queue requiretls --all perhaps", /say yes, no or default/],
  ["queue dump x", /'x' is no number/],
  ["queue holdrules add", /say which messages, with --account/],
  ["queue holdrules add --all --account ann", /exclude each other/],
  ["queue holdrules add --senderdom a..b", /'a\.\.b' is no domain/],
  ["queue suppress add ann nobody", /'nobody' is no address/],
  ["queue suppress lookup nobody", /'nobody' is no address/],
];
for (const [line, error] of wrong) {
  Deno.test(`refused: ${line}`, async () => {
    const ran = await run(line);
    assert.match(ran.error, error);
    assert.deepEqual([ran.code, ran.asked], [2, []]);
  });
}

const one = { ...everyMessage, ids: [12] };
const changes: [line: string, asked: Asked, out: RegExp][] = [
  ["queue hold --ids 12", ["hold", { filter: one, hold: true }], /^2 messages on hold\.\n$/],
  ["queue unhold --ids 12", ["hold", { filter: one, hold: false }], /^2 messages no longer on hold\.\n$/],
  ["queue hold --all", ["hold", { filter: everyMessage, hold: true }], /^2 messages on hold/],
  ["queue schedule --ids 12 2h", ["schedule", { filter: one, at: null, delayMs: 120 * minute }], /put off/],
  [
    "queue schedule --ids 12 -- -30m",
    ["schedule", { filter: one, at: null, delayMs: -30 * minute }],
    /forward/,
  ],
  [
    "queue schedule --ids 12 now",
    ["schedule", { filter: one, at: now, delayMs: 0 }],
    /at 2026-11-21 15:30:00 UTC/,
  ],
  [
    "queue schedule --ids 12 --now 1h",
    ["schedule", { filter: one, at: now + 60 * minute, delayMs: 0 }],
    /to be tried at 2026-11-21 16:30:00 UTC/,
  ],
  [
    "queue schedule --ids 12 2026-12-01T00:00Z",
    ["schedule", { filter: one, at: Date.UTC(2026, 11, 1), delayMs: 0 }],
    /2026-12-01 00:00:00/,
  ],
  [
    "queue transport --ids 12 relay",
    ["transport", { filter: one, transport: "relay" }],
    /by transport relay/,
  ],
  ["queue transport --ids 12 ", ["transport", { filter: one, transport: "" }], /as the routes say/],
  ["queue requiretls --ids 12 yes", ["requireTls", { filter: one, requireTls: true }], /REQUIRETLS/],
  ["queue requiretls --ids 12 no", ["requireTls", { filter: one, requireTls: false }], /cannot be verified/],
  ["queue requiretls --ids 12 default", ["requireTls", { filter: one, requireTls: null }], /domain asks for/],
  ["queue fail --ids 12", ["fail", { filter: one }], /given up; senders are told/],
  ["queue drop --ids 12", ["drop", { filter: one }], /nobody is told/],
];
for (const [line, asked, out] of changes) {
  Deno.test(line, async () => {
    const ran = await run(line, { count: 2 });
    assert.deepEqual([ran.code, ran.error, ran.asked], [0, "", [asked]]);
    assert.match(ran.out, out);
    const none = await run(line, { count: 0 });
    assert.deepEqual([none.code, none.out], [1, "No message matches: nothing was changed.\n"]);
    const options = line.split(" ");
    const json = await run([...options.slice(0, 2), "--json", ...options.slice(2)], { count: 2 });
    assert.equal(json.out, '{"changed":2}\n');
  });
}

for (const [word, what] of [["drop", "removed; nobody is told"], ["fail", "given up; senders are told"]]) {
  Deno.test(`queue ${word} says of what is being sent that it may arrive`, async () => {
    const ran = await run(`queue ${word} --all`, { count: 2, underWay: 1 });
    const busy = `1 message being sent at this moment: what does not arrive by that is ${what}.\n`;
    assert.deepEqual([ran.code, ran.out], [0, `2 messages ${what}.\n${busy}`]);
    assert.equal((await run(`queue ${word} --all`, { underWay: 1 })).out, busy);
    const json = await run(`queue ${word} --json --all`, { count: 2, underWay: 1 });
    assert.equal(json.out, '{"changed":2,"underWay":1}\n');
  });
}

const greylisted: AttemptResult = {
  startedAt: now - 8 * minute,
  ms: 1500,
  delivered: false,
  code: 451,
  status: "4.7.1",
  text: "451-4.7.1 greylisted,\n451 4.7.1 come back in 5 minutes", // As it was said.
  host: "mx1.example.net",
  address: "192.0.2.1",
};
const dane: AttemptResult = {
  ...greylisted,
  code: 0,
  status: "4.7.10",
  text: "mx1.example.net (192.0.2.1) failed in TLS: no TLSA record at _25._tcp.mx1.example.net matches",
};
const policy: AttemptResult = {
  ...dane,
  text: "the policy of example.net (MTA-STS) does not name this host",
};

Deno.test("queue list says in plain words what happened and what comes next", async () => {
  const base = { submitted: now - 30 * minute, nextAttempt: now + 7.5 * minute };
  const tried = { ...base, attempts: 2, lastAttempt: now - 8 * minute };
  const ran = await run("queue list", {
    queued: [
      queuedRecipient({ ...base, id: 1, nextAttempt: now - minute }),
      queuedRecipient({ ...tried, id: 2, results: [greylisted], transport: "relay" }),
      queuedRecipient({ ...tried, id: 3, results: [greylisted, dane], requireTls: true }),
      queuedRecipient({ ...tried, id: 4, hold: true, sender: "", account: "", subject: "" }),
      queuedRecipient({ ...tried, id: 5, leased: true, results: [dane] }),
      queuedRecipient({ ...base, id: 6, futureRelease: "for;450" }),
      queuedRecipient({ ...tried, id: 7, attempts: 7, results: [{ ...greylisted, host: "", address: "" }] }),
      queuedRecipient({ ...tried, id: 8, lastAttempt: now - minute, results: [policy] }),
      queuedRecipient({ ...base, id: 9, attempts: 1, leased: true }),
      queuedRecipient({ ...base, id: 10, nextAttempt: now, behind: true }),
    ],
  });
  assert.equal(
    ran.out,
    `1: ann@example.org to bob@example.net (2 KB, "hello")
   submitted by account ann 30 m ago
   not tried yet
   due for 1 m
2: ann@example.org to bob@example.net (2 KB, "hello")
   submitted by account ann 30 m ago; by transport relay
   attempt 2 of 8, 8 m ago: mx1.example.net (192.0.2.1) said: 451 4.7.1 greylisted, come back in 5 minutes
   next attempt in 7 m 30 s, at 2026-11-21 15:37:30 UTC
3: ann@example.org to bob@example.net (2 KB, "hello")
   submitted by account ann 30 m ago; only over verified TLS
   attempt 2 of 8, 8 m ago: mx1.example.net (192.0.2.1) failed in TLS: no TLSA record at _25._tcp.mx1.example.net matches (4.7.10)
   next attempt in 7 m 30 s, at 2026-11-21 15:37:30 UTC
4: <> to bob@example.net (2 KB, no subject)
   submitted by the server itself 30 m ago
   attempt 2 of 8, 8 m ago: nobody knows how it ended
   on hold: 'mailden queue unhold --ids 4' lets it go
5: ann@example.org to bob@example.net (2 KB, "hello")
   submitted by account ann 30 m ago
   tried 8 m ago: mx1.example.net (192.0.2.1) failed in TLS: no TLSA record at _25._tcp.mx1.example.net matches (4.7.10)
   attempt 2 of 8 is under way
6: ann@example.org to bob@example.net (2 KB, "hello")
   submitted by account ann 30 m ago
   not tried yet
   next attempt in 7 m 30 s, at 2026-11-21 15:37:30 UTC: its sender asked for that time
7: ann@example.org to bob@example.net (2 KB, "hello")
   submitted by account ann 30 m ago
   attempt 7 of 8, 8 m ago: this server said: 451 4.7.1 greylisted, come back in 5 minutes
   next attempt in 7 m 30 s, at 2026-11-21 15:37:30 UTC: the last
8: ann@example.org to bob@example.net (2 KB, "hello")
   submitted by account ann 30 m ago
   attempt 2 of 8, 1 m ago: nobody knows how it ended; the one before: mx1.example.net (192.0.2.1): the policy of example.net (MTA-STS) does not name this host (4.7.10)
   next attempt in 7 m 30 s, at 2026-11-21 15:37:30 UTC
9: ann@example.org to bob@example.net (2 KB, "hello")
   submitted by account ann 30 m ago
   not tried yet
   attempt 1 of 8 is under way
10: ann@example.org to bob@example.net (2 KB, "hello")
   submitted by account ann 30 m ago
   not tried yet
   due now, behind others to example.net that are under way
10 messages.
`,
  );
});

Deno.test("a stranger's text gives a terminal no orders, and makes no lines of its own", async () => {
  const hostile = "\x1b]0;x\x07\r\n999: root@example.org\u202e";
  const text = { ...greylisted, text: hostile, host: hostile };
  const row = queuedRecipient({
    subject: hostile,
    recipient: hostile,
    sender: hostile,
    attempts: 1,
    results: [text],
  });
  const ran = await run("queue list", { queued: [row] });
  assert.equal(ran.out.split("\n").length, 6);
  assert.doesNotMatch(ran.out, /[\x00-\x08\x0b-\x1f\x7f\u202e]/);
  const long = await run("queue list", { queued: [queuedRecipient({ subject: "x".repeat(100_000) })] });
  assert.ok(long.out.length < 1000);
});

Deno.test("queue list --json has an object a line, with times as text", async () => {
  const row = queuedRecipient({
    attempts: 1,
    lastAttempt: now,
    nextAttempt: now,
    submitted: now,
    results: [greylisted],
  });
  const ran = await run("queue list --json", { queued: [row, queuedRecipient()] });
  const [first, second] = ran.out.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(first, {
    ...row,
    submitted: "2026-11-21T15:30:00.000Z",
    nextAttempt: "2026-11-21T15:30:00.000Z",
    lastAttempt: "2026-11-21T15:30:00.000Z",
    results: [{ ...greylisted, startedAt: "2026-11-21T15:22:00.000Z" }],
  });
  assert.equal(second.lastAttempt, null);
});

Deno.test("queue dump writes octets as they are, and fit for a terminal on a terminal", async () => {
  const message = ["Subject: a\x1b[2J\r\n", "\r\nhel", "lo\r\nend"];
  const raw = await run("queue dump 12", { message }, true);
  assert.deepEqual([raw.code, raw.written, raw.out], [0, message.join(""), ""]);
  const shown = await run("queue dump 12", { message });
  assert.equal(shown.out, "Subject: a\\u001b[2J\n\nhello\nend\n");
  assert.deepEqual(shown.asked, [["dump", { id: 12 }]]);
});

Deno.test("queue holdrules", async () => {
  const rule = { id: 7, account: "ann", senderDomain: "", recipientDomain: "example.net", created: now };
  const all = { id: 8, account: "", senderDomain: "", recipientDomain: "", created: now };
  const listed = await run("queue holdrules list", { rules: [rule, all] });
  assert.equal(
    listed.out,
    "7: messages of account ann to example.net (since 2026-11-21 15:30:00 UTC)\n" +
      "8: every message (since 2026-11-21 15:30:00 UTC)\n",
  );
  assert.equal((await run("queue holdrules list")).out, "There are no hold rules.\n");
  const json = JSON.parse((await run("queue holdrules list --json", { rules: [rule] })).out);
  assert.deepEqual(json, [{ ...rule, created: "2026-11-21T15:30:00.000Z" }]);
  const added = await run("queue holdrules add --account ann --recipientdom @Example.NET", { count: 3 });
  assert.deepEqual(added.asked, [["addHoldRule", {
    account: "ann",
    senderDomain: "",
    recipientDomain: "example.net",
  }]]);
  assert.equal(added.out, "7: messages of account ann to example.net; 3 messages on hold now.\n");
  const removed = await run("queue holdrules remove 7");
  assert.deepEqual([removed.code, removed.asked], [0, [["removeHoldRule", { id: 7 }]]]);
  const none = await run("queue holdrules remove 9", { removed: false });
  assert.deepEqual([none.code, none.out], [1, ""]);
  assert.match(none.error, /^There is no hold rule 9: /);
});

Deno.test("queue retired", async () => {
  const row = retiredRecipient({
    outcome: "failed",
    submitted: now - 60 * minute,
    retired: now,
    fromId: "abc",
    results: [greylisted, { ...greylisted, code: 250, status: "2.0.0", text: "ok", delivered: true }],
  });
  const listed = await run("queue retired list --account ann --max 3", { retired: [row] });
  assert.deepEqual(listed.asked, [["retired", { filter: { ...everyMessage, account: "ann", max: 3 } }]]);
  assert.equal(
    listed.out,
    '12: 2026-11-21 15:30:00 UTC failed, ann@example.org to bob@example.net (2 KB, "hello"): ' +
      "mx1.example.net (192.0.2.1) took it: 250 2.0.0 ok\n1 message.\n",
  );
  const printed = await run("queue retired print 12", { retired: [row] });
  assert.equal(printed.out.split("\n").length, 7);
  assert.match(
    printed.out,
    /Message-ID <1@example\.org>\n {3}failed at [^]*sender's id was abc\n[^]*, 2 s: mx1/,
  );
  assert.equal(JSON.parse((await run("queue retired print 12 --json", { retired: [row] })).out).id, 12);
  const gone = await run("queue retired print 13", { retired: [row] });
  assert.deepEqual([gone.code, gone.out], [1, ""]);
  assert.match(gone.error, /Nothing is known of a message 13/);
});

Deno.test("queue suppress", async () => {
  const row = {
    account: "ann",
    address: "bob@example.net",
    original: "Bob+x@example.net",
    automatic: true,
    reason: "550 5.1.1 no such user",
    created: now,
  };
  const queue = { suppressed: [row] };
  const line =
    "ann: bob@example.net (as Bob+x@example.net), 2026-11-21 15:30:00 UTC by the server: 550 5.1.1 no such user\n";
  const listed = await run("queue suppress list --account ann", queue);
  assert.deepEqual([listed.out, listed.asked], [line, [["suppressions", { account: "ann" }]]]);
  assert.equal((await run("queue suppress list")).out, "No address is suppressed.\n");
  const found = await run("queue suppress lookup BOB+y@example.net", queue);
  assert.deepEqual([found.code, found.out, found.asked], [0, line, [["suppressions", { account: null }]]]);
  const other = await run("queue suppress lookup eve@example.net", queue);
  assert.deepEqual([other.code, other.out], [1, "eve@example.net is not suppressed.\n"]);
  const added = await run("queue suppress add ann Bob@example.net --reason asked");
  assert.deepEqual(added.asked, [["suppress", {
    account: "ann",
    address: "Bob@example.net",
    reason: "asked",
  }]]);
  const removed = await run("queue suppress remove ann Bob@example.net");
  assert.deepEqual([removed.code, removed.asked], [
    0,
    [["unsuppress", { account: "ann", address: "Bob@example.net" }]],
  ]);
  const none = await run("queue suppress remove ann Bob@example.net", { removed: false });
  assert.deepEqual([none.code, none.error], [1, "bob@example.net was not suppressed for account ann.\n"]);
});

Deno.test("a connection that is lost on the way is told apart from what the server refuses", async () => {
  let error = "";
  const { admin } = fakeQueueAdmin({});
  const drop = () => Promise.reject(new Refused("tryLater", "the RPC peer is gone"));
  const code = await main(["queue", "drop", "--all"], { out: () => {}, error: (line) => error += line }, {
    now: () => now,
    openControl: () =>
      Promise.resolve({ queue: { ...admin, drop }, lost: true, close: () => Promise.resolve() }),
    write: null,
  });
  assert.deepEqual([code, error], [
    1,
    "The connection to the server was lost: nobody knows how far it came.",
  ]);
});

Deno.test("what the server refuses is said in its words", async () => {
  let error = "";
  const code = await main(["queue", "list"], { out: () => {}, error: (line) => error += line }, {
    now: () => now,
    openControl: () => Promise.reject(new Refused("tryLater", "too many commands")),
    write: null,
  });
  assert.deepEqual([code, error], [1, "The server says no: too many commands."]);
});
