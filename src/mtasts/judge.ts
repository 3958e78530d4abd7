/**
 * Whether a host may get a domain's mail: its name, and then what it showed in TLS. RFC 8461 4, 5, 7
 *
 * The rule never replaces DANE: a host that fails there has failed, whatever a policy says (RFC 8461 2).
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { type CertificateFields, readCertificate } from "../tls/certificate_fields.ts";
import { hasDnsId } from "../tls/server_names.ts";
import { allowsHost, type Policy } from "./policy.ts";

/** What a host did, as `net` tells it. */
export interface HostSession {
  /** Whether it offered STARTTLS and the handshake was done. */
  readonly tls: boolean;
  /** Why its chain does not lead to a trusted root, in the runtime's words; null if it does. */
  readonly distrust: string | null;
  /** Its certificates in DER, its own first. */
  readonly chain: readonly Uint8Array[];
}

/** What is wrong, in the words of TLS reports. RFC 8460 4.3 */
export type HostFault =
  | "validation-failure"
  | "starttls-not-supported"
  | "certificate-host-mismatch"
  | "certificate-expired"
  | "certificate-not-trusted";

/** What is said of a host. */
export interface HostVerdict {
  /** Whether mail may go there. */
  readonly allowed: boolean;
  /** Null if all is well; also told where a policy in test lets it pass. */
  readonly fault: HostFault | null;
  /** For `failure-reason-code`; null without a fault. */
  readonly reason: string | null;
  /** One sentence for logs and bounces. */
  readonly why: string;
}

/** Before dialling: whether the policy names the host. @param host As the MX record has it, not what its aliases lead to. */
export function judgeName(policy: Policy | null, host: string): HostVerdict {
  if (policy === null || policy.mode === "none") return good("no MTA-STS policy asks for anything");
  if (allowsHost(policy, host)) return good(`the MTA-STS policy names ${host}`);
  return bad(
    policy,
    "validation-failure",
    "mtasts-policy-mx-mismatch",
    `the MTA-STS policy does not name ${host}`,
  );
}

/** After STARTTLS: whether the host proved to be who it is called. */
export function judgeSession(
  policy: Policy | null,
  host: string,
  session: HostSession,
  now: Millis,
): HostVerdict {
  const named = judgeName(policy, host);
  if (policy === null || policy.mode === "none" || named.fault !== null) return named;
  if (!session.tls) {
    return bad(policy, "starttls-not-supported", "starttls-not-supported", `${host} does not offer STARTTLS`);
  }
  const fault = certificateFault(host, session, now);
  if (fault === null) return good(`the certificate of ${host} is valid, as the MTA-STS policy wants it`);
  return bad(policy, fault.fault, fault.reason, fault.why);
}

/** RFC 8461 4.2: not expired, with the host's name as a DNS-ID, and of a trusted root; in the order that helps most. */
function certificateFault(host: string, { distrust, chain }: HostSession, now: Millis) {
  const certificate = ownCertificate(chain);
  if (certificate === null) {
    return fault(
      "certificate-not-trusted",
      "no-certificate",
      `${host} showed no certificate that can be read, or one of a form with which it cannot prove to have its key`,
    );
  }
  if (now > certificate.notAfter) {
    return fault("certificate-expired", "expired", `the certificate of ${host} has expired`);
  }
  if (now < certificate.notBefore) {
    return fault("certificate-not-trusted", "not-yet-valid", `the certificate of ${host} is not valid yet`);
  }
  if (!hasDnsId(certificate, host)) {
    return fault("certificate-host-mismatch", "no-dns-id", `the certificate of ${host} is for other names`);
  }
  if (distrust === null) return null;
  const reason = distrust.replace(/[^ -~]/g, "?").slice(0, maxReason);
  return fault("certificate-not-trusted", reason, `the certificate of ${host} is not trusted: ${reason}`);
}

/** Characters of the runtime's words that are repeated. */
const maxReason = 100;

function fault(fault: HostFault, reason: string, why: string) {
  return { fault, reason, why };
}

function ownCertificate(chain: readonly Uint8Array[]): CertificateFields | null {
  const [own] = chain;
  if (own === undefined) return null;
  try {
    return readCertificate(own);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}

function good(why: string): HostVerdict {
  return { allowed: true, fault: null, reason: null, why };
}

function bad(policy: Policy, fault: HostFault, reason: string, why: string): HostVerdict {
  const isTest = policy.mode === "testing"; // RFC 8461 5: told in reports, and nothing else.
  return { allowed: isTest, fault, reason, why: isTest ? `${why}; the policy is only in test` : why };
}
