/**
 * What each check found, as it stands in the evidence.
 *
 * Tested by `gather_test.ts`.
 *
 * @module
 */
import { normalForm } from "../address/domain.ts";
import type { ArcResult } from "../arc/verify.ts";
import { base64 } from "../base/bytes.ts";
import type { DkimResult } from "../dkim/verifier.ts";
import { type DmarcResult, policyAtStake } from "../dmarc/evaluate.ts";
import { printRecord } from "../dmarc/record.ts";
import type { ListResult } from "../dnsbl/lookup.ts";
import { nameForPeople } from "../dns/name.ts";
import { parseAuthenticationResults } from "../message/authentication_results.ts";
import type { SpfResult } from "../spf/check_host.ts";
import type { IprevResult } from "../spf/iprev.ts";
import {
  type ArcEvidence,
  type ArcLinkEvidence,
  type BlocklistEvidence,
  type DkimEvidence,
  type DmarcEvidence,
  type IprevEvidence,
  maxArcLinks,
  type SpfEvidence,
} from "./evidence.ts";

export function iprevEvidence({ status, name, security, why }: IprevResult): IprevEvidence {
  return { status, name: name === null ? null : nameForPeople(name), security, why };
}

export function spfEvidence(identity: SpfEvidence["identity"], result: SpfResult): SpfEvidence {
  const { status, mechanism, explanation, lookups, security, why } = result;
  // A HELO name is as the peer wrote it, and may be none.
  const domain = normalForm(result.domain.replace(/\.$/, ""), { underscore: true }) ?? result.domain;
  return { status, identity, domain, mechanism, explanation, lookups, security, why };
}

/** Of a check that came to no end. */
export function unknownSpf(identity: SpfEvidence["identity"], domain: string, why: string): SpfEvidence {
  const nothing = { mechanism: null, explanation: null, lookups: 0, security: "indeterminate" } as const;
  return { status: "temperror", identity, domain, ...nothing, why };
}

export function dkimEvidence(result: DkimResult): DkimEvidence {
  const { status, signature, keyBits, lengthLimited, testing, services, security, why } = result;
  return {
    status,
    domain: signature?.domain ?? null,
    selector: signature?.selector ?? null,
    identity: signature?.identity ?? null,
    algorithm: signature?.algorithm ?? null,
    keyBits,
    prefix: signature === null ? null : base64(signature.signature.slice(0, 12)),
    lengthLimited,
    testing,
    services,
    security,
    why,
  };
}

/** Of a message in which nothing could be looked for. */
export function brokenDkim(why: string): DkimEvidence {
  return {
    status: "temperror",
    domain: null,
    selector: null,
    identity: null,
    algorithm: null,
    keyBits: null,
    prefix: null,
    lengthLimited: false,
    testing: false,
    services: null,
    security: null,
    why,
  };
}

export function arcEvidence(result: ArcResult): ArcEvidence {
  const { status, instances, oldestPass, testing, security, why, chain } = result;
  // What was said before a signature that leaves something open is said of a message that may have been another.
  const lastOpen = chain.findLastIndex((link) => !link.isWhole);
  const links = chain.map(({ instance, domain, payload }, i) => ({
    instance,
    domain,
    dmarc: i <= lastOpen ? null : claimedDmarc(payload),
  })).slice(-maxArcLinks);
  // RFC 8617 5.2.1 makes no difference between the kinds of failure; whoever is told to try again does.
  const inDoubt = chain.some(({ amsStatus, asStatus }) =>
    amsStatus === "temperror" || asStatus === "temperror"
  );
  return { status, instances, oldestPass, testing, inDoubt, security, links, why };
}

export function brokenArc(why: string): ArcEvidence {
  const none = { instances: 0, oldestPass: null, testing: false, security: null, links: [] };
  return { status: "fail", ...none, inDoubt: true, why };
}

/** What a sealer says of DMARC; worth as much as the sealer. RFC 8617 4.1.1 */
function claimedDmarc(payload: string): ArcLinkEvidence["dmarc"] {
  try {
    const { results } = parseAuthenticationResults(payload);
    const dmarc = results.find((one) => one.method === "dmarc");
    if (dmarc === undefined) return null;
    const from = dmarc.properties.find(({ type, name }) => type === "header" && name === "from");
    return { result: dmarc.result, from: from === undefined ? null : normalForm(from.value) };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Longest record that is kept: those of usual length ask for a few reports. */
const maxRecordLength = 4000;

export function dmarcEvidence(result: DmarcResult): DmarcEvidence {
  const record = result.record === null ? null : printRecord(result.record);
  return {
    status: result.status,
    policy: result.policy,
    publishedPolicy: result.publishedPolicy,
    policyAtStake: policyAtStake(result),
    alignedBy: result.alignedBy,
    domain: result.domain,
    organizationalDomain: result.organizationalDomain,
    recordDomain: result.recordDomain,
    record: record !== null && record.length > maxRecordLength ? null : record,
    overrides: result.overrides,
    security: result.security,
    why: result.why,
  };
}

export function blocklistEvidence({ list, status, codes, text, why }: ListResult): BlocklistEvidence {
  return { list, status, codes, text, why };
}

/** Of a list that came to no answer. */
export function unknownListing(list: string, why: string): BlocklistEvidence {
  return { list, status: "temperror", codes: [], text: "", why };
}
