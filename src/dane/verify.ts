/**
 * Whether a server's certificates match its TLSA records. RFC 6698 2.1.1, RFC 7671 5, RFC 7672 3
 *
 * - DANE-EE(3): the server's own certificate or key is the one that is published. Nothing else in it counts, neither
 *   names nor dates: the record's signature says until when it holds (RFC 7672 3.1.1).
 * - DANE-TA(2): a chain leads from the server's certificate to one that is published, each signed by the next, all
 *   valid by their dates and constraints, and the server has one of the names that were wanted (RFC 7672 3.1.2, 3.2.2).
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { type CertificateFields, readCertificate } from "../tls/certificate_fields.ts";
import { coversHost, presentedNames } from "../tls/server_names.ts";
import { AnchorSearch } from "./anchor.ts";
import { matches } from "./match.ts";
import { type TlsaData, usages } from "./records.ts";

/** Most certificates of a server that are looked at. */
export const maxChainLength = 10;

/** What is said of a server. */
export type DaneVerdict =
  | {
    readonly ok: true;
    /** The record that it matched. */
    readonly record: TlsaData;
    /** One sentence. */
    readonly why: string;
  }
  | {
    readonly ok: false;
    /** The word for TLS reports, RFC 8460 4.3; and for their `failure-reason-code`. */
    readonly fault:
      | "validation-failure"
      | "certificate-host-mismatch"
      | "certificate-expired"
      | "certificate-not-trusted";
    readonly reason: string;
    /** One sentence for logs and bounces. */
    readonly why: string;
  };

/** What a server must show. As the plan says it. */
export interface Expected {
  /** Only usable ones; see `usableRecords`. */
  readonly records: readonly TlsaData[];
  /** A-labels or U-labels. */
  readonly names: readonly string[];
}

/**
 * Compares.
 *
 * @param chain The server's certificates in DER, its own first, then in any order. That it has the key of its own was
 * proved in the handshake (`tls/proved_key.ts`): without that, nothing said here means anything.
 */
export function verifyDane(chain: readonly Uint8Array[], expected: Expected, now: Millis): DaneVerdict {
  const [own, ...others] = chain.slice(0, maxChainLength);
  if (own === undefined) {
    return bad(
      "validation-failure",
      "no-certificate",
      "the server showed no certificate, or one of a form with which it cannot prove to have its key",
    );
  }
  const entity = expected.records.find((record) => record.usage === usages.daneEe && matches(record, own));
  if (entity !== undefined) return good(entity, "the server's certificate is the one that is published");
  const anchors = expected.records.filter((record) => record.usage === usages.daneTa);
  if (anchors.length === 0) {
    return bad(
      "validation-failure",
      "dane-no-match",
      "the server's certificate is not one that is published",
    );
  }
  return verifyChain(own, others, anchors, expected.names, now);
}

function verifyChain(
  own: Uint8Array,
  others: readonly Uint8Array[],
  anchors: readonly TlsaData[],
  names: readonly string[],
  now: Millis,
): DaneVerdict {
  const leaf = read(own);
  if (leaf === null) {
    return bad("certificate-not-trusted", "malformed", "the server's certificate cannot be read");
  }
  const sent = others.map(read).filter((one) => one !== null);
  const result = new AnchorSearch(leaf, sent, anchors, now).run();
  if (!result.ok) return bad(result.fault, result.reason, result.why);
  const presented = presentedNames(leaf);
  // RFC 7672 3.2.3: any of these for any of those.
  if (!names.some((name) => presented.some((one) => coversHost(one, name)))) {
    const wanted = names.join(", ");
    return bad("certificate-host-mismatch", "no-name", `the server's certificate is not for ${wanted}`);
  }
  return good(
    result.record,
    "the server's certificate is of an authority that is published, and has the right name",
  );
}

function read(der: Uint8Array): CertificateFields | null {
  try {
    return readCertificate(der);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}

function good(record: TlsaData, why: string): DaneVerdict {
  return { ok: true, record, why };
}

function bad(
  fault: Extract<DaneVerdict, { readonly ok: false }>["fault"],
  reason: string,
  why: string,
): DaneVerdict {
  return { ok: false, fault, reason, why };
}
