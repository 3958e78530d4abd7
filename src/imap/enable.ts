/**
 * ENABLE. RFC 5161, RFC 9051 6.3.1
 *
 * Tested by `src/imap/parse_command_test.ts`
 *
 * @module
 */
import type { Enable } from "./command.ts";
import type { Scanner } from "./scanner.ts";

export function parseEnable(s: Scanner): Enable {
  const capabilities: string[] = [];
  do {
    s.space();
    capabilities.push(s.atom("a capability").toUpperCase());
  } while (!s.atEnd);
  return { verb: "ENABLE", capabilities };
}
