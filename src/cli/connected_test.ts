import assert from "node:assert/strict";
import { connectedFlags } from "./connected.ts";

Deno.test("a command that speaks with the server may open its socket, and nothing else", () => {
  assert.deepEqual(connectedFlags("/m/run/ctl.sock"), [
    "--no-prompt",
    "--allow-net=unix:/m/run/ctl.sock",
    "--allow-read=/m/run/ctl.sock",
    "--allow-write=/m/run/ctl.sock",
  ]);
  assert.throws(() => connectedFlags("/a,/etc/ctl.sock"), /holds a comma/);
});
