/**
 * COMPRESS. RFC 4978
 *
 * Tested by `src/imap/parse_command_test.ts`
 *
 * @module
 */
import type { Compress } from "./command.ts";
import type { Scanner } from "./scanner.ts";

/** `COMPRESS DEFLATE`, which is the only algorithm that there is. RFC 4978 5 */
export function parseCompress(s: Scanner): Compress {
  s.space();
  if (s.keyword("an algorithm") !== "DEFLATE") throw new SyntaxError("unknown algorithm");
  return { verb: "COMPRESS", algorithm: "DEFLATE" };
}
