/**
 * A full disk: mail is refused for now, with the words for it; nothing that was acknowledged is lost, reading goes
 * on, and when there is space again everything works at once.
 *
 * The data folder is a small file system of its own; mounting it needs root, otherwise the test is skipped.
 *
 * @module
 */
import assert from "node:assert/strict";
import { KiB, MiB } from "../../src/base/bytes.ts";
import { imap, LineClient, smtp } from "../support/line_client.ts";
import { join } from "../support/paths.ts";
import { signedIn } from "../support/scenario.ts";
import { mailden, makeFolder, removeFolder, startServer, type TestServer } from "../support/server.ts";

/** Enough for a new database and some mail. */
const diskBytes = 48 * MiB;

/** Runs a command; tells whether it did what it was told. */
function does(program: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(program, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** A file system that can be mounted for the test. */
interface FileSystem {
  readonly name: string;
  /** Mounts it, empty. Tells whether that was possible. */
  mount(at: string, image: string): boolean;
}

const fileSystems: FileSystem[] = [
  {
    name: "tmpfs",
    mount: (at) => does("mount", "-t", "tmpfs", "-o", `size=${diskBytes},mode=700`, "none", at),
  },
  {
    name: "ext4",
    mount(at, image) {
      Deno.writeFileSync(image, new Uint8Array());
      Deno.truncateSync(image, diskBytes);
      return does("mkfs.ext4", "-q", "-F", "-m", "0", image) && does("mount", "-o", "loop", image, at);
    },
  },
];

/** Whether a file system can be mounted here, tried once. */
function canMount({ mount }: FileSystem): boolean {
  const folder = Deno.makeTempDirSync({ prefix: "mailden-mount-" });
  const at = join(folder, "m");
  try {
    Deno.mkdirSync(at);
    return mount(at, join(folder, "image")) && does("umount", at);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

for (const fileSystem of fileSystems) {
  const able = Deno.build.os === "linux" && canMount(fileSystem);
  Deno.test({
    name: `a full disk, ${fileSystem.name}${able ? "" : " (skipped: it cannot be mounted here)"}`,
    ignore: !able,
    async fn() {
      const made = await makeFolder();
      const data = join(made.folder, "data");
      await Deno.mkdir(data, { mode: 0o700 });
      assert.ok(fileSystem.mount(data, join(made.folder, "image")));
      try {
        await Deno.remove(join(data, "lost+found")).catch(() => {});
        await Deno.chmod(data, 0o700);
        const kept = await untilFullAndBack(await startServer("localserve", made), data);
        await startsWhileFull(made, data, kept);
        const checked = await mailden("verifydata", data);
        assert.equal(checked.code, 0, checked.stdout + checked.stderr);
      } finally {
        assert.ok(does("umount", data) || does("umount", "-l", data), "the file system is still mounted");
        await removeFolder(made.folder);
      }
    },
  });
}

/** Returns the messages that were taken. */
async function untilFullAndBack(server: TestServer, data: string): Promise<string[]> {
  try {
    const disk = new Disk(data);
    const client = await Client.connect(server);
    const kept: string[] = [];
    const isTaken = async (size: number) => {
      const message = numbered(size);
      const reply = await client.send(message);
      assert.match(reply, /^(250 2\.0\.0|452 4\.3\.1) /);
      if (reply.startsWith("250")) kept.push(message);
      return reply.startsWith("250");
    };
    const isAdded = async (size: number) => {
      const message = numbered(size);
      const answer = await client.append(message);
      assert.match(answer, /^a (OK|NO \[OVERQUOTA\]) /);
      if (answer.startsWith("a OK")) kept.push(message);
      return answer.startsWith("a OK");
    };

    for (const [round, size] of [["small", KiB], ["large", MiB]] as const) {
      assert.ok(await isTaken(size), `${round}: there is space`);
      assert.ok(await isAdded(size), `${round}: there is space`);

      // Full at once, as when somebody else's file grows.
      disk.fill();
      let taken = 0;
      while (await isTaken(size)) taken++; // What the log had room for already.
      while (await isAdded(size)) taken++;
      assert.ok(taken < diskBytes / size, `${taken} more`);
      for (let i = 0; i < 5; i++) {
        assert.equal(await isTaken(size), false);
        assert.equal(await isAdded(size), false);
      }
      await client.readsAll(kept);

      disk.free();
      assert.ok(await isTaken(size), `${round}: at once again`);
      assert.ok(await isAdded(size), `${round}: at once again`);
    }

    // Full by mail alone, with several clients at once.
    disk.fill(4 * MiB);
    const others = await Promise.all(Array.from({ length: 8 }, () => Client.connect(server)));
    await Promise.all(others.map(async (other) => {
      for (let refused = 0; refused < 3;) {
        const message = numbered(100 * KiB);
        const reply = await other.send(message);
        assert.match(reply, /^(250 2\.0\.0|452 4\.3\.1) /);
        if (reply.startsWith("250")) kept.push(message);
        else refused++;
      }
      other.close();
    }));
    disk.free();
    assert.ok(await isTaken(KiB), "at once again");
    await client.readsAll(kept);
    // The full-text index, which had no space either, costs no mail and no answer.
    const first = /\d+/.exec(kept[0] ?? "")?.[0] ?? "";
    assert.equal(await client.finds(first.padStart(8, "0")), 1);
    assert.equal(await client.finds("no such text"), 0);
    assert.deepEqual([...Deno.readDirSync(join(data, "spool"))], []);
    client.close();
    assert.deepEqual(server.printed().match(/^\S+Z error .*$/gm) ?? [], []);
    return kept;
  } finally {
    await server.stop();
  }
}

/** Whoever restarts a server to mend it finds the mail, and can make room by deleting some of it. */
async function startsWhileFull(
  made: Awaited<ReturnType<typeof makeFolder>>,
  data: string,
  kept: string[],
): Promise<void> {
  const disk = new Disk(data);
  const before = await startServer("localserve", made);
  const sender = await Client.connect(before);
  disk.fill();
  for (let size = 64 * KiB; size >= KiB; size /= 2) {
    for (let full = false; !full;) {
      const message = numbered(size);
      const reply = await sender.send(message);
      full = !reply.startsWith("250");
      if (!full) kept.push(message);
    }
  }
  sender.close();
  await before.kill();
  disk.fill();
  const server = await startServer("localserve", made);
  try {
    const client = await Client.connect(server);
    await client.readsAll(kept);
    disk.free();
    const message = numbered(KiB);
    assert.match(await client.send(message), /^250 /);
    await client.readsAll([...kept, message]);
    client.close();
  } finally {
    await server.stop();
  }
}

let lastNumber = 0;

/** A message like no other, of about this size. */
function numbered(size: number): string {
  const line = `${String(++lastNumber).padStart(8, "0").repeat(9)}\r\n`;
  return `Subject: ${lastNumber}\r\n\r\n${line.repeat(Math.ceil(size / line.length))}`;
}

/** The disk, and the file that fills it. */
class Disk {
  readonly #filler: string;

  constructor(folder: string) {
    this.#filler = join(folder, "filler");
  }

  /** Takes all space, but for so much. */
  fill(leave = 0): void {
    const file = Deno.openSync(this.#filler, { create: true, write: true });
    try {
      for (let piece = new Uint8Array(MiB); piece.length >= 512;) {
        try {
          for (let at = 0; at < piece.length;) at += file.writeSync(piece.subarray(at));
        } catch {
          piece = piece.subarray(0, piece.length / 2);
        }
      }
      file.truncateSync(Math.max(0, file.statSync().size - leave));
    } finally {
      file.close();
    }
  }

  free(): void {
    Deno.removeSync(this.#filler);
  }
}

/** Somebody who sends and reads. */
class Client {
  readonly #sender: LineClient;
  readonly #reader: LineClient;

  private constructor(sender: LineClient, reader: LineClient) {
    this.#sender = sender;
    this.#reader = reader;
  }

  static async connect(server: TestServer): Promise<Client> {
    const sender = await LineClient.connect(server.ports.smtp);
    await smtp(sender, null);
    await smtp(sender, "EHLO [127.0.0.1]");
    const reader = await signedIn(server);
    await imap(reader, "s", "SELECT INBOX");
    return new Client(sender, reader);
  }

  /** The reply to the message. */
  async send(message: string): Promise<string> {
    for (const line of ["MAIL FROM:<me@example.org>", "RCPT TO:<you@localhost>", "DATA"]) {
      const reply = await smtp(this.#sender, line);
      assert.match(reply, /^[23]/, `${line}: ${reply}`);
    }
    return await smtp(this.#sender, `${message}.`);
  }

  /** The tagged answer. */
  async append(message: string): Promise<string> {
    return (await imap(this.#reader, "a", `APPEND INBOX {${message.length}+}\r\n${message}`)).at(-1) ?? "";
  }

  /** Each message is there, once, and nothing else. */
  async readsAll(messages: readonly string[]): Promise<void> {
    await imap(this.#reader, "n", "NOOP");
    const lines = await imap(this.#reader, "f", "FETCH 1:* BODY.PEEK[]");
    assert.match(lines.at(-1) ?? "", /^f OK /);
    const found = lines.filter((line) => /^\* \d+ FETCH /.test(line)).map((line) =>
      line.slice(line.indexOf("Subject: "), -1)
    );
    const numbers = (all: readonly string[]) => all.map((each) => each.split("\r\n")[0]).toSorted();
    assert.deepEqual(numbers(found), numbers(messages));
    assert.deepEqual(found.toSorted(), messages.toSorted());
  }

  /** How many messages have a text. */
  async finds(text: string): Promise<number> {
    const lines = await imap(this.#reader, "s", `SEARCH BODY "${text}"`);
    assert.match(lines.at(-1) ?? "", /^s OK /);
    return lines.find((line) => line.startsWith("* SEARCH"))?.match(/\d+/g)?.length ?? 0;
  }

  close(): void {
    this.#sender.close();
    this.#reader.close();
  }
}
