import assert from "node:assert/strict";
import { queueTraits } from "../store/queue_rows.ts";
import { type Concerned, type Consequence, consequenceOf } from "./consequences.ts";
import { printDsnRequest } from "./dsn_request.ts";
import type { QueueResult } from "./queue.ts";
import { unconfirmedAttempts } from "./schedule.ts";

const row: Concerned = { attempts: 1, max_attempts: 8, traits: 0, dsn: "", sender: "a@example.org" };
const result: QueueResult = {
  id: 1,
  outcome: "delivered",
  code: 250,
  status: "2.0.0",
  text: "ok",
  remote: null,
  relaysDsn: false,
};
const temporary: QueueResult = { ...result, outcome: "temporary", code: 451, status: "4.3.0" };
const permanent: QueueResult = { ...result, outcome: "permanent", code: 550, status: "5.1.1" };
const unconfirmed: QueueResult = { ...temporary, code: 0, status: "4.7.5", unconfirmed: true };
const late = { traits: queueTraits.delayTold };
const notify = (words: string) => printDsnRequest({ ret: null, envid: null, notify: words, orcpt: null });
const delivered: Consequence = { kind: "retire", outcome: "delivered", notice: null };
const failed: Consequence = { kind: "retire", outcome: "failed", notice: "failed" };
const dropped: Consequence = { kind: "retire", outcome: "dropped", notice: null };
const wait: Consequence = { kind: "wait", notice: null };

const cases: [what: string, row: Partial<Concerned>, result: QueueResult, consequence: Consequence][] = [
  ["delivered", {}, result, delivered],
  ["delivered, news wanted", { dsn: notify("SUCCESS") }, result, { ...delivered, notice: "relayed" }],
  [
    "delivered, and the next host tells",
    { dsn: notify("SUCCESS") },
    { ...result, relaysDsn: true },
    delivered,
  ],
  ["refused for good", {}, permanent, failed],
  ["refused for what it says", {}, { ...permanent, status: "5.7.26" }, failed],
  ["refused, and nobody wants to know", { dsn: notify("NEVER") }, permanent, { ...failed, notice: null }],
  ["refused, of nobody", { sender: "" }, permanent, { ...failed, notice: null }],
  ["refused, a notice of ours", { traits: queueTraits.notice }, permanent, { ...failed, notice: null }],
  ["later", {}, temporary, wait],
  ["later, the fourth time", { attempts: 4 }, temporary, wait],
  ["later, the fifth time", { attempts: 5 }, temporary, { kind: "wait", notice: "delayed" }],
  ["later, and it was told", { attempts: 6, traits: queueTraits.delayTold }, temporary, wait],
  ["later, and nobody wants to know", { attempts: 5, dsn: notify("FAILURE") }, temporary, wait],
  ["later, a notice of ours", { attempts: 5, traits: queueTraits.notice }, temporary, wait],
  ["for the last time", { attempts: 8 }, temporary, failed],
  ["delivered, and dropped meanwhile", { traits: queueTraits.dropped }, result, delivered],
  ["dropped meanwhile", { traits: queueTraits.dropped }, temporary, dropped],
  ["dropped meanwhile, and refused", { traits: queueTraits.dropped }, permanent, dropped],
  ["for the only time", { attempts: 1, max_attempts: 1 }, temporary, failed],
  // RFC 8461 5.1
  ["for the last time, by a policy that nobody could confirm", { ...late, attempts: 8 }, unconfirmed, wait],
  ["the same once more", { ...late, attempts: 12 }, unconfirmed, wait],
  ["the same for days", { ...late, attempts: 8 + unconfirmedAttempts }, unconfirmed, failed],
  ["the same, and then the host is down", { ...late, attempts: 9 }, temporary, failed],
  ["the same, of which somebody had enough", { attempts: 3, max_attempts: 0 }, unconfirmed, failed],
];
for (const [what, change, result, consequence] of cases) {
  Deno.test(`consequenceOf(): ${what}`, () =>
    assert.deepEqual(consequenceOf({ ...row, ...change }, result), consequence));
}
