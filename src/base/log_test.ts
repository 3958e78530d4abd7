import assert from "node:assert/strict";
import { createLog, type LogSettings } from "./log.ts";

function capture(settings: LogSettings): { lines: string[]; log: ReturnType<typeof createLog> } {
  const lines: string[] = [];
  return { lines, log: createLog(settings, () => 0, (_level, line) => lines.push(line)) };
}

Deno.test("a log line has no line end or control character of its own, whatever is logged", () => {
  const { lines, log } = capture({ level: "trace", format: "text" });
  log.info("message accepted", { from: "a\r\n2026 error forged", bytes: 12, none: undefined });
  assert.deepEqual(lines, [
    '1970-01-01T00:00:00.000Z info  message accepted from="a\\r\\n2026 error forged" bytes=12',
  ]);
});

Deno.test("fields of the log itself are on every line, and json is json", () => {
  const { lines, log } = capture({ level: "info", format: "json" });
  log.with({ cid: "1" }).with({ account: "a" }).warn("slow", { ms: 3 });
  assert.deepEqual(JSON.parse(lines[0] ?? ""), {
    time: "1970-01-01T00:00:00.000Z",
    level: "warn",
    message: "slow",
    cid: "1",
    account: "a",
    ms: 3,
  });
});

Deno.test("the level can be changed while running, also of logs made before", () => {
  const settings: LogSettings = { level: "warn", format: "text" };
  const { lines, log } = capture(settings);
  const child = log.with({ cid: "1" });
  child.info("not yet");
  settings.level = "debug";
  child.debug("now");
  assert.equal(lines.length, 1);
  assert.equal(child.enabled("trace"), false);
});

Deno.test("an error is logged with its stack and its causes", () => {
  const { lines, log } = capture({ level: "info", format: "json" });
  log.error("failed", { error: new Error("outer", { cause: new Error("inner") }) });
  assert.match(JSON.parse(lines[0] ?? "").error, /outer[\s\S]*caused by Error: inner/);
});

Deno.test("a field that the log has already is told once, as it is now", () => {
  for (const format of ["text", "json"] as const) {
    const { lines, log } = capture({ level: "info", format });
    const child = log.with({ cid: "1", account: "a" });
    child.info("first", { bytes: 1 });
    child.info("then", { cid: "2", bytes: 2 });
    child.info("last");
    const fields = format === "json"
      ? lines.map((line) => JSON.parse(line)).map(({ cid, account, bytes }) => [cid, account, bytes])
      : lines.map((line) => /cid=(\d) account=(a)(?: bytes=(\d))?$/.exec(line)?.slice(1));
    assert.deepEqual(JSON.stringify(fields).replaceAll('"', ""), "[[1,a,1],[2,a,2],[1,a,null]]");
  }
});

Deno.test("each line has its own time, in the order in which they are written", () => {
  const times = [5, 5, 1005, 5];
  const lines: string[] = [];
  const log = createLog(
    { level: "info", format: "text" },
    () => times.shift() ?? 0,
    (_, line) => lines.push(line),
  );
  for (const _ of [1, 2, 3, 4]) log.info("x");
  assert.deepEqual(lines.map((line) => line.slice(17, 23)), ["00.005", "00.005", "01.005", "00.005"]);
});
