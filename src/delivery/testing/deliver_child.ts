/**
 * Delivers as fast as it can into the folder named as its argument, until it is killed. Prints a line for each delivery
 * once it was acknowledged: its number, and the SHA-256 of its body. Numbers begin with the second argument.
 *
 * @module
 */
import { concat, utf8 } from "../../base/bytes.ts";
import { silentLog } from "../../base/log.ts";
import { Metrics } from "../../base/metrics.ts";
import { sha256 } from "../../store/block_hash.ts";
import { accountNamed, createAccount } from "../../store/accounts.ts";
import { maxInlineBody } from "../../store/bodies.ts";
import { openStore } from "../../store/store.ts";
import { sampleIndex, sampleMessage } from "../../store/testing/sample_message.ts";
import { realClock } from "../../store/testing/temp_store.ts";
import { DeliveryService } from "../delivery_service.ts";

const [folder = "", first = "0"] = Deno.args;
const store = openStore({ folder, clock: realClock, log: silentLog, metrics: new Metrics() });
if (store.read(accountNamed("ann")) === undefined) {
  await store.writer.run((tx) => createAccount(tx, { name: "ann", maxBytes: null }));
}
const service = new DeliveryService(store, {
  lookup: () => ({ kind: "local", account: "ann", mailbox: "Inbox" }),
  maySend: (account) => account === "ann",
});
let next = Number(first);

async function deliverOne(): Promise<void> {
  const number = next++;
  const large = number % 20 === 0;
  const { content } = sampleMessage({
    textBytes: large ? maxInlineBody : 100 + number % 5000,
    messageId: null,
  });
  const body = concat([utf8(`Subject: ${number}\r\n`), content]);
  const spool = large ? await service.spoolOpen({}) : null;
  if (spool !== null) await service.spoolWrite({ spool, bytes: body });
  const results = await service.deliver({
    deliveryId: number.toString(16).padStart(32, "0"),
    from: null,
    recipients: [{ address: { local: "ann", domain: "example.org" }, prefix: utf8("Received: now\r\n") }],
    remoteAddress: "192.0.2.1",
    helo: "example.org",
    index: sampleIndex(body, { subject: String(number), messageId: `${number}@x` }),
    evidence: null,
    content: large ? null : body,
    spool,
    cid: "1",
  });
  if (results[0]?.kind === "delivered") Deno.stdout.writeSync(utf8(`${number} ${sha256(body)}\n`));
}

await Promise.all(Array.from({ length: 20 }, async () => {
  for (;;) await deliverOne();
}));
