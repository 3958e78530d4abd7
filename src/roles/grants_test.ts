import assert from "node:assert/strict";
import { grantFlags, grants, type Places, storeWorkerGrant } from "./grants.ts";

const places: Places = {
  listen: ["127.0.0.1:1025", "[::1]:1025"],
  data: "/m/data",
  front: "/m/front",
  domains: "/m/domains.toml",
  storeSocket: "/m/run/store.sock",
  controlSocket: "/m/run/ctl.sock",
  program: "/p/src",
  webSockets: ["/m/run/web.sock"],
  outbound: [],
};

Deno.test("the front gets no file but its sockets and its own folder", () => {
  assert.deepEqual(grantFlags(grants.front(places)), [
    "--no-prompt",
    "--allow-net=127.0.0.1:1025,[::1]:1025,unix:/m/run/store.sock,unix:/m/run/web.sock",
    "--allow-read=/m/front,/m/run/store.sock,/m/run/web.sock",
    "--allow-write=/m/front,/m/run/store.sock,/m/run/web.sock",
  ]);
});

Deno.test("the store gets no network but its sockets", () => {
  assert.deepEqual(grants.store(places).net, ["unix:/m/run/store.sock", "unix:/m/run/ctl.sock"]);
  assert.deepEqual(grants.store(places).write, ["/m/data", "/m/run/store.sock", "/m/run/ctl.sock"]);
});

Deno.test("the store and its Worker get nothing of the front's", () => {
  const { read, write } = grants.store(places);
  const worker = storeWorkerGrant(places);
  for (const paths of [read, write, worker.read, worker.write]) {
    assert.ok(Array.isArray(paths) && !paths.includes(places.front));
  }
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
