import assert from "node:assert/strict";
import { makeShortFolder } from "../../tests/support/short_folder.ts";
import { everyMessage } from "../queue/queue_admin.ts";
import net, { type Socket } from "node:net";
import { join } from "node:path";
import { silentLog } from "../base/log.ts";
import { Refused } from "../base/errors.ts";
import { openControl } from "../ctl/control.ts";
import { fakeQueueAdmin, queuedRecipient } from "../ctl/testing/fake_queue_admin.ts";
import { systemClock } from "../net/system_clock.ts";
import { type QueueAdmin, queueAdminMethods } from "../queue/queue_admin.ts";
import { offerWith } from "../rpc/callee.ts";
import { connect } from "../rpc/connection.ts";
import { SocketCarrier } from "../rpc/socket_carrier.ts";
import { newAdminCapability } from "./boot.ts";
import { type ControlSettings, listenControl } from "./control_socket.ts";

const adminCapability = newAdminCapability();

/** A store that offers a queue to whoever shows the capability. */
function accept(socket: Socket): void {
  const { admin } = fakeQueueAdmin({ queued: [queuedRecipient()], count: 3, message: ["x".repeat(1000)] });
  const offers = {
    queueAdmin: offerWith<QueueAdmin>(queueAdminMethods, (capability) => {
      if (capability !== adminCapability) throw new Refused("noCapability", "not the administrator");
      return admin;
    }),
  };
  connect(new SocketCarrier(socket), { clock: systemClock, log: silentLog, offers });
}

async function withSocket(
  settings: Partial<ControlSettings>,
  run: (dial: () => Promise<Socket>, path: string) => Promise<void>,
): Promise<void> {
  const folder = await makeShortFolder();
  const path = join(folder, "ctl.sock");
  const control = await listenControl({ path, adminCapability, accept, ...settings });
  const sockets: Socket[] = [];
  const dial = async () => {
    const socket = net.connect(path);
    sockets.push(socket);
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return socket;
  };
  try {
    await run(dial, path);
  } finally {
    const closed = sockets.map((socket) =>
      socket.closed ? null : new Promise((resolve) => socket.once("close", resolve))
    );
    for (const socket of sockets) socket.destroy();
    control.close();
    await Promise.all(closed);
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("commands, several at once, are told the capability and reach the queue", async () => {
  await withSocket({}, async (dial, path) => {
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    const controls = await Promise.all(
      Array.from({ length: 5 }, async () => await openControl(await dial(), systemClock)),
    );
    for (const control of controls) {
      assert.equal(await control.queue.hold({ filter: everyMessage, hold: true }), 3);
      const rows = await Array.fromAsync(control.queue.list({ filter: everyMessage }));
      assert.deepEqual(rows, [[queuedRecipient()]]);
    }
    await Promise.all(controls.map((control) => control.close()));
  });
});

Deno.test("a command that is one too many is told so, and the next has room again", async () => {
  await withSocket({ maxCommands: 1 }, async (dial) => {
    const first = await openControl(await dial(), systemClock);
    await assert.rejects(openControl(await dial(), systemClock), /too many commands/);
    await first.close();
    for (;;) { // The server hears of the end when it hears of it.
      const again = await openControl(await dial(), systemClock).catch(() => null);
      if (again === null) continue;
      await again.close();
      break;
    }
  });
});

Deno.test("a command that stalls holds up no other, and loses its place", async () => {
  await withSocket({}, async (dial) => {
    const stalled = await dial(); // It never reads its greeting.
    const other = await openControl(await dial(), systemClock);
    assert.deepEqual(await other.queue.fail({ filter: everyMessage }), { ended: 3, underWay: 0 });
    await other.close();
    stalled.destroy();
  });
  await withSocket({ idleMs: 20 }, async (dial) => {
    const stalled = await dial();
    const closed = new Promise((resolve) => stalled.once("close", resolve));
    stalled.resume();
    await closed;
  });
});

Deno.test("a file that a killed server left is no obstacle", async () => {
  await withSocket({}, async (_dial, path) => {
    await Deno.rename(path, `${path}.old`);
    await Deno.writeTextFile(path, "");
    const control = await listenControl({ path, adminCapability, accept });
    const socket = net.connect(path);
    const opened = await openControl(socket, systemClock);
    await opened.close();
    control.close();
  });
});

Deno.test("other first words than a server's are refused", async () => {
  const said: [what: string, said: string, error: RegExp][] = [
    ["no JSON", "hello\n", /is no server/],
    ["another object", '{"a":1}\n', /is no server/],
    ["a capability that is no text", '{"adminCapability":7}\n', /is no server/],
    ["a line without end", "x".repeat(2000), /is no server/],
    ["nothing, and the end", "", /closed the control socket/],
  ];
  for (const [what, text, error] of said) {
    const server = net.createServer((socket) => {
      socket.on("error", () => {});
      if (text.endsWith("\n") || text === "") socket.end(text);
      else socket.write(text);
    });
    const folder = await makeShortFolder();
    const path = join(folder, "ctl.sock");
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await assert.rejects(openControl(net.connect(path), systemClock), error, what);
    await new Promise((resolve) => server.close(resolve));
    await Deno.remove(folder, { recursive: true });
  }
});
