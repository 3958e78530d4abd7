/**
 * MTA-STS through a whole server: what is submitted goes where the policy of its domain, fetched over HTTPS from a host of
 * this machine, lets it go; else it waits and says why. What was fetched holds when host and record are gone, and stands
 * in the results for TLS reports.
 *
 * Front and store run in this process, each as its role starts it and joined by their RPC: that a policy host is on this
 * machine is something that no configuration can say, only whoever makes the front.
 *
 * @module
 */
import assert from "node:assert/strict";
import { base64Url, utf8 } from "../../src/base/bytes.ts";
import { opaqueKeyBytes } from "../../src/base/opaque_id.ts";
import { silentLog } from "../../src/base/log.ts";
import { Metrics } from "../../src/base/metrics.ts";
import { checkDynamic, dynamicSchema } from "../../src/config/dynamic_config.ts";
import { readConfig } from "../../src/config/load.ts";
import { checkStatic, staticSchema } from "../../src/config/static_config.ts";
import { txt } from "../../src/dns/testing/zone_resolver.ts";
import { systemClock } from "../../src/net/system_clock.ts";
import { listenLocally, readUntil, testCertificate } from "../../src/net/testing/loopback.ts";
import {
  everyMessage,
  type QueueAdmin,
  queueAdminMethods,
  type QueuedRecipient,
} from "../../src/queue/queue_admin.ts";
import { FakeMx } from "../../src/queue/runner/testing/fake_mx.ts";
import { parseTlsResults } from "../../src/queue/tls_notes.ts";
import type { FrontBoot } from "../../src/roles/boot.ts";
import { startFront } from "../../src/roles/front.ts";
import type { LoopbackWorld } from "../../src/roles/front_parts.ts";
import { startStore, type StoreServer } from "../../src/roles/store_server.ts";
import { StoreLink } from "../../src/roles/store_link.ts";
import { client } from "../../src/rpc/client.ts";
import { connect } from "../../src/rpc/connection.ts";
import { PortCarrier } from "../../src/rpc/port_carrier.ts";
import { openStore } from "../../src/store/store.ts";
import { tlsResultsOf } from "../../src/store/tls_results.ts";
import { Certificates } from "../../src/tls/certificates.ts";
import { dayOf } from "../../src/tlsrpt/results.ts";
import { type DnsHandler, record, soa, startDnsServer } from "../support/dns_server.ts";
import { LineClient, smtp } from "../support/line_client.ts";
import { until } from "../support/linked_servers.ts";
import { join } from "../support/paths.ts";
import { freePorts } from "../support/server.ts";
import { makeShortFolder } from "../support/short_folder.ts";

/** Domains, each with a mail exchanger under its own name, and what their policies say. */
const policies: Readonly<Record<string, string>> = {
  // All is well.
  "good.example": "mode: enforce\nmx: mx.good.example",
  // The mail exchanger is not one of those that the policy names.
  "elsewhere.example": "mode: enforce\nmx: mx.good.example",
  // It is named, and its certificate is for another host.
  "other.example": "mode: enforce\nmx: *.other.example",
  // As before, but nobody insists.
  "trial.example": "mode: testing\nmx: mx.trial.example",
};

/** Every host of these domains is this machine. */
function dnsOf(world: { hasRecords: boolean }): DnsHandler {
  return ({ name, type }) => {
    const domain = Object.keys(policies).find((one) => name === `${one}.` || name.endsWith(`.${one}.`));
    const nothing = { authorities: [soa("example.")] };
    if (domain === undefined) return { rcode: 3, ...nothing };
    if (name === `${domain}.` && type === 15) {
      return { answers: [record(name, "MX", { preference: 10, exchange: `mx.${domain}.` })] };
    }
    if ((name === `mx.${domain}.` || name === `mta-sts.${domain}.`) && type === 1) {
      return { answers: [record(name, "A", { address: "127.0.0.1" })] };
    }
    if (name === `_mta-sts.${domain}.` && type === 16 && world.hasRecords) {
      const [data = { strings: [] }] = txt("v=STSv1; id=1");
      return { answers: [record(name, "TXT", data)] };
    }
    return nothing;
  };
}

/** Answers to everybody with the policy of the domain that is asked for; keeps whose it was. */
async function startPolicyHost() {
  const certificate = testCertificate(...Object.keys(policies).map((domain) => `mta-sts.${domain}`));
  const asked: string[] = [];
  const listener = await listenLocally({
    implicitTls: true,
    tls: { certificates: new Certificates([certificate]) },
    handler: async (transport) => {
      const request = await readUntil(transport, "\r\n\r\n");
      const domain = /^Host: mta-sts\.([a-z.]+):\d+\r$/m.exec(request)?.[1] ?? "";
      asked.push(domain);
      const body = `version: STSv1\n${policies[domain]}\nmax_age: 86400\n`;
      const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}`;
      await transport.write(utf8(`${head}\r\n\r\n${body}`));
      await transport.close();
    },
  });
  return { listener, certificate, asked };
}

const adminCapability = base64Url(crypto.getRandomValues(new Uint8Array(32)));
const password = "a password";
const domains = `
[domains."here.example"]
[accounts.ann]
domain = "here.example"
[accounts.ann.destinations]
"ann@here.example" = {}
`;

/** What both roles are told. */
function bootOf(
  folder: string,
  ports: { dns: number; smtp: number; submission: number },
  more = "",
): FrontBoot {
  const text = `hostname = "mail.here.example"
[queue]
port = ${ports.smtp}
privateAddresses = true
[listeners.users]
addresses = ["127.0.0.1"]
[listeners.users.submission]
port = ${ports.submission}
noRequireStartTls = true
${more}`;
  return {
    config: readConfig(text, "mailden.toml", staticSchema, checkStatic),
    domains: readConfig(domains, "domains.toml", dynamicSchema, checkDynamic),
    places: {
      listen: [],
      data: join(folder, "data"),
      front: join(folder, "front"),
      domains: "",
      storeSocket: "",
      controlSocket: "",
      program: "",
      webSockets: [join(folder, "web.sock"), join(folder, "metrics.sock")],
      outbound: "any",
    },
    version: "",
    folder,
    certificates: {},
    relayCertificates: {},
    idKey: base64Url(crypto.getRandomValues(new Uint8Array(opaqueKeyBytes))),
    dns: { mode: "off", servers: [{ address: "127.0.0.1", port: ports.dns, trusted: false }], direct: false },
    openFiles: null,
  };
}

const usual = { clock: systemClock, log: silentLog };

function startStoreOf(boot: FrontBoot): Promise<StoreServer> {
  return startStore({ boot: { ...boot, adminCapability }, ...usual, metrics: new Metrics(), parser: null });
}

/** A front on a connection of its own. */
async function startFrontOf(boot: FrontBoot, store: StoreServer, loopback: LoopbackWorld) {
  const dial = () => {
    const { port1, port2 } = new MessageChannel();
    store.accept(new PortCarrier(port2));
    return Promise.resolve(new PortCarrier(port1));
  };
  const link = new StoreLink({ dial, ...usual });
  await link.ready();
  const front = await startFront({ boot, store: link, ...usual, metrics: new Metrics(), loopback });
  return {
    async close() {
      await front.close();
      await link.close();
    },
  };
}

/** Submits as a user does. */
async function submit(port: number, ...recipients: readonly string[]): Promise<void> {
  const client = await LineClient.connect(port);
  try {
    await smtp(client, null);
    await smtp(client, "EHLO here.example");
    assert.match(await smtp(client, `AUTH PLAIN ${btoa(`\0ann@here.example\0${password}`)}`), /^235 /);
    for (const to of recipients) {
      assert.match(await smtp(client, "MAIL FROM:<ann@here.example>"), /^250 /);
      assert.match(await smtp(client, `RCPT TO:<${to}>`), /^250 /);
      assert.match(await smtp(client, "DATA"), /^354 /);
      const message = `From: <ann@here.example>\r\nTo: <${to}>\r\nSubject: hello\r\n\r\nhello\r\n.`;
      assert.match(await smtp(client, message), /^250 /);
    }
  } finally {
    client.close();
  }
}

Deno.test("mail goes where the policies of its domains let it go, and what they say outlives their host", async (t) => {
  const folder = await makeShortFolder();
  await Deno.mkdir(join(folder, "front"), { mode: 0o700 });
  const world = { hasRecords: true };
  const dns = await startDnsServer(dnsOf(world));
  const certificate = testCertificate("mx.good.example");
  const mx = await FakeMx.start({ certificate });
  const host = await startPolicyHost();
  const [submission = 0] = freePorts(1);
  const ports = { dns: dns.port, smtp: mx.port, submission };
  const boot = bootOf(folder, ports);
  const loopback = {
    policyPort: host.listener.port,
    trusted: [certificate.chainPem, host.certificate.chainPem],
  };
  // Which gives the account its password.
  const local = `[localserve]\naccount = "ann"\npassword = "${password}"\nadminPassword = "another"\n`;
  await (await startStoreOf(bootOf(folder, ports, local))).close();
  const store = await startStoreOf(boot);
  const { port1, port2 } = new MessageChannel();
  store.accept(new PortCarrier(port2));
  const commands = connect(new PortCarrier(port1), usual);
  const admin = client<QueueAdmin>(commands, "queueAdmin", queueAdminMethods, adminCapability);
  const queued = async () => (await Array.fromAsync(admin.list({ filter: everyMessage }))).flat();
  /** The one that waits for this recipient, as soon as it was tried and is at rest. */
  const waiting = (recipient: string) =>
    until<QueuedRecipient>(`an attempt for ${recipient}`, async () => {
      const all = await queued();
      return all.find((one) => one.recipient === recipient && one.results.length > 0 && !one.leased) ?? null;
    });
  const takenOf = (recipient: string) =>
    until(`mail for ${recipient}`, () => mx.taken.find(({ to }) => to.includes(recipient)) ?? null);

  let front = await startFrontOf(boot, store, loopback);
  try {
    await t.step("to the host that the policy names, over TLS that proves it", async () => {
      await submit(submission, "a@good.example");
      assert.equal((await takenOf("a@good.example")).tls, true);
      assert.deepEqual(host.asked, ["good.example"]);
    });

    await t.step("not to one that it does not name, nor to one that is somebody else", async () => {
      await submit(submission, "a@elsewhere.example", "a@other.example");
      const { results: [first] } = await waiting("a@elsewhere.example");
      assert.match(
        first?.text ?? "",
        /mx\.elsewhere\.example is passed over: the MTA-STS policy does not name mx\.elsewhere\.example/,
      );
      const { results: [second] } = await waiting("a@other.example");
      assert.match(
        second?.text ?? "",
        /failed in TLS: the certificate of mx\.other\.example is for other names/,
      );
      assert.equal(mx.taken.length, 1);
    });

    await t.step("a policy in test keeps nobody from it", async () => {
      await submit(submission, "a@trial.example");
      assert.equal((await takenOf("a@trial.example")).tls, true);
    });

    await t.step("what was fetched holds for a new front, when host and record are gone", async () => {
      await front.close();
      await host.listener.close(0);
      world.hasRecords = false;
      front = await startFrontOf(boot, store, loopback);
      await submit(submission, "b@good.example", "b@elsewhere.example");
      assert.equal((await takenOf("b@good.example")).tls, true);
      const { results: [result] } = await waiting("b@elsewhere.example");
      assert.match(result?.text ?? "", /does not name mx\.elsewhere\.example .*an MTA-STS policy is kept/);
      assert.deepEqual(host.asked.toSorted(), Object.keys(policies).toSorted());
    });
  } finally {
    await front.close();
    commands.close();
    await commands.ended;
    await store.close();
    await Promise.all([mx.close(), dns.close(), host.listener.close(0)]);
  }

  await t.step("what happened stands in the results for TLS reports", async () => {
    const opened = openStore({ folder: boot.places.data, ...usual, metrics: new Metrics() });
    try {
      // A test that begins before midnight has results of two days.
      const today = dayOf(Date.now());
      const told = (domain: string) =>
        [today - 24 * 3600_000, today].flatMap((day) =>
          parseTlsResults(opened.read(tlsResultsOf(day, domain)) ?? "[]")
        );
      const types = (domain: string) =>
        told(domain).flatMap(({ details }) => details.map(({ type }) => type));
      const [good] = told("good.example");
      assert.deepEqual(good?.policy, {
        type: "sts",
        text: ["version: STSv1", "mode: enforce", "mx: mx.good.example", "max_age: 86400"],
        domain: "good.example",
        mxHosts: ["mx.good.example"],
      });
      assert.deepEqual(types("good.example"), []);
      assert.deepEqual([...new Set(types("elsewhere.example"))], ["validation-failure"]);
      assert.deepEqual(types("other.example"), ["certificate-host-mismatch"]);
      assert.deepEqual(types("trial.example"), ["certificate-host-mismatch"]);
    } finally {
      await opened.close();
      await Deno.remove(folder, { recursive: true });
    }
  });
});
