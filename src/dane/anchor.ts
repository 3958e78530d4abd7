/**
 * Searches the way from a server's certificate to an authority that TLSA records name. RFC 7671 5.2, RFC 5280 6.1
 *
 * Servers send their certificates in any order, twice, and with ones that belong to nothing; authorities sign each
 * other. So all ways are tried, within a number of signatures that are checked. On each way: every certificate is signed
 * by the next, within its dates, all but the server's own are authorities that may sign, path lengths and name
 * constraints hold, and no critical extension is unknown.
 *
 * Tested by `src/dane/verify_test.ts`
 *
 * @module
 */
import { equalBytes } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { type CertificateFields, readCertificate } from "../tls/certificate_fields.ts";
import { isSignedWith } from "../tls/certificate_signature.ts";
import { matches } from "./match.ts";
import { constraintProblem } from "./name_constraints.ts";
import { matchingTypes, selectors, type TlsaData } from "./records.ts";

/** Most signatures that are checked for one server: each takes about a millisecond, and the chain is a stranger's. */
export const maxSignatureChecks = 20;

/** The way was found, or what stood in it. */
export type AnchorResult =
  | { readonly ok: true; readonly record: TlsaData }
  | {
    readonly ok: false;
    readonly fault: "certificate-expired" | "certificate-not-trusted";
    readonly reason: string;
    readonly why: string;
  };

type Problem = Extract<AnchorResult, { readonly ok: false }>;

const serverAuth = "1.3.6.1.5.5.7.3.1";
const anyPurpose = "2.5.29.37.0";

export class AnchorSearch {
  readonly #leaf: CertificateFields;
  readonly #anchors: readonly TlsaData[];
  readonly #now: Millis;
  /** Who may have signed: what the server sent, and whole certificates from the DNS (RFC 7671 5.2.2). */
  readonly #pool: readonly CertificateFields[];
  #checksLeft = maxSignatureChecks;
  #problem: Problem | null = null;

  constructor(
    leaf: CertificateFields,
    sent: readonly CertificateFields[],
    anchors: readonly TlsaData[],
    now: Millis,
  ) {
    this.#leaf = leaf;
    this.#anchors = anchors;
    this.#now = now;
    this.#pool = distinct([
      leaf,
      ...sent,
      ...anchors.filter(isCertificate).map(({ data }) => readCertificate(data)),
    ]);
  }

  run(): AnchorResult {
    const problem = this.#problemOf(this.#leaf);
    if (problem !== null) return problem;
    // Each way goes from the server's certificate to one that still needs an issuer.
    const ways: (readonly CertificateFields[])[] = [[this.#leaf]];
    for (let way = ways.pop(); way !== undefined; way = ways.pop()) {
      const tip = way.at(-1) ?? this.#leaf;
      for (const issuer of this.#issuersOf(tip)) {
        const record = this.#anchors.find((one) => matches(one, issuer.whole));
        // The server's own certificate may be its own authority, and then signs nothing else.
        const problem = issuer === this.#leaf
          ? null
          : this.#authorityProblem(issuer, way, record !== undefined);
        if (problem !== null) this.#problem ??= problem;
        else if (record !== undefined) return { ok: true, record };
        else if (!way.includes(issuer)) ways.push([...way, issuer]);
      }
      const key = this.#bareKeyOf(tip);
      if (key !== null) return { ok: true, record: key };
    }
    return this.#problem ?? this.#nothingFound();
  }

  *#issuersOf(tip: CertificateFields): Generator<CertificateFields> {
    for (const one of this.#pool) {
      if (equalBytes(one.subject, tip.issuer) && this.#isSigned(tip, one.publicKey)) yield one;
    }
  }

  /** A key without a certificate, which signed the topmost one. RFC 7671 5.2.3 */
  #bareKeyOf(tip: CertificateFields): TlsaData | null {
    const keys = this.#anchors.filter((one) =>
      one.selector === selectors.publicKey && one.matchingType === matchingTypes.full
    );
    return keys.find(({ data }) => this.#isSigned(tip, data)) ?? null;
  }

  #isSigned(certificate: CertificateFields, publicKey: Uint8Array): boolean {
    if (this.#checksLeft === 0) return false;
    this.#checksLeft--;
    return isSignedWith(certificate, publicKey);
  }

  /** What keeps a certificate from signing those of `way`, or null. RFC 5280 6.1.4 */
  #authorityProblem(
    issuer: CertificateFields,
    way: readonly CertificateFields[],
    isAnchor: boolean,
  ): Problem | null {
    const problem = this.#problemOf(issuer);
    if (problem !== null) return problem;
    // Who publishes an authority says that it is one, unless the certificate itself denies it.
    const isCa = isAnchor ? issuer.isCa !== false : issuer.isCa === true;
    if (!isCa || issuer.maySignCertificates === false) {
      return distrusted("not-a-ca", "a certificate of the chain is signed by one that is no authority");
    }
    const between = way.slice(1).filter((one) => !equalBytes(one.issuer, one.subject)).length;
    if (issuer.pathLength !== null && between > issuer.pathLength) {
      return distrusted("path-length", "the chain is longer than one of its authorities may make it");
    }
    const constraint = constraintProblem(issuer, way);
    return constraint === null ? null : distrusted("name-constraints", constraint);
  }

  /** What is wrong with a certificate wherever it stands, or null. */
  #problemOf({ notBefore, notAfter, unknownCritical, purposes }: CertificateFields): Problem | null {
    if (this.#now > notAfter) {
      return {
        ok: false,
        fault: "certificate-expired",
        reason: "expired",
        why: "a certificate of the chain has expired",
      };
    }
    if (this.#now < notBefore) {
      return distrusted("not-yet-valid", "a certificate of the chain is not valid yet");
    }
    if (unknownCritical.length > 0) {
      return distrusted(
        "unknown-critical",
        `the chain has a critical extension that is not known: ${unknownCritical[0]}`,
      );
    }
    if (purposes !== null && !purposes.includes(serverAuth) && !purposes.includes(anyPurpose)) {
      return distrusted("purpose", "a certificate of the chain is not for servers");
    }
    return null;
  }

  #nothingFound(): Problem {
    if (this.#checksLeft === 0) {
      return distrusted("too-many-certificates", "the chain takes more work to check than a server is given");
    }
    const isSent = this.#pool.some((one) => this.#anchors.some((record) => matches(record, one.whole)));
    return isSent
      ? distrusted(
        "dane-no-chain",
        "the server's certificate does not lead to the authority that is published",
      )
      : distrusted("dane-no-match", "the server sent no certificate of an authority that is published");
  }
}

function isCertificate({ selector, matchingType }: TlsaData): boolean {
  return selector === selectors.certificate && matchingType === matchingTypes.full;
}

function distinct(certificates: readonly CertificateFields[]): CertificateFields[] {
  return certificates.filter((one, i) =>
    certificates.findIndex((other) => equalBytes(one.whole, other.whole)) === i
  );
}

function distrusted(reason: string, why: string): Problem {
  return { ok: false, fault: "certificate-not-trusted", reason, why };
}
