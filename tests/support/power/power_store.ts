/**
 * The store whose folder loses its power: the role itself (`roles/store_server.ts`) as every start of the service opens it, in
 * this process, and its peers' side of the RPC connection.
 *
 * @module
 */
import { searchedText } from "../../../src/accounts/searched_text.ts";
import { type Authenticator, authenticatorMethods } from "../../../src/accounts/authenticator.ts";
import { maxInlineBytes } from "../../../src/accounts/mail.ts";
import { type Bytes, KiB, utf8 } from "../../../src/base/bytes.ts";
import type { Clock } from "../../../src/base/clock.ts";
import { createLog, type Log } from "../../../src/base/log.ts";
import { Metrics } from "../../../src/base/metrics.ts";
import { checkDynamic, dynamicSchema } from "../../../src/config/dynamic_config.ts";
import { readConfig } from "../../../src/config/load.ts";
import { checkStatic, staticSchema } from "../../../src/config/static_config.ts";
import type { Deliver, DeliveryResult, Incoming } from "../../../src/delivery/deliver.ts";
import { Indexer } from "../../../src/message/indexer.ts";
import { systemClock } from "../../../src/net/system_clock.ts";
import {
  answers,
  headOf,
  maxParserRequest,
  numberOf,
  requestHead,
} from "../../../src/roles/parser_frames.ts";
import { ParserLink } from "../../../src/roles/parser_link.ts";
import { startStore, type StoreServer, type StoreServerBoot } from "../../../src/roles/store_server.ts";
import { decode, encode } from "../../../src/rpc/codec.ts";
import { connect, type Connection } from "../../../src/rpc/connection.ts";
import { client } from "../../../src/rpc/client.ts";
import { frameOf, FrameReader } from "../../../src/rpc/frame_reader.ts";
import { PortCarrier } from "../../../src/rpc/port_carrier.ts";
import { lookMs } from "../../../src/store/housekeeping.ts";
import type { TextSource } from "../../../src/store/text_source.ts";

/** Octets that are spooled at once. */
const pieceBytes = 512 * KiB;

/** Chores begin so long after the start, instead of {@link lookMs}. */
const soonMs = 300;

/** Of ann. */
export const password = "a password";

const config = `
hostname = "mail.example.org"
[listeners.a]
addresses = ["127.0.0.1"]
[listeners.a.smtp]
`;
/** With this, the store gives ann her password; and keeps mail for others to itself. */
const localserve = `
[localserve]
account = "ann"
password = "${password}"
adminPassword = "another"
`;
const domains = `
[domains."example.org"]
[accounts.ann]
domain = "example.org"
maxOutgoingMessagesPerDay = 100000
maxFirstTimeRecipientsPerDay = 100000
[accounts.ann.destinations]
"ann@example.org" = {}
[accounts.bob]
domain = "example.org"
[accounts.bob.destinations]
"bob@example.org" = {}
`;

/** A store that runs. */
export interface PowerStore {
  readonly server: StoreServer;
  /** What a person would have to act on. */
  readonly errors: readonly string[];
  dial(): Connection;
}

/** Makes the folder, with a password for ann. */
export async function makePowerStore(folder: string): Promise<void> {
  await (await startPowerStore(folder, config + localserve)).server.close();
}

/** Starts it, as the service does. @throws What makes the service fail to start. */
export async function startPowerStore(folder: string, text = config): Promise<PowerStore> {
  const errors: string[] = [];
  const log: Log = createLog(
    { level: "error", format: "text" },
    Date.now,
    (_level, line) => errors.push(line),
  );
  const boot: StoreServerBoot = {
    config: readConfig(text, "mailden.toml", staticSchema, checkStatic),
    domains: readConfig(domains, "domains.toml", dynamicSchema, checkDynamic),
    places: { data: folder },
  };
  const server = await startStore({
    boot,
    clock: choresSoon,
    log,
    metrics: new Metrics(),
    parser: parserHere(),
  });
  return {
    server,
    errors,
    dial() {
      const { port1, port2 } = new MessageChannel();
      server.accept(new PortCarrier(port1));
      return connect(new PortCarrier(port2), { clock: systemClock, log });
    },
  };
}

/** A load lasts seconds, and the chores are part of it. */
const choresSoon: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  after: (ms, fn) => systemClock.after(ms === lookMs ? soonMs : ms, fn),
};

/** The way to a parser that is in this process. */
function parserHere(): ParserLink {
  const reader = new FrameReader(maxParserRequest + requestHead);
  const link = new ParserLink((bytes) =>
    reader.push(bytes, (frame) => {
      const number = numberOf(frame);
      // Written by the link, in this process.
      const sources = decode(frame.slice(requestHead)) as readonly TextSource[];
      const texts = encode(sources.map(searchedText));
      queueMicrotask(() => link.take(frameOf(headOf(number, answers.read), texts)));
    }), systemClock);
  return link;
}

/** Signs ann in; returns the capability. */
export async function signIn(connection: Connection, protocol: "imap" | "submission"): Promise<string> {
  const step = await client<Authenticator>(connection, "authenticator", authenticatorMethods).begin({
    protocol,
    mechanism: "PLAIN",
    initial: utf8(`\0ann@example.org\0${password}`),
    remoteAddress: "127.0.0.1",
    tls: true,
    certificate: null,
    cid: "1",
  });
  if (step.kind !== "success") throw new Error(`signing in: ${step.kind}`);
  return step.capability;
}

/** The message with an id: what it is to the last octet follows from both. */
export function contentOf(id: string, octets: number): Bytes {
  const header = `From: <ann@example.org>\r\nSubject: ${id}\r\nMessage-ID: <${id}@power.example>\r\n\r\n`;
  const line = `${textOf(id)} ${octets} octets, with words to fill it up\r\n`;
  return utf8(header + line.repeat(Math.max(1, Math.ceil((octets - header.length) / line.length))));
}

/** What the message with an id has in its text, and no other has. */
export function textOf(id: string): string {
  return `message ${id} of`;
}

/** What a client makes of a message before it sends or stores it. */
export async function handedIn(
  spools: Pick<Deliver, "spoolOpen" | "spoolWrite">,
  content: Bytes,
): Promise<Pick<Incoming, "index" | "content" | "spool">> {
  const indexer = new Indexer();
  indexer.write(content);
  const index = indexer.end();
  if (content.length <= maxInlineBytes) return { index, content, spool: null };
  const spool = await spools.spoolOpen({});
  for (let at = 0; at < content.length; at += pieceBytes) {
    await spools.spoolWrite({ spool, bytes: content.slice(at, at + pieceBytes) });
  }
  return { index, content: null, spool };
}

/** Delivers, or submits. */
export async function deliver(
  service: Pick<Deliver, "spoolOpen" | "spoolWrite">,
  send: (request: Incoming) => Promise<readonly DeliveryResult[]>,
  message: { readonly deliveryId: string; readonly content: Bytes; readonly to: readonly string[] },
): Promise<boolean> {
  const results = await send({
    ...await handedIn(service, message.content),
    deliveryId: message.deliveryId,
    from: { local: "ann", domain: "example.org" },
    recipients: message.to.map((address) => {
      const [local = "", domain = ""] = address.split("@");
      return { address: { local, domain }, prefix: utf8(`Received: for ${address}\r\n`) };
    }),
    remoteAddress: "192.0.2.1",
    helo: "power.example",
    evidence: null,
    cid: "1",
  });
  return results.every(({ kind }) => kind === "delivered");
}
