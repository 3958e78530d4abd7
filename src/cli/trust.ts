/**
 * Whose certificates a command trusts, and what it shows of certificates.
 *
 * Tested by `tests/scenarios/tls_commands_test.ts`.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import { hex } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { associationOf, matchingTypes } from "../dane/records.ts";
import type { ServerProof } from "../net/client_tls.ts";
import type { TlsInfo } from "../net/transport.ts";
import { type CertificateFields, readCertificate } from "../tls/certificate_fields.ts";
import type { Arguments, Option } from "./command.ts";
import { CommandError } from "./command_error.ts";
import { readFile } from "./dns/resolver.ts";

export const trustOption = {
  ca: {
    type: "string",
    value: "FILE",
    doc: "trust the certificates in this PEM file, and not the public ones",
  },
} as const satisfies Record<string, Option>;

/** Trusted certificates in PEM; undefined for the runtime's own. @throws {CommandError} */
export async function trustedBy(args: Arguments): Promise<readonly string[] | undefined> {
  const file = args.text("ca");
  if (file === undefined) return undefined;
  const blocks = (await readFile(file)).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (blocks === null) throw new CommandError(`${file} has no certificate in PEM`);
  return blocks;
}

/** What is shown of a certificate. */
export interface ShownCertificate {
  readonly subject: string;
  readonly issuer: string;
  readonly names: readonly string[];
  readonly notBefore: string;
  readonly notAfter: string;
  /** SHA-256 of the public key, as records `3 1 1` and `2 1 1` have it. */
  readonly publicKeySha256: string;
}

/** What is shown of a handshake. */
export interface ShownTls {
  readonly version: string;
  readonly cipher: string;
  readonly serverName: string | null;
  readonly alpn: string | null;
  /** Null where the chain leads to a trusted authority and has the name. */
  readonly problem: string | null;
  readonly certificates: readonly (ShownCertificate | { readonly unreadable: string })[];
}

export function shownTls(tls: TlsInfo, proof: ServerProof | null): ShownTls {
  const { version, cipher, serverName, alpn } = tls;
  const problem = proof === null ? "no certificate" : proof.problem;
  return { version, cipher, serverName, alpn, problem, certificates: (proof?.chain ?? []).map(shown) };
}

/** The same as lines for people. */
export function tlsLines(
  { version, cipher, serverName, alpn, problem, certificates }: ShownTls,
  now: Millis,
): string[] {
  const lines = [
    `TLS: ${version}, ${cipher}${alpn === null ? "" : `, ${alpn}`}`,
    problem === null
      ? `  the certificate is valid for ${serverName ?? "this address"}, from an authority that is trusted`
      : `  the certificate does not prove the name by public authorities: ${problem}`,
  ];
  for (const [i, one] of certificates.entries()) {
    if ("unreadable" in one) {
      lines.push(`  certificate ${i}: cannot be read: ${one.unreadable}`);
      continue;
    }
    const over = Date.parse(one.notAfter) < now ? ", which is over" : "";
    const names = one.names.length === 0 ? "" : `, for ${one.names.slice(0, shownNames).join(", ")}`;
    const more = one.names.length > shownNames ? ` and ${one.names.length - shownNames} more names` : "";
    lines.push(`  certificate ${i}: ${one.subject || "(no subject)"}${names}${more}`);
    lines.push(`    by ${one.issuer || "(nobody)"}, from ${one.notBefore} to ${one.notAfter}${over}`);
    lines.push(`    public key SHA-256 ${one.publicKeySha256}`);
  }
  return lines;
}

/** More names of one certificate are not told people. */
const shownNames = 5;

function shown(der: Uint8Array): ShownCertificate | { readonly unreadable: string } {
  let fields: CertificateFields;
  try {
    fields = readCertificate(der);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { unreadable: error.message };
  }
  return {
    ...subjects(der),
    names: fields.dnsNames,
    notBefore: new Date(fields.notBefore).toISOString(),
    notAfter: new Date(fields.notAfter).toISOString(),
    publicKeySha256: hex(associationOf(fields.publicKey, matchingTypes.sha256)),
  };
}

/** On one line each; the runtime may not read what we do. */
function subjects(der: Uint8Array): { subject: string; issuer: string } {
  try {
    const { subject, issuer } = new X509Certificate(der);
    const line = (text: string) => (text ?? "").trim().split("\n").join(", ");
    return { subject: line(subject), issuer: line(issuer) };
  } catch {
    return { subject: "(unreadable)", issuer: "(unreadable)" };
  }
}
