/**
 * TLS as a server: what a listener is told, and what follows from a client's hello.
 *
 * Tested by `src/net/connection_tls_test.ts`
 *
 * @module
 */
import { createSecureContext, type SecureContext } from "node:tls";
import type { Bytes } from "../base/bytes.ts";
import { type CertificateStore, chooseAlpn, type LoadedCertificate } from "../tls/certificates.ts";
import type { ClientHello } from "../tls/client_hello.ts";
import type { TlsSide } from "./tls_layer.ts";

/** How a listener does TLS. */
export interface ServerTls {
  /** Asked before each handshake. */
  readonly certificates: CertificateStore;
  /** Application protocols that are spoken here, the most wanted first; clients that ask for others are refused. */
  readonly alpn?: readonly string[];
  /** Ask clients for a certificate; they may have none, and nobody checks who signed it. */
  readonly requestClientCertificate?: boolean;
  /** Refuse names that no certificate covers, instead of showing the default one. RFC 6066 3 */
  readonly refuseUnknownNames?: boolean;
  /** `TLSv1.2` unless told. The runtime speaks nothing older. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
}

/** What to do with a client. */
export type HelloAnswer =
  | { readonly kind: "accept"; readonly side: TlsSide }
  | { readonly kind: "refuse"; readonly alert: Bytes; readonly detail: string };

/** Chooses certificate and protocol. */
export function answerHello(tls: ServerTls, hello: ClientHello): HelloAnswer {
  const choice = tls.certificates.choose(hello);
  if (choice === null) return refusal(alerts.internalError, "there is no certificate");
  if (tls.refuseUnknownNames && hello.serverName !== null && choice.matched === "default") {
    return refusal(alerts.unrecognizedName, "no certificate for that name");
  }
  const alpn = chooseAlpn(hello.alpn, choice.alpn ?? tls.alpn ?? []);
  if (alpn.kind === "mismatch") {
    return refusal(alerts.noApplicationProtocol, "no application protocol in common");
  }
  const options = {
    secureContext: contextOf(choice.certificate, tls.minVersion ?? "TLSv1.2"),
    ...(alpn.kind === "agreed" ? { ALPNProtocols: [alpn.protocol] } : {}),
    requestCert: tls.requestClientCertificate === true,
    rejectUnauthorized: false,
  };
  return { kind: "accept", side: { isServer: true, options } };
}

/** AlertDescription numbers. RFC 8446 6.2 */
const alerts = { internalError: 80, unrecognizedName: 112, noApplicationProtocol: 120 } as const;

/** A fatal alert in a plaintext record. RFC 8446 5.1, 6 */
function refusal(alert: number, detail: string): HelloAnswer {
  return { kind: "refuse", alert: new Uint8Array([21, 3, 3, 0, 2, 2, alert]), detail };
}

/** Contexts live as long as their certificates are in use somewhere. */
const contexts = new WeakMap<LoadedCertificate, Map<string, SecureContext>>();

function contextOf(certificate: LoadedCertificate, minVersion: "TLSv1.2" | "TLSv1.3"): SecureContext {
  let byVersion = contexts.get(certificate);
  if (byVersion === undefined) contexts.set(certificate, byVersion = new Map());
  let context = byVersion.get(minVersion);
  if (context === undefined) {
    context = createSecureContext({ cert: certificate.chainPem, key: certificate.keyPem, minVersion });
    byVersion.set(minVersion, context);
  }
  return context;
}
