import assert from "node:assert/strict";
import { grantFlags, grants, type Places } from "./grants.ts";

const places: Places = {
  listen: ["127.0.0.1:1025", "[::1]:1025"],
  data: "/m/data",
  domains: "/m/domains.toml",
  storeSocket: "/m/run/store.sock",
  controlSocket: "/m/run/ctl.sock",
  program: "/p/src",
  webSockets: ["/m/run/web.sock"],
  dns: [],
};

Deno.test("the front gets no file but its sockets", () => {
  assert.deepEqual(grantFlags(grants.front(places)), [
    "--no-prompt",
    "--allow-net=127.0.0.1:1025,[::1]:1025,unix:/m/run/store.sock,unix:/m/run/web.sock",
    "--allow-read=/m/run/store.sock,/m/run/web.sock",
    "--allow-write=/m/run/store.sock,/m/run/web.sock",
  ]);
});

Deno.test("the store gets no network but its sockets", () => {
  assert.deepEqual(grants.store(places).net, ["unix:/m/run/store.sock", "unix:/m/run/ctl.sock"]);
  assert.deepEqual(grants.store(places).write, ["/m/data", "/m/run/store.sock", "/m/run/ctl.sock"]);
});

Deno.test("the parser gets nothing", () => {
  assert.deepEqual(grantFlags(grants.parser()), ["--no-prompt"]);
});

Deno.test("no role may run programs, read the environment or load code", () => {
  for (const role of ["front", "store", "parser", "local"] as const) {
    assert.ok(
      grantFlags(grants[role](places)).every((flag) =>
        /^--(no-prompt|allow-(net|read|write)=.+)$/.test(flag)
      ),
    );
  }
});

Deno.test("a path with a comma is refused: it would grant two others", () => {
  assert.throws(
    () => grantFlags({ net: [], read: ["/a,/etc"], write: [] }),
    /holds a comma: choose a folder/,
  );
});
