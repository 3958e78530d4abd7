/**
 * The fields that tell, in front of a message, what was found out of it: Authentication-Results (RFC 8601) and
 * Received-SPF (RFC 7208 9.1).
 *
 * @module
 */
import { asciiDomain, isAscii, normalForm } from "../address/domain.ts";
import { parseIp } from "../base/ip_address.ts";
import type { Security } from "../dns/resolver.ts";
import {
  type MethodResult,
  printAuthenticationResults,
  printResultsPayload,
  type ResultProperty,
  type ResultsForm,
} from "../message/authentication_results.ts";
import { printReceivedSpf } from "../spf/received_spf.ts";
import type { DkimEvidence, Evidence, SpfEvidence } from "./evidence.ts";

/** How the fields are printed. */
export interface TraceForm extends ResultsForm {
  /** Who found it out; this server's name in ASCII. */
  readonly authservId: string;
}

/** Both fields, Authentication-Results first, each line with CRLF: above Received and below Return-Path. */
export function printEvidenceFields(evidence: Evidence, form: TraceForm): string {
  const { authservId } = form;
  return printAuthenticationResults({ authservId, results: methodResults(evidence, form) }, form) +
    receivedSpf(evidence, form);
}

/** What an ARC seal quotes: the results without the field's name. RFC 8617 4.1.1 */
export function printSealedResults(evidence: Evidence, form: TraceForm): string {
  const { authservId } = form;
  return printResultsPayload({ authservId, results: methodResults(evidence, form) }, form);
}

/** RFC 8601 2.7, RFC 8617 10.1, RFC 9989 9.1 */
export function methodResults(evidence: Evidence, form: ResultsForm): MethodResult[] {
  return [
    iprevResult(evidence),
    ...dkimResults(evidence.dkim, form),
    spfResult(evidence.spf, form),
    dmarcResult(evidence, form),
    ...arcResult(evidence),
  ];
}

function iprevResult({ iprev, remoteIp }: Evidence): MethodResult {
  return result("iprev", iprev.status, [dnssec(iprev.security)], [["policy", "iprev", remoteIp]]);
}

function dkimResults(signatures: readonly DkimEvidence[], form: ResultsForm): MethodResult[] {
  return signatures.map((one) => {
    const { keyBits, algorithm, security, testing, lengthLimited } = one;
    // What fails while a key is tried out is to be treated as if it were not signed (RFC 6376 3.6.1), by readers as well.
    const status = testing && one.status !== "pass" ? "none" : one.status;
    const comment = [
      keyBits === null || algorithm === null ? null : `${keyBits} bit ${algorithm.split("-")[0] ?? ""}`,
      testing ? "test mode" : null,
      lengthLimited ? "only the beginning of the body is signed" : null,
      security === null ? null : dnssec(security),
      one.status === "pass" || one.status === "none" ? null : one.why,
    ];
    const properties: [string, string, string | null][] = [
      ["header", "d", domainText(one.domain, form)],
      ["header", "s", selectorText(one.selector, form)],
      ["header", "a", algorithm],
      ["header", "b", uniquePrefix(one, signatures)],
      ["header", "i", identityText(one.identity, form)],
    ];
    return result("dkim", status, comment, properties);
  });
}

/** At least eight characters, more if another signature begins with them. RFC 6008 4 */
function uniquePrefix({ prefix }: DkimEvidence, signatures: readonly DkimEvidence[]): string | null {
  if (prefix === null) return null;
  const short = prefix.slice(0, 8);
  const alike = signatures.filter((one) => one.prefix?.startsWith(short) === true);
  return alike.length > 1 ? prefix : short;
}

/** Without the localpart, which SPF does not confirm. RFC 8601 2.7.2 */
function spfResult(spf: SpfEvidence, form: ResultsForm): MethodResult {
  const comment = [dnssec(spf.security), spf.status === "pass" ? null : spf.why];
  return result("spf", spf.status, comment, [["smtp", spf.identity, domainText(spf.domain, form)]]);
}

function dmarcResult({ dmarc }: Evidence, form: ResultsForm): MethodResult {
  const comment = [
    dmarc.publishedPolicy === null ? null : `asks for ${dmarc.publishedPolicy}`,
    ...dmarc.overrides.map((override) => `${override.type}: ${override.comment}`),
    dmarc.security === null ? null : dnssec(dmarc.security),
    dmarc.status === "pass" ? null : dmarc.why,
  ];
  const properties: [string, string, string | null][] = [["header", "from", domainText(dmarc.domain, form)]];
  // RFC 9989 9.1: "the evaluated DMARC policy applied / to be applied".
  if (dmarc.status === "pass" || dmarc.status === "fail") {
    properties.push(["policy", "dmarc", dmarc.policyAtStake]);
  }
  return result("dmarc", dmarc.status, comment, properties);
}

function arcResult({ arc, remoteIp }: Evidence): MethodResult[] {
  if (arc.status === "none") return [];
  const comment = [
    `i=${arc.instances}`,
    arc.security === null ? null : dnssec(arc.security),
    arc.status === "fail" ? arc.why : null,
  ];
  const oldest = arc.oldestPass === null ? null : String(arc.oldestPass);
  return [
    result("arc", arc.status, comment, [["header", "oldest-pass", oldest], ["smtp", "remote-ip", remoteIp]]),
  ];
}

function result(
  method: string,
  status: string,
  comment: readonly (string | null)[],
  properties: readonly [type: string, name: string, value: string | null][],
): MethodResult {
  const known: ResultProperty[] = [];
  for (const [type, name, value] of properties) {
    if (value !== null && value !== "") known.push({ type, name, value });
  }
  const text = comment.filter((one) => one !== null).join(", ");
  return { method, result: status, comment: text === "" ? null : text, reason: null, properties: known };
}

function dnssec(security: Security): string {
  return security === "secure" ? "with dnssec" : "without dnssec";
}

/** As the field can hold it: in A-labels unless it is one of UTF-8. A HELO name may be anything. */
function domainText(domain: string | null, { utf8 }: ResultsForm): string | null {
  if (domain === null || utf8 || isAscii(domain)) return domain;
  return normalForm(domain, { underscore: true }) === null ? asciiOnly(domain) : asciiDomain(domain);
}

function asciiOnly(text: string): string {
  return text.replace(/[^\x00-\x7f]/gu, "?");
}

/** As part of a longer name: one that ends in a number would be no domain. */
function selectorText(selector: string | null, form: ResultsForm): string | null {
  const below = "._domainkey";
  return selector === null ? null : domainText(`${selector}${below}`, form)?.slice(0, -below.length) ?? null;
}

/** `local@domain`; without a localpart that the field cannot hold. */
function identityText(identity: string | null, form: ResultsForm): string | null {
  if (identity === null) return null;
  const at = identity.lastIndexOf("@");
  const local = identity.slice(0, at);
  const domain = domainText(identity.slice(at + 1), form);
  if (domain === null) return null;
  return `${form.utf8 || isAscii(local) ? local : ""}@${domain}`;
}

function receivedSpf({ spf, remoteIp, helo, mailFrom }: Evidence, form: TraceForm): string {
  const ip = parseIp(remoteIp);
  if (ip === null) return "";
  const text = (value: string) => form.utf8 ? value : asciiOnly(value);
  const { mechanism, why } = spf;
  return printReceivedSpf({
    ...spf,
    domain: domainText(spf.domain, form) ?? "",
    mechanism: mechanism === null ? null : text(mechanism),
    why: text(why),
  }, {
    identity: spf.identity,
    ip,
    from: identityText(mailFrom, form),
    helo: domainText(helo, form) ?? "",
    receiver: form.authservId,
  });
}
