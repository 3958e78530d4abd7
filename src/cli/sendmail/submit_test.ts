/**
 * Handing in, at servers of every kind.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { readConfig } from "../../config/load.ts";
import { submitSchema } from "../../config/submit_config.ts";
import { FakeClock } from "../../../tests/support/fake_clock.ts";
import { systemClock } from "../../net/system_clock.ts";
import { listenLocally, localhostCertificate, localhostStore } from "../../net/testing/loopback.ts";
import type { Transport } from "../../net/transport.ts";
import { createSelfSigned } from "../../tls/self_signed.ts";
import { exitCodes, SendFailure } from "./exit_codes.ts";
import type { Submission } from "./outgoing_message.ts";
import { submit } from "./submit.ts";

/** What a server answers to what begins so; everything else is `250 ok`. */
type Answers = Readonly<Record<string, string>>;

const greetings: Answers = {
  EHLO: "250-localhost\r\n250-STARTTLS\r\n250-AUTH PLAIN\r\n250-8BITMIME\r\n250 DSN",
  AUTH: "235 2.7.0 welcome",
  DATA: "354 go on",
  STARTTLS: "220 go on",
  QUIT: "221 bye",
};

/** Serves one connection; keeps what it heard. */
async function serve(
  transport: Transport,
  answers: Answers,
  heard: string[],
  stalled: () => void,
): Promise<void> {
  try {
    await transport.write(utf8("220 localhost\r\n"));
    let text = "";
    let inData = false;
    for (let piece = await transport.read(); piece !== null; piece = await transport.read()) {
      text += fromUtf8(piece);
      for (;;) {
        const end = inData ? text.indexOf("\r\n.\r\n") : text.indexOf("\r\n");
        if (end === -1) break;
        const line: string = inData ? "." : text.slice(0, end);
        heard.push(text.slice(0, end));
        text = text.slice(end + (inData ? 5 : 2));
        inData = false;
        const key = Object.keys(answers).find((each) => line.startsWith(each)) ??
          Object.keys(greetings).find((each) => line.startsWith(each)) ?? "";
        const answer = answers[key] ?? greetings[key] ?? "250 2.0.0 ok";
        if (answer === "hang up") return transport.destroy();
        if (answer === "stall") {
          stalled();
          continue;
        }
        await transport.write(utf8(`${answer}\r\n`));
        if (line === "STARTTLS" && answer.startsWith("220")) await transport.startTls();
        inData = line === "DATA" && answer.startsWith("354");
      }
    }
  } catch {
    // The client has gone.
  }
  await transport.close();
}

const message: Submission = {
  from: { local: "ann", domain: "example.org" },
  recipients: [{ local: "bob", domain: "example.net" }, { local: "eve", domain: "example.net" }],
  message: utf8("Subject: x\r\n\r\n.hello\r\n"),
  eightBit: false,
  smtpUtf8: false,
};

interface Case {
  /** Settings of mailden-submit.toml. */
  readonly settings?: string;
  readonly answers?: Answers;
  readonly implicit?: boolean;
  readonly trusted?: boolean;
  /** Whether we show a certificate. */
  readonly certificate?: boolean;
  readonly args?: Parameters<typeof submit>[1];
}

const noArgs = { notify: null, ret: null, envid: null };

/** Hands in, and gives the code, what was said, and what the server heard. */
async function handIn(
  { settings = "", answers = {}, implicit = true, trusted = true, certificate = false, args = noArgs }: Case,
): Promise<{ code: number; text: string; heard: string[]; recipients: number | null }> {
  const heard: string[] = [];
  const clock = new FakeClock();
  const listener = await listenLocally({
    handler: (transport) => serve(transport, answers, heard, () => void clock.advance(180_000)),
    implicitTls: implicit,
    tls: { certificates: localhostStore(), requestClientCertificate: true },
  });
  const config = readConfig(
    `host = "localhost"\nport = ${listener.port}\nfrom = "ann@example.org"\n${settings}`,
    "x.toml",
    submitSchema,
  );
  try {
    await submit(message, args, {
      config,
      files: {
        trusted: trusted ? [localhostCertificate().chainPem] : [],
        certificate: certificate ? clientCertificate() : null,
      },
      clock,
      addressesOf: () => Promise.resolve(["127.0.0.1"]),
    });
    return { code: 0, text: "", heard, recipients: null };
  } catch (error) {
    assert.ok(error instanceof SendFailure, String(error));
    return { code: error.code, text: error.message, heard, recipients: error.recipients?.length ?? null };
  } finally {
    await listener.close(0);
  }
}

/** Anyone's will do: the server of these tests does not look. */
function clientCertificate() {
  return createSelfSigned({
    names: ["ann"],
    addresses: [],
    notBefore: systemClock.now() - 60_000,
    notAfter: systemClock.now() + 3_600_000,
    serial: new Uint8Array([1]),
  });
}

const account = 'username = "ann"\npassword = "secret"\n';

Deno.test("a message is handed in over implicit TLS, signed in, whole", async () => {
  const { code, text, heard } = await handIn({
    settings: account,
    args: { notify: ["FAILURE"], ret: "HDRS", envid: "abc" },
  });
  assert.deepEqual([code, text], [0, ""]);
  assert.deepEqual(heard.slice(1), [
    `AUTH PLAIN ${btoa("\0ann\0secret")}`,
    "MAIL FROM:<ann@example.org> RET=HDRS ENVID=abc",
    "RCPT TO:<bob@example.net> NOTIFY=FAILURE",
    "RCPT TO:<eve@example.net> NOTIFY=FAILURE",
    "DATA",
    "Subject: x\r\n\r\n..hello",
    "QUIT",
  ]);
  assert.match(heard[0] ?? "", /^EHLO \[127\.0\.0\.1\]$/);
});

Deno.test("whoever shows a certificate signs in with that", async () => {
  const answers = { EHLO: "250-localhost\r\n250 AUTH PLAIN EXTERNAL" };
  const { code, text, heard } = await handIn({ answers, certificate: true });
  assert.deepEqual([code, text, heard[1]], [0, "", "AUTH EXTERNAL ="]);
});

Deno.test("STARTTLS is demanded, and nothing is told before it", async () => {
  const settings = `tls = "startTls"\n${account}`;
  const good = await handIn({ settings, implicit: false });
  assert.deepEqual([good.code, good.heard[1]], [0, "STARTTLS"]);
  const without = await handIn({
    settings,
    implicit: false,
    answers: { EHLO: "250-localhost\r\n250 AUTH PLAIN" },
  });
  assert.equal(without.code, exitCodes.temporary);
  assert.match(without.text, /offers no TLS/);
  assert.ok(without.heard.every((line) => !line.startsWith("AUTH") && !line.startsWith("MAIL")));
});

const failures: [
  title: string,
  given: Case,
  code: keyof typeof exitCodes,
  text: RegExp,
  recipients: number | null,
][] = [
  [
    "a wrong password",
    { settings: account, answers: { AUTH: "535 5.7.8 no" } },
    "noPermission",
    /does not take this username and password \(it said 535 5\.7\.8 no\)/,
    null,
  ],
  [
    "no way to sign in",
    { settings: account, answers: { EHLO: "250 localhost" } },
    "noPermission",
    /no way to sign in/,
    null,
  ],
  [
    "no recipient known",
    { answers: { RCPT: "550 5.1.1 who?" } },
    "noUser",
    /for bob@example\.net: said 550 5\.1\.1 who\?; eve@example\.net: said 550/,
    2,
  ],
  ["greylisting", { answers: { RCPT: "451 4.7.1 later" } }, "temporary", /said 451/, 2],
  // Whoever tried again would send bob a second copy.
  [
    "one recipient who can wait",
    { answers: { "RCPT TO:<eve": "451 4.7.1 later" } },
    "unavailable",
    /for eve@/,
    1,
  ],
  ["a sender refused", { answers: { MAIL: "553 5.7.1 not you" } }, "unavailable", /553 5\.7\.1 not you/, 2],
  ["a message refused", { answers: { ".": "554 5.6.0 spam" } }, "data", /554 5\.6\.0 spam/, 2],
  ["a message put off", { answers: { ".": "452 4.3.1 full" } }, "temporary", /452 4\.3\.1 full/, 2],
  ["a connection lost", { answers: { MAIL: "hang up" } }, "temporary", /closed the connection/, 2],
  ["a loss after the message", { answers: { ".": "hang up" } }, "temporary", /it may have been taken/, 2],
  [
    "no answer",
    { answers: { MAIL: "stall" } },
    "temporary",
    /took too long/,
    null,
  ],
  ["REQUIRETLS unknown", { settings: 'requireTls = "yes"\n' }, "unavailable", /does not know REQUIRETLS/, 2],
];
for (const [title, given, code, text, recipients] of failures) {
  Deno.test(`handing in: ${title}`, async () => {
    const done = await handIn(given);
    assert.match(done.text, text);
    assert.deepEqual([done.code, done.recipients], [exitCodes[code], recipients]);
  });
}

Deno.test("a certificate that nobody trusts ends it before a word is said", async () => {
  for (const implicit of [true, false]) {
    const settings = implicit ? account : `tls = "startTls"\n${account}`;
    const { code, text, heard } = await handIn({ trusted: false, implicit, settings });
    assert.equal(code, exitCodes.temporary);
    assert.match(text, /TLS handshake|was not reached/);
    assert.ok(heard.every((line) => !line.startsWith("AUTH") && !line.startsWith("MAIL")));
  }
});

Deno.test("more recipients than the server takes at a time go in turns", async () => {
  const answers = { EHLO: "250-localhost\r\n250 LIMITS RCPTMAX=1" };
  const { code, heard } = await handIn({ answers });
  assert.equal(code, 0);
  assert.deepEqual(heard.filter((line) => line.startsWith("RCPT")), [
    "RCPT TO:<bob@example.net>",
    "RCPT TO:<eve@example.net>",
  ]);
  assert.equal(heard.filter((line) => line === "DATA").length, 2);
});

Deno.test("a server that is not there is a matter of time, and one without a name is not", async () => {
  const base = { files: { trusted: [], certificate: null }, clock: systemClock };
  const config = readConfig(
    'host = "localhost"\nport = 1\nfrom = "ann@example.org"\n',
    "x.toml",
    submitSchema,
  );
  const failed = (addresses: readonly string[]) =>
    submit(message, noArgs, { ...base, config, addressesOf: () => Promise.resolve(addresses) });
  await assert.rejects(failed(["127.0.0.1"]), (error) => error instanceof SendFailure && error.code === 75);
  await assert.rejects(failed([]), (error) => error instanceof SendFailure && error.code === 68);
});
