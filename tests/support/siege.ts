/**
 * A server under attack: who attacks it, who is served all the same, and what it costs.
 *
 * @module
 */
import assert from "node:assert/strict";
import { MiB } from "../../src/base/bytes.ts";
import { HostileClient, patienceMs } from "./hostile_client.ts";
import { imap, LineClient, smtp } from "./line_client.ts";
import { signedIn } from "./scenario.ts";
import type { TestServer } from "./server.ts";

/**
 * Within this an ordinary client has its mail through, whatever others do. Where the machine has much else to do it is the
 * server's own time that counts, that of its processors: by that, who waits behind attackers is seen all the same.
 */
const servedWithinMs = 5000;
/**
 * By so much the server's memory may differ from what it was at first: each of two isolates lets garbage of some 64 MB
 * come together before it is looked at, and has a heap that grows a little with what it has seen. The attacks ask
 * for many times as much.
 */
const returnedBytes = 256 * MiB;
/** The parser's heap limit, the runtime, and the texts on their way in and out. */
const parserBytes = 512 * MiB;
/** How long to wait until an attack has left no trace, and how often to look. */
const lookEveryMs = 50;

/** In this time the full-text index has one message more, on a slow machine with much else to do. */
const indexedMs = 60_000;

/** What the server holds. */
export interface Holdings {
  /** Connections being served, from the metrics. */
  readonly connections: number;
  /** Messages of all accounts. */
  readonly messages: number;
  /** Resident memory of all its processes but the parser, in octets. */
  readonly memory: number;
  /** That of the parser, which comes and goes, and has a heap limit of its own. */
  readonly parser: number;
}

export async function holdings(server: TestServer): Promise<Holdings> {
  const response = await fetch(`http://127.0.0.1:${server.ports.metrics}/metrics`);
  const text = await response.text();
  const sum = (name: string) =>
    [...text.matchAll(new RegExp(`^${name}(\\{[^}]*\\})? (\\S+)$`, "gm"))]
      .filter((match) => !/"metrics"/.test(match[1] ?? ""))
      .reduce((total, match) => total + Number(match[2]), 0);
  return {
    connections: sum("mailden_connections"),
    messages: sum("mailden_messages"),
    ...memory(server),
  };
}

/**
 * Waits until the full-text index has everything: what it takes to make text of large messages is neither an attacker's doing
 * nor to be counted as such.
 */
export async function indexed(server: TestServer): Promise<void> {
  let had = -1;
  for (let since = performance.now(); performance.now() - since < indexedMs;) {
    const response = await fetch(`http://127.0.0.1:${server.ports.metrics}/metrics`);
    const text = await response.text();
    const looked = [...text.matchAll(/^mailden_text_index_emails_total\{[^}]*\} (\d+)$/gm)];
    const messages = Number(/^mailden_messages (\d+)$/m.exec(text)?.[1] ?? NaN);
    const has = looked.reduce((sum, match) => sum + Number(match[1]), 0);
    if (has >= messages) return;
    if (has > had) since = performance.now();
    had = has;
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
  assert.fail("the full-text index does not get to its end");
}

function memory(server: TestServer): Pick<Holdings, "memory" | "parser"> {
  const total = { memory: 0, parser: 0 };
  for (const pid of [server.pid, ...server.pids()]) {
    try {
      const status = Deno.readTextFileSync(`/proc/${pid}/status`);
      const bytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
      total[isParser(pid) ? "parser" : "memory"] += bytes;
    } catch {
      // Not on Linux, or ended meanwhile.
    }
  }
  return total;
}

/** Ticks of a second in which Linux counts the time of processors (USER_HZ). */
const ticksPerSecond = 100;

/** Time that processors have given the server, the parser left out, in milliseconds; infinite where nothing tells. */
function processorMs(server: TestServer): number {
  let ticks = 0;
  for (const pid of [server.pid, ...server.pids()]) {
    try {
      if (isParser(pid)) continue;
      // Behind the name, which may have spaces and brackets: state, ten numbers, utime, stime. proc_pid_stat(5)
      const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /s, "").split(" ");
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      return Infinity; // Not on Linux, or ended meanwhile.
    }
  }
  return ticks * 1000 / ticksPerSecond;
}

function isParser(pid: number): boolean {
  return Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes("parser_main");
}

/** An ordinary client, there before the attack and during it. */
export class Bystander {
  readonly #server: TestServer;
  readonly #sender: LineClient;
  readonly #reader: LineClient;
  #count = 0;

  private constructor(server: TestServer, sender: LineClient, reader: LineClient) {
    this.#server = server;
    this.#sender = sender;
    this.#reader = reader;
  }

  /** Its mail goes to a mailbox of its own, out of the attackers' way. */
  static async arrive(server: TestServer): Promise<Bystander> {
    const sender = await LineClient.connect(server.ports.smtp);
    await smtp(sender, null);
    await smtp(sender, "EHLO [127.0.0.1]");
    const reader = await signedIn(server);
    await imap(reader, "c", "CREATE Bystander");
    await imap(reader, "s", "SELECT Bystander");
    return new Bystander(server, sender, reader);
  }

  /** Sends a message and adds one, and sees both in time. */
  async isServed(): Promise<void> {
    const [begin, worked] = [performance.now(), processorMs(this.#server)];
    const text = `Subject: ${++this.#count}\r\n\r\nstill here\r\n`;
    for (const line of ["MAIL FROM:<b@example.org>", "RCPT TO:<bystander@localhost>", "DATA"]) {
      const reply = await smtp(this.#sender, line);
      assert.match(reply, /^[23]/, `${line}: ${reply}`);
    }
    assert.match(await smtp(this.#sender, `${text}.`), /^250 /);
    const appended = await imap(this.#reader, "a", `APPEND Bystander {${text.length}+}\r\n${text}`);
    assert.match(appended.at(-1) ?? "", /^a OK /);
    const fetched = await imap(this.#reader, "f", `FETCH ${this.#count} BODY.PEEK[]`);
    assert.ok(fetched.join("\r\n").includes(text), fetched.join("\n"));
    const waited = performance.now() - begin;
    const work = processorMs(this.#server) - worked; // Infinity less itself is no number, and less than nothing.
    const took = work >= 0 ? Math.min(waited, work) : waited;
    assert.ok(took < servedWithinMs, `an ordinary client waited for ${Math.round(took)} ms`);
  }

  leave(): void {
    this.#sender.close();
    this.#reader.close();
  }
}

/** Attackers, who are all gone in the end. */
export class Crowd {
  readonly #leaving: (() => void)[] = [];

  /** @param from Address of 127.0.0.0/8 to come from. */
  async one(port: number, from?: string): Promise<HostileClient> {
    const client = await HostileClient.connect(port, from);
    this.#leaving.push(() => client.leave());
    return client;
  }

  async many(count: number, port: number): Promise<HostileClient[]> {
    return await Promise.all(Array.from({ length: count }, () => this.one(port)));
  }

  /** One that has read the greeting. */
  async greeted(port: number, from?: string): Promise<HostileClient> {
    const client = await this.one(port, from);
    await client.line();
    return client;
  }

  /** Somebody who belongs to the attackers but is not of their kind. */
  add<T extends { close(): void }>(client: T): T {
    this.#leaving.push(() => client.close());
    return client;
  }

  leave(): void {
    for (const leave of this.#leaving) leave();
  }
}

/** A server under siege. */
export class Siege {
  readonly server: TestServer;
  readonly bystander: Bystander;
  readonly #first: Holdings;

  private constructor(server: TestServer, bystander: Bystander, first: Holdings) {
    this.server = server;
    this.bystander = bystander;
    this.#first = first;
  }

  static async begin(server: TestServer): Promise<Siege> {
    const bystander = await Bystander.arrive(server);
    return new Siege(server, bystander, await holdings(server));
  }

  /**
   * One attack: during it (where it asks) and after it others are served, and when the attackers have gone, so have
   * their connections and their memory.
   */
  attack(t: Deno.TestContext, name: string, attack: (crowd: Crowd) => Promise<void>): Promise<boolean> {
    return t.step(name, async () => {
      const crowd = new Crowd();
      try {
        await attack(crowd);
        await this.bystander.isServed();
      } finally {
        crowd.leave();
      }
      await this.isAsBefore();
    });
  }

  /** Returns when so many connections more than at first are being served: what the system has taken the server takes later. */
  async serves(connections: number): Promise<void> {
    for (const end = performance.now() + patienceMs;;) {
      const more = (await holdings(this.server)).connections - this.#first.connections;
      if (more === connections) return;
      if (performance.now() > end) assert.equal(more, connections, "connections are served");
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  }

  /** Returns when no connection of the attackers and nothing of their memory is left. */
  async isAsBefore(): Promise<void> {
    const end = performance.now() + patienceMs;
    for (;;) {
      const now = await holdings(this.server);
      assert.ok(now.parser < parserBytes, `the parser has ${Math.round(now.parser / MiB)} MiB`);
      const left = now.connections - this.#first.connections;
      const kept = now.memory - this.#first.memory;
      if (left <= 0 && kept < returnedBytes) return;
      if (performance.now() > end) {
        assert.equal(left, 0, `${left} connections of the attackers are left`);
        assert.fail(`${Math.round(kept / MiB)} MiB more memory than at first`);
      }
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs)); // Nothing tells; it has to be looked up.
    }
  }
}

/** Names of what is in a folder; none if it is not there. */
export function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map((entry) => entry.name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
