/**
 * What one line of the log costs, and one observation of a metric: both are on the way of every message.
 *
 * @module
 */
import { createLog } from "./log.ts";
import { Metrics } from "./metrics.ts";

let written = 0;
const log = createLog({ level: "info", format: "text" }, () => Date.now(), (_level, line) => {
  written += line.length;
}).with({ role: "front" }).with({ cid: "19a8f0c2b11", service: "smtp" });
const commands = new Metrics().histogram("commands", "Commands.");

Deno.bench("a line of the log", () => {
  log.info("message accepted", {
    from: "someone@example.org",
    rcpts: 1,
    bytes: 2048,
    messageId: "20261121@example.org",
  });
});
Deno.bench("a line that is not written", () => {
  log.debug("connection", { kind: "delivery", remote: "192.0.2.1" });
});
Deno.bench("an observation", () => {
  commands.observe(.0003, { kind: "delivery", cmd: "mail", code: "250", ecode: "2.1.0" });
});
