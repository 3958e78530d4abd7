import assert from "node:assert/strict";
import { type DsnRequest, type Notice, parseDsnRequest, printDsnRequest, wants } from "./dsn_request.ts";

const requests: DsnRequest[] = [
  { ret: null, envid: null, notify: null, orcpt: null },
  { ret: "FULL", envid: "a+2Bb", notify: "SUCCESS,FAILURE", orcpt: "rfc822;a@example.org" },
  { ret: null, envid: null, notify: "NEVER", orcpt: null },
];
for (const request of requests) {
  Deno.test(`what is asked of notices is kept: ${printDsnRequest(request)}`, () =>
    assert.deepEqual(parseDsnRequest(printDsnRequest(request)), request));
}

const cases: [notify: string | null, wanted: Notice[]][] = [
  [null, ["FAILURE", "DELAY"]],
  ["NEVER", []],
  ["SUCCESS", ["SUCCESS"]],
  ["failure,Delay", ["FAILURE", "DELAY"]],
];
for (const [notify, wanted] of cases) {
  Deno.test(`NOTIFY=${notify}`, () => {
    const all: Notice[] = ["SUCCESS", "FAILURE", "DELAY"];
    assert.deepEqual(all.filter((notice) => wants(notify, notice)), wanted);
  });
}
