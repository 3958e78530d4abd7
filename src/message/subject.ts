/**
 * The base subject, by which threads and sorting compare. RFC 5256 2.1, 5
 *
 * @module
 */

export interface BaseSubject {
  /** Without `Re:`, `Fwd:`, `[list]`, `(fwd)` and white space around; letter case as it was. */
  readonly base: string;
  /** Whether something was taken off that says "reply" or "forward". RFC 5256 4 (is a reply) */
  readonly isReply: boolean;
}

/** Longer subjects are cut before they are compared. */
export const maxSubjectLength = 10_000;

const refwd = /(?:re|fwd?) *(?:\[[^[\]]*\] *)?:/iy;
const blob = /\[[^[\]]*\] */y;

/** Takes the artifacts off a decoded subject, exactly as RFC 5256 2.1 says. */
export function baseSubject(subject: string): BaseSubject {
  // (1) The subject is decoded already.
  let text = subject.slice(0, maxSubjectLength).toWellFormed().replace(/[ \t\r\n]+/g, " ");
  let isReply = false;
  for (;;) {
    // (2) subj-trailer
    const trimmed = withoutTrailers(text);
    // (3), (4), (5) subj-leader, subj-blob
    const start = leadersEnd(trimmed.text);
    text = trimmed.text.slice(start.at);
    isReply ||= trimmed.isReply || start.isReply;
    // (6) subj-fwd
    if (!/^\[fwd:/i.test(text) || !text.endsWith("]")) return { base: text, isReply };
    text = text.slice("[fwd:".length, -1);
    isReply = true;
  }
}

function withoutTrailers(text: string): { text: string; isReply: boolean } {
  let end = text.length;
  let isReply = false;
  for (;;) {
    while (end > 0 && text[end - 1] === " ") end--;
    if (end < 5 || text.slice(end - 5, end).toLowerCase() !== "(fwd)") {
      return { text: text.slice(0, end), isReply };
    }
    end -= 5;
    isReply = true;
  }
}

/** Where what can be taken off in front ends. */
function leadersEnd(text: string): { at: number; isReply: boolean } {
  let at = 0;
  let isReply = false;
  // Up to here there are blobs that no `Re:` follows: they are not looked through once for each of them.
  let noLeaderBefore = 0;
  for (;;) {
    while (text[at] === " ") at++;
    if (at >= noLeaderBefore) {
      let end = at;
      for (let next: number | null = end; next !== null; next = match(blob, text, end)) end = next;
      const leader = match(refwd, text, end);
      if (leader !== null) {
        at = leader;
        isReply = true;
        continue;
      }
      noLeaderBefore = end;
    }
    // (4) A blob goes only if something is left.
    const end = match(blob, text, at);
    if (end === null || end >= text.length) return { at, isReply };
    at = end;
  }
}

function match(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : null;
}
