/**
 * The commands that look at others' TLS, as they are typed: MTA-STS, TLS reports, SMTP servers, DANE; against a DNS of
 * signed zones and servers on loopback. They run in this process, which may do all that the launcher and the process with
 * the network may; `dns_commands_test.ts` has these two.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { utf8 } from "../../src/base/bytes.ts";
import { makeRecord, readPublished } from "../../src/dane/make_record.ts";
import { tlsaText } from "../../src/dane/records.ts";
import { makeWorld } from "../../src/dns/testing/signed_world.ts";
import { txt } from "../../src/dns/testing/zone_resolver.ts";
import { recurse } from "../../src/dns/testing/zone_servers.ts";
import { printAnchors } from "../../src/dns/trust_anchors.ts";
import { main } from "../../src/cli/main.ts";
import { listenLocally, readUntil, testCertificate } from "../../src/net/testing/loopback.ts";
import type { Transport } from "../../src/net/transport.ts";
import { Certificates, type LoadedCertificate } from "../../src/tls/certificates.ts";
import { startDnsServer } from "../support/dns_server.ts";
import { run } from "../support/scenario.ts";

/** What a server of a test does. */
interface Manner {
  readonly startTls?: boolean;
  readonly greeting?: string;
  /** An octet now and then, and never a reply. */
  readonly trickles?: boolean;
  readonly ehlo?: string;
  /** Sent behind the reply to STARTTLS, in the clear. */
  readonly behind?: string;
  /** The mechanism that it offers. */
  readonly auth?: "PLAIN" | "SCRAM-SHA-256";
}

/** Enough of SMTP to be looked at. */
async function talk(transport: Transport, manner: Manner): Promise<void> {
  const say = (...lines: string[]) => transport.write(utf8(lines.map((line) => `${line}\r\n`).join("")));
  // So long that only a deadline for all of the reply ends it.
  for (let i = 0; manner.trickles && i < 1000; i++) {
    await transport.write(utf8("2"));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await say(manner.greeting ?? "220 here.nsec.test ESMTP of a test");
  for (;;) {
    const line = (await readUntil(transport, "\n")).trim();
    const [verb = ""] = line.toUpperCase().split(" ");
    if (verb === "EHLO") {
      const offersTls = manner.startTls !== false && transport.tls === null;
      const more = [
        ...offersTls ? ["STARTTLS"] : [],
        ...manner.auth ? [`AUTH ${manner.auth}`] : [],
        "SIZE 1000",
      ];
      await say(
        manner.ehlo ?? "250-here.nsec.test at your service",
        ...manner.ehlo ? [] : more.map((each, i) => `250${i === more.length - 1 ? " " : "-"}${each}`),
      );
    } else if (verb === "STARTTLS") {
      await say("220 go ahead", ...manner.behind ? [manner.behind] : []);
      await transport.startTls();
    } else if (verb === "AUTH") {
      // One who pretends to know the password.
      const believes = manner.auth === "SCRAM-SHA-256" || line.includes("AG1lAHNlY3JldA==");
      await say(believes ? "235 2.7.0 welcome" : "535 5.7.8 no");
    } else if (verb === "DATA") {
      await say("354 go on");
      await readUntil(transport, "\r\n.\r\n");
      await say("250 2.0.0 taken");
    } else if (verb === "QUIT") return await say("221 2.0.0 bye");
    else await say(verb === "HELO" || verb === "NOOP" ? "250 ok" : "500 5.5.2 what?");
  }
}

/** A server on loopback; what goes wrong in its dialogues is for the client to tell. */
async function serve(certificate: LoadedCertificate, manner: Manner & { implicit?: boolean } = {}) {
  return await listenLocally({
    handler: (transport) => talk(transport, manner).catch(() => {}),
    tls: { certificates: new Certificates([certificate]) },
    implicitTls: manner.implicit ?? false,
  });
}

const policyText =
  "version: STSv1\nmode: enforce\nmx: here.nsec.test\nmx: *.other.example\nmax_age: 604800\n";

/** A policy host. */
async function servePolicies(certificate: LoadedCertificate) {
  return await listenLocally({
    implicitTls: true,
    tls: { certificates: new Certificates([certificate]) },
    handler: async (transport) => {
      const request = await readUntil(transport, "\r\n\r\n");
      const isThere = request.includes("Host: mta-sts.mail.nsec.test");
      const body = isThere ? policyText : "no";
      const head = `HTTP/1.1 ${
        isThere ? "200 OK" : "404 no"
      }\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}`;
      await transport.write(utf8(`${head}\r\n\r\n${body}`));
      await transport.close();
    },
  });
}

/** Runs a command line. */
async function mailden(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ["", ""];
  const code = await main(args, {
    out: (line) => stdout += `${line}\n`,
    error: (line) => stderr += `${line}\n`,
  });
  return { code, stdout, stderr };
}

/** A port of loopback that nobody listens on. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === "object" && address !== null ? address.port : 1;
}

Deno.test("commands look at others' TLS, and tell what they see", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "mailden-tls-" });
  const certificate = testCertificate("here.nsec.test", "mta-sts.mail.nsec.test", "mta-sts.plaintop");
  const pem = `${folder}/cert.pem`;
  await Deno.writeTextFile(pem, certificate.chainPem);
  await Deno.writeTextFile(`${folder}/password`, "secret\n");
  const other = testCertificate("here.nsec.test");

  const servers = {
    good: await serve(certificate),
    changed: await serve(other),
    implicit: await serve(certificate, { implicit: true }),
    plain: await serve(certificate, { startTls: false }),
    busy: await serve(certificate, { greeting: "421 4.3.2 not now" }),
    old: await serve(certificate, { ehlo: "502 5.5.1 what is EHLO?" }),
    odd: await serve(certificate, { greeting: "hello there" }),
    injecting: await serve(certificate, { behind: "250 injected" }),
    account: await serve(certificate, { auth: "PLAIN" }),
    slow: await serve(certificate, { trickles: true }),
    liar: await serve(certificate, { auth: "SCRAM-SHA-256" }),
  };
  const policies = await servePolicies(certificate);
  const world = makeWorld(Date.now());
  const record = makeRecord({ usage: 3, selector: 1, matchingType: 1 }, readPublished(certificate.chainPem));
  const zone = world.zone("nsec.test.");
  const useless = { usage: 1, selector: 1, matchingType: 1, data: new Uint8Array(32) };
  zone.add("here", "A", { address: "127.0.0.1" })
    .add("nowhere", "A", { address: "127.0.0.1" })
    .add("mail", "MX", { preference: 10, exchange: zone.absolute("here") })
    .add("two", "MX", { preference: 10, exchange: zone.absolute("here") })
    .add("two", "MX", { preference: 20, exchange: zone.absolute("nowhere") })
    .add("null", "MX", { preference: 0, exchange: "." })
    .add("_mta-sts.mail", "TXT", txt("v=STSv1; id=20261121")[0] ?? { strings: [] })
    .add("mta-sts.mail", "A", { address: "127.0.0.1" })
    .add("_mta-sts.two", "TXT", txt("v=STSv1; id=1")[0] ?? { strings: [] })
    .add("mta-sts.two", "A", { address: "10.0.0.1" })
    .add(
      "_smtp._tls.mail",
      "TXT",
      txt("v=TLSRPTv1; rua=mailto:tls@nsec.test,https://r.example/x")[0] ?? { strings: [] },
    );
  for (const { port } of Object.values(servers)) {
    zone.add(`_${port}._tcp.here`, "TLSA", record).add(`_${port}._tcp.here`, "TLSA", useless);
  }
  const plain = world.zone("plaintop.");
  plain.add("mail", "MX", { preference: 10, exchange: zone.absolute("here") })
    .add("here", "A", { address: "127.0.0.1" });
  const dns = await startDnsServer(({ name, type }) => recurse(world.zones, name, type));
  const anchors = `${folder}/anchors`;
  await Deno.writeTextFile(anchors, printAnchors({ digests: world.anchors, keys: [] }));
  const shared = ["--dns", `${dns.address}:${dns.port}`, "--anchors", anchors];
  const call = (...args: string[]) => mailden(...args, ...shared);
  const at = (server: { port: number }) => `here.nsec.test:${server.port}`;
  const dead = await deadPort();

  const cases: [args: string[], code: number, out: RegExp][] = [
    // MTA-STS
    [
      ["mtasts", "lookup", "mail.nsec.test", "--port", `${policies.port}`, "--loopback", "--ca", pem],
      0,
      /^_mta-sts\.mail\.nsec\.test TXT \(secure\): v=STSv1; id=20261121;?\nhttps:\/\/mta-sts\.mail\.nsec\.test\/\.well-known\/mta-sts\.txt:\n {2}version: STSv1\n {2}mode: enforce\n[^]*This means: mail for mail\.nsec\.test goes to here\.nsec\.test, \*\.other\.example alone, [^]*kept for 7 days\.\n {2}here\.nsec\.test: the MTA-STS policy names here\.nsec\.test\n$/,
    ],
    [
      ["mtasts", "lookup", "mail.nsec.test", "--port", `${policies.port}`, "--loopback"],
      1,
      /no policy \(certificate\): TLS with mta-sts\.mail\.nsec\.test failed/,
    ],
    [
      ["mtasts", "lookup", "mail.nsec.test", "--port", `${policies.port}`, "--ca", pem],
      1,
      /no policy \(unreachable\): mta-sts\.mail\.nsec\.test is at 127\.0\.0\.1, an address of this machine/,
    ],
    [["mtasts", "lookup", "two.nsec.test"], 1, /is at 10\.0\.0\.1, an address of a private network/],
    [
      ["mtasts", "lookup", "null.nsec.test"],
      1,
      /^mtasts: none \(secure\): null\.nsec\.test has no MTA-STS record\n$/,
    ],
    // TLS reports
    [
      ["tlsrpt", "lookup", "mail.nsec.test"],
      0,
      /TXT \(secure\): v=TLSRPTv1; rua=[^]*\n {2}mailto:tls@nsec\.test, by mail\n {2}https:\/\/r\.example\/x, by an upload\n$/,
    ],
    [
      ["tlsrpt", "lookup", "two.nsec.test"],
      1,
      /^tlsrpt: none \(secure\): two\.nsec\.test has no TLSRPT record\n$/,
    ],
    // SMTP
    [
      ["smtp", "dial", at(servers.good), "--ca", pem, "--verify"],
      0,
      /^here\.nsec\.test is at 127\.0\.0\.1\nconnected to [^]*S: 220 here[^]*C: EHLO localhost\n[^]*C: STARTTLS\nS: 220 go ahead\nTLS: TLSv1\.3, [^]*the certificate is valid for here\.nsec\.test[^]*public key SHA-256 [0-9a-f]{64}\n[^]*C: QUIT\nS: 221 2\.0\.0 bye\nhere\.nsec\.test takes mail over TLS that proves who it is; it offers messages of up to 1000 octets \(SIZE\)\n$/,
    ],
    [["smtp", "dial", at(servers.good)], 0, /takes mail over TLS that does not prove who it is/],
    [
      ["smtp", "dial", at(servers.good), "--tls", "none"],
      0,
      /takes mail without TLS; it offers .*, STARTTLS\n$/,
    ],
    [
      ["smtp", "dial", at(servers.good), "--ehlo", "me.example", "--maxversion", "TLSv1.2"],
      0,
      /EHLO me\.example\n[^]*TLSv1\.2/,
    ],
    [
      ["smtp", "dial", at(servers.implicit), "--tls", "implicit", "--ca", pem],
      0,
      /^[^]*TLS: [^]*S: 220 here/,
    ],
    [
      ["smtp", "dial", `127.0.0.1:${servers.old.port}`],
      0,
      /C: HELO localhost\nS: 250 ok\n[^]*without TLS; it offers no extensions/,
    ],
    [
      [
        "smtp",
        "dial",
        at(servers.account),
        "--user",
        "me",
        "--password-file",
        `${folder}/password`,
        "--ca",
        pem,
      ],
      0,
      /C: AUTH PLAIN …\nS: 235[^]*signed in with PLAIN/,
    ],
    // DANE
    [
      ["dane", "dial", at(servers.good), "--starttls"],
      0,
      /DANE: there are signed TLSA records at _\d+\._tcp\.here\.nsec\.test\n {2}counts: 3 1 1 [0-9a-f]{64}\n {2}does not count: 1 1 1 0+: usage 1[^]*here\.nsec\.test: verified by DANE: .*published: 3 1 1 /i,
    ],
    [["dane", "dial", at(servers.implicit)], 0, /verified by DANE/],
    [
      ["dane", "dial", at(servers.changed), "--starttls"],
      1,
      /here\.nsec\.test: NOT verified: the server's certificate is not one/,
    ],
    [
      ["dane", "dial", at(servers.good), "--starttls", "--usages", "dane-ta"],
      1,
      /NOT verified: no TLSA record has one of/,
    ],
    [
      ["dane", "dial", at(servers.plain), "--starttls"],
      1,
      /NOT verified: the server does not offer STARTTLS/,
    ],
    [["dane", "dial", `127.0.0.1:${servers.implicit.port}`], 1, /DANE does not protect it: .*is an address/],
    [
      ["dane", "dial", `here.plaintop:${servers.implicit.port}`],
      1,
      /DANE does not protect it: .*are not signed/,
    ],
    [["dane", "dial", "a.faults.test:465"], 1, /has no address/],
    [["dane", "dial", "wrong.faults.test:465"], 1, /NOT verified: no mail would go there now: /],
    [
      ["dane", "dialmx", "mail.nsec.test", "--port", `${servers.good.port}`],
      0,
      /^the MX records of mail\.nsec\.test name here\.nsec\.test \(secure\)\n[^]*\nhere\.nsec\.test: verified by DANE: [^]*mail for mail\.nsec\.test is protected by DANE\n$/,
    ],
    [
      ["dane", "dialmx", "mail.plaintop", "--port", `${servers.good.port}`],
      1,
      /verified by DANE: [^]*mail for mail\.plaintop is NOT protected by DANE: its MX records are insecure/,
    ],
    [
      ["dane", "dialmx", "two.nsec.test", "--port", `${servers.good.port}`],
      1,
      /here\.nsec\.test: verified by DANE[^]*nowhere\.nsec\.test: DANE does not protect it: [^]*is NOT protected by DANE\n$/,
    ],
    [
      ["dane", "dialmx", "two.nsec.test", "HERE.nsec.test", "--port", `${servers.good.port}`],
      0,
      /two\.nsec\.test is protected/,
    ],
    [
      ["dane", "dialmx", "null.nsec.test"],
      1,
      /takes no mail \(null MX, RFC 7505\) \(secure\)\n\nmail for null\.nsec\.test is NOT/,
    ],
    [
      ["dane", "dialmx", "mail.nsec.test", "mx.nsec.test", "--timeout", "0.05"],
      1,
      /mx\.nsec\.test is none of them/,
    ],
  ];
  await t.step("what they print, and how they end", async () => {
    // Some at a time: each is two processes.
    for (let i = 0; i < cases.length; i += 6) {
      await Promise.all(
        cases.slice(i, i + 6).map(async ([args, code, out]) => {
          const ran = await call(...args);
          assert.equal(ran.code, code, `${args.join(" ")}: ${ran.stdout}${ran.stderr}`);
          assert.match(ran.stdout, out, args.join(" "));
          assert.doesNotMatch(ran.stdout, /secret/);
        }),
      );
    }
  });

  const failing: [args: string[], says: RegExp][] = [
    [["smtp", "dial", at(servers.good), "--verify"], /^TLS proves nothing: /],
    [["smtp", "dial", at(servers.plain), "--tls", "starttls"], /^the server does not offer STARTTLS/],
    [["smtp", "dial", at(servers.busy)], /^the server takes no mail now/],
    [["smtp", "dial", at(servers.odd)], /^what the server says is no reply \(syntax\)/],
    [["smtp", "dial", at(servers.injecting)], /^(plain text came behind|the TLS handshake failed)/],
    [["smtp", "dial", `here.nsec.test:${dead}`], /^no address could be reached/],
    // Much longer than its octets are apart, also where the machine is slow: each of them is in time.
    [["smtp", "dial", at(servers.slow), "--timeout", "3"], /did not answer within 3 s$/m],
    [["smtp", "dial", at(servers.good), "--family", "6"], /^there is no IPv6 address/],
    [["smtp", "dial", "null.nsec.test"], /^the domain null\.nsec\.test takes no mail \(null MX, RFC 7505\)/],
    [
      [
        "smtp",
        "dial",
        at(servers.account),
        "--tls",
        "none",
        "--user",
        "me",
        "--password-file",
        `${folder}/password`,
      ],
      /would send the password in the clear/,
    ],
    [
      [
        "smtp",
        "dial",
        at(servers.account),
        "--user",
        "x",
        "--password-file",
        `${folder}/password`,
        "--ca",
        pem,
      ],
      /did not sign us in/,
    ],
    [
      ["smtp", "dial", at(servers.account), "--user", "me", "--password-file", `${folder}/password`],
      /the password would be told to whoever is there; say with --ca and --servername/,
    ],
    [
      ["smtp", "dial", at(servers.liar), "--user", "me", "--password-file", `${folder}/password`],
      /has not proved that it knows the password/,
    ],
    [["smtp", "dial", "a b"], /^not a domain name: "a b"/],
    [["smtp", "dial", "[::1"], /is no host: write it as mx\.example\.org:25 or \[2001:db8::1\]:25/],
    [["smtp", "dial", "localhost:0"], /'0' is no port/],
    [["smtp", "dial", "localhost:25", "--tls", "maybe"], /there is no mode 'maybe' of TLS/],
    [["smtp", "dial", "localhost:25", "--user", "me"], /--user and --password-file go together/],
    [["smtp", "dial", "localhost:25", "--ca", "/nowhere/ca.pem"], /\/nowhere\/ca\.pem cannot be read/],
    [["smtp", "dial", "localhost:25", "--ca", anchors], /has no certificate in PEM/],
    [["dane", "dial", "mx.example.org"], /has no port: write it as mx\.example\.org:25/],
    [
      ["dane", "dial", "mx.example.org:25", "--usages", "pkix-ee"],
      /'pkix-ee' is no usage that counts for mail/,
    ],
    [["dane", "dial", "mx.example.org:25", "--ehlo", "a b"], /--ehlo is a name in ASCII, without spaces/],
    [["dane", "dialmx"], /dane dialmx needs DOMAIN \[MXHOST\]/],
    [["dane", "dialmx", "a", "b", "c"], /'c' is one word too many/],
  ];
  await t.step("what they say of what is wrong", async () => {
    for (let i = 0; i < failing.length; i += 6) {
      await Promise.all(
        failing.slice(i, i + 6).map(async ([args, says]) => {
          const { code, stderr, stdout } = await call(...args);
          assert.ok(code > 0, `${args.join(" ")}: ${stdout}`);
          assert.match(stderr, says, args.join(" "));
          assert.doesNotMatch(stderr, /\.ts:\d+|secret/);
        }),
      );
    }
  });

  await t.step("the same as JSON", async () => {
    const json = async (...args: string[]) => JSON.parse((await call(...args, "--json")).stdout);
    const [sts, tlsrpt, smtp, busy, dane, mx] = await Promise.all([
      json("mtasts", "lookup", "mail.nsec.test", "--port", `${policies.port}`, "--loopback", "--ca", pem),
      json("tlsrpt", "lookup", "mail.nsec.test"),
      json("smtp", "dial", at(servers.good), "--ca", pem),
      json("smtp", "dial", at(servers.busy)),
      json("dane", "dial", at(servers.good), "--starttls"),
      json("dane", "dialmx", "mail.nsec.test", "--port", `${servers.good.port}`),
    ]);
    assert.deepEqual([sts.policy.mode, sts.hosts[0].allowed], ["enforce", true]);
    assert.equal(tlsrpt.record.destinations.length, 2);
    assert.deepEqual([smtp.ok, smtp.tls.problem, smtp.offers.size], [true, null, 1000]);
    assert.deepEqual(smtp.tls.certificates[0].names.slice(0, 1), ["here.nsec.test"]);
    assert.deepEqual([busy.ok, busy.why, busy.transcript], [
      false,
      "the server takes no mail now",
      ["S: 421 4.3.2 not now"],
    ]);
    assert.deepEqual([dane.verified, dane.matched], [true, tlsaText(record)]);
    assert.deepEqual([mx.protected, mx.hosts[0].plan], [true, "authenticated"]);
  });

  await t.step("lines of standard input are sent, and a message's text has no replies", async () => {
    const options = ["--allow-read", "--allow-write", "--allow-run", "--allow-env"];
    const main = new URL("../../main.ts", import.meta.url).pathname;
    const input = "NOOP\r\nDATA\nSubject: x\n\nNOOP\n.\nNOOP\nQUIT\nNOOP\n";
    const ran = await run(Deno.execPath(), [
      "run",
      "--quiet",
      "--no-prompt",
      ...options,
      main,
      "smtp",
      "dial",
      at(servers.good),
      "--interactive",
      ...shared,
    ], input);
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(
      ran.stdout,
      /C: NOOP\nS: 250 ok\nC: DATA\nS: 354 go on\nC: \(4 lines\)\nS: 250 2\.0\.0 taken\nC: NOOP\nS: 250 ok\nC: QUIT\nS: 221/,
    );
  });

  await t.step("records are made of certificates, in words and numbers", async () => {
    const made = (...args: string[]) => mailden("dane", "makerecord", ...args);
    const [words, numbers, line, ignored, json, key, wrong, noCert] = await Promise.all([
      made("dane-ee", "spki", "sha2-256", pem),
      made("3", "1", "1", pem),
      made("dane-ee", "spki", "sha2-256", pem, "--host", "MX.bücher.example"),
      made("pkix-ee", "cert", "full", pem),
      made("dane-ta", "cert", "sha2-512", pem, "--json"),
      made("dane-ee", "cert", "sha2-256", `${folder}/password`),
      made("dane-xx", "spki", "sha2-256", pem),
      made("dane-ee", "spki", "sha2-256", `${folder}/none`),
    ]);
    assert.equal(words.stdout, `${tlsaText(record)}\n`);
    assert.equal(numbers.stdout, words.stdout);
    assert.equal(line.stdout, `_25._tcp.mx.xn--bcher-kva.example. IN TLSA ${tlsaText(record)}\n`);
    assert.match(ignored.stderr, /^mail servers will ignore it: usage 1/);
    const { usage, selector, matchingType, data, problem } = JSON.parse(json.stdout);
    assert.deepEqual([usage, selector, matchingType, problem], [2, 0, 2, null]);
    assert.match(data, /^2 0 2 [0-9a-f]{128}$/i);
    assert.match(key.stderr, /password: neither a certificate nor a key that can be read/);
    assert.match(wrong.stderr, /'dane-xx' is no usage: say one of pkix-ta \(0\), pkix-ee \(1\)/);
    assert.match(noCert.stderr, /none cannot be read/);
    assert.deepEqual([key.code, wrong.code, noCert.code], [1, 2, 1]);
  });

  await Promise.all([...Object.values(servers), policies].map((server) => server.close(0)));
  await dns.close();
  await Deno.remove(folder, { recursive: true });
});
