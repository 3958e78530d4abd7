/**
 * What EHLO is answered: the server's name and what it can do, now. RFC 5321 4.1.1.1
 *
 * Tested by `session_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { printLimits } from "./limits.ts";
import { maxHoldSeconds, type Session } from "./session_state.ts";

/**
 * The lines, in the reference's order. No BINARYMIME. DSN for our users only: strangers whose addresses nobody has checked
 * could have our notices sent to others.
 */
export function ehloLines(session: Session, now: Millis): string[] {
  const { rules, secure } = session;
  const lines = [rules.hostname, "PIPELINING", `SIZE ${rules.maxMessageBytes}`];
  if (!secure && rules.startTls) lines.push("STARTTLS");
  if (secure && rules.requireTls) lines.push("REQUIRETLS"); // RFC 8689 2
  if (rules.submission) {
    const offered = mechanismsNow(session);
    if (offered.length > 0) lines.push(`AUTH ${offered.join(" ")}`);
    lines.push(`FUTURERELEASE ${maxHoldSeconds} ${until(now)}`, "DSN"); // RFC 3461 3
  }
  const limits = printLimits({ mailMax: null, rcptMax: rules.maxRecipients, rcptDomainMax: null });
  lines.push("ENHANCEDSTATUSCODES", "8BITMIME", `LIMITS ${limits}`, "SMTPUTF8", "CHUNKING");
  return lines;
}

/** Passwords only where nobody else can read them; EXTERNAL only for who has shown a certificate. */
function mechanismsNow(session: Session): string[] {
  const { rules, secure, certificate } = session;
  return rules.mechanisms.filter((mechanism) => {
    if (mechanism === "EXTERNAL") return certificate;
    if (mechanism === "PLAIN" || mechanism === "LOGIN") return secure || rules.plainWithoutTls;
    return true;
  });
}

/** The latest time a message can be held to. RFC 4865 3, RFC 3339 5.6 */
function until(now: Millis): string {
  return `${new Date(now + maxHoldSeconds * 1000).toISOString().slice(0, 19)}Z`;
}
