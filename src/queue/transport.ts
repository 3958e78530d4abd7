/**
 * How mail goes to its next host: what the configuration calls transports, as plain data for the front.
 *
 * Tested by `src/queue/runner`.
 *
 * @module
 */
import type { ClientMechanism } from "../smtp/client_rules.ts";

/** How to sign in to a relay. */
export interface RelayAuth {
  readonly username: string;
  readonly password: string;
  /** In order of preference. */
  readonly mechanisms: readonly ClientMechanism[];
}

/** Another server that passes our mail on. DANE, MTA-STS and TLSRPT do not apply: whoever configured it said how to trust it. */
export interface RelayTransport {
  readonly kind: "relay";
  /** A name, or an IP address. */
  readonly host: string;
  readonly port: number;
  /**
   * - `implicit`: from the first octet on, certificate verified.
   * - `startTls`: required, certificate verified.
   * - `unverified`: STARTTLS is required, whatever the certificate.
   * - `never`: plain text.
   */
  readonly tls: "implicit" | "startTls" | "unverified" | "never";
  /** Certificates in PEM that are trusted instead of the system's; empty for the system's. */
  readonly trusted: readonly string[];
  readonly auth: RelayAuth | null;
  /** Our own certificate, where the relay asks for one (EXTERNAL). */
  readonly certificate: { readonly chainPem: string; readonly keyPem: string } | null;
}

/** Straight to the recipient's mail exchangers, through a SOCKS5 proxy if one is named. RFC 1928, RFC 1929 */
export interface DirectTransport {
  readonly kind: "direct";
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly socks: {
    readonly host: string;
    readonly port: number;
    readonly username: string;
    readonly password: string;
    /** The name for EHLO: that of the address from which the world sees the proxy. */
    readonly hostname: string;
  } | null;
}

/** Fails, on purpose. */
export interface FailTransport {
  readonly kind: "fail";
  /** 4xx: it is tried again; 5xx: it comes back. */
  readonly code: number;
  readonly text: string;
}

/** To this server's own delivery, without the network: `deliverLocally`. */
export interface LocalTransport {
  readonly kind: "local";
}

export type Transport = RelayTransport | DirectTransport | FailTransport | LocalTransport;

/** None: one that somebody chose by hand and that is there no longer. To be tried again, somebody will notice. */
export interface MissingTransport {
  readonly kind: "missing";
  readonly name: string;
}

/** Where no route says anything. */
export const directTransport: DirectTransport = { kind: "direct", ipv4: true, ipv6: true, socks: null };
