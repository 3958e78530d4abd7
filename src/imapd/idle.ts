/**
 * IDLE: changes are told as they happen. RFC 9051 6.3.13, RFC 2177
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import { fromLatin1 } from "../base/bytes.ts";
import type { Mail } from "../accounts/mail.ts";
import { writeContinue } from "../imap/response.ts";
import { tellEverything } from "./notify.ts";
import { bad, type Completion, ok } from "./replies.ts";
import { TransportError } from "../net/transport.ts";
import type { Session } from "./session.ts";

/**
 * Until DONE. No timer: the read timeout of the connection ends who stays away too long.
 *
 * What is known already goes in front of the `+`. Thunderbird takes as many octets of what it inflated as there were
 * compressed ones; where that cuts the line behind the `+`, it waits for the next octets before it looks at the rest, which may
 * be for as long as nothing happens.
 */
export async function idle(session: Session, mail: Mail): Promise<Completion> {
  const { input, out } = session;
  await tellEverything(session, mail, "expunge");
  input.reader.expectLine();
  writeContinue(out.w, "idling");
  for (;;) {
    if (session.ending !== null) throw session.ending;
    const event = await input.nextOrPoke();
    if (event === null) throw new TransportError("closed", "the client left");
    if (event === "poked") {
      await tellEverything(session, mail, "expunge");
      continue;
    }
    if (event.kind !== "line") return bad("expected DONE");
    return fromLatin1(event.bytes).toUpperCase() === "DONE" ? ok("done") : bad("expected DONE");
  }
}
