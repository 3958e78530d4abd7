/**
 * Dialling hosts that strangers or users name: the name is looked up, every address is checked against what is not of the
 * open Internet (`base/open_address.ts`), and the checked address is dialled. Nobody looks the name up again in between,
 * so that an answer that changes (DNS rebinding) changes nothing.
 *
 * @module
 */
import { asciiDomain, normalForm } from "../address/domain.ts";
import type { Clock } from "../base/clock.ts";
import { type IpAddress, isLoopback, parseIp, printIp } from "../base/ip_address.ts";
import { closedFor } from "../base/open_address.ts";
import { maxNameOctets } from "../dns/name.ts";
import type { Answer, Resolver } from "../dns/resolver.ts";
import { dial, type DialedTransport, type DialSettings } from "./client.ts";
import { TransportError } from "./transport.ts";

/** Whom to call. */
export interface CheckedTarget extends Pick<DialSettings, "port" | "tls" | "id" | "times"> {
  /** A domain, without final dot, or an IP address without brackets. */
  readonly host: string;
  /** For looking up and all attempts together, implicit TLS included. */
  readonly totalMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Why there is no connection. */
export type CheckedFailure =
  /** The name does not exist, or has no addresses. */
  | "noAddress"
  /** Nobody knows its addresses for now. */
  | "dns"
  /** None of its addresses may be dialled. */
  | "closedAddress"
  /** Nobody answers there, or not in time. */
  | "unreachable"
  /** TLS failed. */
  | "handshake"
  /** The one who asked gave up. */
  | "aborted";

/** Thrown where there is no connection; `message` is a sentence for logs and bounces. */
export class CheckedDialError extends Error {
  override readonly name = "CheckedDialError";
  readonly failure: CheckedFailure;

  constructor(failure: CheckedFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.failure = failure;
  }
}

/** What the dialler is made of. */
export interface CheckedDialerSettings {
  readonly resolver: Resolver;
  readonly clock: Clock;
  /** Whether this machine itself may be dialled: for localserve and tests, never where strangers name hosts. */
  readonly allowLoopback?: boolean;
  /** Makes the connection; the system's, unless a test looks at what is dialled. */
  readonly dial?: (settings: DialSettings) => Promise<DialedTransport>;
}

/** Most addresses of one name that are looked at, of each family. */
export const maxLookedAt = 50;
/** Most addresses of one name that are dialled. */
export const maxDialled = 6;
/** For how long one address is waited for at most, where there are others. */
export const maxAddressMs = 10_000;

export class CheckedDialer {
  readonly #settings: CheckedDialerSettings;

  constructor(settings: CheckedDialerSettings) {
    this.#settings = settings;
  }

  /**
   * Looks up, checks, and dials until one address answers.
   *
   * @throws {CheckedDialError}
   */
  async dial(target: CheckedTarget): Promise<DialedTransport> {
    const { clock } = this.#settings;
    const { signal, totalMs } = target;
    const end = new AbortController();
    const late = clock.after(totalMs, () => end.abort());
    const gaveUp = () => end.abort();
    signal?.addEventListener("abort", gaveUp);
    if (signal?.aborted === true) gaveUp();
    try {
      const addresses = await this.#addresses(target.host, end.signal);
      return await this.#dialOne(target, addresses, clock.monotonic() + totalMs, end.signal);
    } catch (error) {
      if (signal?.aborted === true) throw new CheckedDialError("aborted", "given up", error);
      if (!end.signal.aborted) throw error;
      const seconds = Math.ceil(totalMs / 1000);
      throw new CheckedDialError("unreachable", `${target.host} did not answer within ${seconds} s`, error);
    } finally {
      late.cancel();
      signal?.removeEventListener("abort", gaveUp);
    }
  }

  /** Those that may be dialled, the families in turn, IPv6 first (RFC 8305 4). */
  async #addresses(host: string, signal: AbortSignal): Promise<string[]> {
    const literal = parseIp(host);
    if (literal !== null) return this.#checked(host, [literal]);
    const normal = normalForm(host, { underscore: true });
    const name = normal === null ? "" : `${asciiDomain(normal)}.`;
    if (name === "" || name.length >= maxNameOctets) {
      throw new CheckedDialError("noAddress", `${JSON.stringify(host)} is no name of a host`);
    }
    const { resolver } = this.#settings;
    const [aaaa, a] = await Promise.all([
      resolver.lookup(name, "AAAA", { signal }),
      resolver.lookup(name, "A", { signal }),
    ]);
    const [six, four] = [addressesOf(aaaa), addressesOf(a)];
    const all = Array.from({ length: Math.max(six.length, four.length) }, (_, i) => [six[i], four[i]]).flat()
      .filter((one) => one !== undefined);
    if (all.length > 0) return this.#checked(host, all);
    const failed = [aaaa, a].find((answer) => answer.status === "failed");
    if (failed === undefined) throw new CheckedDialError("noAddress", `${host} has no address`);
    throw new CheckedDialError("dns", `the addresses of ${host} could not be looked up: ${failed.why}`);
  }

  #checked(host: string, addresses: readonly IpAddress[]): string[] {
    const mayDial = (ip: IpAddress) =>
      closedFor(ip) === null || this.#settings.allowLoopback === true && isLoopback(ip);
    const open = addresses.filter(mayDial).slice(0, maxDialled).map(printIp);
    const [first] = addresses;
    if (open.length > 0 || first === undefined) return open;
    const address = printIp(first);
    const whose = address === host ? "" : `${host} is at `;
    throw new CheckedDialError(
      "closedAddress",
      `${whose}${address}, an address of ${closedFor(first)}, which is not called`,
    );
  }

  async #dialOne(
    { host, port, tls, id, times }: CheckedTarget,
    addresses: readonly string[],
    dueAt: number,
    signal: AbortSignal,
  ): Promise<DialedTransport> {
    const { clock } = this.#settings;
    let last: unknown;
    for (const [i, address] of addresses.entries()) {
      const left = Math.max(1, dueAt - clock.monotonic());
      const isLast = i === addresses.length - 1;
      try {
        return await (this.#settings.dial ?? dial)({
          address,
          port,
          clock,
          signal,
          connectTimeoutMs: isLast ? left : Math.min(maxAddressMs, left / (addresses.length - i)),
          ...(tls === undefined ? {} : { tls }),
          ...(id === undefined ? {} : { id }),
          ...(times === undefined ? {} : { times }),
        });
      } catch (error) {
        if (!(error instanceof TransportError)) throw error;
        if (signal.aborted) throw error; // The caller says why.
        if (error.failure === "handshake") {
          throw new CheckedDialError("handshake", `TLS with ${host} failed: ${reasonOf(error)}`, error);
        }
        last = error;
      }
    }
    throw new CheckedDialError("unreachable", `${host} cannot be reached: ${reasonOf(last)}`, last);
  }
}

function addressesOf(answer: Answer<"A"> | Answer<"AAAA">): IpAddress[] {
  return answer.records.slice(0, maxLookedAt).map(({ address }) => parseIp(address)).filter((ip) =>
    ip !== null
  );
}

/** The runtime's own words where there are some: they name the system's code, or what is wrong with the certificate. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "no address answered";
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
