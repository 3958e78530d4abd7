/**
 * IMAP with 100,000 messages in one mailbox, and with a million.
 *
 * @module
 */
import net from "node:net";
import type { TestServer } from "../../tests/support/server.ts";
import { message } from "./load.ts";
import { row, title } from "./table.ts";

/** The longest tagged line: that of LOGIN, with all capabilities. */
const longestTagged = 4096;

/** A connection that measures how long an answer takes and how large it is, without keeping it. */
export class ImapProbe {
  readonly #socket: net.Socket;
  #tail = "";
  #bytes = 0;
  #tag = "";
  #wake: ((line: string) => void) | null = null;
  #n = 0;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (data: Uint8Array) => this.#data(data));
  }

  static async open(port: number): Promise<ImapProbe> {
    const probe = new ImapProbe(net.connect(port, "127.0.0.1"));
    await probe.#until("*");
    return probe;
  }

  #data(data: Uint8Array): void {
    this.#bytes += data.length;
    // The tagged line is the last one: only the end of the stream is looked at.
    const end = new TextDecoder("latin1").decode(data.subarray(Math.max(0, data.length - longestTagged)));
    this.#tail = (data.length >= longestTagged ? end : this.#tail + end).slice(-2 * longestTagged);
    const at = this.#tail.lastIndexOf(`\n${this.#tag} `);
    const starts = at === -1 && this.#tail.startsWith(`${this.#tag} `) ? 0 : at + 1;
    if (
      (at !== -1 || starts === 0 && this.#tail.startsWith(`${this.#tag} `)) && this.#tail.endsWith("\r\n")
    ) {
      const wake = this.#wake;
      this.#wake = null;
      wake?.(this.#tail.slice(starts));
    }
  }

  #until(tag: string): Promise<string> {
    this.#tag = tag;
    this.#tail = "";
    this.#bytes = 0;
    return new Promise((resolve) => this.#wake = resolve);
  }

  /** Runs a command; `raw` bytes may follow its line. */
  async run(command: string, raw?: Uint8Array): Promise<{ ms: number; bytes: number; text: string }> {
    const tag = `t${++this.#n}`;
    const answer = this.#until(tag);
    const begin = performance.now();
    this.#socket.write(`${tag} ${command}\r\n`);
    if (raw !== undefined) {
      this.#socket.write(raw);
    }
    const line = await answer;
    if (!line.startsWith(`${tag} OK`)) throw new Error(`${command.slice(0, 80)}: ${line}`);
    return { ms: performance.now() - begin, bytes: this.#bytes, text: this.#tail };
  }

  close(): void {
    this.#socket.destroy();
  }
}

const login = "LOGIN mailden@localhost maildenmailden";

/** Octets of each message in the large mailbox. */
const messageBytes = 8 * 1024;

/** Appends messages with MULTIAPPEND, 200 a command. */
export async function fillMailbox(server: TestServer, count: number, bytes = messageBytes): Promise<void> {
  title(`IMAP with ${count} messages of ${bytes / 1024} KB in one mailbox, one connection`);
  const probe = await ImapProbe.open(server.ports.imap);
  await probe.run(login);
  await probe.run("CREATE Large");
  const begin = performance.now();
  const encoder = new TextEncoder();
  for (let n = 0; n < count; n += 200) {
    const pieces: Uint8Array[] = [];
    for (let i = n; i < n + 200; i++) {
      const content = message(bytes, String(i).padStart(8, "0"));
      pieces.push(encoder.encode(`${i === n ? "" : " "}{${content.length}+}\r\n`), content);
    }
    // The command line itself ends in the first literal's announcement.
    const first = pieces.shift() ?? new Uint8Array(0);
    const whole = new Uint8Array(
      await new Blob([...pieces as Uint8Array<ArrayBuffer>[], encoder.encode("\r\n")]).arrayBuffer(),
    );
    await probe.run(`APPEND Large ${new TextDecoder().decode(first).trimEnd()}`, whole);
  }
  row("MULTIAPPEND, 200 a command", `${(count / ((performance.now() - begin) / 1000)).toFixed(0)}/s`);
  probe.close();
}

/** How long something takes, in milliseconds, as a line of the table. */
async function timed(probe: ImapProbe, what: string, command: string, aimMs: number): Promise<void> {
  const { ms } = await probe.run(command);
  row(what, `${ms.toFixed(0)} ms`, null, `under ${aimMs} ms`);
}

/** A value of the server's metrics, 0 if it is not there. */
async function metric(server: TestServer, name: string): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${server.ports.metrics}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(page)?.[1] ?? 0);
}

/** Octets of files in the data folder whose names begin so. */
function fileBytes(server: TestServer, name: string): number {
  const folder = `${server.folder}/data`;
  return [...Deno.readDirSync(folder)].filter((entry) => entry.isFile && entry.name.startsWith(name))
    .reduce((sum, entry) => sum + Deno.statSync(`${folder}/${entry.name}`).size, 0);
}

/** Waits until all is indexed, after {@link fillMailbox}. */
export async function indexed(server: TestServer): Promise<void> {
  const begin = performance.now();
  const behind = await metric(server, "mailden_text_index_behind");
  while (await metric(server, "mailden_text_index_behind") > 0) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const seconds = (performance.now() - begin) / 1000;
  row("full-text index, the rest of it", `${(behind / seconds).toFixed(0)} messages/s`);
}

/** Search in texts, when all is indexed. */
async function benchSearch(server: TestServer, probe: ImapProbe): Promise<void> {
  const [text, mail] = [fileBytes(server, "text.sqlite"), fileBytes(server, "mail.sqlite")];
  row("  its size, of that of the mail", `${(text / 1e6).toFixed(0)} MB`, text / mail);
  const searches: [string, string, string][] = [
    ["SEARCH TEXT rare word", "TEXT 00077777", "under 50 ms"],
    ["  no such word", "TEXT nowhere-at-all", "under 50 ms"],
    ["  rare word and a flag", "UNSEEN BODY 00077777", "under 50 ms"],
  ];
  for (const [name, search, wanted] of searches) {
    const times: number[] = [];
    for (let i = 0; i < 5; i++) times.push((await probe.run(`SEARCH ${search}`)).ms);
    row(name, `${times.toSorted((a, b) => a - b)[2]?.toFixed(0)} ms`, null, wanted);
  }
}

/** Measures what clients do with a large mailbox; the server has just started. */
export async function benchImap(server: TestServer): Promise<void> {
  const probe = await ImapProbe.open(server.ports.imap);
  await probe.run(login);
  await timed(probe, "SELECT, first after a start", "SELECT Large", 60);
  await probe.run("UNSELECT");
  await timed(probe, "SELECT, again", "SELECT Large", 60);
  // The first in the life of a process is run before it is compiled, at half the speed.
  await timed(probe, "FETCH 1:* (UID FLAGS), first after a start", "FETCH 1:* (UID FLAGS)", 100);
  await timed(probe, "FETCH 1:* (UID FLAGS), again", "FETCH 1:* (UID FLAGS)", 100);
  const all = "FETCH 1:* (UID ENVELOPE BODYSTRUCTURE FLAGS RFC822.SIZE INTERNALDATE)";
  await timed(probe, "envelopes and structures of all", all, 1000);
  const fields = "FETCH 1:* (BODY.PEEK[HEADER.FIELDS (FROM TO CC SUBJECT DATE MESSAGE-ID)])";
  await timed(probe, "six header fields of all", fields, 1000);
  const thunderbird =
    "From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To " +
    "Content-Type Reply-To Received";
  const list = `UID FETCH 1:* (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (${thunderbird})])`;
  await timed(probe, "what Thunderbird asks of all", list, 1500);
  const bodies = await probe.run("FETCH 1:* (BODY.PEEK[])");
  row("bodies of all", `${(bodies.bytes / 1e6 / (bodies.ms / 1000)).toFixed(0)} MB/s`, null, "over 200 MB/s");
  await benchSearch(server, probe);
  const finding: [command: string, aim: string][] = [
    ["SEARCH SUBJECT 00099999", "under 100 ms"],
    ["SEARCH FROM nobody", "under 100 ms"],
    ["SORT (DATE) UTF-8 ALL", "under 500 ms"],
    ["SORT (SUBJECT) UTF-8 ALL", "under 700 ms"],
    ["THREAD REFERENCES UTF-8 ALL", "under 500 ms"],
  ];
  for (const [command, aim] of finding) {
    await probe.run(command);
    row(command, `${(await probe.run(command)).ms.toFixed(0)} ms`, null, aim);
  }
  await timed(probe, "STORE of a flag on 10,000", "UID STORE 1:10000 +FLAGS.SILENT (\\Flagged)", 150);
  await comeBack(server, probe);
  await whileOthersWork(server, probe, "STORE of a flag on all", "UID STORE 1:* +FLAGS.SILENT (\\Answered)");
  await probe.run("CREATE Copies");
  await whileOthersWork(server, probe, "COPY of all", "COPY 1:* Copies");
  probe.close();
  await signIns(server, 10, 2000);
}

/** Measures what depends on how many messages there are, not on how large; the server has just started. */
export async function benchMillion(server: TestServer): Promise<void> {
  const probe = await ImapProbe.open(server.ports.imap);
  await probe.run(login);
  await timed(probe, "SELECT, first after a start", "SELECT Large", 300);
  await probe.run("UNSELECT");
  await timed(probe, "SELECT, again", "SELECT Large", 300);
  await timed(probe, "FETCH 1:* (UID FLAGS)", "FETCH 1:* (UID FLAGS)", 1000);
  await whileOthersWork(server, probe, "STORE of a flag on all", "UID STORE 1:* +FLAGS.SILENT (\\Answered)");
  probe.close();
}

/** A client that missed a hundred changes. */
async function comeBack(server: TestServer, other: ImapProbe): Promise<void> {
  const probe = await ImapProbe.open(server.ports.imap);
  await probe.run(login);
  await probe.run("ENABLE QRESYNC");
  const { text } = await probe.run("SELECT Large");
  const number = (code: string) => new RegExp(`\\[${code} (\\d+)\\]`).exec(text)?.[1] ?? "1";
  const known = `${number("UIDVALIDITY")} ${number("HIGHESTMODSEQ")}`;
  await probe.run("UNSELECT");
  for (let i = 1; i <= 100; i++) await other.run(`STORE ${i * 500} +FLAGS.SILENT (\\Seen)`);
  await timed(probe, "SELECT (QRESYNC …) with 100 changes", `SELECT Large (QRESYNC (${known}))`, 30);
  probe.close();
}

/** Runs a long command, and meanwhile NOOP and a small STORE of another session, one after the other. */
async function whileOthersWork(
  server: TestServer,
  probe: ImapProbe,
  what: string,
  command: string,
): Promise<void> {
  const other = await ImapProbe.open(server.ports.imap);
  await other.run(login);
  await other.run("SELECT Inbox");
  let working = true;
  const work = probe.run(command).finally(() => working = false);
  const latencies: number[] = [];
  while (working) {
    latencies.push((await other.run("NOOP")).ms);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  row(what, `${(await work).ms.toFixed(0)} ms`);
  latencies.sort((a, b) => a - b);
  const at = (part: number) => latencies[Math.floor((latencies.length - 1) * part)] ?? 0;
  row("  NOOP of another meanwhile, p99", `${at(0.99).toFixed(1)} ms`, null, "under 20 ms");
  row("  the longest", `${at(1).toFixed(1)} ms`);
  other.close();
}

/** Clients that are known, each with a new connection. */
async function signIns(server: TestServer, atOnce: number, count: number): Promise<void> {
  let left = count;
  const begin = performance.now();
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (left-- > 0) {
      const probe = await ImapProbe.open(server.ports.imap);
      await probe.run(login);
      await probe.run("LOGOUT");
      probe.close();
    }
  }));
  const rate = count / ((performance.now() - begin) / 1000);
  row(`LOGIN and LOGOUT, ${atOnce} at once`, `${rate.toFixed(0)}/s`, null, "over 1500/s");
}
