/**
 * What a role is told at its start: one line of JSON on its standard input. Keys and certificates come this
 * way, so that no role needs to read them from disk and none stand in a command line or environment.
 *
 * @module
 */
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

/** What the front is told as well. */
export interface FrontBoot extends Boot {
  /** By listener. */
  readonly certificates: Readonly<Record<string, readonly PemPair[]>>;
  /** Key in base64url with which connection ids are shown to peers (`base/opaque_id.ts`). */
  readonly idKey: string;
  /** Whom to ask in the DNS. */
  readonly dns: BootDns;
}

/** Longest boot line, in bytes. */
const maxBootBytes = 64 * 1024 * 1024;

/**
 * Reads the boot line, and leaves standard input open: it ends when the parent does.
 *
 * @returns The boot, and a promise that resolves when the parent is gone or wants the role to stop.
 * @throws {SyntaxError} If the line is cut or no JSON.
 */
export async function readBoot<T>(
  input: ReadableStream<Uint8Array>,
): Promise<{ boot: T; stop: Promise<void> }> {
  const reader = input.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      throw new SyntaxError(
        "standard input ended before the boot line did: this program is started by mailden",
      );
    }
    text += decoder.decode(value, { stream: true });
    if (text.length > maxBootBytes) throw new SyntaxError("the boot line is too long");
    const end = text.indexOf("\n");
    if (end !== -1) {
      const boot: T = JSON.parse(text.slice(0, end));
      return { boot, stop: drained(reader) };
    }
  }
}

async function drained(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    while (!(await reader.read()).done);
  } catch {
    // Broken is as good as ended.
  }
}
