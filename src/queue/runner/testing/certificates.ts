/**
 * Certificates for mail exchangers of tests: from one authority, which a runner can be told to trust, or from nobody.
 *
 * @module
 */
import { base64, type Bytes, hex } from "../../../base/bytes.ts";
import { loadCertificate, type LoadedCertificate } from "../../../tls/certificates.ts";
import { issue, type Issued, type Wish } from "../../../tls/testing/certificate_maker.ts";

const day = 24 * 3600_000;
/** The runtime's own verification goes by the machine's clock. */
const now = Date.now();

/** The authority. */
const root = issue({
  name: "Test Root",
  ca: true,
  keyUsage: 0x06,
  notBefore: now - 30 * day,
  notAfter: now + 30 * day,
});

/** For `trusted` of the settings. */
export const rootPem = pem("CERTIFICATE", root.der);

/** Text of the authority's TLSA record: DANE-TA(2), its certificate, SHA-256. */
export const rootTlsa = async () => `2 0 1 ${await sha256(root.der)}`;

export interface MxCertificate {
  readonly loaded: LoadedCertificate;
  /** Text of a TLSA record: DANE-EE(3), the key, SHA-256. */
  readonly tlsa: string;
}

/** A certificate of the authority for a host. */
export function certified(host: string, wish: Partial<Wish> = {}): Promise<MxCertificate> {
  return made(host, { issuer: root, ...wish });
}

/** One that nobody vouches for. */
export function unknown(host: string): Promise<MxCertificate> {
  return made(host, {});
}

async function made(host: string, wish: Partial<Wish>): Promise<MxCertificate> {
  const leaf = issue({
    name: host,
    dnsNames: [host],
    keyUsage: 0x80,
    notBefore: now - day,
    notAfter: now + day,
    ...wish,
  });
  const chain = wish.issuer === undefined ? [leaf] : [leaf, root];
  const loaded = loadCertificate({
    chainPem: chain.map(({ der }) => pem("CERTIFICATE", der)).join(""),
    keyPem: keyPem(leaf),
  });
  return { loaded, tlsa: `3 1 1 ${await sha256(leaf.spki)}` };
}

function keyPem({ keys }: Issued): string {
  return keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

async function sha256(bytes: Bytes): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

function pem(label: string, der: Bytes): string {
  const lines = base64(der).match(/.{1,64}/g)?.join("\n") ?? "";
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
