/**
 * Evidence in plain words, for `message why`.
 *
 * @module
 */
import type { Security } from "../dns/resolver.ts";
import type { DkimEvidence, Evidence, SpfEvidence } from "./evidence.ts";
import type { Verdict } from "./verdict.ts";

/** One line for each thing that was found out, and for what was concluded. Without control characters. */
export function explain(evidence: Evidence, verdict: Verdict | null = null): string[] {
  const lines = [
    ...(verdict === null ? [] : verdictLines(verdict)),
    `from ${evidence.mailFrom ?? "nobody (the null sender)"}, sent by ${host(evidence)}`,
    `reverse name: ${evidence.iprev.status}, ${evidence.iprev.why}${dnssec(evidence.iprev.security)}`,
    ...spfLines(evidence.spf),
    ...(evidence.spfHelo === null ? [] : spfLines(evidence.spfHelo)),
    ...evidence.dkim.map(dkimLine),
    ...arcLines(evidence),
    ...fromLines(evidence),
    ...dmarcLines(evidence),
    ...evidence.blocklists.map(({ list, status, why, text }) =>
      `blocklist ${list}: ${status}, ${why}${text === "" ? "" : `, "${text}"`}`
    ),
    ...evidence.untrustedResults.map(({ authservId, why }) =>
      `do not believe the Authentication-Results of ${authservId ?? "nobody knows whom"}: ${untrusted[why]}`
    ),
    ...evidence.cutLookups.map((lookup) => `not answered in time: ${lookup}`),
  ];
  if (evidence.waitedMs > 0) lines.push(`the complete message waited ${evidence.waitedMs} ms for answers`);
  return lines;
}

const untrusted: Readonly<Record<Evidence["untrustedResults"][number]["why"], string>> = {
  ours: "it came with the message, in our name",
  version: "it is of an unknown version",
  unreadable: "it cannot be read",
};

function verdictLines({ action, junk, reason, sentence, reply, overrides }: Verdict): string[] {
  const what = action === "accept"
    ? junk ? "taken as junk" : "taken"
    : action === "reject"
    ? "refused"
    : "put off";
  // Not that it was given: localserve takes everything, and what is refused is not kept where it is.
  const told = reply === null ? "" : `; the answer for that is ${reply.code} ${reply.enhanced} ${reply.text}`;
  return [
    `${what} (${reason}): ${sentence}${told}`,
    ...overrides.map((one) => `the policy was not applied (${one.type}): ${one.comment}`),
  ];
}

function host({ helo, remoteIp, tls, iprev }: Evidence): string {
  const name = iprev.name === null ? remoteIp : `${iprev.name} (${remoteIp})`;
  const how = tls === null ? "without TLS" : `with ${tls.version} ${tls.cipher}`;
  return `${name}, which calls itself ${helo}, ${how}`;
}

function spfLines({ identity, domain, status, why, explanation, security }: SpfEvidence): string[] {
  const what = identity === "mailfrom" ? "MAIL FROM" : "HELO";
  const lines = [`SPF of ${what} (${domain}): ${status}, ${why}${dnssec(security)}`];
  if (explanation !== null) lines.push(`${domain} says of it: "${explanation}"`);
  return lines;
}

function dkimLine(signature: DkimEvidence): string {
  const { status, domain, selector, why, lengthLimited, testing, security } = signature;
  const whose = domain === null ? "" : ` of ${domain} (selector ${selector})`;
  const notes = [
    lengthLimited ? "; it covers only the beginning of the body, so it confirms nobody" : "",
    testing ? "; its key is marked as a test" : "",
  ];
  return `DKIM signature${whose}: ${status}, ${why}${notes.join("")}${
    security === null ? "" : dnssec(security)
  }`;
}

function arcLines({ arc }: Evidence): string[] {
  if (arc.status === "none") return [];
  const sealers = arc.links.map((link) => {
    const saw = link.dmarc === null ? "" : ` (saw dmarc=${link.dmarc.result} for ${link.dmarc.from ?? "?"})`;
    return `${link.domain ?? "?"}${saw}`;
  });
  const by = sealers.length === 0 ? "" : `; sealed by ${sealers.join(", then ")}`;
  return [`ARC: ${arc.status}, ${arc.why}${by}`];
}

function fromLines({ from, validation, organization }: Evidence): string[] {
  const who = from.address ??
    (from.domains.length === 0 ? "nobody with a domain" : from.domains.join(" and "));
  const sure: Readonly<Record<Evidence["validation"], string>> = {
    strict: "its very domain sent or signed the message",
    dmarc: "DMARC confirms it",
    relaxed: "a domain of the same organization sent or signed the message",
    none: "nothing confirms it",
  };
  const bad = from.status === "ok" || from.status === "none" ? "" : ` (${from.why})`;
  return [
    `From names ${who}${bad}: ${sure[validation]}${
      organization === null ? "" : `; organization ${organization}`
    }`,
  ];
}

function dmarcLines({ dmarc }: Evidence): string[] {
  const security = dmarc.security === null ? "" : dnssec(dmarc.security);
  const lines = [`DMARC: ${dmarc.status}, ${dmarc.why}${security}`];
  if (dmarc.record !== null) {
    lines.push(`the record of ${dmarc.recordDomain} was understood as: ${dmarc.record}`);
  }
  return lines;
}

function dnssec(security: Security): string {
  return security === "secure" ? " (with DNSSEC)" : security === "bogus" ? " (DNSSEC says it is forged)" : "";
}
