/**
 * AUTHENTICATE, LOGIN and UNAUTHENTICATE. RFC 9051 6.2.2, 6.2.3, RFC 4959, RFC 8437, RFC 4422
 *
 * The store checks; here bytes are carried back and forth, and guessing is made slow.
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import { type AuthStep, type Mechanism, mechanisms } from "../accounts/authenticator.ts";
import { base64, type Bytes, fromBase64, fromLatin1, utf8 } from "../base/bytes.ts";
import type { Authenticate, Login } from "../imap/command.ts";
import { defaultLimits, strangerLimits } from "../imap/command_reader.ts";
import { writeContinue } from "../imap/response.ts";
import { capabilities, offeredMechanisms, passwordsAllowed, sendsPassword } from "./capability.ts";
import { bad, type Completion, no, ok, refusal } from "./replies.ts";
import { Farewell, type Session } from "./session.ts";
import {
  defaultIdleTimeoutMs,
  defaultLoginTimeoutMs,
  failedAuthDelayMs,
  freeFailedAuths,
  loginTimeouts,
  maxChallenges,
  maxFailedAuths,
  strangerWriteTimeoutMs,
  writeTimeoutMs,
} from "./settings.ts";
import { pause } from "./pause.ts";

const privacyRequired: Completion = no("PRIVACYREQUIRED", "not without TLS");

export async function login(session: Session, command: Login): Promise<Completion> {
  if (!passwordsAllowed(session)) return privacyRequired;
  // LOGIN is PLAIN in other words. RFC 4616 2
  return await run(session, "PLAIN", utf8(`\0${command.user}\0${command.password}`), "LOGIN");
}

export async function authenticate(session: Session, command: Authenticate): Promise<Completion> {
  const mechanism = mechanisms.find((each) => each === command.mechanism);
  if (mechanism === undefined || !session.settings.mechanisms.includes(mechanism)) {
    return no("CANNOT", "no such mechanism");
  }
  if (sendsPassword(mechanism) && !passwordsAllowed(session)) return privacyRequired;
  if (!offeredMechanisms(session).includes(mechanism)) return no("CANNOT", "no client certificate");
  return await run(session, mechanism, command.initialResponse, mechanism);
}

/** Times for a client that has not signed in. */
export function expectStranger({ input, transport, settings }: Session): void {
  const timeoutMs = settings.loginTimeoutMs ?? defaultLoginTimeoutMs;
  input.timeoutMs = timeoutMs;
  input.totalMs = loginTimeouts * timeoutMs;
  transport.writeTimeoutMs = strangerWriteTimeoutMs;
}

/** Back to where LOGIN can be said again. RFC 8437 3 */
export async function unauthenticate(session: Session): Promise<Completion> {
  await session.signOut();
  session.input.reader.limits = strangerLimits;
  expectStranger(session);
  return ok("signed out");
}

/** The answer of the client, decoded; null if it gave up. */
type Answer = Bytes | null;

async function run(
  session: Session,
  mechanism: Mechanism,
  initial: Bytes | null,
  variant: string,
): Promise<Completion> {
  const { authenticator } = session.services;
  const { metrics } = session.environment;
  const count = (result: string) => metrics.authentications.add({ kind: "imap", variant, result });
  if (session.failedAuths > freeFailedAuths) {
    await pause(session, (session.failedAuths - freeFailedAuths) * failedAuthDelayMs);
  }
  let step = await authenticator.begin({
    protocol: "imap",
    mechanism,
    initial,
    remoteAddress: session.transport.remote.address,
    tls: session.transport.tls !== null,
    certificate: session.transport.tls?.clientCertificate?.fingerprint ?? null,
    cid: session.transport.id,
  });
  for (let challenges = 0; step.kind === "challenge"; challenges++) {
    const { exchange } = step;
    let answer: Answer = null;
    try {
      if (challenges < maxChallenges) answer = await ask(session, step.challenge);
    } finally {
      if (answer === null) await authenticator.cancel({ exchange });
    }
    if (answer === null) {
      count("aborted");
      return bad("authentication given up"); // RFC 9051 6.2.2
    }
    step = await authenticator.next({ exchange, response: answer });
  }
  if (step.kind === "success") return await succeed(session, step, count);
  count(step.reason);
  return await fail(session, step);
}

async function succeed(
  session: Session,
  step: Extract<AuthStep, { kind: "success" }>,
  count: (result: string) => void,
): Promise<Completion> {
  const { authenticator } = session.services;
  const { account, login, capability } = step;
  try {
    // The tagged OK cannot carry data, so the server's last word is a challenge of its own. RFC 9051 6.2.2
    const confirmed = step.final === null ? true : (await ask(session, step.final))?.length === 0;
    if (!confirmed) {
      await authenticator.release({ capability });
      count("aborted");
      return bad("authentication given up");
    }
  } catch (error) {
    await authenticator.release({ capability });
    throw error;
  }
  count("ok");
  session.failedAuths = 0;
  const hidden = new Set(step.hiddenCapabilities);
  session.signedIn = { account, login, capability, mail: session.services.openMail(capability), hidden };
  session.log = session.log.with({ account });
  session.log.info("signed in", { login });
  session.input.reader.limits = defaultLimits;
  session.input.timeoutMs = session.settings.idleTimeoutMs ?? defaultIdleTimeoutMs;
  session.input.totalMs = Infinity;
  session.transport.writeTimeoutMs = writeTimeoutMs;
  return ok("signed in", { code: "CAPABILITY", capabilities: capabilities(session) });
}

async function fail(session: Session, step: Extract<AuthStep, { kind: "failure" }>): Promise<Completion> {
  const completion = refusal(step.reason);
  session.log.info("sign-in refused", { reason: step.reason });
  if (step.reason === "rateLimited") session.environment.metrics.rateLimited.add({ kind: "imap" });
  // Not the client's guess, or no guess at all.
  if (step.reason === "tryLater" || step.reason === "badRequest") return completion;
  session.failedAuths++;
  await pause(session, failedAuthDelayMs);
  if (session.failedAuths >= maxFailedAuths) throw new Farewell(null, "too many failed attempts to sign in");
  return step.text === null ? completion : { ...completion, text: printable(step.text) };
}

/** Response texts are one line of ASCII. RFC 9051 9 (text) */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, "?").slice(0, 500) || "refused";
}

/** Sends a challenge and reads the answer; null for `*` and for what is not base64. RFC 9051 6.2.2, 9 */
async function ask(session: Session, challenge: Bytes): Promise<Answer> {
  session.input.reader.expectLine();
  writeContinue(session.out.w, base64(challenge));
  const event = await session.input.expect();
  if (event.kind !== "line") return null;
  const line = fromLatin1(event.bytes);
  return line === "*" ? null : fromBase64(line);
}
