import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { type Bytes, fromUtf8, noBytes, utf8 } from "../base/bytes.ts";
import { createLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { answerCramMd5 } from "../sasl/cram_md5.ts";
import { printPlain } from "../sasl/plain.ts";
import { ScramClient } from "../sasl/scram.ts";
import type { AuthBegin, AuthStep, Mechanism } from "./authenticator.ts";
import type { Argon2, GateLimits } from "./auth_argon2.ts";
import { exchangeMs } from "./auth_exchanges.ts";
import { Authentication, type ConnectionAuthenticator } from "./auth_session.ts";
import { MemoryCredentials } from "./testing/memory_credentials.ts";

const you = "you@example.org";
const right = "right horse battery";
const address = "192.0.2.1";

/** An authenticator with account `you`, whose password is quick to check, and everything it does on record. */
async function start(
  settings: {
    weak?: boolean;
    gateLimits?: GateLimits;
    argon2?: Argon2;
    hidden?: readonly string[];
    hostname?: string;
  } = {},
) {
  const credentials = new MemoryCredentials();
  credentials.add("you");
  const clock = new FakeClock();
  const hashed: string[] = [];
  const logged: string[] = [];
  const ended: string[] = [];
  const quick: Argon2 = (password, salt, _costs, bytes) => {
    hashed.push(password);
    return Promise.resolve(
      new Uint8Array(createHmac("sha512", salt).update(password).digest().subarray(0, bytes)),
    );
  };
  const authentication = new Authentication({
    credentials,
    resolveLogin: (name) => name === you || name === "you+tag@example.org" ? "you" : null,
    decoyKey: new Uint8Array(32).fill(5),
    weakDecoys: settings.weak ?? true,
    hostname: settings.hostname ?? "mail.example.org",
    clock,
    log: createLog({ level: "trace", format: "json" }, () => 0, (_level, line) => void logged.push(line)),
    metrics: new Metrics(),
    argon2: settings.argon2 ?? quick,
    ...settings.gateLimits && { gateLimits: settings.gateLimits },
    hiddenCapabilities: (account) => account === "you" ? settings.hidden ?? [] : ["never"],
  });
  if (settings.argon2 === undefined) await authentication.setPassword("you", right, settings.weak ?? true);
  hashed.length = credentials.found.length = 0;
  const connection = authentication.forConnection((capability) => void ended.push(capability));
  return { authentication, connection, credentials, clock, hashed, logged, ended };
}

function begin(mechanism: Mechanism, initial: Bytes | null, more: Partial<AuthBegin> = {}): AuthBegin {
  return {
    protocol: "imap",
    mechanism,
    initial,
    remoteAddress: address,
    tls: true,
    certificate: null,
    cid: "c1",
    ...more,
  };
}

const plain = (name: string, password: string, authzid = "") =>
  begin("PLAIN", printPlain({ authzid, authcid: name, password }));

/** What came of it, in a word. */
const verdict = (step: AuthStep) => step.kind === "failure" ? step.reason : step.kind;

function challenged(step: AuthStep): { exchange: string; challenge: Bytes } {
  assert.ok(step.kind === "challenge", verdict(step));
  return step;
}

/** Signs in as a client would, with any mechanism. */
async function signIn(
  connection: ConnectionAuthenticator,
  mechanism: Mechanism,
  name: string,
  password: string,
): Promise<AuthStep> {
  switch (mechanism) {
    case "PLAIN":
    case "EXTERNAL":
      return await connection.begin(plain(name, password));
    case "LOGIN": {
      const first = challenged(await connection.begin(begin("LOGIN", null)));
      const second = challenged(await connection.next({ exchange: first.exchange, response: utf8(name) }));
      return await connection.next({ exchange: second.exchange, response: utf8(password) });
    }
    case "CRAM-MD5": {
      const { exchange, challenge } = challenged(await connection.begin(begin("CRAM-MD5", null)));
      return await connection.next({ exchange, response: answerCramMd5(name, password, challenge) });
    }
    default: {
      const client = new ScramClient(
        mechanism === "SCRAM-SHA-1" ? "SHA-1" : "SHA-256",
        name,
        password,
        "nonce",
      );
      const { exchange, challenge } = challenged(await connection.begin(begin(mechanism, client.initial)));
      const response = await client.respond(challenge);
      assert.ok(response !== null);
      const step = await connection.next({ exchange, response });
      if (step.kind === "success") assert.ok(step.final !== null && client.verify(step.final));
      return step;
    }
  }
}

const passwordMechanisms = ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"] as const;

for (const mechanism of passwordMechanisms) {
  Deno.test(`${mechanism} signs in with the right password, and with no other`, async () => {
    const { connection } = await start();
    const step = await signIn(connection, mechanism, you, right);
    assert.ok(step.kind === "success", verdict(step));
    assert.deepEqual([step.account, step.login], ["you", you]);
    assert.equal(connection.capabilities.holder(step.capability).account, "you");
    assert.equal(verdict(await signIn(connection, mechanism, you, "wrong horse battery")), "badCredentials");
    assert.equal(verdict(await signIn(connection, mechanism, "nobody@example.org", right)), "badCredentials");
    assert.equal(verdict(await signIn(connection, mechanism, you, right)), "success");
  });

  Deno.test(`${mechanism} does the same work for an account that is not there`, async () => {
    const work = async (name: string) => {
      const { connection, hashed, credentials } = await start();
      await signIn(connection, mechanism, name, "wrong horse battery");
      return { hashes: hashed, lookups: credentials.found.length };
    };
    assert.deepEqual(await work(you), await work("nobody@example.org"));
    assert.deepEqual(await work(you), await work("not a name"));
  });

  Deno.test(`${mechanism} tells the administrator's text to who knows the password, and to nobody else`, async () => {
    const { connection, credentials } = await start();
    credentials.disable("you", "call me");
    assert.deepEqual(await signIn(connection, mechanism, you, right), {
      kind: "failure",
      reason: "accountDisabled",
      text: "call me",
    });
    assert.deepEqual(await signIn(connection, mechanism, you, "wrong horse battery"), {
      kind: "failure",
      reason: "badCredentials",
      text: null,
    });
  });
}

Deno.test("CRAM-MD5 with a server whose name is internationalised", async () => {
  const { connection } = await start({ hostname: "почта.example" });
  const { challenge } = challenged(await connection.begin(begin("CRAM-MD5", null)));
  assert.match(fromUtf8(challenge), /@xn--80a1acny\.example>$/);
});

for (const mechanism of ["CRAM-MD5", "SCRAM-SHA-1"] as const) {
  Deno.test(`${mechanism} without its secret is refused like a wrong password`, async () => {
    const { connection } = await start({ weak: false });
    assert.equal(verdict(await signIn(connection, mechanism, you, right)), "badCredentials");
    assert.equal(verdict(await signIn(connection, "SCRAM-SHA-256", you, right)), "success");
  });
}

for (const [weak, iterations] of [[true, 65_536], [false, 100_000]] as const) {
  Deno.test(`SCRAM shows a stranger the same salt each time, and the usual ${iterations} iterations`, async () => {
    const { connection } = await start({ weak });
    const challenges: string[] = [];
    for (const name of ["nobody@example.org", "nobody@example.org", you]) {
      const client = new ScramClient("SHA-256", name, right, "nonce");
      const { challenge } = challenged(await connection.begin(begin("SCRAM-SHA-256", client.initial)));
      challenges.push(fromUtf8(challenge).replace(/r=[^,]*/, ""));
    }
    assert.equal(challenges[0], challenges[1]);
    assert.notEqual(challenges[0], challenges[2]);
    assert.equal(challenges[0]?.length, challenges[2]?.length);
    assert.ok(challenges.every((challenge) => challenge.endsWith(`,i=${iterations}`)));
  });
}

Deno.test("names and passwords are prepared", async () => {
  const { connection, authentication } = await start();
  await authentication.setPassword("you", "cafe\u0301\u00a0cre\u0300me", false);
  assert.equal(verdict(await signIn(connection, "PLAIN", "ｙｏｕ@example.org", "café crème")), "success");
  const step = await signIn(connection, "PLAIN", "you+tag@example.org", "café crème");
  assert.ok(step.kind === "success" && step.login === "you+tag@example.org");
});

const malformed: [what: string, request: AuthBegin][] = [
  ["PLAIN without NULs", begin("PLAIN", utf8("you"))],
  ["PLAIN that is empty", begin("PLAIN", noBytes)],
  ["LOGIN with a NUL", begin("LOGIN", utf8("a\0b"))],
  ["CRAM-MD5 with an initial response", begin("CRAM-MD5", utf8("you"))],
  ["SCRAM that is empty", begin("SCRAM-SHA-256", noBytes)],
  ["SCRAM with channel binding", begin("SCRAM-SHA-256", utf8("p=tls-unique,,n=you,r=abc"))],
  ["SCRAM with a mandatory extension", begin("SCRAM-SHA-256", utf8("n,,m=1,n=you,r=abc"))],
  ["EXTERNAL with a NUL", begin("EXTERNAL", utf8("\0"))],
  ["an unknown mechanism", begin("NTLM" as Mechanism, null)],
  ["an unknown protocol", begin("PLAIN", null, { protocol: "pop3" as "imap" })],
  ["a response that is text", begin("PLAIN", "\0you\0right" as unknown as Bytes)],
  ["an address that is long", begin("PLAIN", null, { remoteAddress: "1".repeat(129) })],
  ["no id", begin("PLAIN", null, { cid: null as unknown as string })],
  ["nothing", null as unknown as AuthBegin],
];
for (const [what, request] of malformed) {
  Deno.test(`${what} is malformed, which is no failed attempt`, async () => {
    const { connection, authentication } = await start();
    for (let i = 0; i < 11; i++) assert.equal(verdict(await connection.begin(request)), "badRequest");
    assert.ok(!authentication.limits.limited(address));
  });
}

Deno.test("SCRAM with the flag y goes on", async () => {
  const { connection } = await start();
  challenged(await connection.begin(begin("SCRAM-SHA-256", utf8("y,,n=you@example.org,r=abc"))));
});

for (const mechanism of ["PLAIN", "SCRAM-SHA-256", "EXTERNAL"] as const) {
  Deno.test(`${mechanism} without an initial response gets an empty challenge`, async () => {
    const { connection } = await start();
    const { exchange, challenge } = challenged(await connection.begin(begin(mechanism, null)));
    assert.equal(challenge.length, 0);
    assert.equal(verdict(await connection.next({ exchange, response: utf8("\0") })), "badRequest");
  });
}

Deno.test("nobody acts for another", async () => {
  const { connection } = await start();
  assert.equal(verdict(await connection.begin(plain(you, right, you))), "success");
  assert.equal(verdict(await connection.begin(plain(you, right, "they@example.org"))), "badCredentials");
  for (const [authzid, expected] of [[you, "success"], ["they@example.org", "badCredentials"]]) {
    const client = new ScramClient("SHA-256", you, right, "nonce", authzid);
    const { exchange, challenge } = challenged(
      await connection.begin(begin("SCRAM-SHA-256", client.initial)),
    );
    const response = await client.respond(challenge) ?? noBytes;
    assert.equal(verdict(await connection.next({ exchange, response })), expected);
  }
});

Deno.test("an exchange goes on once, in time, and on its own connection", async () => {
  const { connection, authentication, clock } = await start();
  const other = authentication.forConnection(() => {});
  const first = challenged(await connection.begin(begin("LOGIN", null)));
  const response = utf8(you);
  assert.equal(verdict(await other.next({ exchange: first.exchange, response })), "badRequest");
  challenged(await connection.next({ exchange: first.exchange, response }));
  assert.equal(verdict(await connection.next({ exchange: first.exchange, response })), "badRequest");
  const cancelled = challenged(await connection.begin(begin("LOGIN", null)));
  await connection.cancel({ exchange: cancelled.exchange });
  assert.equal(verdict(await connection.next({ exchange: cancelled.exchange, response })), "badRequest");
  const late = challenged(await connection.begin(begin("LOGIN", null)));
  await clock.advance(exchangeMs);
  assert.equal(verdict(await connection.next({ exchange: late.exchange, response })), "badRequest");
  const text = challenged(await connection.begin(begin("LOGIN", null)));
  const wrong = { exchange: text.exchange, response: "you" as unknown as Bytes };
  assert.equal(verdict(await connection.next(wrong)), "badRequest");
});

Deno.test("after ten failures an address is not heard, whatever it says, for all connections alike", async () => {
  const { connection, authentication, hashed, clock } = await start();
  const begun = challenged(await connection.begin(begin("CRAM-MD5", null)));
  for (let i = 0; i < 10; i++) await connection.begin(plain(you, `wrong guess ${i}`));
  assert.equal(await connection.limited({ remoteAddress: address }), true);
  hashed.length = 0;
  const other = authentication.forConnection(() => {});
  assert.equal(verdict(await other.begin(plain(you, right))), "rateLimited");
  const response = answerCramMd5(you, right, begun.challenge);
  assert.equal(verdict(await connection.next({ exchange: begun.exchange, response })), "rateLimited");
  assert.deepEqual(hashed, []);
  assert.equal(
    verdict(await other.begin({ ...plain(you, right), remoteAddress: "198.51.100.7" })),
    "success",
  );
  await clock.advance(60_000);
  assert.equal(verdict(await connection.begin(plain(you, right))), "success");
  assert.equal(await connection.limited({ remoteAddress: address }), false);
});

Deno.test("guesses sent all at once get no further than one by one", async () => {
  const { connection, hashed } = await start();
  const steps = await Promise.all(
    Array.from({ length: 100 }, (_, i) => connection.begin(plain(you, `wrong guess ${i}`))),
  );
  const heard = steps.filter((step) => verdict(step) === "badCredentials").length;
  assert.equal(heard, 10);
  assert.equal(hashed.length, heard);
});

Deno.test("too many passwords at once: the last are asked to try later, and nothing is counted against them", async () => {
  const { connection } = await start({ gateLimits: { maxRunning: 1, maxWaiting: 1 } });
  const steps = await Promise.all(
    [1, 2, 3].map((i) => connection.begin(plain("nobody@example.org", `guess number ${i}`))),
  );
  assert.deepEqual(steps.map(verdict), ["badCredentials", "badCredentials", "tryLater"]);
});

Deno.test("a password that was right is not hashed again, until it is changed", async () => {
  const { connection, authentication, hashed } = await start();
  for (let i = 0; i < 3; i++) assert.equal(verdict(await connection.begin(plain(you, right))), "success");
  assert.deepEqual(hashed, [right]);
  await authentication.setPassword("you", "another horse battery", false);
  hashed.length = 0;
  assert.equal(verdict(await connection.begin(plain(you, right))), "badCredentials");
  assert.deepEqual(hashed, [right]);
});

Deno.test("capabilities end with a new password, with disabling, release and the connection", async () => {
  const { connection, authentication, ended } = await start();
  const issue = async (password: string) => {
    const step = await connection.begin(plain(you, password));
    assert.ok(step.kind === "success");
    return step.capability;
  };
  const capabilities = [await issue(right)];
  const generated = await authentication.generatePassword("you");
  for (const mechanism of passwordMechanisms) {
    assert.equal(verdict(await signIn(connection, mechanism, you, generated)), "success");
  }
  assert.deepEqual(ended, capabilities);
  authentication.accountEnded("you");
  assert.equal(ended.length, 6);
  const released = await issue(generated);
  await connection.release({ capability: released });
  assert.equal(ended[6], released);
  await issue(generated);
  connection.close();
  assert.equal(ended.length, 8);
  assert.equal(verdict(await connection.begin(plain(you, generated))), "tryLater");
});

Deno.test("a password changed while it was checked does not sign in", async () => {
  const { connection, authentication, credentials } = await start();
  const client = new ScramClient("SHA-256", you, right, "nonce");
  const { exchange, challenge } = challenged(await connection.begin(begin("SCRAM-SHA-256", client.initial)));
  const response = await client.respond(challenge) ?? noBytes;
  await authentication.setPassword("you", "another horse battery", false);
  assert.equal(verdict(await connection.next({ exchange, response })), "badCredentials");
  const late = challenged(await connection.begin(begin("CRAM-MD5", null)));
  credentials.accounts.delete("you");
  const step = await connection.next({
    exchange: late.exchange,
    response: answerCramMd5(you, right, late.challenge),
  });
  assert.equal(verdict(step), "badCredentials");
});

Deno.test("EXTERNAL signs in with a registered certificate, as its own account only", async () => {
  const { connection, authentication, credentials } = await start();
  const external = (authzid: string, certificate: string | null) =>
    connection.begin(begin("EXTERNAL", utf8(authzid), { certificate }));
  assert.equal(verdict(await external("", null)), "mechanismUnavailable");
  assert.equal(verdict(await external("", "fingerprint")), "badCredentials");
  await authentication.addCertificate({ fingerprint: "fingerprint", account: "you", login: you });
  const step = await external("", "fingerprint");
  assert.ok(step.kind === "success" && step.account === "you" && step.login === you);
  assert.equal(verdict(await external("you+tag@example.org", "fingerprint")), "success");
  assert.equal(verdict(await external("they@example.org", "fingerprint")), "badCredentials");
  credentials.disable("you", "call me");
  assert.equal(verdict(await external("", "fingerprint")), "accountDisabled");
  credentials.disable("you", null);
  assert.ok(await authentication.removeCertificate("you", "fingerprint"));
  assert.throws(() => connection.capabilities.holder(step.capability), { reason: "noCapability" });
  assert.equal(verdict(await external("", "fingerprint")), "badCredentials");
});

Deno.test("a password that will not do is refused, and one for nobody", async () => {
  const { authentication } = await start();
  await assert.rejects(authentication.setPassword("you", "short", false), { reason: "badRequest" });
  await assert.rejects(authentication.setPassword("they", right, false), { reason: "noSuchMailbox" });
});

Deno.test("no password and no secret reaches the log", async () => {
  const { connection, authentication, logged, credentials } = await start();
  for (const mechanism of passwordMechanisms) {
    await signIn(connection, mechanism, you, right);
    await signIn(connection, mechanism, you, "wrong horse battery");
  }
  const generated = await authentication.generatePassword("you");
  const step = await connection.begin(plain(you, generated));
  assert.ok(step.kind === "success" && logged.length > 10);
  const log = logged.join("\n");
  const hash = credentials.accounts.get("you")?.secrets?.argon2.hash.toBase64() ?? "";
  for (const secret of [right, "wrong horse", generated, step.capability, hash.slice(0, 20)]) {
    assert.ok(!log.includes(secret));
  }
});

Deno.test("an Argon2 that breaks is our failure, not a wrong password", async () => {
  const { connection, authentication } = await start({
    argon2: () => Promise.reject(new Error("no memory")),
  });
  await assert.rejects(connection.begin(plain(you, right)), { message: "no memory" });
  assert.ok(!authentication.limits.limited(address));
});

Deno.test("who signs in is told which extensions the account hides", async () => {
  for (const hidden of [[], ["IDLE", "NOTIFY"]]) {
    const { connection } = await start({ hidden });
    const step = await connection.begin(plain(you, right));
    assert.ok(step.kind === "success");
    assert.deepEqual(step.hiddenCapabilities ?? [], hidden);
  }
});
