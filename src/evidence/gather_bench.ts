/**
 * What finding out costs for a message of 2 KB without signatures, from a sender that writes again and again, with
 * answers that are known already: what every delivery pays.
 *
 * @module
 */
import { utf8 } from "../base/bytes.ts";
import { silentLog } from "../base/log.ts";
import { LocalResolver } from "../dns/local_resolver.ts";
import { systemClock } from "../net/system_clock.ts";
import { decodeEvidence, encodeEvidence } from "./evidence.ts";
import { Gatherer } from "./gather.ts";
import { publicSuffixList } from "./public_suffix_list.ts";
import { printEvidenceFields } from "./trace_fields.ts";

const gatherer = new Gatherer({
  resolver: new LocalResolver(new Map(), null),
  clock: systemClock,
  log: silentLog,
  settings: { hostname: "localhost" },
  suffixes: publicSuffixList,
});
const message = utf8(`From: <a@example.org>\r\nSubject: x\r\n\r\n${"some text in a line\r\n".repeat(90)}`);

async function gather() {
  const gathering = gatherer.begin({
    remoteIp: "127.0.0.1",
    helo: "bench.example.org",
    mailFrom: { local: "a", domain: "example.org" },
    tls: null,
  });
  gathering.write(message);
  return await gathering.finish();
}

const evidence = await gather();
const encoded = encodeEvidence(evidence);

Deno.bench("gather", async () => void await gather());
Deno.bench("encode", () => void encodeEvidence(evidence));
Deno.bench("decode", () => void decodeEvidence(encoded));
Deno.bench("print", () => void printEvidenceFields(evidence, { authservId: "localhost", utf8: false }));
