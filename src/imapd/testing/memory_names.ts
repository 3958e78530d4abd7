/**
 * Names of mailboxes, as the twin of the store takes them.
 *
 * Tested by `src/imapd/testing/memory_mail_test.ts`.
 *
 * @module
 */
import { Refused } from "../../base/errors.ts";
import { canonicalMailboxName, mailboxNameProblem, otherUsers } from "../../imap/mailbox_name.ts";

/** `a`, `a/b` of `a/b/c`. */
export function parents(name: string): string[] {
  const levels = name.split("/");
  return levels.slice(1).map((_level, i) => levels.slice(0, i + 1).join("/"));
}

/** @throws {Refused} `badName` */
export function checkName(name: string): void {
  const isOthers = name.split("/")[0] === otherUsers;
  const problem = isOthers
    ? "another account's"
    : canonicalMailboxName(name) === name
    ? mailboxNameProblem(name)
    : "not canonical";
  if (problem !== null) throw new Refused("badName", `${JSON.stringify(name)}: ${problem}`);
}
