/**
 * IMAP with 100,000 messages in one mailbox.
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
  async run(command: string, raw?: Uint8Array): Promise<{ ms: number; bytes: number }> {
    const tag = `t${++this.#n}`;
    const answer = this.#until(tag);
    const begin = performance.now();
    this.#socket.write(`${tag} ${command}\r\n`);
    if (raw !== undefined) {
      this.#socket.write(raw);
    }
    const line = await answer;
    if (!line.startsWith(`${tag} OK`)) throw new Error(`${command.slice(0, 80)}: ${line}`);
    return { ms: performance.now() - begin, bytes: this.#bytes };
  }

  close(): void {
    this.#socket.destroy();
  }
}

const login = "LOGIN mailden@localhost maildenmailden";

/** Octets of each message in the large mailbox. */
const messageBytes = 8 * 1024;

/** Appends messages with MULTIAPPEND, 200 a command. */
export async function fillMailbox(server: TestServer, count: number): Promise<void> {
  title(`IMAP with ${count} messages of ${messageBytes / 1024} KB in one mailbox, one connection`);
  const probe = await ImapProbe.open(server.ports.imap);
  await probe.run(login);
  await probe.run("CREATE Large");
  const begin = performance.now();
  const encoder = new TextEncoder();
  for (let n = 0; n < count; n += 200) {
    const pieces: Uint8Array[] = [];
    for (let i = n; i < n + 200; i++) {
      const content = message(messageBytes, String(i).padStart(8, "0"));
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

/** Search in texts, once all is indexed. */
async function benchSearch(server: TestServer, probe: ImapProbe): Promise<void> {
  const begin = performance.now();
  const behind = await metric(server, "mailden_text_index_behind");
  while (await metric(server, "mailden_text_index_behind") > 0) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const seconds = (performance.now() - begin) / 1000;
  row("full-text index, the rest of it", `${(behind / seconds).toFixed(0)} messages/s`);
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

/** Measures what clients do with a large mailbox. */
export async function benchImap(server: TestServer): Promise<void> {
  const probe = await ImapProbe.open(server.ports.imap);
  await probe.run(login);
  const cold = await probe.run("SELECT Large");
  row("SELECT, first", `${cold.ms.toFixed(0)} ms`, null, "under 100 ms");
  await probe.run("UNSELECT");
  row("SELECT, again", `${(await probe.run("SELECT Large")).ms.toFixed(0)} ms`, null, "under 100 ms");
  row(
    "FETCH 1:* (UID FLAGS)",
    `${(await probe.run("FETCH 1:* (UID FLAGS)")).ms.toFixed(0)} ms`,
    null,
    "under 200 ms",
  );
  const envelopes = await probe.run("FETCH 1:* (UID ENVELOPE BODYSTRUCTURE FLAGS RFC822.SIZE INTERNALDATE)");
  row("envelopes and structures of all", `${envelopes.ms.toFixed(0)} ms`, null, "under 1500 ms");
  const headers = await probe.run(
    "FETCH 1:* (BODY.PEEK[HEADER.FIELDS (FROM TO CC SUBJECT DATE MESSAGE-ID)])",
  );
  row("six header fields of all", `${headers.ms.toFixed(0)} ms`, null, "under 1000 ms, later");
  const bodies = await probe.run("FETCH 1:* (BODY.PEEK[])");
  row("bodies of all", `${(bodies.bytes / 1e6 / (bodies.ms / 1000)).toFixed(0)} MB/s`, null, "over 150 MB/s");
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
  row(
    "STORE of a flag on 10,000",
    `${(await probe.run("UID STORE 1:10000 +FLAGS.SILENT (\\Flagged)")).ms.toFixed(0)} ms`,
    null,
    "under 150 ms, later",
  );
  probe.close();
}
