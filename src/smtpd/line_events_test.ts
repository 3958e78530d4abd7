import assert from "node:assert/strict";
import { latin1, utf8 } from "../base/bytes.ts";
import { authEvent, authResponse, commandEvent, shownLine } from "./line_events.ts";

const faults: [line: Uint8Array<ArrayBuffer> | "tooLong", fault: string][] = [
  ["tooLong", "tooLong"],
  [latin1("NOOP\0"), "text"],
  [latin1("GET / HTTP/1.1"), "http"],
  [latin1("FROB"), "unknown"],
  [latin1("MAIL FROM:<> X"), "parameter"],
  [latin1("MAIL x"), "syntax"],
];
for (const [line, fault] of faults) {
  Deno.test(`a bad line: ${fault}`, () => {
    const event = commandEvent(line, 0);
    assert.equal(event.kind === "badLine" ? event.fault : event.kind, fault);
  });
}

Deno.test("a command carries the time", () => {
  assert.deepEqual(commandEvent(latin1("RSET"), 7), { kind: "command", command: { verb: "RSET" }, now: 7 });
});

Deno.test("the log sees no credentials", () => {
  for (const line of ["AUTH PLAIN c2VjcmV0", "auth plain c2VjcmV0", "AUTH\tPLAIN c2VjcmV0"]) {
    assert.ok(!shownLine(latin1(line)).includes("c2V"), line);
  }
  assert.equal(shownLine(latin1("NOOP x")), "NOOP x");
});

Deno.test("responses of an exchange", () => {
  assert.deepEqual(authResponse(latin1("AGE=")), utf8("\0a"));
  assert.deepEqual(authResponse(latin1("")), new Uint8Array(0));
  assert.equal(authResponse(latin1("*")), null);
  assert.equal(authResponse(latin1("!")), "malformed");
  assert.equal(authResponse(latin1("AGE= ")), "malformed");
  assert.equal(authResponse("tooLong"), "tooLong");
});

Deno.test("only wrong credentials count as a guess", () => {
  for (
    const [reason, guessed] of [["badCredentials", true], ["rateLimited", true], ["accountDisabled", false], [
      "tryLater",
      false,
    ]] as const
  ) {
    const event = authEvent({ kind: "failure", reason, text: null });
    assert.equal(event.kind === "notSignedIn" && event.guessed, guessed, reason);
  }
});
