import assert from "node:assert/strict";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import { withoutFinalTrace } from "./final_trace.ts";

const received = "Received: from x\r\n\tby y;\r\n\tFri\r\n";
const cases: [prefix: string, rest: string][] = [
  [`Delivered-To: a@b.example\r\nReturn-Path: <x@y.example>\r\n${received}`, received],
  [
    `Delivered-To: ü@b.example\r\nReturn-Path: <>\r\nDKIM-Signature: v=1\r\n${received}`,
    `DKIM-Signature: v=1\r\n${received}`,
  ],
  [received, received],
  [`${received}Return-Path: <a>\r\n`, `${received}Return-Path: <a>\r\n`],
  ["", ""],
];
for (const [prefix, rest] of cases) {
  Deno.test(`withoutFinalTrace(${JSON.stringify(prefix)})`, () => {
    assert.equal(fromUtf8(withoutFinalTrace(utf8(prefix))), rest);
  });
}
