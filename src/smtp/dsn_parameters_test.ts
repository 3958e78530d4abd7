import assert from "node:assert/strict";
import { readEnvid, readNotify, readOrcpt, readRet, wantsSuccess } from "./dsn_parameters.ts";

type Case = [read: (value: string | null) => string, good: string[], bad: (string | null)[]];
const cases: Case[] = [
  [readRet, ["FULL", "HDRS", "full", "Hdrs"], [null, "", "HEADERS", "FULL,HDRS"]],
  [readEnvid, ["1", "QQ+2B314159", "x".repeat(94)], [null, "x".repeat(95), "a+2b", "a=b", "+00", "ü"]],
  [readNotify, ["NEVER", "never", "SUCCESS", "success,Failure", "SUCCESS,FAILURE,DELAY", "DELAY,DELAY"], [
    null,
    "",
    "ALWAYS",
    "NEVER,SUCCESS",
    "SUCCESS,",
    ",SUCCESS",
    "SUCCESS FAILURE",
    "SUCCESS,FAILURE,SUCCESS", // 23 characters: no list without repetition is so long.
  ]],
  [readOrcpt, ["rfc822;a@b.example", "x400;/O", "utf-8;ü@b.example", `rfc822;${"x".repeat(487)}`], [
    null,
    "",
    "a@b.example",
    "rfc822;",
    ";a@b.example",
    "rf c;a@b.example",
    "rfc822;a+4@b.example",
    "rfc822;ü@b.example",
    `rfc822;${"x".repeat(488)}`,
  ]],
];
for (const [read, good, bad] of cases) {
  for (const value of good) {
    Deno.test(`${read.name}() takes ${value}`, () => {
      assert.equal(read(value), read === readRet ? value.toUpperCase() : value);
    });
  }
  for (const value of bad) {
    Deno.test(`${read.name}() refuses ${value}`, () => assert.throws(() => read(value), SyntaxError));
  }
}

Deno.test("wantsSuccess() reads lists in any case", () => {
  assert.equal(wantsSuccess("delay,Success"), true);
  for (const other of [null, "NEVER", "FAILURE,DELAY"]) assert.equal(wantsSuccess(other), false);
});
