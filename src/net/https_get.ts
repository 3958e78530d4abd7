/**
 * One GET over HTTPS to a host that a stranger names: checked address, verified certificate, no redirects, no cookies, no
 * cache, bounded in octets and time, one connection each. RFC 9110, RFC 9112
 *
 * Tested by `src/net/policy_fetcher_test.ts`.
 *
 * @module
 */
import { type Bytes, latin1 } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { readCertificate } from "../tls/certificate_fields.ts";
import { hasDnsId } from "../tls/server_names.ts";
import { type CheckedDialer, CheckedDialError } from "./checked_dialer.ts";
import type { ServerProof } from "./client_tls.ts";
import { type ResponseHead, ResponseReader } from "./http_response.ts";
import { TransportError } from "./transport.ts";

/** What is wanted of whom. */
export interface GetRequest {
  /** In A-labels; the certificate must have it. */
  readonly host: string;
  readonly port: number;
  /** With its slash; visible ASCII. */
  readonly path: string;
  readonly accept: string;
  /** Octets of the body that are read; there may be more. */
  readonly maxBody: number;
  /** For everything together. */
  readonly totalMs: number;
  /** Trusted certificates in PEM, instead of the runtime's own. */
  readonly trusted?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What came of it. */
export type GetResult =
  | { readonly ok: true; readonly head: ResponseHead; readonly body: Bytes }
  | {
    readonly ok: false;
    /** `answer`: what came is no answer, or none that is read; `head` is there if that much could be read. */
    readonly failure: "unreachable" | "certificate" | "answer";
    readonly head: ResponseHead | null;
    /** One sentence. */
    readonly why: string;
  };

/** Asks. Never throws for what the network did. */
export async function httpsGet(dialer: CheckedDialer, clock: Clock, request: GetRequest): Promise<GetResult> {
  const { host, port, path, accept, totalMs, trusted, signal, maxBody } = request;
  if (/[^!-~]/.test(host + path)) throw new TypeError("no host or path of a request");
  const due = clock.monotonic() + totalMs;
  let transport;
  try {
    const tls = {
      serverName: host,
      alpn: ["http/1.1"],
      ...(trusted === undefined ? {} : { trusted }),
    };
    transport = await dialer.dial({ host, port, totalMs, tls, signal });
  } catch (error) {
    if (!(error instanceof CheckedDialError)) throw error;
    const failure = isAboutCertificate(error) ? "certificate" : "unreachable";
    return { ok: false, failure, head: null, why: error.message };
  }
  if (!isOf(host, transport.serverProof)) {
    transport.destroy();
    const why = `the certificate of ${host} does not have its name as a DNS name`;
    return { ok: false, failure: "certificate", head: null, why };
  }
  const reader = new ResponseReader(maxBody);
  const drop = () => transport.destroy();
  const late = clock.after(due - clock.monotonic(), drop);
  signal?.addEventListener("abort", drop);
  if (signal?.aborted === true) drop();
  try {
    await transport.write(latin1(printRequest(host, port, path, accept)));
    while (!reader.done) {
      const piece = await transport.read();
      if (piece === null) {
        reader.end(transport.endedInOrder);
        if (reader.done) break;
        const why = `${host} ended the connection before it had answered`;
        return { ok: false, failure: "unreachable", head: reader.head, why };
      }
      reader.push(piece);
    }
    const { head, body } = reader;
    if (head === null) throw new SyntaxError("there is no head"); // done says that there is one.
    return { ok: true, head, body };
  } catch (error) {
    if (error instanceof TransportError) {
      const what = error.failure === "closed"
        ? `it took longer than ${Math.ceil(totalMs / 1000)} s`
        : error.message;
      const why = signal?.aborted === true ? "given up" : `${host} did not answer to the end: ${what}`;
      return { ok: false, failure: "unreachable", head: reader.head, why };
    }
    if (!(error instanceof SyntaxError)) throw error;
    const why = `what ${host} answered cannot be read: ${error.message}`;
    return { ok: false, failure: "answer", head: reader.head, why };
  } finally {
    late.cancel();
    signal?.removeEventListener("abort", drop);
    transport.destroy();
  }
}

function printRequest(host: string, port: number, path: string, accept: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: ${port === 443 ? host : `${host}:${port}`}`, // RFC 9112 3.2
    `Accept: ${accept}`,
    "Accept-Encoding: identity",
    "User-Agent: mailden",
    "Connection: close",
    "",
    "",
  ].join("\r\n");
}

/** The runtime, which has verified the chain, also takes names of the subject, and wildcards within a label. */
function isOf(host: string, proof: ServerProof | null): boolean {
  const [own] = proof?.chain ?? [];
  try {
    return own !== undefined && hasDnsId(readCertificate(own), host);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return false;
  }
}

/** The runtime says so in words alone. */
function isAboutCertificate(error: CheckedDialError): boolean {
  if (error.failure !== "handshake") return false;
  const words: string[] = [];
  for (let at: unknown = error; at instanceof Error && words.length < 10; at = at.cause) {
    words.push(at.message, "code" in at ? String(at.code) : "");
  }
  return /certificate|CERT_|ALTNAME|SELF_SIGNED|UNABLE_TO/i.test(words.join(" "));
}
