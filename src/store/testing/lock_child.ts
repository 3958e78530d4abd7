/**
 * Holds the lock of the folder named as its argument until it is killed; says so once it has it.
 *
 * @module
 */
import { lockFolder } from "../store_lock.ts";

const lock = lockFolder(Deno.args[0] ?? "");
await Deno.stdout.write(new TextEncoder().encode("locked\n"));
setInterval(() => lock, 60_000);
