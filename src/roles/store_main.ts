/**
 * The entry of the store. Started by the supervisor with the grant `store`.
 *
 * Tested by `tests/scenarios/localserve_test.ts`.
 *
 * @module
 */
import { Metrics } from "../base/metrics.ts";
import { systemClock } from "../net/system_clock.ts";
import { SocketCarrier } from "../rpc/socket_carrier.ts";
import { readBoot, type StoreBoot } from "./boot.ts";
import { listenControl } from "./control_socket.ts";
import { endInTime } from "./end_in_time.ts";
import { ParentPipe } from "./parent_pipe.ts";
import { ParserLink } from "./parser_link.ts";
import { cannotStart, ignoreInterrupts, roleLog, sayReady } from "./role_log.ts";
import { startStore } from "./store_server.ts";
import { listenUnix } from "./unix_socket.ts";

if (import.meta.main) {
  const pipe = new ParentPipe();
  const parser = new ParserLink((frame) => pipe.write(frame), systemClock);
  const { boot, stop } = await readBoot<StoreBoot>(Deno.stdin.readable, (bytes) => parser.take(bytes));
  const { log } = roleLog(boot, "store");
  const server = await startStore({ boot, clock: systemClock, log, metrics: new Metrics(), parser })
    .catch((error: unknown) => cannotStart(log, error));
  const socket = await listenUnix(boot.places.storeSocket, (carrier) => server.accept(carrier));
  const control = await listenControl({
    path: boot.places.controlSocket,
    adminCapability: boot.adminCapability,
    accept: (command) => server.accept(new SocketCarrier(command)),
  });
  ignoreInterrupts();
  sayReady();
  pipe.open();
  server.broken.then((reason) => {
    log.error("the store ends, to be started anew", { error: reason });
    Deno.exit(1);
  });
  await stop;
  endInTime(log);
  socket.close();
  control.close();
  await server.close();
  Deno.exit(0);
}
