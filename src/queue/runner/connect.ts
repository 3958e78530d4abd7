/**
 * One connection to one address of a host, until messages can be sent on it: through a proxy if that is wanted, TLS, and
 * what was proved by it.
 *
 * Tested by `src/queue/runner/runner_test.ts`.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { DialedTransport } from "../../net/client.ts";
import type { ClientTls, ServerProof } from "../../net/client_tls.ts";
import { SocksRefused } from "../../net/socks5_dial.ts";
import { TransportError } from "../../net/transport.ts";
import type { ClientRules } from "../../smtp/client_rules.ts";
import type { ClientCredentials } from "../../smtp/client_sign_in.ts";
import type { Outcome } from "../../smtp/client_state.ts";
import { SmtpClient } from "./smtp_client.ts";
import type { Dial } from "./settings.ts";
import { dialThroughProxy, type Proxy, ProxyUnreached } from "./through_proxy.ts";
import type { Remote } from "./verdict.ts";

/** What is said of a handshake. */
export interface Judgement {
  readonly allowed: boolean;
  readonly verified: boolean;
  readonly why: string;
}

/** Whom to connect to, and how. */
export interface Target {
  readonly remote: Remote;
  readonly port: number;
  readonly proxy: Proxy | null;
  readonly localAddress: string | null;
  /** Milliseconds to connect. */
  readonly dialMs: number;
  readonly rules: ClientRules;
  readonly credentials: ClientCredentials | null;
  /** TLS from the first octet on. */
  readonly implicitTls: boolean;
  /** How to do TLS; whom to trust is what `judge` says. */
  readonly tls: Pick<ClientTls, "serverName" | "trusted" | "certificate">;
  readonly judge: (proof: ServerProof) => Judgement;
}

/** What is needed to connect. */
export interface ConnectParts {
  readonly dial: Dial;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  readonly nonce: () => string;
}

/** How TLS went. */
export type TlsState =
  /** It did not come to that. */
  | { readonly kind: "none" }
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "done"; readonly proof: ServerProof };

/** A connection on which messages can be sent. */
export interface Opened {
  readonly kind: "opened";
  readonly client: SmtpClient;
  readonly tls: TlsState;
  readonly id: string;
  /** Ours; null where a proxy's is what the host sees. */
  readonly localAddress: string | null;
}

/** None. */
export type NotOpened =
  /** The address was not reached. `why` goes on after its name. */
  | { readonly kind: "unreached"; readonly why: string }
  /** It was, and nothing can be sent. */
  | {
    readonly kind: "refused";
    readonly outcome: Outcome;
    readonly tls: TlsState;
    readonly localAddress: string | null;
  };

/** Connects. Gives up when `signal` aborts. */
export async function connect(
  target: Target,
  parts: ConnectParts,
  signal: AbortSignal,
): Promise<Opened | NotOpened> {
  const id = parts.newId();
  const log = parts.log.with({ cid: id, host: target.remote.host, address: target.remote.address });
  let transport: DialedTransport;
  try {
    transport = await dialled(target, parts, id, signal);
  } catch (error) {
    const why = dialWords(error);
    // The system's own words are for whoever runs the server: no permission, no address of ours.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
    log.info("host not reached", { why, cause });
    return { kind: "unreached", why };
  }
  const localAddress = target.proxy === null ? transport.local.address : null;
  const at = transport.serverProof === null ? null : target.judge(transport.serverProof);
  if (at !== null && !at.allowed) {
    transport.destroy();
    log.info("host not trusted", { why: at.why });
    return { kind: "unreached", why: `failed in TLS: ${at.why}` };
  }
  const state: { tls: TlsState } = {
    tls: transport.serverProof === null ? { kind: "none" } : { kind: "done", proof: transport.serverProof },
  };
  const client = new SmtpClient({
    transport,
    rules: target.rules,
    tls: at === null ? null : { verified: at.verified },
    secure: () => secured(target, transport, state, log),
    credentials: target.credentials,
    nonce: parts.nonce,
    clock: parts.clock,
    log,
  });
  const giveUp = () => client.destroy();
  signal.addEventListener("abort", giveUp, { once: true });
  if (signal.aborted) giveUp();
  const refusal = await client.opened;
  signal.removeEventListener("abort", giveUp);
  if (refusal === null) {
    log.debug("connected", {
      tls: transport.tls?.version ?? "none",
      verified: client.tls?.verified ?? false,
    });
    return { kind: "opened", client, tls: state.tls, id, localAddress };
  }
  log.info("host refused the connection", { step: refusal.step, cause: refusal.cause });
  return { kind: "refused", outcome: refusal, tls: state.tls, localAddress };
}

function dialled(
  target: Target,
  { dial, clock }: ConnectParts,
  id: string,
  signal: AbortSignal,
): Promise<DialedTransport> {
  const { remote, port, proxy, localAddress, dialMs, implicitTls, rules } = target;
  const settings = {
    clock,
    id,
    connectTimeoutMs: dialMs,
    signal,
    times: { readTimeoutMs: dialMs, handshakeTimeoutMs: rules.timeouts.handshake },
    ...(localAddress === null ? {} : { localAddress }),
  };
  if (proxy !== null) return dialThroughProxy(proxy, { address: remote.address, port }, dial, settings);
  const tls = implicitTls ? { tls: { ...target.tls, unverified: true } } : {};
  return dial({ ...settings, ...tls, address: remote.address, port });
}

/** The handshake after STARTTLS. Null: nothing more can be said on this connection. */
async function secured(
  target: Target,
  transport: DialedTransport,
  state: { tls: TlsState },
  log: Log,
): Promise<{ readonly verified: boolean } | null> {
  try {
    await transport.startTls({ ...target.tls, unverified: true });
  } catch (error) {
    state.tls = { kind: "failed", why: handshakeWords(error) };
    return null;
  }
  const proof = transport.serverProof ?? { problem: "no certificate was shown", chain: [] };
  state.tls = { kind: "done", proof };
  const judged = target.judge(proof);
  if (!judged.allowed) log.info("host not trusted", { why: judged.why });
  return judged.allowed ? { verified: judged.verified } : null;
}

/** Why nobody was reached, to go on after the host's name. */
function dialWords(error: unknown): string {
  if (error instanceof ProxyUnreached) {
    return `was not reached, since the SOCKS proxy ${dialWords(error.cause)}`;
  }
  if (error instanceof SocksRefused) return `was not reached through the SOCKS proxy: ${error.message}`;
  if (!(error instanceof TransportError)) throw error;
  switch (error.failure) {
    case "timeout":
      return "did not answer in time";
    case "handshake":
      return `failed in TLS: ${handshakeWords(error)}`;
    default: {
      const code = codeOf(error.cause);
      return `could not be reached: ${systemWords[code] ?? (code === "" ? error.message : code)}`;
    }
  }
}

const systemWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: "it refused the connection",
  ENETUNREACH: "there is no way to its network",
  EHOSTUNREACH: "there is no way to it",
  ECONNRESET: "the connection was reset",
  EADDRNOTAVAIL: "the address to dial from is not this machine's",
};

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "";
}

/** Characters of the runtime's words that are repeated. */
const maxRuntimeWords = 200;

/** The runtime's codes for what is wrong with a certificate; alerts of the peer's are others. */
const certificateCodes = /^(?!ERR_SSL_).*(?:CERT|SIGNATURE|ISSUER|PURPOSE)/;

/** What went wrong in a handshake: the runtime's words, which nobody could say better. */
function handshakeWords(error: unknown): string {
  if (!(error instanceof TransportError)) return "the handshake failed";
  if (error.failure === "timeout") return "the handshake took too long";
  // Any certificate will do for the handshake itself. What the runtime says of one is what it had noted of it before.
  if (certificateCodes.test(codeOf(error.cause))) {
    return "what came after its certificate was not as it must be; it may not have the certificate's key";
  }
  const words = error.cause instanceof Error ? error.cause.message : error.message;
  return words.replace(/[^ -~]+/g, " ").trim().slice(0, maxRuntimeWords);
}
