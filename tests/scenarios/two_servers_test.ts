/**
 * Two whole servers of our own that send mail to each other over loopback, with a DNS of signed zones between them: what is
 * handed in on one arrives on the other over TLS that DANE has verified; what cannot arrive comes back, or waits, and says
 * why.
 *
 * @module
 */
import assert from "node:assert/strict";
import { silentLog } from "../../src/base/log.ts";
import { txt } from "../../src/dns/testing/zone_resolver.ts";
import { KeptPolicies } from "../../src/queue/runner/sts_kept.ts";
import { KvTexts, openFrontKv } from "../../src/roles/front_kv.ts";
import {
  arrived,
  found,
  linked,
  type LinkedServer,
  mailListener,
  makeLinkedServers,
  until,
} from "../support/linked_servers.ts";
import { join } from "../support/paths.ts";
import { has, password, run, user } from "../support/scenario.ts";
import { homeFor, sendmail } from "../support/sendmail.ts";
import { mailden, startServer, type TestServer } from "../support/server.ts";

/** Adds to a server, before it starts, a domain of its own below its domain, with a mail exchanger of its own. */
async function addDomain(server: LinkedServer, name: string, address: string): Promise<void> {
  const { zone, folder } = server;
  const domain = `${name}.${server.domain}`;
  zone.add(name, "MX", { preference: 10, exchange: zone.absolute(`mx.${name}`) })
    .add(`mx.${name}`, "A", { address });
  const more = `\n[domains."${domain}"]\n\n[accounts.mailden.destinations."you@${domain}"]\n`;
  await Deno.writeTextFile(`${folder}/domains.toml`, more, { append: true });
}

/** Has a server keep an MTA-STS policy of another domain, as if it had fetched it. */
async function keepPolicy(server: LinkedServer, domain: string, mx: string, id: string): Promise<void> {
  const folder = join(server.folder, "front");
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const kv = await openFrontKv(folder, silentLog);
  const kept = new KeptPolicies(new KvTexts(kv, "mtasts"), silentLog);
  const now = Date.now();
  const policy = { mode: "enforce" as const, mx: [mx], maxAgeSeconds: 86_400, extensions: [] };
  kept.set(domain, { policy, id, fetchedAt: now, failed: null }, now);
  await kept.flush();
  kv.close();
}

/** What a bounce looks like to a reader: mutt shows the newest message of the inbox that matches a pattern. */
async function readByMutt(server: LinkedServer, pattern: string): Promise<string> {
  const home = join(server.folder, "..", "mutt");
  await Deno.mkdir(home);
  const [rc, copy] = [join(home, "muttrc"), join(home, "shown")];
  await Deno.writeTextFile(
    rc,
    `set folder="imap://127.0.0.1:${server.ports.imap}/"
set spoolfile="+INBOX"
set imap_user="${server.user}"
set imap_pass="${password}"
set ssl_starttls=no
set ssl_force_tls=no
set pipe_decode=yes
set wait_key=no
set header_cache=
`,
  );
  // It wants a terminal, which `script` makes: no `timeout` between the two, which takes the terminal away from what it runs
  // where the shell forks for it. What mutt pipes is decoded, as its pager shows it.
  const keys = `push "<limit>${pattern}<enter><last-entry><pipe-message>cat >${copy}<enter><exit>"`;
  await Deno.writeTextFile(join(home, "keys"), keys);
  const ran = await run(
    "script",
    ["-qec", `mutt -R -F ${rc} -e 'source ${home}/keys'`, "/dev/null"],
    "",
    {
      TERM: "xterm",
      HOME: home,
    },
  );
  return await Deno.readTextFile(copy).catch(() => assert.fail(ran.stdout + ran.stderr));
}

const text = (value: string) => txt(value)[0] ?? { strings: [] };

Deno.test(linked("two servers send each other mail"), async (t) => {
  const { world, servers } = await makeLinkedServers({ alpha: "127.0.0.2", beta: "127.0.0.3" });
  const { alpha, beta } = servers;

  // Of alpha the DNS knows the key of somebody else at first.
  const wrong = { ...alpha.tlsa, data: alpha.tlsa.data.map((octet) => octet ^ 1) };
  alpha.zone.remove(alpha.tlsaName, "TLSA").add(alpha.tlsaName, "TLSA", wrong, 3600);

  // Domains of beta: one on a host that takes no REQUIRETLS, one whose MTA-STS policy cannot be had, one that enforces a
  // policy which names another host.
  await addDomain(beta, "old", "127.0.0.4");
  beta.zone.add(`_${world.smtpPort}._tcp.mx.old`, "TLSA", beta.tlsa);
  await Deno.writeTextFile(
    `${beta.folder}/mailden.toml`,
    mailListener("old", "127.0.0.4", world.smtpPort, "noRequireTls = true\n"),
    { append: true },
  );
  for (const name of ["unreachable", "mismatched"]) {
    await addDomain(beta, name, "127.0.0.3");
    beta.zone.add(`_mta-sts.${name}`, "TXT", text("v=STSv1; id=1")).add(`mta-sts.${name}`, "A", {
      address: "127.0.0.1",
    });
  }
  await keepPolicy(alpha, "mismatched.beta.test", "mx.elsewhere.test", "1");

  const homes = new Map<LinkedServer, string>();
  for (const server of [alpha, beta]) {
    homes.set(server, await homeFor(server, (config) => config.replaceAll(user, server.user)));
  }
  const [alphaRuns, betaRuns] = await Promise.all([startServer("serve", alpha), startServer("serve", beta)]);

  /** Hands a message in on a server as a user would, by the real program. */
  async function send(from: LinkedServer, to: string, subject: string, home = homes.get(from) ?? "") {
    const sent = await sendmail(home, ["-t"], `To: ${to}\nSubject: ${subject}\n\nhello\n`);
    assert.deepEqual([sent.code, sent.stderr], [0, ""]);
  }

  /** Runs a command of the queue. */
  async function queue(server: LinkedServer, ...args: readonly string[]): Promise<string> {
    const [command = "", ...rest] = args;
    const ran = await mailden("queue", command, "--config", server.folder, ...rest);
    assert.equal(ran.code, 0, `queue ${args.join(" ")}: ${ran.stdout}${ran.stderr}`);
    return ran.stdout;
  }

  /** Waits until a server's log has a line; gives it. */
  const logged = (server: TestServer, line: RegExp) =>
    until(`a line ${line} of:\n${server.printed()}`, () => line.exec(server.printed())?.[0] ?? null);

  try {
    await t.step("a message of sendmail arrives over TLS that DANE has verified", async () => {
      await send(alpha, beta.user, "over DANE");
      const message = await arrived(beta, alphaRuns, "Subject: over DANE");
      assert.match(message, /^Received: from mx\.alpha\.test [^]*?with ESMTPS [^]*?TLSv1\.3/m);
      assert.match(message, /dkim=pass \(256 bit ed25519, with dnssec\)[^]*spf=pass[^]*dmarc=pass/);
      await logged(alphaRuns, /delivered .*to=you@beta\.test .*host=mx\.beta\.test .*tls=dane/);
      const id = /^Message-ID: (\S+)/im.exec(message)?.[1] ?? "";
      const why = await mailden("message", "why", "--config", beta.folder, id);
      assert.match(
        why.stdout,
        /calls itself mx\.alpha\.test, with TLSv1\.3[^]*SPF of MAIL FROM \(alpha\.test\): pass/,
      );
    });

    // Its bounce takes a while: beta is slow to tell whom it does not know.
    await send(alpha, `${beta.user}, nobody@beta.test`, "to nobody");

    await t.step("where DANE says that it is somebody else, mail waits and says so", async () => {
      await send(beta, alpha.user, "too early");
      await logged(betaRuns, /not delivered .*to=you@alpha\.test/);
      const listed = await queue(beta, "list");
      const record = new RegExp(
        "attempt 1 of 30, .*: mx\\.alpha\\.test \\(127\\.0\\.0\\.2\\) failed in TLS: the server's certificate is not one that " +
          `is published \\(DANE: there are signed TLSA records at _${world.smtpPort}\\._tcp\\.mx\\.alpha\\.test: 3 1 1 `,
      );
      assert.match(listed, record);
      assert.match(listed, /\n {3}next attempt in 7 m/);
      alpha.zone.remove(alpha.tlsaName, "TLSA").add(alpha.tlsaName, "TLSA", alpha.tlsa, 3600);
      const id = /^(\d+):/m.exec(listed)?.[1] ?? "";
      assert.match(await queue(beta, "schedule", "--ids", id, "now"), /^1 message to be tried at /);
      await arrived(alpha, betaRuns, "Subject: too early");
      await logged(
        betaRuns,
        /delivered .*to=you@alpha\.test .*attempt=2|attempt=2 .*to=you@alpha\.test outcome=delivered/,
      );
    });

    await t.step(
      "a policy of MTA-STS that names another host has mail wait, one that is not to be had does not",
      async () => {
        await Promise.all(
          ["unreachable", "mismatched"].map((name) => send(alpha, `you@${name}.beta.test`, name)),
        );
        await logged(alphaRuns, /not delivered .*to=you@mismatched\.beta\.test/);
        const listed = await queue(alpha, "list", "--to", "you@mismatched.beta.test");
        assert.match(listed, /MTA-STS[^\n]*mx\.elsewhere\.test/);
        assert.match(listed, /the host mx\.mismatched\.beta\.test is passed over/);
        await arrived(beta, alphaRuns, "Subject: unreachable");
        // Who knows better can send it all the same.
        await queue(alpha, "requiretls", "--all", "no");
        await queue(alpha, "schedule", "--all", "now");
        await arrived(beta, alphaRuns, "Subject: mismatched");
      },
    );

    await t.step("what must have TLS all the way comes back where the host does not promise it", async () => {
      const change = (config: string) => `${config.replaceAll(user, alpha.user)}requireTls = "yes"\n`;
      const home = await homeFor(alpha, change);
      await Promise.all([
        send(alpha, beta.user, "promised", home),
        send(alpha, "you@old.beta.test", "not promised", home),
      ]);
      const bounce = await arrived(alpha, alphaRuns, "message/delivery-status", "not promised");
      assert.match(bounce, /^Status: 5\.7\.30$/m);
      assert.match(
        bounce,
        /mx\.old\.beta\.test \(127\.0\.0\.4\) does not promise to pass the message on over TLS only/,
      );
      assert.match(await arrived(beta, alphaRuns, "Subject: promised"), /with ESMTPS [^]*?\(requiretls\)/);
    });

    await t.step("what nobody there has an address for comes back, in plain words", async () => {
      const bounce = await arrived(alpha, alphaRuns, "message/delivery-status", "to nobody");
      assert.match(bounce, /^Return-Path: <>\r\n/);
      assert.match(bounce, /\r\nFrom: Mail delivery <postmaster@alpha\.test>\r\nTo: you@alpha\.test\r\n/);
      assert.match(bounce, /\r\nContent-Type: multipart\/report; report-type=delivery-status;/);
      const [, words = "", status = "", original = ""] = bounce.split(/\r\n--=_[0-9a-f]+(?:--)?\r\n/);
      assert.match(
        words,
        /^Content-Type: text\/plain[^]*It could NOT be delivered to:\r\n\r\n {4}nobody@beta\.test\r\n/,
      );
      assert.match(
        words,
        /The server mx\.beta\.test \(127\.0\.0\.3\) answered:\r\n {8}550 5\.1\.1 no such address/,
      );
      assert.match(words, /What you can do:\r\n {4}Check the address for typing mistakes/);
      assert.doesNotMatch(words, /you@beta\.test/, "it has the message");
      assert.match(
        status,
        /^Content-Type: message\/delivery-status[^]*Reporting-MTA: dns; mx\.alpha\.test[^]*Final-Recipient: rfc822; nobody@beta\.test\r\nAction: failed\r\nStatus: 5\.1\.1\r\nRemote-MTA: dns; mx\.beta\.test/,
      );
      assert.match(original, /^Content-Type: text\/rfc822-headers[^]*\r\nSubject: to nobody\r\n/);
      assert.equal((await found(beta, "Subject: to nobody")).length, 1);
      const retired = await mailden("queue", "retired", "list", "--config", alpha.folder, "--to", "nobody@");
      assert.match(
        retired.stdout,
        / failed, you@alpha\.test to nobody@beta\.test \([^)]*\): mx\.beta\.test .* said: 550 5\.1\.1 no such/,
      );
    });

    const mutt = has("mutt", "-v") && has("script", "--version");
    await t.step({
      name: `mutt shows the bounce${mutt ? "" : " (skipped: not installed here)"}`,
      ignore: !mutt,
      fn: async () => {
        const shown = await readByMutt(alpha, "~b nobody@beta");
        assert.match(
          shown,
          /Subject: Your message could not be delivered\n[^]*It could NOT be delivered to:\n\n {4}nobody@beta/,
        );
        assert.match(shown, /\nFinal-Recipient: rfc822; nobody@beta\.test\nAction: failed\n/);
      },
    });
  } finally {
    await Promise.all([alphaRuns.stop(), betaRuns.stop()]);
    await world.close();
  }
});
