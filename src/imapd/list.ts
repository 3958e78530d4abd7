/**
 * LIST with its extensions, and LSUB. RFC 9051 6.3.9, RFC 5258, RFC 5819, RFC 6154, RFC 8440, RFC 9590,
 * RFC 3501 6.3.8, 6.3.9
 *
 * One's own mailboxes always have parents that exist. Subscriptions can name what does not exist, and others' mailboxes
 * stand below levels that are none, or that one may not look up.
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail, MailboxInfo } from "../accounts/mail.ts";
import type { List, ListSelectOption, Lsub } from "../imap/command.ts";
import { writeMyRights } from "../imap/acl.ts";
import { writeList } from "../imap/list.ts";
import { compileListPattern, type NameMatcher } from "../imap/list_pattern.ts";
import { delimiter } from "../imap/mailbox_name.ts";
import { includesRights, right } from "../imap/rights.ts";
import { tellListedMetadata } from "./metadata.ts";
import { type Completion, ok } from "./replies.ts";
import type { Session } from "./session.ts";
import { tellStatus } from "./status.ts";

/** A name that may be listed. */
interface Candidate {
  readonly name: string;
  /** Null if there is no such mailbox. */
  readonly info: MailboxInfo | null;
  readonly subscribed: boolean;
  /** Nothing but a level above others. */
  readonly level?: boolean;
}

export async function list(session: Session, mail: Mail, command: List): Promise<Completion> {
  const { w } = session.out;
  if (!command.extended && command.patterns[0] === "") {
    // Asks for the delimiter, and the root of the reference: ours is empty. RFC 9051 6.3.9
    writeList(w, { attributes: ["\\Noselect"], mailbox: "" });
    return ok("done");
  }
  const matches = matcher(command.reference, command.patterns);
  const { mailboxes, lostSubscriptions } = await mail.list({});
  const all = candidates(mailboxes, lostSubscriptions);
  const selected = all.filter((candidate) => isSelected(candidate, command.select));
  const parents = parentsOf(mailboxes.map((mailbox) => mailbox.name));
  if (command.select.every((option) => option === "REMOTE")) {
    selected.push(...hiddenLevels(all, parents, command));
  }
  const criteria = command.select.filter((option) => option === "SUBSCRIBED" || option === "SPECIAL-USE");
  const recursive = command.select.includes("RECURSIVEMATCH");
  const above = parentsOf(recursive ? selected.map((candidate) => candidate.name) : []);
  for (const candidate of recursive ? withHidden(all, selected, matches) : selected.sort(byName)) {
    if (!matches(candidate.name)) continue;
    const attributes = attributesFor(candidate, parents, command);
    const childInfo = above.has(candidate.name) ? { childInfo: criteria } : {};
    writeList(w, { attributes, mailbox: candidate.name, ...childInfo });
    if (candidate.info !== null && isSelected(candidate, command.select)) {
      await tellReturned(session, mail, candidate.info, command);
    }
    if (session.out.full) await session.out.flush();
  }
  return ok("done");
}

/**
 * Levels above mailboxes that are none themselves, or none that may be looked up: a pattern that ends in `%` shows them.
 * RFC 9051 6.3.9, RFC 4314 4 (LIST)
 */
function hiddenLevels(
  all: readonly Candidate[],
  parents: ReadonlySet<string>,
  { patterns, reference }: List,
): Candidate[] {
  const ending = patterns.filter((pattern) => pattern.endsWith("%"));
  if (ending.length === 0) return [];
  const existing = new Set(all.flatMap(({ name, info }) => info === null ? [] : [name]));
  const matches = matcher(reference, ending);
  return [...parents].filter((name) => !existing.has(name) && matches(name))
    .map((name) => ({ name, info: null, subscribed: false, level: true }));
}

/** What RETURN asks for besides the LIST response. RFC 5819 2, RFC 8440 3, RFC 9590 3 */
async function tellReturned(session: Session, mail: Mail, info: MailboxInfo, command: List): Promise<void> {
  const { w } = session.out;
  const { status, returns, metadata } = command;
  if (status !== null && includesRights(info.rights, right.read)) tellStatus(session, info, status);
  if (returns.includes("MYRIGHTS")) writeMyRights(w, info.name, info.rights);
  if (metadata !== null) await tellListedMetadata(session, mail, info, metadata);
}

/**
 * LSUB. A subscribed name that only `%` keeps from matching shows by its parent, as \Noselect. RFC 3501 6.3.9
 *
 * Special uses are told here, too, which RFC 6154 speaks of for LIST only: there are clients that look for them nowhere else.
 */
export async function lsub(session: Session, mail: Mail, command: Lsub): Promise<Completion> {
  const { w } = session.out;
  if (command.pattern === "") {
    writeList(w, { attributes: ["\\Noselect"], mailbox: "" }, "LSUB");
    return ok("done");
  }
  if (command.pattern === null) return ok("done");
  const matches = matcher(command.reference, [command.pattern]);
  const { mailboxes, lostSubscriptions } = await mail.list({});
  const subscribed = candidates(mailboxes, lostSubscriptions).filter((each) => each.subscribed);
  const found = new Map<string, readonly string[]>();
  for (const { name, info } of subscribed) if (matches(name)) found.set(name, info?.specialUse ?? []);
  if (command.pattern.includes("%")) {
    for (const { name } of subscribed) {
      if (matches(name)) continue;
      for (const parent of ancestorsOf(name)) {
        if (matches(parent) && !found.has(parent)) found.set(parent, ["\\Noselect"]);
      }
    }
  }
  for (const [mailbox, attributes] of [...found].sort(([a], [b]) => a < b ? -1 : 1)) {
    writeList(w, { attributes, mailbox }, "LSUB");
    if (session.out.full) await session.out.flush();
  }
  return ok("done");
}

function byName(a: Candidate, b: Candidate): number {
  return a.name < b.name ? -1 : 1;
}

/** Attributes of one mailbox among all, as SELECT tells them. RFC 9051 6.3.2 */
export function attributesOf(info: MailboxInfo, all: readonly MailboxInfo[]): string[] {
  const prefix = info.name + delimiter;
  const children = all.some((each) => each.name.startsWith(prefix));
  return [children ? "\\HasChildren" : "\\HasNoChildren", ...info.specialUse];
}

function matcher(reference: string, patterns: readonly string[]): NameMatcher {
  // In the extended syntax an empty pattern means nothing. RFC 9051 6.3.9
  const matchers = patterns.filter((pattern) => pattern !== "").map((pattern) =>
    compileListPattern(reference, pattern)
  );
  return (name) => matchers.some((matches) => matches(name));
}

function candidates(mailboxes: readonly MailboxInfo[], lost: readonly string[]): Candidate[] {
  const all: Candidate[] = mailboxes.map((info) => ({ name: info.name, info, subscribed: info.subscribed }));
  all.push(...lost.map((name) => ({ name, info: null, subscribed: true })));
  return all.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Options add up; REMOTE asks for nothing that there is. RFC 9051 6.3.9.1 */
function isSelected(candidate: Candidate, select: readonly ListSelectOption[]): boolean {
  if (select.includes("SUBSCRIBED")) {
    if (!candidate.subscribed) return false;
  } else if (candidate.info === null) return false;
  return !select.includes("SPECIAL-USE") || (candidate.info?.specialUse.length ?? 0) > 0;
}

/**
 * The selected names, and those above selected ones which do not match a pattern themselves: RECURSIVEMATCH shows what
 * would otherwise be hidden. RFC 9051 6.3.9.3, 6.3.9.6
 */
function withHidden(
  all: readonly Candidate[],
  selected: readonly Candidate[],
  matches: NameMatcher,
): Candidate[] {
  const shown = new Map(selected.map((candidate) => [candidate.name, candidate]));
  const known = new Map(all.map((candidate) => [candidate.name, candidate]));
  for (const { name } of selected) {
    if (matches(name)) continue;
    for (const parent of ancestorsOf(name)) {
      if (shown.has(parent)) continue;
      shown.set(parent, known.get(parent) ?? { name: parent, info: null, subscribed: false });
    }
  }
  return [...shown.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

function attributesFor(candidate: Candidate, parents: ReadonlySet<string>, command: List): string[] {
  const attributes: string[] = [];
  const tellsSubscribed = command.select.includes("SUBSCRIBED") || command.returns.includes("SUBSCRIBED");
  if (tellsSubscribed && candidate.subscribed) attributes.push("\\Subscribed");
  const { info } = candidate;
  // Who may not read a mailbox cannot select it: STATUS of it is not told either. RFC 5819 2
  const closed = info !== null && !includesRights(info.rights, right.read);
  if (candidate.level === true || closed) attributes.push("\\Noselect");
  else if (info === null) attributes.push("\\NonExistent");
  attributes.push(parents.has(candidate.name) ? "\\HasChildren" : "\\HasNoChildren");
  attributes.push(...info?.specialUse ?? []);
  return attributes;
}

/** `a` and `a/b` of `a/b/c`. */
export function ancestorsOf(name: string): string[] {
  const found: string[] = [];
  for (let at = name.indexOf(delimiter); at !== -1; at = name.indexOf(delimiter, at + 1)) {
    found.push(name.slice(0, at));
  }
  return found;
}

function parentsOf(names: readonly string[]): Set<string> {
  return new Set(names.flatMap(ancestorsOf));
}
