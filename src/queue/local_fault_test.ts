import assert from "node:assert/strict";
import { localFault } from "./local_fault.ts";

const cases: [
  local: string,
  fault: [waitMs: number, outcome: string, code: number, status: string] | null,
][] = [
  ["queuetemperror", [0, "temporary", 451, "4.0.0"]],
  ["queue.permerror", [0, "permanent", 550, "5.0.0"]],
  ["queue-slow-timeout", [30_000, "temporary", 0, ""]],
  ["queue421", [0, "temporary", 421, "4.0.0"]],
  ["queue600", [0, "permanent", 600, "5.0.0"]],
  ["queue399", null],
  ["queue", null],
  ["queuefine", null],
  ["permerror", null],
  ["rcpttoqueue550", null],
];
for (const [local, expected] of cases) {
  Deno.test(`localFault() of ${local}@`, () => {
    const fault = localFault({ local, domain: "example.org" });
    const { waitMs, result } = fault ?? {};
    assert.deepEqual(
      fault === null ? null : [waitMs, result?.outcome, result?.code, result?.status],
      expected,
    );
    if (result !== undefined) assert.match(result.text, /, as the address asks for$/);
  });
}
