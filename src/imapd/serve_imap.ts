/**
 * One IMAP connection, from greeting to BYE. RFC 9051, RFC 3501
 *
 * ```text
 *            ┌──────────────────── the loop of serve() ─────────────────────┐
 * transport ──> Input (CommandReader) ──> event ──> run() ──> a verb's file ──> Output ──> transport
 *                                                     │
 *                      Mail, Authenticator <──────────┴── after it: tellChanges(), the tagged response
 * ```
 *
 * Commands run one after the other, in the order they came (RFC 9051 5.5). A command is a function that writes untagged
 * responses and returns the tagged one, a {@link Completion}; what it may throw is told apart in {@link complete}.
 *
 * @module
 */
import { utf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import type { Command, Verb } from "../imap/command.ts";
import type { ReaderError, ReaderEvent } from "../imap/reader_event.ts";
import { writeCondition, writeContinue } from "../imap/response.ts";
import { deadlinesOf } from "../net/deadlines.ts";
import { type Transport, TransportError } from "../net/transport.ts";
import { Appending } from "./append.ts";
import { expectStranger } from "./authenticate.ts";
import { canStartTls, capabilities } from "./capability.ts";
import { beginCompression, endCompression } from "./compress.ts";
import { dispatch, mayTellExpunged } from "./dispatch.ts";
import { BrokenValue } from "./fetch.ts";
import { Input } from "./input.ts";
import { hasNews, push, tellEverything } from "./notify.ts";
import { Output } from "./output.ts";
import { pause } from "./pause.ts";
import { bad, type Completion, no, ok, refusal } from "./replies.ts";
import { Farewell, Session } from "./session.ts";
import {
  badFirstCommandDelayMs,
  farewellTimeoutMs,
  type ImapEnvironment,
  type ImapServices,
  type ImapSettings,
  maxBadCommands,
  maxStrangerBadCommands,
} from "./settings.ts";
import { tellSettled } from "./updates.ts";

/** What a connection is told that is not even looked at, because there are too many. RFC 9051 7.1.5 */
export const imapRefusal = utf8("* BYE [UNAVAILABLE] too many connections, try again later\r\n");

/** Serves one connection until it is closed. Never throws. */
export async function serveImap(
  transport: Transport,
  services: ImapServices,
  settings: ImapSettings,
  environment: ImapEnvironment,
): Promise<void> {
  environment.metrics.connections.add({ service: settings.service });
  const out = new Output(transport);
  const session = new Session(
    transport,
    services,
    settings,
    environment,
    new Input(transport, out, deadlinesOf(environment.clock)),
    out,
  );
  const stop = () => session.end(new Farewell("UNAVAILABLE", "the server is shutting down"));
  environment.stopping.addEventListener("abort", stop);
  if (environment.stopping.aborted) stop();
  expectStranger(session);
  const connection = new Connection(session);
  try {
    await connection.serve();
  } catch (error) {
    await sayFarewell(session, error);
  } finally {
    environment.stopping.removeEventListener("abort", stop);
    await connection.end();
    await session.transport.close();
  }
}

/** Tells the client why the connection ends, if there is a way and it is not the client's own doing. */
async function sayFarewell(session: Session, error: unknown): Promise<void> {
  const { out, transport, log } = session;
  if (error instanceof BrokenValue) {
    // The client is in the middle of a literal: whatever is said would be taken for its octets.
    log.error("a message could not be sent to its end", { error });
    return transport.destroy();
  }
  let farewell: Farewell;
  if (error instanceof Farewell) {
    farewell = error;
    log.info("connection ended", { reason: error.message });
  } else if (error instanceof TransportError) {
    if (error.failure === "timeout") {
      farewell = new Farewell(null, "idle for too long");
      log.info("connection timed out");
    } else if (error.failure === "garbled") {
      farewell = new Farewell(null, "this is not compressed");
      log.info("compressed octets were expected");
    } else return log.debug("connection lost", { error });
  } else if (error instanceof Refused) {
    // Only of what is asked outside of commands: whether the address may try to sign in.
    farewell = new Farewell("UNAVAILABLE", "try again later");
    log.warn("cannot serve", { reason: error.reason, error });
  } else {
    farewell = new Farewell("SERVERBUG", "internal error");
    reportBug(session, error);
  }
  transport.writeTimeoutMs = farewellTimeoutMs;
  try {
    writeCondition(out.w, null, "BYE", farewell.code, farewell.message);
    await out.flush();
  } catch {
    // Then not.
  }
}

function reportBug(session: Session, error: unknown): void {
  session.environment.metrics.panics.add({ pkg: "imapserver" });
  session.log.error("bug in the IMAP server", { error: error instanceof Error ? error : String(error) });
}

/** The label of what could not be read: names that a client makes up make no time series. */
const refusedLabel = "(none)";

/** The loop. */
class Connection {
  readonly #session: Session;
  #appending: Appending | null = null;
  #appendTag = "";
  #appendVerb: "APPEND" | "REPLACE" = "APPEND";
  #commands = 0;
  #badInARow = 0;
  #loggedOut = false;

  constructor(session: Session) {
    this.#session = session;
  }

  async serve(): Promise<void> {
    const session = this.#session;
    const { input, out, transport } = session;
    if (await session.services.authenticator.limited({ remoteAddress: transport.remote.address })) {
      session.environment.metrics.rateLimited.add({ kind: "imap" });
      throw new Farewell("UNAVAILABLE", "too many failed attempts to sign in, try again later");
    }
    writeCondition(out.w, null, "OK", { code: "CAPABILITY", capabilities: capabilities(session) }, "mailden");
    while (!this.#loggedOut) {
      if (session.ending !== null) throw session.ending;
      const event = await input.nextOrPoke();
      if (event === null) return;
      if (event !== "poked") await this.#handle(event);
      if (hasNews(session)) await this.#push();
      if (out.full) await out.flush();
    }
    await out.flush();
  }

  /** Gives back what the connection holds. Never throws. */
  async end(): Promise<void> {
    this.#session.input.close();
    await this.#dropAppend();
    try {
      await this.#session.signOut();
    } catch (error) {
      this.#session.log.debug("could not sign out", {
        error: error instanceof Error ? error : String(error),
      });
    }
  }

  async #handle(event: ReaderEvent): Promise<void> {
    const { out } = this.#session;
    switch (event.kind) {
      case "literal":
        if (event.sync) writeContinue(out.w, "go on");
        return;
      case "message":
        return await this.#announced(event);
      case "part":
        return await this.#announcedPart(event);
      case "url":
        return await this.#append((appending) => appending.addUrl(event.url));
      case "data":
        return await this.#append(async (appending) => {
          await appending.write(event.bytes);
          return null;
        });
      case "messageEnd":
        return await this.#append((appending) => appending.endMessage());
      case "command":
        return await this.#run(event.tag, event.command);
      case "line":
        return; // An answer to a challenge that was given up.
      case "error":
        return await this.#wrong(event);
    }
  }

  async #wrong(error: ReaderError): Promise<void> {
    const session = this.#session;
    await this.#dropAppend();
    if (this.#commands === 0 && (error.tag === null || error.verb === null)) {
      await pause(session, badFirstCommandDelayMs);
      throw new Farewell(null, "this is IMAP");
    }
    if (error.fatal) throw new Farewell(error.code, error.text);
    const { tag, status, code, text } = error;
    if (error.saves && session.view !== null) session.view.saved = new Uint32Array();
    this.#answer(tag, refusedLabel, { status, code, text }, 0);
  }

  /** The tagged response, and the end of patience with who sends nothing but nonsense. */
  #answer(
    tag: string | null,
    verb: Verb | typeof refusedLabel,
    completion: Completion,
    seconds: number,
  ): void {
    const session = this.#session;
    writeCondition(session.out.w, tag, completion.status, completion.code, completion.text);
    if (session.view !== null) session.view.answeredModseq = session.view.knownModseq;
    const result = completion.status.toLowerCase();
    session.environment.metrics.commandSeconds.observe(seconds, { cmd: verb, result });
    this.#commands++;
    this.#badInARow = completion.status === "BAD" ? this.#badInARow + 1 : 0;
    const most = session.signedIn === null ? maxStrangerBadCommands : maxBadCommands;
    if (this.#badInARow >= most) throw new Farewell(null, "too many wrong commands");
  }

  async #run(tag: string, command: Command): Promise<void> {
    const session = this.#session;
    const { clock } = session.environment;
    const begin = clock.monotonic();
    session.log.trace("command", { tag, verb: command.verb });
    const completion = await this.#complete(() => this.#do(tag, command));
    if (completion.status === "BAD") tellSettled(session); // Something may have been told before it was found out.
    else await this.#tellChanges(command);
    this.#answer(tag, command.verb, completion, (clock.monotonic() - begin) / 1000);
    if (completion.status !== "OK") return;
    if (command.verb === "STARTTLS") await this.#startTls();
    else if (command.verb === "COMPRESS") await beginCompression(session);
    else if (command.verb === "UNAUTHENTICATE") await endCompression(session);
  }

  async #do(tag: string, command: Command): Promise<Completion> {
    const session = this.#session;
    switch (command.verb) {
      case "APPEND":
      case "REPLACE":
        return await this.#finishAppend();
      case "LOGOUT":
        writeCondition(session.out.w, null, "BYE", null, "logging out"); // RFC 9051 6.1.3
        this.#loggedOut = true;
        return ok("bye");
      case "STARTTLS":
        if (session.signedIn !== null) return bad("signed in already");
        if (canStartTls(session)) return ok("begin TLS now");
        return session.transport.tls === null ? no("CANNOT", "no TLS here") : bad("TLS is active already");
      default:
        return await dispatch(session, tag, command);
    }
  }

  /** What went wrong, as a response, where it does not end the connection. */
  async #complete(work: () => Promise<Completion>): Promise<Completion> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Farewell || error instanceof TransportError || error instanceof BrokenValue) {
        throw error;
      }
      if (error instanceof SyntaxError) return bad(error.message); // Of choose(): text of ours.
      if (error instanceof Refused) {
        if (error.reason === "noCapability") throw new Farewell("UNAVAILABLE", "signed out", error);
        this.#session.log.debug("command refused", { reason: error.reason, error });
        return refusal(error.reason);
      }
      reportBug(this.#session, error);
      return no("SERVERBUG", "internal error");
    }
  }

  async #tellChanges(command: Command): Promise<void> {
    const session = this.#session;
    const { signedIn, view } = session;
    if (signedIn === null || this.#loggedOut) return;
    const quiet = view === null && session.notifications === null && session.annotationChanges === null;
    if (quiet) return;
    // The client wants to know for sure.
    if (view !== null && (command.verb === "NOOP" || command.verb === "CHECK")) view.stale = true;
    const allowed = mayTellExpunged(command) ? "expunge" : "no expunge";
    await this.#complete(async () => {
      await tellEverything(session, signedIn.mail, allowed);
      return ok("told");
    });
  }

  /** What the client wants to hear while it asks for nothing, but not between commands that it has sent together. */
  async #push(): Promise<void> {
    const { signedIn, input } = this.#session;
    if (signedIn === null || this.#loggedOut || !input.quiet) return;
    await this.#complete(async () => {
      await push(this.#session, signedIn.mail);
      return ok("told");
    });
  }

  /** RFC 9051 6.2.1: nothing that came in the clear counts any more, least of all commands sent along. */
  async #startTls(): Promise<void> {
    const { input, out, transport, log } = this.#session;
    input.giveBack();
    await out.flush();
    try {
      const tls = await transport.startTls();
      log.debug("TLS", { version: tls.version, cipher: tls.cipher });
    } catch (error) {
      if (error instanceof TransportError && error.failure === "injected") {
        log.warn("commands were sent along with STARTTLS");
      }
      throw error;
    }
  }

  async #announced(event: Extract<ReaderEvent, { kind: "message" }>): Promise<void> {
    const session = this.#session;
    const { signedIn, input, out } = session;
    const completion = await this.#complete(async () => {
      if (signedIn === null) return bad("sign in first");
      if (this.#appending === null) {
        const begun = await Appending.begin(session, signedIn.mail, event.message);
        if (!(begun instanceof Appending)) return begun;
        this.#appending = begun;
      }
      return this.#appending.announce(event.message) ?? ok("go on");
    });
    this.#appendTag = event.tag;
    this.#appendVerb = event.message.replaces === null ? "APPEND" : "REPLACE";
    if (completion.status !== "OK") return await this.#refuseAppend(completion);
    if (event.message.size === null) return; // Parts follow.
    input.reader.acceptMessage();
    if (event.sync) writeContinue(out.w, "go on");
  }

  async #announcedPart(event: Extract<ReaderEvent, { kind: "part" }>): Promise<void> {
    const { input, out } = this.#session;
    const refused = this.#appending?.announcePart(event.size, event.binary) ?? null;
    if (refused !== null) return await this.#refuseAppend(refused);
    input.reader.acceptMessage();
    if (event.sync) writeContinue(out.w, "go on");
  }

  /** A step of the APPEND under way; an answer ends it. */
  async #append(step: (appending: Appending) => Promise<Completion | null>): Promise<void> {
    const appending = this.#appending;
    if (appending === null) return;
    const completion = await this.#complete(async () => await step(appending) ?? ok("go on"));
    if (completion.status !== "OK") await this.#refuseAppend(completion);
  }

  async #refuseAppend(completion: Completion): Promise<void> {
    this.#session.input.reader.refuse();
    await this.#dropAppend();
    this.#answer(this.#appendTag, this.#appendVerb, completion, 0);
  }

  async #finishAppend(): Promise<Completion> {
    const appending = this.#appending;
    if (appending === null) return bad("no message");
    try {
      const completion = await appending.finish();
      if (completion.status === "OK") this.#appending = null;
      return completion;
    } finally {
      await this.#dropAppend();
    }
  }

  async #dropAppend(): Promise<void> {
    const appending = this.#appending;
    this.#appending = null;
    await appending?.drop();
  }
}
