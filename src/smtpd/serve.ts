/**
 * SMTP for other servers, and submission for users: serves one connection from greeting to end. RFC 5321, RFC 6409
 *
 * @module
 */
import type { Log } from "../base/log.ts";
import { type Transport, TransportError } from "../net/transport.ts";
import { printReply, type Reply } from "../smtp/reply.ts";
import { withId } from "../smtp/session_steps.ts";
import { utf8 } from "../base/bytes.ts";
import { Connection } from "./connection.ts";
import type { SmtpServices } from "./services.ts";
import type { SmtpSettings } from "./settings.ts";

/**
 * Serves a connection. Returns when it is over, for whatever reason; the transport is closed then. Never throws.
 *
 * @param log Carries the connection's `cid`.
 */
export async function serveSmtp(
  transport: Transport,
  services: SmtpServices,
  settings: SmtpSettings,
  log: Log,
): Promise<void> {
  const { metrics } = services;
  metrics.connections.add({ kind: settings.kind });
  log.debug("connection", {
    kind: settings.kind,
    remote: transport.remote.address,
    tls: transport.tls?.version,
  });
  let connection: Connection | null = null;
  try {
    if (await isLimited(transport, services, settings)) return await refuseSmtp(transport, services, tooMuch);
    connection = new Connection(transport, servicesFor(transport, services, settings), settings, log);
    await connection.run();
  } catch (error) {
    const reply = lastWord(error, services, log);
    if (reply !== null) {
      await (connection?.say(reply) ?? refuseSmtp(transport, services, reply)).catch(() => {});
    }
  } finally {
    await transport.close();
    log.debug("connection ended", { read: transport.bytesRead, written: transport.bytesWritten });
  }
}

/** RFC 5321 3.1: said in place of the greeting. */
const tooMuch: Reply = { code: 421, enhanced: "4.7.0", text: "too much from your address; try again later" };

/** What a connection is told that is not even looked at, because there are too many. RFC 5321 3.1 */
export const smtpRefusal = utf8(
  printReply({ code: 421, enhanced: "4.7.0", text: "too many connections; try again later" }),
);

/** Turns a connection away, with a reply in place of the greeting: by default, that too many come from there. */
export async function refuseSmtp(
  transport: Transport,
  services: Pick<SmtpServices, "publicId">,
  reply: Reply = tooMuch,
): Promise<void> {
  try {
    await transport.write(utf8(printReply(withId(reply, services.publicId(transport.id)))));
  } catch {
    // It has gone by itself.
  }
  await transport.close();
}

/** Strangers have a share of what large messages need. */
function servicesFor({ remote }: Transport, services: SmtpServices, { kind }: SmtpSettings): SmtpServices {
  return kind === "delivery" ? { ...services, deliver: services.places.of(remote.address) } : services;
}

/** Whether whoever is there has guessed too often. */
async function isLimited(
  transport: Transport,
  services: SmtpServices,
  settings: SmtpSettings,
): Promise<boolean> {
  if (settings.kind === "delivery") return false;
  return await services.authenticator.limited({ remoteAddress: transport.remote.address });
}

/** What can still be said after an error, if anything: a peer that sends nothing may listen all the same. */
function lastWord(error: unknown, services: SmtpServices, log: Log): Reply | null {
  if (!(error instanceof TransportError)) {
    services.metrics.errors.add({ error: "servererror" });
    log.error("unexpected error", { error: error instanceof Error ? error : String(error) });
    return { code: 421, enhanced: "4.3.0", text: "something is wrong here" };
  }
  if (error.failure === "timeout") {
    services.metrics.errors.add({ error: "timeout" });
    log.info("connection timed out", { why: error.message });
    return { code: 421, enhanced: "4.4.2", text: "you took too long" };
  }
  services.metrics.errors.add({ error: "io" });
  log.debug("connection broke", { failure: error.failure, why: error.message });
  return null;
}
