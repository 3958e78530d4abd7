/**
 * What a role is told at its start: one line of JSON on its standard input. Keys and certificates come this
 * way, so that no role needs to read them from disk and none stand in a command line or environment.
 *
 * @module
 */
import { base64Url, concat, fromUtf8 } from "../base/bytes.ts";
import type { DynamicConfig } from "../config/dynamic_config.ts";
import type { StaticConfig } from "../config/static_config.ts";
import type { PemPair } from "../tls/self_signed.ts";
import type { BootDns } from "./boot_dns.ts";
import type { Places } from "./grants.ts";

/** What every role is told. */
export interface Boot {
  readonly config: StaticConfig;
  readonly domains: DynamicConfig;
  readonly places: Places;
  readonly version: string;
  /** Folder of the installation, shown on localserve's page. */
  readonly folder: string;
}

/** What the store is told as well. */
export interface StoreBoot extends Boot {
  /** 256 random bits in base64url, made at each start: what opens the administration (`control_socket.ts`). */
  readonly adminCapability: string;
}

/** What the front is told as well. */
export interface FrontBoot extends Boot {
  /** By listener. */
  readonly certificates: Readonly<Record<string, readonly PemPair[]>>;
  /** Our own certificates for relays, by transport. */
  readonly relayCertificates: Readonly<Record<string, PemPair>>;
  /** Key in base64url with which connection ids are shown to peers (`base/opaque_id.ts`). */
  readonly idKey: string;
  /** Whom to ask in the DNS. */
  readonly dns: BootDns;
  /** How many files its process may have open; null where there is no limit, or nobody can tell. */
  readonly openFiles: number | null;
}

/** What localserve's one process is told: its front gets its part, and the store's Worker its own. */
export type LocalBoot = FrontBoot & StoreBoot;

/** A new capability of the administration. */
export function newAdminCapability(): string {
  return base64Url(crypto.getRandomValues(new Uint8Array(32)));
}

/** Longest boot line, in bytes. */
const maxBootBytes = 64 * 1024 * 1024;

/**
 * Reads the boot line, and leaves standard input open: it ends when the parent does.
 *
 * @param take Gets what comes behind the line.
 * @returns The boot, and a promise that resolves when the parent is gone or wants the role to stop.
 * @throws {SyntaxError} If the line is cut or no JSON.
 */
export async function readBoot<T>(
  input: ReadableStream<Uint8Array>,
  take: (bytes: Uint8Array) => void = () => {},
): Promise<{ boot: T; stop: Promise<void> }> {
  const reader = input.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      throw new SyntaxError(
        "standard input ended before the boot line did: this program is started by mailden",
      );
    }
    const end = value.indexOf(0x0a);
    pieces.push(end === -1 ? value : value.subarray(0, end));
    length += value.length;
    if (length > maxBootBytes) throw new SyntaxError("the boot line is too long");
    if (end !== -1) {
      const boot: T = JSON.parse(fromUtf8(concat(pieces)));
      if (end + 1 < value.length) take(value.subarray(end + 1));
      return { boot, stop: drained(reader, take) };
    }
  }
}

async function drained(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  take: (bytes: Uint8Array) => void,
): Promise<void> {
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) take(next.value);
  } catch {
    // Broken is as good as ended.
  }
}
