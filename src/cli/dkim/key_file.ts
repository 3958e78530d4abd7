/**
 * Private keys that commands are given.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { algorithmOf } from "../../dkim/sign.ts";
import { readSelector } from "../../dkim/tag_values.ts";
import { parseDomain } from "../../address/domain.ts";
import { UsageError } from "../command.ts";
import { CommandError } from "../command_error.ts";
import { readFile } from "../dns/resolver.ts";

/** Reads a private key for DKIM. */
export async function readKey(path: string): Promise<KeyObject> {
  const text = await readFile(path);
  try {
    const key = createPrivateKey(text);
    algorithmOf(key);
    return key;
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new CommandError(`${path} holds no private key for DKIM (PEM of RSA or Ed25519): ${what}`);
  }
}

/** A selector and a domain that somebody typed, in normal form. */
export function selectorAndDomain(
  selector: string,
  domain: string,
): readonly [selector: string, domain: string] {
  try {
    return [readSelector(selector), parseDomain(domain)];
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`${selector} ${domain}: ${error.message}`);
    throw error;
  }
}
