/**
 * Who somebody is: the interface between the edges, which speak SASL, and the store, which checks. Hashes
 * and keys never leave the store; the front carries bytes back and forth.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import type { Reason } from "../base/errors.ts";
import type { Methods } from "../rpc/service.ts";

/** Mechanisms that a listener may offer, strongest first. */
export const mechanisms = [
  "EXTERNAL",
  "SCRAM-SHA-256",
  "SCRAM-SHA-1",
  "CRAM-MD5",
  "PLAIN",
  "LOGIN",
] as const;
export type Mechanism = typeof mechanisms[number];

export interface AuthBegin {
  readonly protocol: "imap" | "submission" | "account" | "admin";
  readonly mechanism: Mechanism;
  /** The initial response, decoded; null if the client sent none. Empty is not null. RFC 4422 3 */
  readonly initial: Bytes | null;
  readonly remoteAddress: string;
  readonly tls: boolean;
  /** Fingerprint of the client certificate (`ClientCertificate`), if it sent one. */
  readonly certificate: string | null;
  /** The connection's id, for the log. */
  readonly cid: string;
}

export type AuthStep =
  /** Send this (base64, as the protocol does) and pass on what comes back. */
  | { readonly kind: "challenge"; readonly exchange: string; readonly challenge: Bytes }
  | {
    readonly kind: "success";
    /** The account's name and the address or name that was used. */
    readonly account: string;
    readonly login: string;
    /** Opens the account's services on this RPC connection only; 128 random bits. */
    readonly capability: string;
    /** Extensions of IMAP that the account's configuration hides. */
    readonly hiddenCapabilities?: readonly string[];
    /** What the server has to say last (SCRAM's signature), to be sent with success where that can be. */
    readonly final: Bytes | null;
  }
  | {
    readonly kind: "failure";
    /** `badCredentials`, `accountDisabled`, `rateLimited`, `mechanismUnavailable`, `badRequest`, `tryLater`. */
    readonly reason: Reason;
    /** For the peer: only what the administrator wrote for a disabled account. */
    readonly text: string | null;
  };

export interface Authenticator {
  begin(request: AuthBegin): Promise<AuthStep>;
  next(request: { exchange: string; response: Bytes }): Promise<AuthStep>;
  /** The client gave up (`*`). */
  cancel(request: { exchange: string }): Promise<void>;
  /** Ends a capability: LOGOUT, or the connection closed. */
  release(request: { capability: string }): Promise<void>;
  /** Whether more attempts from this address are refused already at connect. */
  limited(request: { remoteAddress: string }): Promise<boolean>;
}

export const authenticatorMethods = {
  begin: "call",
  next: "call",
  cancel: "call",
  release: "call",
  limited: "call",
} as const satisfies Methods<Authenticator>;
