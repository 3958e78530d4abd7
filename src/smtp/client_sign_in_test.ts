import assert from "node:assert/strict";
import { fromUtf8, latin1, noBytes, utf8 } from "../base/bytes.ts";
import type { ClientMechanism } from "./client_rules.ts";
import { SignIn } from "./client_sign_in.ts";

const signIn = (mechanism: ClientMechanism, username = "user", password = "pencil", nonce = "nonce") =>
  new SignIn(mechanism, { username, password }, nonce);
const given = { kind: "proof", response: null, complete: false };

Deno.test("PLAIN and EXTERNAL say everything at once, and nothing more", async () => {
  for (const [mechanism, response] of [["PLAIN", "\0user\0pencil"], ["EXTERNAL", ""]] as const) {
    const exchange = signIn(mechanism);
    assert.deepEqual(exchange.initial(), { kind: "initial", response: utf8(response), complete: true });
    assert.deepEqual(await exchange.respond(noBytes), given);
  }
});

Deno.test("LOGIN says name and password, in this order", async () => {
  const exchange = signIn("LOGIN");
  assert.deepEqual(exchange.initial(), { kind: "initial", response: null, complete: false });
  assert.deepEqual(await exchange.respond(utf8("Password:")), {
    kind: "proof",
    response: utf8("user"),
    complete: false,
  });
  assert.deepEqual(await exchange.respond(noBytes), {
    kind: "proof",
    response: utf8("pencil"),
    complete: true,
  });
  assert.deepEqual(await exchange.respond(noBytes), given);
});

Deno.test("what a server repeats of what it was told is hidden, and nothing else", async () => {
  const plain = signIn("PLAIN");
  plain.initial();
  const said = btoa("\0user\0pencil");
  const cases = [
    [`unknown command "AUTH PLAIN ${said}"`, 'unknown command "AUTH PLAIN (hidden)"'],
    [`AUTH PLAIN ${said.toUpperCase()}`, "AUTH PLAIN (hidden)"],
    [`syntax: AUTH PLAIN ${said.slice(0, 12)}...`, "syntax: AUTH PLAIN (hidden)..."],
    [`not <${said}${said}>`, "not <(hidden)>"],
    ["is pencil your password?", "is (hidden) your password?"],
    [
      "5.7.8 authentication failed: UGFzc3dvcmQ6 of user",
      "5.7.8 authentication failed: UGFzc3dvcmQ6 of user",
    ],
  ];
  for (const [text = "", shown] of cases) assert.equal(plain.hide(text), shown);
  const login = signIn("LOGIN");
  await login.respond(noBytes);
  await login.respond(noBytes);
  assert.equal(login.hide(`what is ${btoa("pencil")}?`), "what is (hidden)?");
  // A word of every day is not hidden for a password of one letter.
  assert.equal(signIn("LOGIN", "user", "a").hide("a wrong password"), "a wrong password");
});

Deno.test("CRAM-MD5 answers one challenge. RFC 2195 2", async () => {
  const exchange = signIn("CRAM-MD5", "tim", "tanstaaftanstaaf");
  assert.deepEqual(exchange.initial(), { kind: "initial", response: null, complete: false });
  const { response, complete } = await exchange.respond(latin1("<1896.697170952@postoffice.reston.mci.net>"));
  assert.deepEqual([fromUtf8(response ?? noBytes), complete], ["tim b913a602c7eda7a495b4e6e7334d3890", true]);
  assert.deepEqual(await exchange.respond(latin1("<1896.697170952@postoffice.reston.mci.net>")), given);
});

/** RFC 7677 3 */
const first = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

Deno.test("SCRAM is complete when the server has proved itself", async () => {
  const exchange = signIn("SCRAM-SHA-256", "user", "pencil", "rOprNGfwEbeRWgbNEkqO");
  assert.deepEqual(exchange.initial(), {
    kind: "initial",
    response: utf8("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"),
    complete: false,
  });
  const { response, complete } = await exchange.respond(utf8(first));
  assert.match(fromUtf8(response ?? noBytes), /p=dHzbZapWIk4jUhN\+Ute9ytag9zjfMHgsqmmiz7AndVQ=$/);
  assert.equal(complete, false);
  assert.deepEqual(await exchange.respond(utf8(final)), { kind: "proof", response: noBytes, complete: true });
  assert.deepEqual(await exchange.respond(noBytes), given);
});

Deno.test("SCRAM gives up on a server that is wrong", async () => {
  const exchange = signIn("SCRAM-SHA-256", "user", "pencil", "rOprNGfwEbeRWgbNEkqO");
  await exchange.respond(utf8(first));
  assert.deepEqual(await exchange.respond(utf8(final.replace("6rri", "7rri"))), given);
  assert.deepEqual(await signIn("SCRAM-SHA-1").respond(utf8(first)), given);
  assert.deepEqual(await signIn("SCRAM-SHA-1").respond(noBytes), given);
});

Deno.test("passwords are prepared for hashing. RFC 8265 4.2", async () => {
  const challenge = utf8("<x@y>");
  const one = await signIn("CRAM-MD5", "user", "a\u0301\u3000b").respond(challenge);
  const other = await signIn("CRAM-MD5", "user", "á b").respond(challenge);
  assert.deepEqual(one, other);
});
