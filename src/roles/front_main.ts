/**
 * The entry of the front. Started by the supervisor with the grant `front`.
 *
 * Tested by `tests/scenarios/localserve_test.ts`.
 *
 * @module
 */
import { type FrontBoot, readBoot } from "./boot.ts";
import { roleLog } from "./role_log.ts";
import { serveFront } from "./serve_front.ts";
import { dialUnix } from "./unix_socket.ts";

if (import.meta.main) {
  const { boot, stop } = await readBoot<FrontBoot>(Deno.stdin.readable);
  await serveFront({
    boot,
    log: roleLog(boot, "front").log,
    stop,
    dial: () => dialUnix(boot.places.storeSocket),
    after: () => Promise.resolve(),
  });
}
