import assert from "node:assert/strict";
import { FakeClock, settle } from "../../tests/support/fake_clock.ts";
import { base64, latin1 } from "../base/bytes.ts";
import { ZoneResolver } from "../dns/testing/zone_resolver.ts";
import type { FetchFailure } from "../mtasts/life.ts";
import { maxPolicyOctets } from "../mtasts/policy.ts";
import { Certificates, loadCertificate, type LoadedCertificate } from "../tls/certificates.ts";
import { createSelfSigned } from "../tls/self_signed.ts";
import { issue } from "../tls/testing/certificate_maker.ts";
import { CheckedDialer } from "./checked_dialer.ts";
import { fetchMs, HttpsPolicyFetcher } from "./policy_fetcher.ts";
import { systemClock } from "./system_clock.ts";
import { listenLocally, readUntil, testCertificate } from "./testing/loopback.ts";
import type { Transport } from "./transport.ts";

const certificate = testCertificate("mta-sts.example.org");
const policy = "version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\nmax_age: 86400\r\n";
const answer = (body: string, ...fields: string[]) =>
  ["HTTP/1.1 200 OK", "Content-Type: text/plain", `Content-Length: ${body.length}`, ...fields, "", body].join(
    "\r\n",
  );

/** A policy host that answers with `handle`, and a fetcher that knows where it is. */
async function withHost(
  handle: (transport: Transport, request: string) => Promise<void>,
  test: (fetcher: HttpsPolicyFetcher, clock: FakeClock | null) => Promise<void>,
  { shown = certificate, clock = null, trusts = certificate }: {
    shown?: LoadedCertificate;
    clock?: FakeClock | null;
    trusts?: LoadedCertificate;
  } = {},
): Promise<void> {
  const listener = await listenLocally({
    implicitTls: true,
    tls: { certificates: new Certificates([shown]) },
    handler: async (transport) => {
      const request = await readUntil(transport, "\r\n\r\n");
      await handle(transport, request).catch(() => {}); // Who asks may go whenever it wants.
    },
  });
  const resolver = new ZoneResolver({
    "mta-sts.example.org": { records: { A: [{ address: "127.0.0.1" }] } },
    "mta-sts.inside.example": { records: { A: [{ address: "10.0.0.1" }] } },
  });
  const used = clock ?? systemClock;
  const dialer = new CheckedDialer({ resolver, clock: used, allowLoopback: true });
  const trusted = [trusts.chainPem];
  await test(new HttpsPolicyFetcher({ dialer, clock: used, port: listener.port, trusted }), clock);
  await listener.close(0);
}

/** Answers with this text, in pieces. */
const says = (...pieces: string[]) => async (transport: Transport) => {
  for (const piece of pieces) await transport.write(latin1(piece));
  await transport.close();
};

Deno.test("a policy is fetched from its host, under its name, with its path", async () => {
  let asked = "";
  await withHost(async (transport, request) => {
    asked = request;
    await says(answer(policy))(transport);
  }, async (fetcher) => {
    const fetched = await fetcher.fetchPolicy("example.org");
    assert.ok(fetched.ok, fetched.ok ? "" : fetched.why);
    assert.deepEqual(fetched.policy.mx, ["mx.example.org"]);
  });
  assert.match(asked, /^GET \/\.well-known\/mta-sts\.txt HTTP\/1\.1\r\nHost: mta-sts\.example\.org:\d+\r\n/);
});

const accepted: [what: string, pieces: string[]][] = [
  ["in chunks", [
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n",
    `${policy.length.toString(16)}\r\n${policy.slice(0, 9)}`,
    `${policy.slice(9)}\r\n0\r\n\r\n`,
  ]],
  ["with a coding that is none", [answer(policy, "Content-Encoding: identity")]],
  ["up to the end", [answer(policy).replace(/Content-Length.*\r\n/, ""), ""]],
  ["up to the end in pieces", [
    "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n",
    ...policy.split(/(?<=\n)/),
  ]],
  ["on a connection that stays open", [answer(policy, "Connection: keep-alive")]],
];
for (const [what, pieces] of accepted) {
  Deno.test(`a policy that comes ${what} is read`, async () => {
    await withHost(says(...pieces), async (fetcher) => {
      const fetched = await fetcher.fetchPolicy("example.org");
      assert.ok(fetched.ok, fetched.ok ? "" : fetched.why);
    });
  });
}

const refused: [what: string, failure: FetchFailure, pieces: string[]][] = [
  ["a redirect", "status", ["HTTP/1.1 301 Moved\r\nLocation: https://mta-sts.example.org/x\r\n\r\n"]],
  ["nothing there", "status", [`HTTP/1.1 404 No\r\nContent-Length: ${policy.length}\r\n\r\n${policy}`]],
  ["no content", "status", ["HTTP/1.1 204 No\r\n\r\n"]],
  ["a page", "mediaType", [answer(policy).replace("text/plain", "text/html")]],
  ["no type", "mediaType", [answer(policy).replace("Content-Type", "X-Type")]],
  ["two types", "mediaType", [answer(policy, "Content-Type: text/html")]],
  ["too much", "tooLarge", [answer(policy + "x".repeat(maxPolicyOctets))]],
  ["no policy", "invalid", [answer("hello")]],
  ["half a policy", "unreachable", [answer(policy).slice(0, -20)]],
  ["what is encoded", "invalid", [answer(policy, "Content-Encoding: gzip")]],
  ["an empty length", "invalid", [answer(policy).replace(/(?<=Content-Length:).*/, "")]],
  ["another protocol", "invalid", ["220 mail.example.org ESMTP\r\n"]],
  ["an endless head", "invalid", [
    "HTTP/1.1 200 OK\r\n",
    ...Array.from({ length: 40 }, () => `X: ${"y".repeat(1000)}\r\n`),
  ]],
  ["nothing at all", "unreachable", []],
];
for (const [what, failure, pieces] of refused) {
  Deno.test(`a host that answers with ${what} has no policy: ${failure}`, async () => {
    await withHost(says(...pieces), async (fetcher) => {
      const fetched = await fetcher.fetchPolicy("example.org");
      assert.deepEqual(fetched.ok ? "ok" : fetched.failure, failure, fetched.ok ? "" : fetched.why);
    });
  });
}

const day = 24 * 3600_000;
const expired = (): LoadedCertificate => {
  const now = systemClock.now();
  return loadCertificate(createSelfSigned({
    names: ["mta-sts.example.org"],
    addresses: [],
    notBefore: now - 3 * day,
    notAfter: now - day,
    serial: new Uint8Array([1, 2, 3]),
  }));
};
/** With these names in its subject, and as DNS names. */
function named(name: string, ...dnsNames: string[]): LoadedCertificate {
  const now = systemClock.now();
  const made = issue({
    name,
    notBefore: now - day,
    notAfter: now + day,
    ...(dnsNames.length === 0 ? {} : { dnsNames }),
  });
  const keyPem = made.keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const chainPem = `-----BEGIN CERTIFICATE-----\n${base64(made.der)}\n-----END CERTIFICATE-----\n`;
  return loadCertificate({ chainPem, keyPem });
}
const certificates: [what: string, make: () => LoadedCertificate, isTrusted: boolean][] = [
  ["of another name", () => testCertificate("example.org"), true],
  ["that nobody trusts", () => testCertificate("mta-sts.example.org"), false],
  ["that has expired", expired, true],
  ["whose subject alone has the name", () => named("mta-sts.example.org"), true],
  [
    "whose subject has the name, and not its DNS names",
    () => named("mta-sts.example.org", "example.org"),
    true,
  ],
  ["with a wildcard within a label", () => named("x", "mta-*.example.org"), true],
];
for (const [what, make, isTrusted] of certificates) {
  Deno.test(`a host with a certificate ${what} is asked for nothing`, async () => {
    let asked = false;
    const shown = make();
    await withHost(() => Promise.resolve(void (asked = true)), async (fetcher) => {
      const fetched = await fetcher.fetchPolicy("example.org");
      assert.equal(fetched.ok ? "ok" : fetched.failure, "certificate", fetched.ok ? "" : fetched.why);
    }, { shown, ...(isTrusted ? { trusts: shown } : {}) });
    assert.equal(asked, false);
  });
}

Deno.test("a policy up to the end is none where somebody cut the connection", async () => {
  await withHost(async (transport) => {
    const [first = "", ...others] = policy.split(/(?<=\n)/);
    await transport.write(latin1(`HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n${first}`));
    for (const line of others) await transport.write(latin1(line));
    await settle(); // It is all on its way.
    transport.destroy();
  }, async (fetcher) => {
    const fetched = await fetcher.fetchPolicy("example.org");
    assert.ok(!fetched.ok);
    assert.equal(fetched.failure, "unreachable");
  });
});

Deno.test("who cannot be reached, or is inside, has no policy", async () => {
  await withHost(says(), async (fetcher) => {
    for (const domain of ["nowhere.example", "inside.example"]) {
      const fetched = await fetcher.fetchPolicy(domain);
      assert.equal(fetched.ok ? "ok" : fetched.failure, "unreachable");
    }
    const given = await fetcher.fetchPolicy("example.org", AbortSignal.abort());
    assert.equal(given.ok ? "ok" : given.why, "given up");
  });
});

Deno.test("a host that sends one octet now and then is left after a minute", async () => {
  const started = Promise.withResolvers<Transport>();
  const over = Promise.withResolvers<void>();
  await withHost(async (transport) => {
    await transport.write(latin1("HTTP/1.1 200 OK\r\n"));
    started.resolve(transport);
    await over.promise;
  }, async (fetcher, clock) => {
    const fetching = fetcher.fetchPolicy("example.org");
    const transport = await started.promise;
    for (let i = 0; i < 6; i++) {
      await transport.write(latin1("X"));
      await settle();
      await clock?.advance(fetchMs / 6);
    }
    const fetched = await fetching;
    assert.match(fetched.ok ? "ok" : fetched.why, /it took longer than 60 s/);
    assert.equal(clock?.pending, 0);
    over.resolve();
  }, { clock: new FakeClock() });
});

Deno.test("who gives up in the middle is told so", async () => {
  const abort = new AbortController();
  await withHost(async (transport) => {
    abort.abort();
    await transport.read();
  }, async (fetcher) => {
    const fetched = await fetcher.fetchPolicy("example.org", abort.signal);
    assert.equal(fetched.ok ? "ok" : fetched.why, "given up");
  });
});
