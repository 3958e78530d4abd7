/**
 * Two whole servers of our own that send each other some hundred messages, while front and store of both are killed: nothing
 * that was acknowledged is lost, and only what was under way can come twice.
 *
 * @module
 */
import assert from "node:assert/strict";
import { found, linked, type LinkedServer, makeLinkedServers } from "../support/linked_servers.ts";
import { LineClient, smtp } from "../support/line_client.ts";
import { password } from "../support/scenario.ts";
import { mailden, startServer, type TestServer } from "../support/server.ts";

/** Messages that each has for the other. */
const messages = 150;

/** Messages that arrive between two kills. */
const between = 25;

/** A way from one to the other. */
interface Way {
  readonly from: LinkedServer;
  readonly to: LinkedServer;
  readonly runs: TestServer;
}

/** Hands messages in; gives the subjects of those that were acknowledged. Where a connection breaks, there is another. */
async function submit({ from, to }: Way): Promise<Set<string>> {
  const acknowledged = new Set<string>();
  for (let tries = 0; acknowledged.size < messages; tries++) {
    assert.ok(tries < 1000, "nothing can be handed in");
    let client: LineClient | null = null;
    try {
      client = await LineClient.connect(from.ports.submission);
      await smtp(client, null);
      await smtp(client, "EHLO here.example");
      assert.match(await smtp(client, `AUTH PLAIN ${btoa(`\0${from.user}\0${password}`)}`), /^235/);
      while (acknowledged.size < messages) {
        const subject = `many-${from.name}-${tries}-${acknowledged.size}`;
        assert.match(await smtp(client, `MAIL FROM:<${from.user}>`), /^250/);
        assert.match(await smtp(client, `RCPT TO:<${to.user}>`), /^250/);
        assert.match(await smtp(client, "DATA"), /^354/);
        const header = `From: <${from.user}>\r\nTo: <${to.user}>\r\nSubject: ${subject}\r\n`;
        assert.match(await smtp(client, `${header}\r\nhello\r\n.`), /^250/);
        acknowledged.add(subject);
      }
    } catch {
      // A process was killed: what had no answer may go out or not.
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      client?.close();
    }
  }
  return acknowledged;
}

/** The subjects of what {@link submit} sent and a server has, each as often as it came. */
async function arrivedAt(server: LinkedServer): Promise<string[]> {
  const texts = await found(server, "\r\nSubject: many-");
  return texts.flatMap((text) => /^Subject: (many-\S+)/m.exec(text)?.[1] ?? []);
}

/** SIGKILL to one role of a server. */
function kill(server: TestServer, role: "front" | "store"): void {
  const pid = server.pids().find((each) =>
    Deno.readTextFileSync(`/proc/${each}/cmdline`).includes(`${role}_main.ts`)
  );
  assert.ok(pid !== undefined, `the ${role} does not run`);
  Deno.kill(pid, "SIGKILL");
}

/** Lines of the logs that tell of a delivery. */
function deliveries(ways: readonly Way[]): number {
  return ways.reduce((sum, { runs }) => sum + (runs.printed().match(/ outcome=delivered /g)?.length ?? 0), 0);
}

/** Waits, and when nothing moves has all tried at once that waits for its next attempt since something was killed. */
async function waitFor(ways: readonly Way[], enough: () => boolean | Promise<boolean>): Promise<void> {
  let seen = -1;
  for (const end = performance.now() + 120_000; !await enough();) {
    assert.ok(performance.now() < end, ways.map(({ runs }) => runs.printed()).join("\n\n"));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const now = deliveries(ways);
    if (now === seen) await Promise.all(ways.map(({ from }) => queue(from, "schedule", "--all", "now")));
    seen = now;
  }
}

/** Runs a command of the queue, while the store may be down. */
async function queue(server: LinkedServer, command: string, ...args: readonly string[]): Promise<string> {
  return (await mailden("queue", command, "--config", server.folder, ...args)).stdout;
}

Deno.test(
  linked("whatever is killed, mail between two servers is not lost, and only what was under way comes twice"),
  async () => {
    const { world, servers: { alpha, beta } } = await makeLinkedServers({
      alpha: "127.0.0.5",
      beta: "127.0.0.6",
    });
    const [alphaRuns, betaRuns] = await Promise.all([
      startServer("serve", alpha),
      startServer("serve", beta),
    ]);
    try {
      const ways: Way[] = [{ from: alpha, to: beta, runs: alphaRuns }, {
        from: beta,
        to: alpha,
        runs: betaRuns,
      }];
      const submitted = Promise.all(ways.map(submit));
      const kills = [
        () => kill(alphaRuns, "front"),
        () => kill(betaRuns, "store"),
        () => kill(alphaRuns, "store"),
        () => kill(betaRuns, "front"),
      ];
      for (const each of kills) {
        const enough = deliveries(ways) + between;
        await waitFor(ways, () => deliveries(ways) >= enough);
        each();
      }
      const acknowledged = await submitted;
      await waitFor(ways, async () => {
        const lists = await Promise.all(ways.map(({ from }) => queue(from, "list")));
        return lists.every((list) => list.includes("The queue is empty."));
      });
      for (const [i, { from, to }] of ways.entries()) {
        const subjects = await arrivedAt(to);
        const lost = [...acknowledged[i] ?? []].filter((one) => !subjects.includes(one));
        assert.deepEqual(lost, [], `from ${from.name}`);
        // Each kill breaks one connection of this way at most, with one message on it.
        const twice = subjects.length - new Set(subjects).size;
        assert.ok(twice <= kills.length, `${twice} from ${from.name} came twice`);
        assert.deepEqual(
          await found(from, "message/delivery-status"),
          [],
          "nobody was told that mail was lost",
        );
      }
    } finally {
      await Promise.all([alphaRuns.stop(), betaRuns.stop()]);
      await world.close();
    }
  },
);
