/**
 * What is found out of incoming mail, from the DNS to the mailbox: good and forged messages, the fields that tell of them,
 * `mailden message why`, what is refused for it, and that nothing waits for a DNS that does not answer.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { sealMessage } from "../../src/arc/seal.ts";
import { ArcVerifier } from "../../src/arc/verify.ts";
import { utf8 } from "../../src/base/bytes.ts";
import { generateKey, recordOf } from "../../src/dkim/keys.ts";
import { bodyHasherFor, type Signer, signMessage } from "../../src/dkim/sign.ts";
import type { DataByType, RecordType } from "../../src/dns/record.ts";
import { typeNumbers } from "../../src/dns/record.ts";
import { txt, ZoneResolver } from "../../src/dns/testing/zone_resolver.ts";
import { type DnsHandler, record, soa, startDnsServer } from "../support/dns_server.ts";
import { imap, LineClient, smtp } from "../support/line_client.ts";
import { signedIn } from "../support/scenario.ts";
import {
  mailden,
  makeFolder,
  type Mode,
  removeFolder,
  startServer,
  type TestServer,
} from "../support/server.ts";

const key = createPrivateKey(generateKey("ed25519"));

/** What the world knows of the senders. Loopback is where all mail comes from here. */
const world: Readonly<Record<string, { readonly [T in RecordType]?: readonly DataByType[T][] }>> = {
  "good.example": { TXT: txt("v=spf1 ip4:127.0.0.1 -all") },
  "sel._domainkey.good.example": { TXT: txt(recordOf(key)) },
  "_dmarc.good.example": { TXT: txt("v=DMARC1; p=reject") },
  "strict.example": { TXT: txt("v=spf1 -all") },
  "_dmarc.strict.example": { TXT: txt("v=DMARC1; p=reject") },
  "careful.example": { TXT: txt("v=spf1 -all") },
  "_dmarc.careful.example": { TXT: txt("v=DMARC1; p=quarantine") },
  "1.0.0.127.bl.example": {},
  "2.0.0.127.bl.example": { A: [{ address: "127.0.0.2" }] },
};

const answers: DnsHandler = ({ name, type }) => {
  const entry = world[name.toLowerCase().slice(0, -1)];
  if (entry === undefined) return { rcode: 3, authorities: [soa("example.")] };
  const records = (Object.keys(entry) as RecordType[]).filter((each) => typeNumbers[each] === type)
    .flatMap((each) => (entry[each] ?? []).map((data) => record(name, each, data)));
  return records.length > 0 ? { answers: records } : { authorities: [soa("example.")] };
};

/** A server whose DNS is made up. @param own Changes of its configuration. */
async function withServer(
  mode: Mode,
  handler: DnsHandler,
  own: (config: string) => string,
  test: (server: TestServer) => Promise<void>,
): Promise<void> {
  const dns = await startDnsServer(handler);
  const asked = `[dns]\nmode = "off"\nservers = ["127.0.0.1:${dns.port}"]\nevidenceTimeout = "50s"\n`;
  const made = await makeFolder();
  if (mode === "serve") {
    // Only localserve makes its own key.
    const domains = `${made.folder}/domains.toml`;
    const text = await Deno.readTextFile(domains);
    await Deno.writeTextFile(domains, text.replace(/\[domains\.localhost\.dkim\][^]*?(?=\[accounts)/, ""));
  }
  const server = await startServer(
    mode,
    made,
    (config) => own(config.replace(/\[dns\]\nmode = "local"\n/, asked)),
  );
  try {
    await test(server);
  } finally {
    await server.stop();
    await dns.close();
    await removeFolder(server.folder);
  }
}

function message(from: string, id: string, text = "text"): string {
  return `From: <a@${from}>\r\nTo: <mailden@localhost>\r\nSubject: ${id}\r\nMessage-ID: <${id}@test>\r\n\r\n${text}\r\n`;
}

const signer: Signer = {
  domain: "good.example",
  selector: "sel",
  key,
  headerCanonicalization: "relaxed",
  bodyCanonicalization: "relaxed",
};

/** As passed on by somebody who seals what he found. */
async function sealed(
  text: string,
  results = "good.example; spf=pass smtp.mailfrom=first.example",
): Promise<string> {
  const verifier = new ArcVerifier({ resolver: new ZoneResolver({}), now: Date.now() });
  verifier.write(utf8(text));
  const at = text.indexOf("\r\n\r\n") + 4;
  const body = bodyHasherFor([signer]);
  body.write(utf8(text.slice(at)));
  body.finish();
  const chain = await verifier.finish();
  const fields = sealMessage({
    header: utf8(text.slice(0, at)),
    body,
    chain,
    results,
    signer,
    now: Date.now(),
  });
  return (fields ?? []).join("") + text;
}

function signed(text: string): string {
  const signers = [signer];
  const at = text.indexOf("\r\n\r\n") + 4;
  const body = bodyHasherFor(signers);
  body.write(utf8(text.slice(at)));
  body.finish();
  return signMessage({ header: utf8(text.slice(0, at)), body, signers, now: Date.now() }).join("") + text;
}

/** Sends one message; returns the reply to it. */
async function send(server: TestServer, from: string, text: string): Promise<string> {
  const client = await LineClient.connect(server.ports.smtp);
  try {
    await smtp(client, null);
    await smtp(client, "EHLO [127.0.0.1]");
    await smtp(client, `MAIL FROM:<a@${from}>`);
    await smtp(client, "RCPT TO:<mailden@localhost>");
    await smtp(client, "DATA");
    return await smtp(client, `${text}.`);
  } finally {
    client.close();
  }
}

const asIs = (config: string) => config;

Deno.test("good and forged messages are told apart in their headers, and explained", async () => {
  await withServer("localserve", answers, asIs, async (server) => {
    assert.match(await send(server, "good.example", signed(message("good.example", "good"))), /^250/);
    const forged = signed(message("good.example", "forged")).replace("text", "changed");
    assert.match(await send(server, "strict.example", forged), /^250/);
    const passedOn = await sealed(message("first.example", "sealed"));
    assert.match(await send(server, "good.example", passedOn), /^250/);
    assert.match(await send(server, "good.example", passedOn.replace("\r\ntext", "\r\nchanged")), /^250/);
    const claim = "Authentication-results: localhost; dmarc=pass\r\n";
    assert.match(await send(server, "good.example", claim + message("good.example", "claims")), /^250/);
    const client = await signedIn(server);
    await imap(client, "s", "SELECT INBOX");
    const headers = (await imap(client, "f", "FETCH 1:5 BODY.PEEK[HEADER]")).map((line) =>
      line.replace(/\r\n[ \t]+/g, " ")
    );
    client.close();
    assert.match(
      headers[0] ?? "",
      /Authentication-Results: localhost; .*dkim=pass .*header\.d=good\.example .*spf=pass .*dmarc=pass/,
    );
    assert.match(headers[0] ?? "", /Received-SPF: pass \(good\.example; without dnssec\)/);
    assert.match(headers[0] ?? "", /Received: from \[127\.0\.0\.1\] \(localhost \[127\.0\.0\.1\]\)/);
    assert.match(headers[1] ?? "", /dkim=fail .*spf=fail .*dmarc=fail .*asks for reject/);
    assert.match(headers[2] ?? "", /arc=pass \(i=1, without dnssec\)/);
    assert.match(headers[3] ?? "", /arc=fail \(i=1/);
    assert.equal(headers[4]?.match(/^Authentication-Results: localhost/gim)?.length, 1);
    assert.match(headers[4] ?? "", /X-Untrusted-AuthResult: localhost; dmarc=pass/);
    const why = await mailden("message", "why", "--config", server.folder, "forged@test");
    assert.equal(why.code, 0, why.stderr);
    assert.match(why.stdout, /refused \(dmarc-policy\)/);
    assert.match(why.stdout, /DMARC: fail/);
    const json = JSON.parse(
      (await mailden("message", "why", "--json", "--config", server.folder, "good@test")).stdout,
    );
    assert.deepEqual(
      [json[0].evidence.dkim[0].status, json[0].evidence.validation, json[0].verdict.action],
      ["pass", "strict", "accept"],
    );
    const none = await mailden("message", "why", "--config", server.folder, "nobody@test");
    assert.match(none.stderr, /There is no message nobody@test here/);
  });
});

Deno.test("what a user of this server sends is signed, and passes when it comes in", async () => {
  await withServer("localserve", answers, asIs, async (server) => {
    const client = await LineClient.connect(server.ports.submission);
    await smtp(client, null);
    await smtp(client, "EHLO [127.0.0.1]");
    await smtp(client, `AUTH PLAIN ${btoa("\0mailden@localhost\0maildenmailden")}`);
    for (const line of ["MAIL FROM:<mailden@localhost>", "RCPT TO:<b@localhost>", "DATA"]) {
      await smtp(client, line);
    }
    assert.match(await smtp(client, "From: <mailden@localhost>\r\nSubject: x\r\n\r\ntext\r\n."), /^250/);
    client.close();
    const reader = await signedIn(server);
    await imap(reader, "s", "SELECT INBOX");
    const [fetched = ""] = await imap(reader, "f", "FETCH 1 BODY.PEEK[]");
    const sent = fetched.slice(fetched.indexOf("DKIM-Signature:"), fetched.lastIndexOf(")"));
    // It comes back, as from another server that passed it on.
    assert.match(await send(server, "localhost", sent.replace(/\r\n$/, "\r\n")), /^250/);
    await imap(reader, "n", "NOOP");
    const [returned = ""] = await imap(reader, "g", "FETCH 2 BODY.PEEK[HEADER]");
    reader.close();
    assert.match(
      returned.replace(/\r\n[ \t]+/g, " "),
      /dkim=pass \(.*header\.d=localhost header\.s=localserve/,
    );
  });
});

/** A server that is not for development: it refuses. */
const strict = (config: string) =>
  config.replace(/\n# Takes mail for any address[^]*$/, "\n")
    .replace(/(\[listeners\.local\.smtp\]\n)/, '$1dnsBlocklists = ["bl.example"]\n');

Deno.test("serve: refused by the author's domain, put into Junk, or taken", async () => {
  await withServer("serve", answers, strict, async (server) => {
    const refused = await send(server, "strict.example", message("strict.example", "refused"));
    assert.match(refused, /^550 5\.7\.\d+ /);
    assert.match(await send(server, "careful.example", message("careful.example", "junk")), /^250/);
    assert.match(await send(server, "good.example", message("good.example", "taken")), /^250/);
    const why = async (id: string) =>
      await mailden("message", "why", "--config", server.folder, `${id}@test`);
    assert.match((await why("junk")).stdout, /Junk|junk/);
    assert.match((await why("taken")).stdout, /taken \(no-bad-signals\)/);
    assert.equal((await why("refused")).code, 1);
    assert.match(server.printed(), /message judged and refused .*verdict=dmarc-policy/);
  });
});

Deno.test("serve: what a trusted sealer saw counts, and results under a former name are known for what they are", async () => {
  const own = (config: string) =>
    `${
      strict(config)
    }\n[authentication]\ntrustedSealers = ["Good.example"]\nformerNames = ["old.example.net"]\n`;
  await withServer("serve", answers, own, async (server) => {
    const passed = "good.example; dmarc=pass header.from=strict.example";
    const passedOn = await sealed(message("strict.example", "passed-on"), passed);
    assert.match(await send(server, "good.example", passedOn), /^250/);
    const another = await sealed(message("strict.example", "another"), passed.replace("strict", "careful"));
    assert.match(await send(server, "good.example", another), /^550/);
    const forged = `Authentication-Results: OLD.example.net; dmarc=pass\r\n${
      message("good.example", "claims")
    }`;
    assert.match(await send(server, "good.example", forged), /^250/);
    const why = async (id: string) => {
      const { stdout, stderr } = await mailden("message", "why", "--config", server.folder, `${id}@test`);
      return stdout + stderr;
    };
    assert.match(await why("passed-on"), /taken \(no-bad-signals\)[^]*DMARC: fail/);
    assert.match(await why("claims"), /do not believe the Authentication-Results of old\.example\.net/);
    const deep = `X-Wide: ${"x".repeat(300_000)}\r\n${forged}`;
    assert.match(await send(server, "good.example", deep), /^550 5\.7\.1 /);
  });
});

Deno.test("a DNS that does not answer holds a message no longer than its deadline, and lets nothing in", async () => {
  const impatient = (config: string) =>
    strict(config).replace('evidenceTimeout = "50s"', 'evidenceTimeout = "2s"');
  await withServer("serve", () => "drop", impatient, async (server) => {
    const begin = performance.now();
    const reply = await send(server, "strict.example", message("strict.example", "silent"));
    assert.match(reply, /^451 4\.4\.3 /);
    const waited = performance.now() - begin;
    assert.ok(waited < 12_000, `${waited} ms`); // The resolver alone would take 14 s.
  });
});
