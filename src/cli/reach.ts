/**
 * How commands reach a host that somebody typed: its port, its addresses, and a connection to the first that answers.
 *
 * Tested by `tests/scenarios/tls_commands_test.ts`.
 *
 * @module
 */
import { asciiDomain } from "../address/domain.ts";
import { parseIp, printIp } from "../base/ip_address.ts";
import type { AddressAnswers } from "../dane/plan.ts";
import type { Resolver } from "../dns/resolver.ts";
import { dial, type DialedTransport, type DialSettings } from "../net/client.ts";
import { systemClock } from "../net/system_clock.ts";
import { TransportError } from "../net/transport.ts";
import { type Arguments, type Option, UsageError } from "./command.ts";
import { CommandError } from "./command_error.ts";
import { domainOf } from "./dmarc/lookup.ts";

/** A host, and perhaps its port. */
export interface HostPort {
  /** A domain in normal form, or an address. */
  readonly host: string;
  readonly isAddress: boolean;
  /** Null: not said. */
  readonly port: number | null;
}

/** Reads `HOST`, `HOST:PORT`, `ADDRESS`, `[ADDRESS]:PORT`. @throws {UsageError} */
export function hostPortOf(text: string): HostPort {
  const whole = parseIp(text);
  if (whole !== null) return { host: printIp(whole), isAddress: true, port: null };
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(text);
  const [, bracketed, plain, portText] = match ?? [];
  if (match === null) {
    throw new UsageError(`'${text}' is no host: write it as mx.example.org:25 or [2001:db8::1]:25`);
  }
  const port = portText === undefined ? null : portOf(portText);
  const ip = parseIp(bracketed ?? plain ?? "");
  if (ip !== null) return { host: printIp(ip), isAddress: true, port };
  if (bracketed !== undefined) throw new UsageError(`'${bracketed}' is no IP address`);
  return { host: domainOf(plain ?? ""), isAddress: false, port };
}

/** A port that somebody typed. @throws {UsageError} */
export function portOf(text: string): number {
  const port = Number(text);
  if (/^[0-9]{1,5}$/.test(text) && port > 0 && port < 65_536) return port;
  throw new UsageError(`'${text}' is no port: say a number from 1 to 65535`);
}

export const reachOptions = {
  family: { type: "string", value: "4|6", doc: "use addresses of this family alone" },
  local: { type: "string", value: "ADDRESS", doc: "call from this address of this machine" },
  timeout: { type: "string", value: "SECONDS", doc: "for connecting, and for each answer", default: "30" },
} as const satisfies Record<string, Option>;

/** What was asked for with {@link reachOptions}. */
export interface ReachSettings {
  readonly family: 4 | 6 | null;
  readonly localAddress: string | undefined;
  readonly timeoutMs: number;
}

/** @throws {UsageError} */
export function reachSettings(args: Arguments): ReachSettings {
  const family = args.text("family");
  if (family !== undefined && family !== "4" && family !== "6") {
    throw new UsageError("say --family 4 or --family 6");
  }
  const local = args.text("local");
  if (local !== undefined && parseIp(local) === null) throw new UsageError(`'${local}' is no IP address`);
  const seconds = Number(args.text("timeout"));
  if (!(seconds > 0 && seconds <= 3600)) throw new UsageError("say --timeout with seconds, up to 3600");
  return {
    family: family === undefined ? null : family === "4" ? 4 : 6,
    localAddress: local,
    timeoutMs: seconds * 1000,
  };
}

/** What the DNS says of a host. */
export interface HostAddresses {
  readonly answers: AddressAnswers;
  /** IPv6 first. */
  readonly addresses: readonly string[];
  /** Why there are none, or what there is. */
  readonly why: string;
}

/** Looks a host up; an address is its own. */
export async function addressesOf(
  { host, isAddress }: Pick<HostPort, "host" | "isAddress">,
  resolver: Resolver,
): Promise<HostAddresses> {
  if (isAddress) return { answers: { a: null, aaaa: null }, addresses: [host], why: `${host} is an address` };
  const name = `${asciiDomain(host)}.`;
  const [a, aaaa] = await Promise.all([resolver.lookup(name, "A"), resolver.lookup(name, "AAAA")]);
  const addresses = [...aaaa.records, ...a.records].map(({ address }) => address);
  const failed = [a, aaaa].find(({ status }) => status === "failed");
  const why = addresses.length > 0
    ? `${host} is at ${addresses.join(", ")}`
    : failed === undefined
    ? `${host} has no address`
    : `the addresses of ${host} could not be looked up: ${failed.why}`;
  return { answers: { a, aaaa }, addresses, why };
}

/**
 * Dials one address after the other.
 *
 * @param tell Gets a sentence for each that does not answer.
 * @throws {CommandError} If none does.
 */
export async function reach(
  addresses: readonly string[],
  port: number,
  { family, localAddress, timeoutMs }: ReachSettings,
  tls: DialSettings["tls"],
  tell: (sentence: string) => void,
): Promise<DialedTransport> {
  const wanted = addresses.filter((one) => family === null || (family === 6) === one.includes(":"));
  for (const address of wanted) {
    try {
      return await dial({
        address,
        port,
        clock: systemClock,
        connectTimeoutMs: timeoutMs,
        times: { readTimeoutMs: timeoutMs, writeTimeoutMs: timeoutMs, handshakeTimeoutMs: timeoutMs },
        ...(tls === undefined ? {} : { tls }),
        ...(localAddress === undefined ? {} : { localAddress }),
      });
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      tell(`${shownAddress(address, port)}: ${transportWords(error)}`);
    }
  }
  throw new CommandError(
    wanted.length === 0 && family !== null
      ? `there is no IPv${family} address`
      : "no address could be reached",
  );
}

export function shownAddress(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** With the runtime's words, which name the system's code. */
export function transportWords(error: TransportError): string {
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
