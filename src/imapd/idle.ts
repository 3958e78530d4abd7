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

/** Until DONE. No timer: the read timeout of the connection ends who stays away too long. */
export async function idle(session: Session, mail: Mail): Promise<Completion> {
  const { input, out } = session;
  input.reader.expectLine();
  writeContinue(out.w, "idling");
  for (;;) {
    if (session.ending !== null) throw session.ending;
    await tellEverything(session, mail, "expunge");
    const event = await input.nextOrPoke();
    if (event === null) throw new TransportError("closed", "the client left");
    if (event === "poked") continue;
    if (event.kind !== "line") return bad("expected DONE");
    return fromLatin1(event.bytes).toUpperCase() === "DONE" ? ok("done") : bad("expected DONE");
  }
}
