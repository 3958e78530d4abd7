/**
 * Postfix as our peer, over TLS that is verified both ways: it takes our mail as a relay and as a mail exchanger with
 * DANE, it sends us mail, each understands the other's refusals, and what was asked for with DSN parameters reaches the
 * other side.
 *
 * Skipped where Debian's postfix is absent, or who runs the test is not root.
 *
 * @module
 */
import assert from "node:assert/strict";
import { testCertificate } from "../../src/net/testing/loopback.ts";
import { type DnsHandler, record, soa, startDnsServer } from "../support/dns_server.ts";
import { imap, LineClient, smtp } from "../support/line_client.ts";
import { hasPostfix, Postfix, postfixPort } from "../support/postfix.ts";
import { certificate, password, signedIn, user } from "../support/scenario.ts";
import { mailden, makeFolder, removeFolder, startServer, type TestServer } from "../support/server.ts";
const ignore = !hasPostfix;
const why = ignore ? " (skipped: Postfix is not installed, or this is not root)" : "";

/** Domains of Postfix: one that we reach by its MX record, one through a transport. */
const [direct, relayed] = ["postfix.test", "relayed.test"];
/** Of ours: refuses all with 4xx. One that Postfix takes for ours. */
const [closed, elsewhere] = ["closed.test", "elsewhere.test"];

/**
 * Answers as of a resolver on this machine that has checked all (RFC 6840 5.8): Postfix is the mail exchanger of two
 * domains, by two names; what is published of the key of one is wrong.
 */
const answers = (port: number, digest: Uint8Array<ArrayBuffer>): DnsHandler => ({ name, type }) => {
  const nothing = { authenticData: true, authorities: [soa("test.")] };
  const [, domain] = /^(?:mx\.)?((?:postfix|wrong)\.test)\.$/.exec(name) ?? [];
  const published = /^_([0-9]+)\._tcp\.mx\.(postfix|wrong)\.test\.$/.exec(name);
  if (published !== null && type === 52 && Number(published[1]) === port) {
    const data = published[2] === "postfix" ? digest : digest.map((octet) => octet ^ 1);
    return {
      authenticData: true,
      answers: [record(name, "TLSA", { usage: 3, selector: 1, matchingType: 1, data })],
    };
  }
  if (domain === undefined) return published === null ? { rcode: 3, ...nothing } : nothing;
  if (type === 1) return { authenticData: true, answers: [record(name, "A", { address: "127.0.0.1" })] };
  if (type !== 15 || name.startsWith("mx.")) return nothing;
  return {
    authenticData: true,
    answers: [record(name, "MX", { preference: 10, exchange: `mx.${domain}.` })],
  };
};

interface Peers {
  readonly server: TestServer;
  readonly postfix: Postfix;
}

/** `serve` and a Postfix that know of each other. */
async function withPeers(test: (peers: Peers) => Promise<void>): Promise<void> {
  const shown = testCertificate("mx.postfix.test");
  const port = postfixPort();
  const dns = await startDnsServer(
    answers(port, Uint8Array.fromBase64(shown.fingerprint, { alphabet: "base64url" })),
  );
  const made = await makeFolder();
  const { folder, ports } = made;
  try {
    await (await startServer("localserve", made)).stop(); // Which gives the account its password.
    const domains = `${folder}/domains.toml`;
    await Deno.writeTextFile(
      domains,
      `${await Deno.readTextFile(domains)}
[domains."${closed}"]
disabled = true

[[routes]]
toDomain = ["${relayed}"]
transport = "postfix"
`,
    );
    const server = await startServer(
      "serve",
      made,
      (config) =>
        config.replace(
          '[dns]\nmode = "local"\n',
          `[dns]\nmode = "trustAd"\nservers = ["127.0.0.1:${dns.port}"]\n`,
        )
          .replace(/# [^\n]*\n\[localserve\][^]*/, "") +
        `
[queue]
port = ${port}
privateAddresses = true

[transports.postfix.smtp]
host = "mx.postfix.test"
port = ${port}
trusted = ['''${shown.chainPem}''']
`,
    );
    try {
      const postfix = await Postfix.start(port, {
        hostname: "mx.postfix.test",
        domains: [direct, relayed],
        certificate: shown,
        relay: {
          domains: ["localhost", closed, elsewhere],
          port: ports.smtp,
          trusted: certificate({ ...server, folder }),
          name: "localhost",
        },
      });
      try {
        await test({ server, postfix });
      } finally {
        await postfix.stop();
      }
    } finally {
      await server.stop();
    }
  } finally {
    await dns.close();
    await removeFolder(folder);
  }
}

interface Submitted {
  readonly to: string;
  /** Parameters of MAIL and RCPT. RFC 3461 4 */
  readonly mail?: string;
  readonly rcpt?: string;
}

async function sendOver(
  client: LineClient,
  from: string,
  { to, mail = "", rcpt = "" }: Submitted,
): Promise<void> {
  assert.match(await smtp(client, `MAIL FROM:<${from}>${mail}`), /^250 /);
  assert.match(await smtp(client, `RCPT TO:<${to}>${rcpt}`), /^250 /);
  assert.match(await smtp(client, "DATA"), /^354 /);
  const message =
    `From: <${from}>\r\nTo: <${to}>\r\nSubject: for ${to}\r\nMessage-ID: <${crypto.randomUUID()}@localhost>\r\n` +
    `Date: ${new Date().toUTCString()}\r\n\r\nhello\r\n.`;
  assert.match(await smtp(client, message), /^250 /);
}

async function submit(server: TestServer, messages: readonly Submitted[]): Promise<void> {
  const client = await LineClient.connect(server.ports.submission);
  try {
    await smtp(client, null);
    await smtp(client, "EHLO here.example");
    assert.match(await smtp(client, `AUTH PLAIN ${btoa(`\0${user}\0${password}`)}`), /^235 /);
    for (const each of messages) await sendOver(client, user, each);
  } finally {
    client.close();
  }
}

/** The first message of our inbox that holds some words, once it is there. */
async function received({ server, postfix }: Peers, words: RegExp): Promise<string> {
  const client = await signedIn(server);
  let tag = 0;
  const ask = async (command: string) => await imap(client, `t${tag++}`, command);
  try {
    return await postfix.until(`a message with ${words}`, async () => {
      await ask("SELECT INBOX");
      const found = (await ask("FETCH 1:* BODY.PEEK[]")).filter((line) => words.test(line));
      return found[0];
    });
  } finally {
    client.close();
  }
}

const delivered = ({ postfix }: Peers, words: RegExp) =>
  postfix.until(
    `a message with ${words}`,
    async () => (await postfix.mailbox()).find((message) => words.test(message)),
  );

Deno.test(
  { name: `Postfix takes our mail, or says why not, over TLS that we verify${why}`, ignore },
  () =>
    withPeers(async (peers) => {
      const { server, postfix } = peers;
      await submit(server, [
        { to: `you@${direct}` },
        { to: `you@${relayed}` },
        { to: `nobody@${direct}` },
        { to: "you@wrong.test" },
      ]);
      for (const domain of [direct, relayed]) {
        assert.match(
          await delivered(peers, new RegExp(`^Subject: for you@${domain}`, "m")),
          /using TLSv1\.3/,
        );
      }
      for (
        const words of [
          /delivered .*to=you@postfix\.test .*tls=dane/,
          /delivered .*to=you@relayed\.test .*tls=relay/,
        ]
      ) {
        await postfix.until(`${words}`, () => Promise.resolve(words.test(server.printed()) || undefined));
      }
      const notice = await received(peers, /Final-Recipient: *rfc822; *nobody@postfix\.test/);
      assert.match(notice, /^Status: 5\.1\.1\r?$/m);
      assert.match(notice, /^Remote-MTA: dns; *mx\.postfix\.test/m);
      assert.match(notice, /^Diagnostic-Code: smtp; *550 5\.1\.1 .*User unknown/m);
      const listed = await postfix.until("a reason", async () => {
        const { stdout } = await mailden("queue", "list", "--config", server.folder, "--json");
        return stdout.includes("TLSA") ? stdout : undefined;
      });
      assert.match(listed, /you@wrong\.test/);
      assert.doesNotMatch(await postfix.log(), /wrong\.test/);
    }),
);

Deno.test(
  { name: `Postfix answers what our users ask for with DSN parameters${why}`, ignore },
  () =>
    withPeers(async (peers) => {
      await submit(peers.server, [{
        to: `you@${direct}`,
        mail: " RET=HDRS ENVID=one+2Btwo",
        rcpt: " NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;friend@example.org",
      }]);
      const notice = await received(peers, /Action: delivered/);
      assert.match(notice, /^Original-Envelope-Id: one\+two\r?$/m); // RFC 3461 4.4: xtext, decoded.
      assert.match(notice, /^Original-Recipient: *rfc822; ?friend@example\.org/m);
      assert.match(notice, /^Reporting-MTA: dns; mx\.postfix\.test/m);
      assert.doesNotMatch(notice, /^hello/m); // RET=HDRS
    }),
);

Deno.test({
  name: `Postfix sends us mail over TLS that it verifies, and understands our refusals${why}`,
  ignore,
}, () =>
  withPeers(async (peers) => {
    const { postfix } = peers;
    const client = await postfix.connect();
    const envelope = {
      mail: " RET=HDRS ENVID=abc",
      rcpt: " NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;friend@example.org",
    };
    for (const to of [user, `you@${elsewhere}`, `you@${closed}`]) {
      await sendOver(client, `you@${direct}`, { to, ...envelope });
    }
    client.close();
    const message = await received(peers, /^Subject: for mailden@localhost/m);
    assert.match(message, /^Received: from mx\.postfix\.test /m);
    assert.match(await postfix.log(), /Verified TLS connection established to 127\.0\.0\.1/);
    // We offer strangers no DSN, so that the last who does tells of it. RFC 3461 5.2.2
    const passedOn = await delivered(peers, /^Action: relayed/m);
    assert.match(passedOn, /^Original-Envelope-Id: abc$/m);
    assert.match(passedOn, /^Final-Recipient: rfc822; mailden@localhost$/m);
    const refused = await delivered(peers, /^Action: failed/m);
    assert.match(refused, /^Final-Recipient: rfc822; you@elsewhere\.test$/m);
    assert.match(refused, /^Original-Recipient: rfc822;friend@example\.org$/m);
    assert.match(refused, /^Status: 5\.7\.1$/m);
    assert.match(refused, /^Diagnostic-Code: smtp; 550 5\.7\.1 /m);
    await postfix.until(
      "a message that waits",
      async () =>
        /to=<you@closed\.test>.*status=deferred .*said: 4[0-9]{2} 4\./.test(await postfix.log()) || undefined,
    );
  }));
