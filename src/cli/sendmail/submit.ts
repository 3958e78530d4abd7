/**
 * Hands a message in: looks the server up, connects with TLS as the configuration demands, signs in, sends.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { base64Url } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { parseIp } from "../../base/ip_address.ts";
import { silentLog } from "../../base/log.ts";
import type { SubmitConfig } from "../../config/submit_config.ts";
import { dial, type DialedTransport } from "../../net/client.ts";
import type { ClientTls } from "../../net/client_tls.ts";
import { TransportError } from "../../net/transport.ts";
import { ContentSource } from "../../queue/runner/content.ts";
import { SmtpClient } from "../../queue/runner/smtp_client.ts";
import { type ClientRules, clientRules, defaultTimeouts } from "../../smtp/client_rules.ts";
import type { Outcome, OutgoingMessage, RecipientResult } from "../../smtp/client_state.ts";
import type { SendmailArguments } from "./arguments.ts";
import { exitCodeOf, exitCodes, SendFailure } from "./exit_codes.ts";
import { addressText, type Submission } from "./outgoing_message.ts";

/** Addresses of the server that are tried, one after the other. */
const maxAddresses = 8;

/** Files that the configuration names, read. */
export interface SubmitFiles {
  readonly trusted: readonly string[];
  readonly certificate: { readonly chainPem: string; readonly keyPem: string } | null;
}

export interface SubmitParts {
  readonly config: SubmitConfig;
  readonly files: SubmitFiles;
  readonly clock: Clock;
  /** For tests: addresses of the host. */
  readonly addressesOf?: (host: string) => Promise<readonly string[]>;
}

/**
 * Hands a message in for all its recipients.
 *
 * @throws {SendFailure} If it was not taken for all; the message says for whom not.
 */
export async function submit(
  submission: Submission,
  args: Pick<SendmailArguments, "notify" | "ret" | "envid">,
  parts: SubmitParts,
): Promise<void> {
  const { clock, config } = parts;
  const overall = Promise.withResolvers<never>();
  overall.promise.catch(() => {});
  let client: SmtpClient | null = null;
  const timer = clock.after(config.timeout, () => {
    client?.destroy();
    overall.reject(new SendFailure(exitCodes.temporary, `${config.host} took too long`));
  });
  try {
    client = await Promise.race([connected(parts), overall.promise]);
    await Promise.race([sendAll(client, submission, args, config), overall.promise]);
    await client.quit();
  } finally {
    timer.cancel();
    client?.destroy();
  }
}

async function sendAll(
  client: SmtpClient,
  submission: Submission,
  args: Pick<SendmailArguments, "notify" | "ret" | "envid">,
  config: SubmitConfig,
): Promise<void> {
  const refusal = await client.opened;
  if (refusal !== null) {
    throw new SendFailure(exitCodeOf(refusal), `${config.host} ${words(refusal)}`);
  }
  const { message: content } = submission;
  const refused: RecipientResult[] = [];
  for (let left = submission.recipients; left.length > 0;) {
    const message: OutgoingMessage = {
      from: submission.from,
      recipients: left.map((to) => ({ to, notify: args.notify, orcpt: null })),
      size: content.length,
      eightBit: submission.eightBit,
      smtpUtf8: submission.smtpUtf8,
      requireTls: config.requireTls === "yes",
      ret: args.ret,
      envid: args.envid,
    };
    const { results, reusable } = await client.send(
      message,
      new ContentSource([content], content.length, null),
    );
    // More than the server takes at a time: the others go in the next transaction, as long as that helps.
    const again = results.filter(({ retry, verdict }) => verdict !== "delivered" && retry === "transaction");
    const going = reusable && again.length > 0 && again.length < left.length;
    refused.push(
      ...results.filter((each) => each.verdict !== "delivered" && !(going && again.includes(each))),
    );
    left = going ? again.map(({ to }) => to) : [];
  }
  const [first] = refused;
  if (first === undefined) return;
  const some = refused.length < submission.recipients.length;
  const each = refused.slice(0, maxTold).map((result) => `${addressText(result.to)}: ${words(result)}`);
  if (refused.length > maxTold) each.push(`and ${refused.length - maxTold} others`);
  const worst = refused.find(({ verdict }) => verdict === "temporary") ?? first;
  // Whoever hears that it may work later tries again: then some would get it twice.
  const code = some && worst.verdict === "temporary" ? exitCodes.unavailable : exitCodeOf(worst);
  throw new SendFailure(
    code,
    `${config.host} did not take it for ${each.join("; ")}`,
    refused.map(({ to }) => to),
  );
}

/** Recipients that a failure names. */
const maxTold = 20;

/** What happened, to go on after a name. */
function words({ reply, cause, step, uncertain }: Outcome): string {
  const said = reply === null
    ? null
    : `said ${[reply.code, reply.enhanced ?? "", ...reply.lines].filter((word) => word !== "").join(" ")}`;
  if (said !== null && cause === "reply") return said;
  const unsure = uncertain ? ", after the whole message was sent: it may have been taken" : "";
  return `${causes[cause]} (${said === null ? `at ${step}` : `it ${said}`})${unsure}`;
}

const causes: Readonly<Record<Outcome["cause"], string>> = {
  reply: "said no",
  shutdown: "is shutting down",
  closed: "closed the connection",
  timeout: "did not answer in time",
  garbled: "said what is no reply",
  unexpected: "gave a reply that cannot be one",
  injected: "sent plain text behind its reply to STARTTLS: somebody between may have",
  noTls: "offers no TLS, which the configuration demands",
  tlsRefused: "refused TLS, which the configuration demands",
  handshake: "failed in the TLS handshake: its certificate must be trusted and have its name",
  noMechanism: "offers no way to sign in that the configuration has",
  credentials: "does not take this username and password",
  authTemporary: "could not check the password",
  notProved: "did not prove that it knows the password: it may be another server",
  noSmtpUtf8: "does not take addresses or a header beyond ASCII",
  noEightBit: "does not take octets above 127",
  noRequireTls: "does not know REQUIRETLS, which the configuration demands",
  notSecure: "was not reached over verified TLS, which REQUIRETLS demands",
  tooLarge: "does not take messages of this size",
  limit: "does not take so many at a time",
  content: "was not given the message",
};

/** Begins a session with the first address that answers. */
async function connected(parts: SubmitParts): Promise<SmtpClient> {
  const { config, clock } = parts;
  const transport = await reached(parts);
  const tls = tlsOf(parts);
  return new SmtpClient({
    transport,
    rules: rulesOf(config, transport, parts.files),
    tls: config.tls === "implicit" ? { verified: true } : null,
    // Verified, or it does not come about.
    secure: () => transport.startTls(tls).then(() => ({ verified: true }), () => null),
    credentials: config.username === "" ? null : { username: config.username, password: config.password },
    nonce: () => base64Url(crypto.getRandomValues(new Uint8Array(18))),
    clock,
    log: silentLog,
  });
}

function tlsOf({ config, files }: SubmitParts): ClientTls {
  return {
    serverName: config.host,
    ...(files.trusted.length > 0 ? { trusted: files.trusted } : {}),
    ...(files.certificate === null ? {} : { certificate: files.certificate }),
  };
}

async function reached(parts: SubmitParts): Promise<DialedTransport> {
  const { config, clock } = parts;
  const addresses = await (parts.addressesOf ?? systemAddresses)(config.host);
  let last: TransportError | null = null;
  for (const address of addresses.slice(0, maxAddresses)) {
    try {
      return await dial({
        address,
        port: config.port,
        clock,
        ...(config.tls === "implicit" ? { tls: tlsOf(parts) } : {}),
      });
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      last = error;
    }
  }
  if (last === null) throw new SendFailure(exitCodes.noHost, `${config.host} has no address`);
  const why = last.cause instanceof Error ? `${last.message}: ${last.cause.message}` : last.message;
  throw new SendFailure(exitCodes.temporary, `${config.host}:${config.port} was not reached: ${why}`);
}

/** As every program of this machine sees the host. */
async function systemAddresses(host: string): Promise<string[]> {
  if (parseIp(host) !== null) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    throw code === "ENOTFOUND"
      ? new SendFailure(exitCodes.noHost, `there is no host ${host}`)
      : new SendFailure(exitCodes.temporary, `${host} could not be looked up`);
  }
}

function rulesOf(config: SubmitConfig, transport: DialedTransport, files: SubmitFiles): ClientRules {
  const { address } = transport.local;
  const literal = address.includes(":") ? `[IPv6:${address}]` : `[${address}]`; // RFC 5321 4.1.3
  const signsIn = config.username !== "" || files.certificate !== null;
  return clientRules(config.hostname === "" ? literal : config.hostname, {
    tls: config.tls === "startTls" ? "required" : "never",
    auth: signsIn
      ? {
        mechanisms: config.username === "" ? ["EXTERNAL"] : config.mechanisms,
        certificate: files.certificate !== null,
      }
      : null,
    timeouts: { ...defaultTimeouts, quit: 2000 }, // It has the message: nobody waits for its good-bye.
  });
}
