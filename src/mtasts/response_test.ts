import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import type { FetchFailure } from "./life.ts";
import { maxPolicyOctets } from "./policy.ts";
import { type PolicyResponse, readPolicyResponse } from "./response.ts";

const good: PolicyResponse = {
  status: 200,
  contentType: "text/plain; charset=utf-8",
  body: utf8("version: STSv1\r\nmode: none\r\nmax_age: 1\r\n"),
};

for (const contentType of ["text/plain", "TEXT/Plain", "text/plain;charset=us-ascii", " text/plain ; x=y"]) {
  Deno.test(`a policy comes as ${contentType}`, () => {
    const fetched = readPolicyResponse({ ...good, contentType });
    assert.equal(fetched.ok && fetched.policy.mode, "none");
  });
}

const refused: [why: string, change: Partial<PolicyResponse>, failure: FetchFailure][] = [
  ["a redirect", { status: 301 }, "status"], // RFC 8461 3.3
  ["no such page", { status: 404 }, "status"],
  ["another good status", { status: 204 }, "status"],
  ["a page", { contentType: "text/html" }, "mediaType"],
  ["no type", { contentType: null }, "mediaType"],
  ["a type that begins alike", { contentType: "text/plainer" }, "mediaType"],
  ["a type of strange letters", { contentType: `x\r\n${"y".repeat(1000)}` }, "mediaType"],
  ["too many octets", { body: new Uint8Array(maxPolicyOctets + 1) }, "tooLarge"],
  ["what is no policy", { body: utf8("hello") }, "invalid"],
];
for (const [why, change, failure] of refused) {
  Deno.test(`readPolicyResponse() refuses ${why}`, () => {
    const fetched = readPolicyResponse({ ...good, ...change });
    assert.equal(fetched.ok ? null : fetched.failure, failure);
    assert.ok(!fetched.ok && /^[ -~]{1,300}$/.test(fetched.why));
  });
}
