/**
 * CREATE, DELETE, RENAME, SUBSCRIBE and UNSUBSCRIBE. RFC 9051 6.3.4 to 6.3.8, RFC 6154 3
 *
 * @module
 */
import type { Create, MailboxCommand, ParseMode, Rename, SpecialUseAttribute } from "./command.ts";
import { CommandError } from "./command_error.ts";
import { readMailbox } from "./mailbox_name.ts";
import type { Scanner } from "./scanner.ts";

const uses: readonly SpecialUseAttribute[] = ["\\Archive", "\\Drafts", "\\Junk", "\\Sent", "\\Trash"];

export function parseCreate(s: Scanner, mode: ParseMode): Create {
  s.space();
  const mailbox = readMailbox(s, mode);
  const specialUse = new Set<SpecialUseAttribute>();
  if (!s.atEnd) {
    s.space();
    s.list((s) => {
      s.expect("USE");
      s.space();
      for (const use of s.list(readUse, 0)) specialUse.add(use);
    });
  }
  return { verb: "CREATE", mailbox, specialUse: [...specialUse] };
}

function readUse(s: Scanner): SpecialUseAttribute {
  s.expect("\\");
  const wanted = `\\${s.atom("a use")}`.toLowerCase();
  const use = uses.find((use) => use.toLowerCase() === wanted);
  // Also for \All and \Flagged, which are views that we do not have. RFC 6154 3
  if (use === undefined) throw new CommandError("NO", "USEATTR", "no mailbox can be given this use");
  return use;
}

export function parseMailboxCommand(
  verb: MailboxCommand["verb"],
  s: Scanner,
  mode: ParseMode,
): MailboxCommand {
  s.space();
  return { verb, mailbox: readMailbox(s, mode) };
}

export function parseRename(s: Scanner, mode: ParseMode): Rename {
  s.space();
  const from = readMailbox(s, mode);
  s.space();
  return { verb: "RENAME", from, to: readMailbox(s, mode) };
}
