/**
 * LOGIN and AUTHENTICATE: who the client says it is. RFC 9051 6.2.2, 6.2.3, RFC 4959
 *
 * Tested by `src/imap/parse_command_test.ts`
 *
 * @module
 */
import { type Bytes, fromBase64, noBytes } from "../base/bytes.ts";
import type { Authenticate, Login } from "./command.ts";
import type { Scanner } from "./scanner.ts";

export function parseLogin(s: Scanner): Login {
  s.space();
  const user = s.astring("a user name");
  s.space();
  return { verb: "LOGIN", user, password: s.astring("a password") };
}

export function parseAuthenticate(s: Scanner): Authenticate {
  s.space();
  const mechanism = s.atom("a mechanism").toUpperCase();
  if (s.atEnd) return { verb: "AUTHENTICATE", mechanism, initialResponse: null };
  s.space();
  return { verb: "AUTHENTICATE", mechanism, initialResponse: readInitialResponse(s) };
}

function readInitialResponse(s: Scanner): Bytes {
  const word = s.atom("base64");
  if (word === "=") return noBytes; // RFC 4959 3: an empty response, as opposed to none.
  const response = fromBase64(word);
  if (response === null) throw new SyntaxError("expected base64");
  return response;
}
