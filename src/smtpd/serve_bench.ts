/**
 * What one message costs at the edge alone: over memory, delivered to nobody.
 *
 * @module
 */
import { memoryTransports } from "../../tests/support/memory_transport.ts";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { utf8 } from "../base/bytes.ts";
import { silentLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import type { MessageIndex } from "../message/message_index.ts";
import { smtpMetrics } from "./metrics.ts";
import { SpoolPlaces } from "./spool_places.ts";
import { PartialDeliveries } from "./partial_deliveries.ts";
import { serveSmtp } from "./serve.ts";
import type { SmtpServices } from "./services.ts";
import { smtpSettings } from "./settings.ts";
import { MemoryAuthenticator } from "./testing/memory_authenticator.ts";
import { MemoryDelivery } from "../delivery/testing/memory_delivery.ts";
import { PlainIndexer } from "../delivery/testing/plain_indexer.ts";

const envelope = utf8("MAIL FROM:<someone@example.net> SIZE=2100\r\nRCPT TO:<user@example.org>\r\nDATA\r\n");
const body = utf8(
  `From: someone@example.net\r\nSubject: x\r\n\r\n${`${"y".repeat(76)}\r\n`.repeat(26)}.\r\n`,
);
const index: MessageIndex = new PlainIndexer().end();

const delivery = new MemoryDelivery();
delivery.deliver = () => Promise.resolve([{ kind: "delivered", id: "1" }]);

const services: SmtpServices = {
  deliver: delivery,
  places: new SpoolPlaces(delivery, new FakeClock()),
  authenticator: new MemoryAuthenticator(),
  submit: () => delivery,
  evidence: null,
  destinations: null,
  indexer: () => ({ write: () => {}, end: () => index }),
  clock: new FakeClock(),
  random: (octets) => crypto.getRandomValues(new Uint8Array(octets)),
  publicId: () => "ID",
  metrics: smtpMetrics(new Metrics()),
  partial: new PartialDeliveries(),
  stopping: new AbortController().signal,
};

Deno.bench("20 messages of 2 KB on one connection", async () => {
  const { server, client } = memoryTransports();
  const done = serveSmtp(
    server,
    services,
    smtpSettings({ kind: "delivery", hostname: "h.example" }),
    silentLog,
  );
  await client.read();
  await client.write(utf8("EHLO a.example\r\n"));
  await client.read();
  for (let i = 0; i < 20; i++) {
    await client.write(envelope);
    await client.read();
    await client.write(body);
    await client.read();
  }
  client.endWriting();
  await done;
});
