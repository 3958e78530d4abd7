import assert from "node:assert/strict";
import { join } from "node:path";
import { memoryTransports } from "../../tests/support/memory_transport.ts";
import { makeShortFolder } from "../../tests/support/short_folder.ts";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import { silentLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { bridge } from "./bridge.ts";
import { serveHttp } from "./http_server.ts";
import { metricsPage } from "./metrics_page.ts";
import { plain } from "./responses.ts";

/** Sends one request over a bridged connection; returns the whole answer. */
async function ask(handler: (request: Request) => Promise<Response>, request: string): Promise<string> {
  const folder = await makeShortFolder();
  const server = serveHttp(join(folder, "web.sock"), handler, silentLog);
  const ends = memoryTransports();
  const carried = bridge(ends.server, server.path);
  await ends.client.write(utf8(request));
  let answer = "";
  for (let piece = await ends.client.read(); piece !== null; piece = await ends.client.read()) {
    answer += fromUtf8(piece);
  }
  await carried;
  await server.close();
  await Deno.remove(folder, { recursive: true });
  return answer;
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;

Deno.test("a connection is carried to the HTTP server and back, also where it is large", async () => {
  const body = "x".repeat(3_000_000);
  const answer = await ask(() => Promise.resolve(plain(body)), get("/"));
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  // The body comes in chunks or with its length; either way all of it.
  assert.ok(answer.replace(/\r\n[0-9a-f]+\r\n/g, "").includes(body));
});

Deno.test("a handler that fails shows nothing of why", async () => {
  const answer = await ask(() => Promise.reject(new Error("secret path /data")), get("/"));
  assert.match(answer, /^HTTP\/1\.1 500 /);
  assert.doesNotMatch(answer, /secret/);
});

Deno.test("metrics are at /metrics alone, and only to be read", async () => {
  const metrics = new Metrics();
  const gauge = metrics.gauge("m", "Level.");
  const handler = metricsPage(metrics, () => {
    gauge.set(4);
    return Promise.resolve("of_another 5\n");
  });
  assert.match(await ask(handler, get("/metrics")), /^m 4\r?\nof_another 5$/m);
  assert.match(await ask(handler, get("/")), /^HTTP\/1\.1 404 /);
  assert.match(await ask(handler, get("/metrics").replace("GET", "DELETE")), /^HTTP\/1\.1 405 /);
});
