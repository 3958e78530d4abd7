/**
 * A world in which example.org sends and signs its mail, and others do in its name.
 *
 * @module
 */
import type { Bytes } from "../../base/bytes.ts";
import { silentLog } from "../../base/log.ts";
import { Metrics } from "../../base/metrics.ts";
import { now, octets, rsaSigner, signed, zone as keys } from "../../dkim/testing/signed_message.ts";
import type { Resolver } from "../../dns/resolver.ts";
import { txt, type Zone, ZoneResolver } from "../../dns/testing/zone_resolver.ts";
import { FakeClock } from "../../../tests/support/fake_clock.ts";
import type { Evidence } from "../evidence.ts";
import { type Envelope, Gatherer, type Gathering, type GatherSettings } from "../gather.ts";
import { evidenceMetrics } from "../metrics.ts";
import { publicSuffixList } from "../public_suffix_list.ts";

/** The host of example.org. */
export const ip = "192.0.2.1";

export const zone: Zone = {
  ...keys,
  "1.2.0.192.in-addr.arpa": { records: { PTR: [{ target: "mx.example.org." }] } },
  "mx.example.org": { records: { A: [{ address: ip }], TXT: txt("v=spf1 a -all") } },
  "example.org": { records: { TXT: txt("v=spf1 ip4:192.0.2.1 -all") } },
  "_dmarc.example.org": { records: { TXT: txt("v=DMARC1; p=reject; rua=mailto:d@example.org") } },
  "evil.example": { records: { TXT: txt("v=spf1 ip4:203.0.113.9 -all") } },
  // The blocklist's two test entries, and a spammer. RFC 5782 5
  "2.0.0.127.bl.example": { records: { A: [{ address: "127.0.0.2" }] } },
  "13.113.0.203.bl.example": { records: { A: [{ address: "127.0.0.2" }], TXT: txt("spam") } },
};

export const message = octets("From: Joe <joe@example.org>\nTo: a@example.net\nSubject: hi\n\nHi.\n");
export const signedMessage: Bytes = signed(message, [rsaSigner]);

/** From example.org's host. */
export const envelope: Envelope = {
  remoteIp: ip,
  helo: "mx.example.org",
  mailFrom: { local: "joe", domain: "example.org" },
  tls: null,
};

/** From a host of nobody, in the name of example.org, with an envelope that SPF confirms. */
export const forgedEnvelope: Envelope = {
  remoteIp: "203.0.113.9",
  helo: "evil.example",
  mailFrom: { local: "x", domain: "evil.example" },
  tls: null,
};

/** A gatherer with its clock. */
export function gatherer(
  resolver: Resolver = new ZoneResolver(zone),
  settings: Partial<GatherSettings> = {},
  log = silentLog,
  metrics = new Metrics(),
): { gatherer: Gatherer; clock: FakeClock } {
  const clock = new FakeClock(now);
  const all = { hostname: "mail.example.net", ...settings };
  return {
    gatherer: new Gatherer({
      resolver,
      clock,
      log,
      settings: all,
      suffixes: publicSuffixList,
      metrics: evidenceMetrics(metrics),
    }),
    clock,
  };
}

/** Writes the message in pieces. */
export function write(gathering: Gathering, content: Uint8Array, pieceOctets = content.length): void {
  for (let at = 0; at < content.length; at += pieceOctets) {
    gathering.write(content.subarray(at, at + pieceOctets));
  }
}

/** All in one. */
export async function gathered(
  content: Uint8Array,
  from: Envelope,
  resolver?: Resolver,
  settings?: Partial<GatherSettings>,
): Promise<Evidence> {
  const gathering = gatherer(resolver, settings).gatherer.begin(from);
  write(gathering, content);
  return await gathering.finish();
}
