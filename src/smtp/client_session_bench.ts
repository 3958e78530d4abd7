/**
 * What a message costs in a client's session, on a connection that is open, beside what reading it costs our own
 * server's session (commands, dot-stuffing and the end of data, without an edge).
 *
 * @module
 */
import { concat, latin1 } from "../base/bytes.ts";
import { clientRules } from "./client_rules.ts";
import { beginClient, stepClient } from "./client_session.ts";
import type { ClientEvent, ClientSession } from "./client_state.ts";
import { ClientStage, outgoing } from "./testing/client_stage.ts";
import { MemoryServer, serverRules } from "./testing/memory_server.ts";

const content = latin1(`${"A".repeat(76)}\r\n`.repeat(52)); // 4 KB
const to = (count: number) => Array.from({ length: count }, (_, i) => `r${i}@example.net`);

function opened(offers: string): ClientSession {
  const [begun] = beginClient(clientRules("client.example"), null);
  const [session] = stepClient(begun, { kind: "received", bytes: latin1(`220 mx\r\n250-mx\r\n${offers}`) });
  return session;
}

/** The events of one message. */
function events(recipients: number, replies: readonly string[]): ClientEvent[] {
  const [first = "", ...rest] = replies;
  return [
    { kind: "send", message: outgoing("a@example.org", to(recipients), { size: content.length }) },
    { kind: "received", bytes: latin1(first) },
    { kind: "content", bytes: content, last: true },
    ...rest.map((text): ClientEvent => ({ kind: "received", bytes: latin1(text) })),
  ];
}

function run(session: ClientSession, happening: readonly ClientEvent[]): number {
  let actions = 0;
  for (const event of happening) {
    const [next, did] = stepClient(session, event);
    session = next;
    actions += did.length;
  }
  if (session.phase !== "ready" || session.taken !== 1) throw new Error("the message was not taken");
  return actions;
}

const ok = "250 2.1.5 ok\r\n";
const data = opened("250-PIPELINING\r\n250 SIZE 1000000\r\n");
const chunks = opened("250-PIPELINING\r\n250-CHUNKING\r\n250 SIZE 1000000\r\n");
const one = events(1, [`${ok}${ok}354 go on\r\n`, ok]);
const many = events(100, [`${ok.repeat(101)}354 go on\r\n`, ok]);
const chunked = events(1, [ok + ok, ok]);

/** What the client says for one message, to be read by our server. */
const said = (() => {
  const client = new ClientStage(clientRules("client.example"));
  client.hears("220 mx\r\n250-mx\r\n250 PIPELINING\r\n");
  client.said();
  client.happens({ kind: "send", message: outgoing("a@example.org", to(1)) });
  client.hears(`${ok}${ok}354 go on\r\n`);
  client.content(content, true);
  return latin1(client.said());
})();
const greeting = latin1("EHLO client.example\r\n");
const heard = concat([greeting, said]);

Deno.bench(
  "our server's session reads it: EHLO, one recipient, 4 KB",
  { group: "message", baseline: true },
  () => {
    const server = new MemoryServer(serverRules, false, []);
    server.hears(heard);
    if (server.taken.length !== 1) throw new Error("the message was not taken");
  },
);

Deno.bench("client: one recipient, 4 KB, DATA", { group: "message" }, () => void run(data, one));
Deno.bench("client: one recipient, 4 KB, BDAT", { group: "message" }, () => void run(chunks, chunked));
Deno.bench("client: 100 recipients, 4 KB, DATA", { group: "message" }, () => void run(data, many));
