/**
 * Evidence for tests of what reads it: a message of example.org that nothing speaks for or against.
 *
 * @module
 */
import type { Evidence, SpfEvidence } from "../evidence.ts";

export const sampleSpf: SpfEvidence = {
  status: "none",
  identity: "mailfrom",
  domain: "example.org",
  mechanism: null,
  explanation: null,
  lookups: 1,
  security: "insecure",
  why: "example.org. has no SPF record",
};

export const sampleDkim: Evidence["dkim"][number] = {
  status: "pass",
  domain: "example.org",
  selector: "sel",
  identity: "@example.org",
  algorithm: "rsa-sha256",
  keyBits: 2048,
  prefix: "abcdefgh/jklmnop",
  lengthLimited: false,
  testing: false,
  services: ["*"],
  security: "insecure",
  why: "the signature verifies",
};

export const sampleDmarc: Evidence["dmarc"] = {
  status: "none",
  policy: "none",
  publishedPolicy: null,
  policyAtStake: "none",
  alignedBy: [],
  domain: "example.org",
  organizationalDomain: "example.org",
  recordDomain: null,
  record: null,
  overrides: [],
  security: "insecure",
  why: "neither example.org nor a domain above it has a record",
};

/** DMARC of a message that fails, with its policy. */
export function failedDmarc(policy: "none" | "quarantine" | "reject"): Evidence["dmarc"] {
  return {
    ...sampleDmarc,
    status: "fail",
    policy,
    publishedPolicy: policy,
    policyAtStake: policy,
    recordDomain: "example.org",
    record: `v=DMARC1; p=${policy}`,
    why: `no identifier of the organization confirms example.org; example.org asks for ${policy}`,
  };
}

export const sampleEvidence: Evidence = {
  version: 1,
  at: Date.UTC(2026, 0, 2),
  waitedMs: 0,
  remoteIp: "192.0.2.1",
  helo: "mx.example.org",
  mailFrom: "joe@example.org",
  tls: { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256" },
  iprev: {
    status: "pass",
    name: "mx.example.org",
    security: "secure",
    why: "mx.example.org. leads back to 192.0.2.1",
  },
  spf: sampleSpf,
  spfHelo: { ...sampleSpf, identity: "helo", domain: "mx.example.org" },
  from: {
    fields: 1,
    address: "joe@example.org",
    domains: ["example.org"],
    status: "ok",
    why: "From is of example.org",
  },
  dkim: [{
    ...sampleDkim,
    status: "none",
    domain: null,
    selector: null,
    identity: null,
    algorithm: null,
    keyBits: null,
    prefix: null,
    services: null,
    security: null,
    why: "there is no signature",
  }],
  arc: {
    status: "none",
    instances: 0,
    oldestPass: null,
    testing: false,
    inDoubt: false,
    security: null,
    links: [],
    why: "there is no ARC chain",
  },
  dmarc: sampleDmarc,
  validation: "none",
  organization: "example.org",
  blocklists: [],
  untrustedResults: [],
  cutLookups: [],
};
