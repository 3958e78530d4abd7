import assert from "node:assert/strict";
import { grantFlags } from "../roles/grants.ts";
import { connectedGrant } from "./connected.ts";

Deno.test("a command that speaks with the server may open its socket, and nothing else", () => {
  assert.deepEqual(grantFlags(connectedGrant("/m/run/ctl.sock")), [
    "--no-prompt",
    "--allow-net=unix:/m/run/ctl.sock",
    "--allow-read=/m/run/ctl.sock",
    "--allow-write=/m/run/ctl.sock",
  ]);
  assert.throws(() => grantFlags(connectedGrant("/a,/etc/ctl.sock")), /holds a comma/);
});
