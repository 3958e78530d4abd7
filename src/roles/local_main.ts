/**
 * The entry of localserve's server: front and store in one process, the store in a Worker with permissions of
 * its own. Started by `cli/localserve.ts` with the grant `local`.
 *
 * Tested by `tests/scenarios/localserve_test.ts`.
 *
 * @module
 */
import type { Socket } from "node:net";
import { pipeline } from "node:stream";
import { PortCarrier } from "../rpc/port_carrier.ts";
import { ParentPipe } from "./parent_pipe.ts";
import { roleLog } from "./role_log.ts";
import { type LocalBoot, readBoot } from "./boot.ts";
import { listenControl } from "./control_socket.ts";
import { portStream } from "./port_stream.ts";
import { serveFront } from "./serve_front.ts";
import { storeWorkerGrant } from "./grants.ts";
import type { FromStoreWorker, ToStoreWorker } from "./store_worker.ts";

if (import.meta.main) {
  // Between the store and the launcher, which has the parser, bytes go by unread.
  const pipe = new ParentPipe();
  let toStore = (_bytes: Uint8Array) => {};
  const { boot: localBoot, stop } = await readBoot<LocalBoot>(Deno.stdin.readable, (bytes) => toStore(bytes));
  const { adminCapability, ...boot } = localBoot;
  const { log } = roleLog(boot, "local");
  const worker = new Worker(new URL("./store_worker.ts", import.meta.url), {
    type: "module",
    name: "store",
    deno: { permissions: storeWorkerGrant(boot.places) },
  });
  // A store that fails for a reason it did not expect takes the process with it: nothing half-alive goes on.
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    log.error("the store failed", { error: event.message });
    Deno.exit(1);
  });
  const tell = (message: ToStoreWorker, transfer: Transferable[] = []) =>
    worker.postMessage(message, transfer);
  toStore = (bytes) => tell({ kind: "parser", bytes });
  const heard = { ready: Promise.withResolvers<void>(), closed: Promise.withResolvers<void>() };
  worker.addEventListener("message", ({ data }: MessageEvent<FromStoreWorker>) => {
    if (data.kind === "parser") return pipe.write(data.bytes);
    if (data.kind !== "failed") return heard[data.kind].resolve();
    log.error("the store failed", { error: data.message });
    Deno.exit(1);
  });
  const { port1, port2 } = new MessageChannel();
  tell({ kind: "start", boot: localBoot, port: port2 }, [port2]);
  await heard.ready.promise;
  /** Hands a command's connection on to the store, unread. */
  const accept = (command: Socket) => {
    const { port1: near, port2: far } = new MessageChannel();
    tell({ kind: "command", port: far }, [far]);
    pipeline(command, portStream(near), command, () => {}); // Each end hears of the other's end by itself.
  };
  const control = await listenControl({ path: boot.places.controlSocket, adminCapability, accept });
  // Mail is the Worker's alone from here on, and all of the program is loaded.
  for (const path of [boot.places.data, boot.places.domains, boot.places.program]) {
    await Deno.permissions.revoke({ name: "read", path });
  }
  await Deno.permissions.revoke({ name: "write", path: boot.places.data });
  await serveFront({
    boot,
    log,
    stop,
    ready: () => pipe.open(),
    dial: () => Promise.resolve(new PortCarrier(port1)),
    after: async () => {
      control.close();
      tell({ kind: "close" });
      await heard.closed.promise;
    },
  });
}
