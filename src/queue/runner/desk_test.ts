/**
 * The runner with the store's own queue in place of one in memory: what both mean by their common interface is the same.
 *
 * @module
 */
import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fake_clock.ts";
import { ensureAccount } from "../../accounts/accounts.ts";
import { silentLog } from "../../base/log.ts";
import { Metrics } from "../../base/metrics.ts";
import { Signing } from "../../delivery/signing.ts";
import { ZoneResolver } from "../../dns/testing/zone_resolver.ts";
import { dial } from "../../net/client.ts";
import { connectionIds } from "../../net/connection_id.ts";
import { many, prepared } from "../../store/query.ts";
import { enqueue } from "../../store/testing/queue_sample.ts";
import { tempStore } from "../../store/testing/temp_store.ts";
import { conclude, type ConcludeParts, giveUp } from "../conclude.ts";
import { QueueDesk } from "../queue_desk.ts";
import { composeSignedNotice } from "../signed_notices.ts";
import { directTransport } from "../transport.ts";
import { startRunner } from "./runner.ts";
import { usualSettings } from "./settings.ts";
import { FakeMx } from "./testing/fake_mx.ts";
import { hostAt, mxOf, noPolicy, until } from "./testing/stage.ts";

const retired = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("queue_retired").select(["recipient", "outcome", "attempts"]).orderBy("recipient")
);
const subjects = prepared((db, _p: Record<string, never>) => db.selectFrom("email_fields").select("subject"));

Deno.test("what the store hands out is sent, tried again, and ends as the other host says", async () => {
  const clock = new FakeClock(Date.now());
  await using temp = tempStore({ clock });
  const { store } = temp;
  await ensureAccount(store, { name: "ann", maxBytes: null });
  const mx = await FakeMx.start({
    answer: (step, line, times) =>
      step !== "RCPT"
        ? null
        : /<no@/.test(line)
        ? "550 5.1.1 nobody here"
        : /<grey@/.test(line) && times <= 3
        ? "451 4.7.1 come back"
        : null,
  });
  const notices = {
    hostname: "mail.example.org",
    signing: new Signing(),
    random: () => crypto.randomUUID().replaceAll("-", ""),
  };
  const parts: ConcludeParts = {
    store,
    compose: (facts, original) => composeSignedNotice(notices, facts, original),
    keepRetiredMs: () => 1e9,
    postmaster: null,
    hasAccount: () => true,
  };
  const desk = new QueueDesk({
    store,
    conclude: (rows, report) => conclude(parts, rows, report),
    giveUp: (endings) => giveUp(parts, endings),
    random: () => 0.5,
    freshPrefix: ({ prefix }) => prefix,
    leaseKey: new Uint8Array(32),
  });
  const queue = desk.forConnection();
  const runner = startRunner({
    queue,
    resolver: new ZoneResolver({
      "x.example": mxOf(["mx.x.example"]),
      "mx.x.example": hostAt(["192.0.2.1"]),
    }),
    policies: { policyOf: () => Promise.resolve(noPolicy) },
    tlsNotes: { note: () => {} },
    transportFor: () => directTransport,
    deliverLocally: () => Promise.resolve([]),
    clock,
    log: silentLog,
    metrics: new Metrics(),
    random: () => 0.5,
    newId: connectionIds(1),
    dial: ({ localAddress: _, ...others }) => dial({ ...others, address: "127.0.0.1", port: mx.port }),
    settings: { ...usualSettings, hostname: "client.example", allowPrivate: true },
  });
  await enqueue(store, ["yes@x.example", "no@x.example", "grey@x.example"]);
  desk.changed();
  const ends = () => store.read(many(retired, {}));
  await until(() => ends().length === 2);
  await until(() => desk.busy.size === 0);
  await clock.advance(8 * 60_000);
  await until(() => ends().length === 3);
  assert.deepEqual(ends().map(({ recipient, outcome, attempts }) => [recipient, outcome, attempts]), [
    ["grey@x.example", "delivered", 2],
    ["no@x.example", "failed", 1],
    ["yes@x.example", "delivered", 1],
  ]);
  assert.deepEqual(store.read(many(subjects, {})).map(({ subject }) => subject), [
    "YOUR MESSAGE COULD NOT BE DELIVERED",
  ]);
  const closed = runner.close(1000);
  await clock.advance(600_000);
  await closed;
  queue.close();
  desk.close();
  await mx.close();
});
