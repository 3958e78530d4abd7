/**
 * One scenario with clients: a server of its own, in a temporary folder, for as long as the test runs.
 *
 * @module
 */
import { imap, LineClient, smtp } from "./line_client.ts";
import { join } from "./paths.ts";
import { removeFolder, startServer, type TestServer } from "./server.ts";

/** The account that localserve makes. */
export const user = "mailden@localhost";
export const password = "maildenmailden";

/** Whether a program is there: a small call of it ends well. */
export function has(program: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(program, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** How a program ended, and all that it printed. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Longest that a client may take, in milliseconds; then it is killed, and what it printed tells where it was. */
const clientMs = 60_000;

/** Runs a program to its end. It may end without having read its input. */
export async function run(
  program: string,
  args: readonly string[],
  input = "",
  env: Record<string, string> = {},
): Promise<Ran> {
  const child = new Deno.Command(program, {
    args: [...args],
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGTERM"), clientMs);
  const written = new Blob([input]).stream().pipeTo(child.stdin).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  await written;
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** A test with a fresh localserve; without the clients that it needs it is skipped, and its name says so. */
export function scenario(name: string, ready: boolean, test: (server: TestServer) => Promise<void>): void {
  Deno.test({
    name: ready ? name : `${name} (skipped: not installed here)`,
    ignore: !ready,
    async fn() {
      const server = await startServer("localserve");
      try {
        await test(server);
      } finally {
        await server.stop();
        await removeFolder(server.folder);
      }
    },
  });
}

/** The server's certificate, which signs itself. */
export function certificate(server: Pick<TestServer, "folder">): string {
  return join(server.folder, "localhost.crt");
}

/** A folder beside the server's, removed with it. */
export async function folderBeside(server: TestServer, name: string): Promise<string> {
  const folder = join(server.folder, "..", name);
  await Deno.mkdir(folder);
  return folder;
}

/** Delivers messages, which end with CRLF, over one SMTP connection, in order; fails if one is not taken. */
export async function deliver(server: TestServer, messages: readonly string[]): Promise<void> {
  const client = await LineClient.connect(server.ports.smtp);
  try {
    await smtp(client, null);
    await smtp(client, "EHLO [127.0.0.1]");
    for (const message of messages) {
      await client.send("MAIL FROM:<me@example.org>\r\nRCPT TO:<you@localhost>\r\nDATA\r\n"); // RFC 2920
      for (const code of ["250", "250", "354"]) {
        const reply = await smtp(client, null);
        if (!reply.startsWith(code)) throw new Error(reply);
      }
      const reply = await smtp(client, `${message.replace(/^\./gm, "..")}.`); // RFC 5321 4.5.2
      if (!reply.startsWith("250")) throw new Error(reply);
    }
    await smtp(client, "QUIT");
  } finally {
    client.close();
  }
}

/** An IMAP connection, signed in. */
export async function signedIn(server: Pick<TestServer, "ports">, name = user): Promise<LineClient> {
  const client = await LineClient.connect(server.ports.imap);
  try {
    await client.line();
    const answer = await imap(client, "l", `LOGIN ${name} ${password}`);
    if (answer.at(-1)?.startsWith("l OK") !== true) throw new Error(answer.join("\n"));
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}
