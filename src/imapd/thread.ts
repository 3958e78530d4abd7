/**
 * THREAD and UID THREAD. RFC 5256 3
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail } from "../accounts/mail.ts";
import type { Thread } from "../imap/command.ts";
import { writeThread } from "../imap/search_answer.ts";
import { keyFor } from "./finding.ts";
import { refuseSort } from "./limit.ts";
import { Progress } from "./progress.ts";
import { type Completion, ok } from "./replies.ts";
import type { Session } from "./session.ts";
import { enableCondstore } from "./updates.ts";
import type { MailboxView } from "./view.ts";

export async function thread(
  session: Session,
  mail: Mail,
  view: MailboxView,
  command: Thread,
  tag: string,
): Promise<Completion> {
  if (command.modSeq) enableCondstore(session);
  // What arrives meanwhile is not known to the client, and would make threads of its own.
  const known = { key: "uids" as const, set: view.lastUid === 0 ? [] : [1, view.lastUid] };
  const key = { key: "and" as const, keys: [known, keyFor(view, command)] };
  const refused = refuseSort(session, view, key);
  if (refused !== null) return refused;
  const progress = new Progress(session, tag);
  const nodes: number[] = [];
  const depths: number[] = [];
  const request = { mailbox: view.id, key, algorithm: command.algorithm };
  for await (const batch of mail.thread(request)) {
    await progress.report(batch.looked, batch.total);
    for (let i = 0; i < batch.uids.length; i++) {
      nodes.push(batch.uids[i] ?? 0);
      depths.push(batch.depths[i] ?? 0);
    }
  }
  const numbers = Uint32Array.from(nodes, (uid) => uid === 0 || command.uid ? uid : view.numberOf(uid));
  writeThread(session.out.w, numbers, Uint32Array.from(depths));
  return ok("done");
}
