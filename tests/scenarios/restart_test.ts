/**
 * A role that crashes is started again, and costs nobody a message.
 *
 * @module
 */
import assert from "node:assert/strict";
import { failureLimits } from "../../src/accounts/auth_limits.ts";
import { endDeadlineMs } from "../../src/roles/end_in_time.ts";
import { imap, LineClient, smtp } from "../support/line_client.ts";
import { removeFolder, startServer, type TestServer } from "../support/server.ts";

/** The process of a role, by the entry that it runs. */
function pidOf(server: TestServer, role: "front" | "store"): number {
  const found = server.pids().find((pid) =>
    Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes(`${role}_main.ts`)
  );
  if (found === undefined) throw new Error(`there is no ${role}`);
  return found;
}

/** Whether a process runs, or could if it were let. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

async function connected(port: number): Promise<LineClient> {
  for (let attempt = 0;; attempt++) {
    let client: LineClient | null = null;
    try {
      client = await LineClient.connect(port);
      await smtp(client, null);
      return client;
    } catch (error) {
      client?.close();
      if (attempt > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

async function send(client: LineClient, id: string): Promise<string> {
  await smtp(client, "MAIL FROM:<a@example.org>");
  await smtp(client, "RCPT TO:<you@localhost>");
  await smtp(client, "DATA");
  return await smtp(client, `From: <a@example.org>\r\nSubject: ${id}\r\nMessage-ID: <${id}@x>\r\n\r\nx\r\n.`);
}

async function subjects(port: number): Promise<string[]> {
  const client = await LineClient.connect(port);
  await client.line();
  await imap(client, "a", "LOGIN mailden@localhost maildenmailden");
  await imap(client, "b", "EXAMINE INBOX");
  const lines = await imap(client, "c", "FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])");
  client.close();
  return lines.flatMap((line) => /Subject: (\S+)/.exec(line)?.[1] ?? []).sort();
}

Deno.test("a store that is killed under a client costs it no message and no connection", async () => {
  const server = await startServer("serve");
  try {
    const client = await connected(server.ports.smtp);
    await smtp(client, "EHLO x.example");
    const sent: string[] = [];
    for (let n = 0; n < 30; n++) {
      if (n % 10 === 5) Deno.kill(pidOf(server, "store"), "SIGKILL");
      assert.match(await send(client, `m${n}`), /^250 /);
      sent.push(`m${n}`);
    }
    client.close();
    assert.deepEqual(await subjects(server.ports.imap), sent.sort());
  } finally {
    await server.stop();
    await removeFolder(server.folder);
  }
});

Deno.test("a store that is killed under a user who sends: refused for now, and signed in anew all works", async () => {
  const server = await startServer("serve");
  try {
    const signIn = async () => {
      const client = await connected(server.ports.submission);
      await smtp(client, "EHLO x.example");
      const password = btoa("\0mailden@localhost\0maildenmailden");
      assert.match(await smtp(client, `AUTH PLAIN ${password}`), /^235 /);
      return client;
    };
    const client = await signIn();
    Deno.kill(pidOf(server, "store"), "SIGKILL");
    let reply = await smtp(client, "MAIL FROM:<mailden@localhost>");
    // The first may hear of the lost connection itself.
    if (reply.startsWith("451 ")) reply = await smtp(client, "MAIL FROM:<mailden@localhost>");
    assert.match(reply, /^421 4\.7\.0 /);
    client.close();
    const again = await signIn();
    assert.match(await smtp(again, "MAIL FROM:<mailden@localhost>"), /^250 /);
    again.close();
  } finally {
    await server.stop();
    await removeFolder(server.folder);
  }
});

Deno.test("a front that is killed is started again, and what it had acknowledged is there", async () => {
  const server = await startServer("serve");
  try {
    const client = await connected(server.ports.smtp);
    await smtp(client, "EHLO x.example");
    assert.match(await send(client, "before"), /^250 /);
    Deno.kill(pidOf(server, "front"), "SIGKILL");
    client.close();
    const again = await connected(server.ports.smtp);
    await smtp(again, "EHLO x.example");
    assert.match(await send(again, "after"), /^250 /);
    again.close();
    assert.deepEqual(await subjects(server.ports.imap), ["after", "before"]);
  } finally {
    await server.stop();
    await removeFolder(server.folder);
  }
});

Deno.test("a front that is killed gives who guesses passwords no fresh attempts", async () => {
  const server = await startServer("serve");
  try {
    const [perMinute] = failureLimits.windows[0]?.limits ?? [];
    assert.ok(perMinute !== undefined);
    const guess = async () => {
      const client = await LineClient.connect(server.ports.imap);
      await client.line();
      await imap(client, "a", "LOGIN mailden@localhost wrong");
      client.close();
    };
    const minute = () => Math.floor(Date.now() / 60_000);
    for (let began = -1; began !== minute();) {
      began = minute(); // When it turns in between, all begins anew; so do we.
      await Promise.all(Array.from({ length: perMinute }, guess)); // A second each, so together.
      Deno.kill(pidOf(server, "front"), "SIGKILL");
      (await connected(server.ports.smtp)).close();
      const client = await LineClient.connect(server.ports.submission);
      const greeting = await smtp(client, null);
      client.close();
      if (began === minute()) assert.match(greeting, /^421 4\.7\.0 /);
    }
  } finally {
    await server.stop();
    await removeFolder(server.folder);
  }
});

Deno.test("roles whose parent was killed end by themselves, also one that waits for what does not come", async () => {
  const server = await startServer("serve");
  const front = pidOf(server, "front");
  const store = pidOf(server, "store");
  try {
    const client = await connected(server.ports.smtp);
    await smtp(client, "EHLO x.example");
    assert.match(await send(client, "before"), /^250 /);
    Deno.kill(store, "SIGSTOP");
    await smtp(client, "MAIL FROM:<a@example.org>");
    await smtp(client, "RCPT TO:<you@localhost>");
    await smtp(client, "DATA");
    await client.send("Subject: held\r\n\r\nx\r\n.\r\n"); // The store does not answer.
    const other = await connected(server.ports.smtp);
    await smtp(other, "EHLO y.example"); // The front, which reads both, has the message now.
    other.close();
    Deno.kill(server.pid, "SIGKILL");
    const deadline = performance.now() + 3 * endDeadlineMs;
    while (runs(front) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(runs(front), false, "the front waits for ever");
    client.close();
    Deno.kill(store, "SIGCONT");
    while (runs(store) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(runs(store), false, "the store goes on");
  } finally {
    for (const pid of [front, store]) if (runs(pid)) Deno.kill(pid, "SIGKILL");
    await server.kill();
    await removeFolder(server.folder);
  }
});
