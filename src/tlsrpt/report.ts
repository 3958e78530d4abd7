/**
 * The report: a day's results as JSON, and the message or upload that carries it. RFC 8460 4.4, 5
 *
 * @module
 */
import { asciiDomain } from "../address/domain.ts";
import { printMailbox } from "../address/mailbox.ts";
import type { Address } from "../address/address.ts";
import { type AppliedPolicy, dayMs, type DayResults, type Failure, type PolicyResults } from "./results.ts";

/** Who reports. */
export interface Reporter {
  /** A name for people. */
  readonly organization: string;
  /** Whom to ask; its domain is the submitter. */
  readonly contact: Address;
  /** Unique, as `left@right` without brackets: also the Report-ID of the subject. */
  readonly reportId: string;
}

/** Media types of a report, without and with gzip. RFC 8460 5.3, 5.4 */
export const jsonType = "application/tlsrpt+json";
export const gzipType = "application/tlsrpt+gzip";
/** The `report-type` of the message that carries one. RFC 8460 5.3 */
export const reportType = "tlsrpt";

/** The report's JSON, in the order of the standard's figure, with line ends and indents for people. */
export function printReport(results: DayResults, reporter: Reporter): string {
  const report = {
    "organization-name": reporter.organization.toWellFormed(),
    "date-range": {
      "start-datetime": dateTime(results.day),
      // The last second: the day's end is the next one's beginning. RFC 8460 appendix B
      "end-datetime": dateTime(results.day + dayMs - 1000),
    },
    "contact-info": printMailbox(reporter.contact, { utf8: false }),
    "report-id": reporter.reportId,
    "policies": results.policies.map(policyObject),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** What the fields and the file of a report are called. */
export interface ReportNames {
  /** RFC 8460 5.3 */
  readonly subject: string;
  /** `TLS-Report-Domain` and `TLS-Report-Submitter`, which DKIM should sign. RFC 8460 5.3 */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** RFC 8460 5.1 */
  readonly fileName: string;
}

/**
 * Names for the message that carries a report.
 *
 * @throws {TypeError} If the report's id is no message identifier.
 */
export function reportNames(
  results: Pick<DayResults, "domain" | "day">,
  reporter: Reporter,
  extension: "json" | "json.gz" = "json.gz",
): ReportNames {
  const submitter = asciiDomain(reporter.contact.domain);
  const domain = asciiDomain(results.domain);
  if (!reportId.test(reporter.reportId)) throw new TypeError("not a message identifier");
  const begin = results.day / 1000;
  const end = begin + dayMs / 1000 - 1;
  const unique = reporter.reportId.replace(/@.*/, "").replace(/[^A-Za-z0-9]/g, "");
  const parts = [submitter, domain, begin, end, ...(unique === "" ? [] : [unique])];
  return {
    subject: `Report Domain: ${domain} Submitter: ${submitter} Report-ID: <${reporter.reportId}>`,
    fields: [["TLS-Report-Domain", domain], ["TLS-Report-Submitter", submitter]],
    fileName: `${parts.join("!")}.${extension}`,
  };
}

/** `id-left "@" id-right` of RFC 5322 3.6.4, as far as it is ever made. */
const reportId = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,200}@[A-Za-z0-9.-]{1,255}$/;

/** RFC 3339 5.6, whole seconds. */
function dateTime(at: number): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, "Z");
}

function policyObject({ policy, successes, failures, details }: PolicyResults) {
  return {
    "policy": policyFields(policy),
    "summary": {
      "total-successful-session-count": successes,
      "total-failure-session-count": failures,
    },
    ...(details.length === 0 ? {} : { "failure-details": details.map(failureFields) }),
  };
}

/** What does not apply is left out. RFC 8460 4.4: `mx-host` is of MTA-STS alone. */
function policyFields({ type, text, domain, mxHosts }: AppliedPolicy) {
  return {
    "policy-type": type,
    ...(text.length === 0 ? {} : { "policy-string": text }),
    "policy-domain": asciiDomain(domain),
    ...(type === "sts" && mxHosts.length > 0 ? { "mx-host": mxHosts } : {}),
  };
}

function failureFields(failure: Failure) {
  const optional: [name: string, value: string | null][] = [
    ["sending-mta-ip", failure.sendingIp],
    ["receiving-mx-hostname", failure.receivingHost],
    ["receiving-mx-helo", failure.receivingHelo],
    ["receiving-ip", failure.receivingIp],
  ];
  return {
    "result-type": failure.type,
    ...Object.fromEntries(optional.filter(([, value]) => value !== null)),
    "failed-session-count": failure.count,
    ...(failure.reason === null || failure.reason === "" ? {} : { "failure-reason-code": failure.reason }),
  };
}
