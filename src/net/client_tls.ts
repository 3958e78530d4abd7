/**
 * TLS as a client: what to ask for, and what the server proved.
 *
 * Tested by `src/net/client_test.ts`
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import { parseIp } from "../base/ip_address.ts";
import { isKeyProved } from "../tls/proved_key.ts";
import type { TlsLayer, TlsSide } from "./tls_layer.ts";

/** How to do TLS with a server. */
export interface ClientTls {
  /** The name that is asked for (SNI) and that the certificate must have, or only an address it must have; null for neither. */
  readonly serverName: string | null;
  /** Trusted certificates in PEM, instead of the runtime's own. */
  readonly trusted?: readonly string[];
  /** Go on whatever the server shows; {@link ServerProof} then says what was wrong (opportunistic TLS, DANE). */
  readonly unverified?: boolean;
  /** Application protocols, the most wanted first. */
  readonly alpn?: readonly string[];
  /** Our own certificate, if the server asks for one. */
  readonly certificate?: { readonly chainPem: string; readonly keyPem: string };
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3";
}

/** What a server showed. */
export interface ServerProof {
  /** Null where the chain is trusted and has the name; else the runtime's word for what is wrong. */
  readonly problem: string | null;
  /** Certificates in DER, the server's own first, of which it proved to have the key; empty if it proved nothing. */
  readonly chain: readonly Bytes[];
}

/** What is wrong where a certificate was shown and the runtime does not check whose it is. */
export const keyNotProved = "KEY_NOT_PROVED";

/** What the runtime is told. */
export function clientSide(tls: ClientTls): TlsSide {
  return {
    isServer: false,
    options: {
      rejectUnauthorized: tls.unverified !== true,
      ...nameOptions(tls.serverName),
      ...(tls.trusted ? { ca: [...tls.trusted] } : {}),
      ...(tls.alpn ? { ALPNProtocols: [...tls.alpn] } : {}),
      ...(tls.certificate ? { cert: tls.certificate.chainPem, key: tls.certificate.keyPem } : {}),
      ...(tls.minVersion ? { minVersion: tls.minVersion } : {}),
      ...(tls.maxVersion ? { maxVersion: tls.maxVersion } : {}),
    },
  };
}

function nameOptions(name: string | null): { host?: string; servername?: string } {
  if (name === null) return {};
  return parseIp(name) === null ? { servername: name } : { host: name };
}

/** The name that the server is asked for; an address is verified, but not asked for. RFC 6066 3 */
export function askedName(tls: ClientTls): string | null {
  return tls.serverName === null || parseIp(tls.serverName) !== null ? null : tls.serverName;
}

/** After the handshake. */
export function proofOf(layer: TlsLayer): ServerProof {
  const chain = layer.peerChain();
  const [own] = chain;
  if (own !== undefined && !isKeyProved(own)) return { problem: keyNotProved, chain: [] };
  return { problem: layer.serverDistrust, chain };
}
