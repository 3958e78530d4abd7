/**
 * A message's way out: submitted to a real server, sent by it to a mail exchanger of ours, and what comes back of it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { FakeMx } from "../../src/queue/runner/testing/fake_mx.ts";
import { testCertificate } from "../../src/net/testing/loopback.ts";
import { type DnsHandler, record, soa, startDnsServer } from "../support/dns_server.ts";
import { settle } from "../support/fake_clock.ts";
import { imap, LineClient, smtp } from "../support/line_client.ts";
import { password, signedIn, user } from "../support/scenario.ts";
import { mailden, makeFolder, removeFolder, startServer, type TestServer } from "../support/server.ts";

const answers: DnsHandler = ({ name, type }) => {
  const nothing = { authorities: [soa("example.")] };
  if (name === "good.example." && type === 15) {
    return { answers: [record(name, "MX", { preference: 10, exchange: "mx.good.example." })] };
  }
  if (name === "mx.good.example." && type === 1) {
    return { answers: [record(name, "A", { address: "127.0.0.1" })] };
  }
  return name.endsWith("good.example.") ? nothing : { rcode: 3, ...nothing };
};

/** The usual one of localserve, without what is for localserve alone, sending to `port` with our DNS. */
async function started(made: Awaited<ReturnType<typeof makeFolder>>, dnsPort: number, port: number) {
  await (await startServer("localserve", made)).stop(); // Which gives the account its password.
  const domains = `${made.folder}/domains.toml`;
  const text = await Deno.readTextFile(domains);
  await Deno.writeTextFile(domains, text.replace(/\[domains\.localhost\.dkim\][^]*?(?=\[accounts)/, ""));
  return await startServer(
    "serve",
    made,
    (config) =>
      `${
        config.replace(
          /\[dns\]\nmode = "local"\n/,
          `[dns]\nmode = "off"\nservers = ["127.0.0.1:${dnsPort}"]\n`,
        )
          .replace(/# [^\n]*\n\[localserve\][^]*/, "")
      }\n[queue]\nport = ${port}\nprivateAddresses = true\n`,
  );
}

async function submit(server: TestServer, ...recipients: readonly string[]): Promise<void> {
  const client = await LineClient.connect(server.ports.submission);
  try {
    await smtp(client, null);
    await smtp(client, "EHLO here.example");
    assert.match(await smtp(client, `AUTH PLAIN ${btoa(`\0${user}\0${password}`)}`), /^235 /);
    for (const to of recipients) {
      assert.match(await smtp(client, `MAIL FROM:<${user}>`), /^250 /);
      assert.match(await smtp(client, `RCPT TO:<${to}>`), /^250 /);
      assert.match(await smtp(client, "DATA"), /^354 /);
      const message = `From: <${user}>\r\nTo: <${to}>\r\nSubject: for ${to}\r\n\r\nhello\r\n.`;
      assert.match(await smtp(client, message), /^250 /);
    }
  } finally {
    client.close();
  }
}

/** The text of the first message of the inbox, as soon as it is there. */
async function firstOfInbox(server: TestServer): Promise<string> {
  const client = await signedIn(server);
  try {
    let lines: string[] = [];
    for (let tag = 0; !lines.some((line) => /^\* [1-9]\d* EXISTS/.test(line)); tag++) {
      lines = await imap(client, `s${tag}`, "SELECT INBOX");
    }
    return (await imap(client, "f", "FETCH 1 BODY[]")).join("\n");
  } finally {
    client.close();
  }
}

Deno.test("what is submitted arrives, comes back with the host's words, or waits and says why", async () => {
  const dns = await startDnsServer(answers);
  const mx = await FakeMx.start({
    certificate: testCertificate("mx.good.example"),
    answer: (step, line) =>
      step !== "RCPT"
        ? null
        : line.includes("gone@")
        ? "550-5.1.1 there is no\r\n550 5.1.1 such person"
        : line.includes("later@")
        ? "451 4.7.1 come back in a while"
        : null,
  });
  const made = await makeFolder();
  try {
    const server = await started(made, dns.port, mx.port);
    try {
      await submit(server, "friend@good.example", "gone@good.example", "later@good.example");
      while (mx.count("RCPT") < 3) await settle();
      assert.deepEqual(mx.taken.map(({ from, to, tls }) => ({ from, to, tls })), [
        { from: user, to: ["friend@good.example"], tls: true },
      ]);
      assert.match(mx.taken[0]?.body ?? "", /^Subject: for friend@good\.example$/m);
      const notice = await firstOfInbox(server);
      assert.match(notice, /gone@good\.example/);
      assert.match(notice, /there is no/);
      assert.match(notice, /^Status: 5\.1\.1$/m);
      assert.match(notice, /^Remote-MTA: dns; *mx\.good\.example/m);
      assert.match(notice, /^Diagnostic-Code: smtp; *550-5\.1\.1 there is no/m);
      let listed = "";
      while (!listed.includes("come back in a while")) {
        const { stdout, stderr, code } = await mailden("queue", "list", "--config", made.folder, "--json");
        assert.equal(code, 0, stderr);
        listed = stdout;
      }
      assert.match(listed, /later@good\.example/);
      assert.doesNotMatch(listed, /friend@|gone@/);
    } finally {
      await server.stop();
    }
  } finally {
    await mx.close();
    await dns.close();
    await removeFolder(made.folder);
  }
});
