import assert from "node:assert/strict";
import { dynamicSchema } from "../config/dynamic_config.ts";
import { readConfig } from "../config/load.ts";
import { map } from "../config/schema.ts";
import { transports } from "../config/transport_config.ts";
import { ConfiguredTransports, type RoutedJob } from "./configured_transports.ts";
import type { Transport } from "./transport.ts";

const read = (content: string) =>
  readConfig(content, "x", map(transports, { doc: "", sample: "" }))["transports"] ?? {};

const login = 'username = "u"\npassword = "p"\nmechanisms = ["PLAIN"]\n';
const relay = {
  kind: "relay",
  host: "relay.example",
  port: 25,
  tls: "startTls",
  trusted: [],
  auth: null,
  certificate: null,
} as const;

const certificate = { chainPem: "chain", keyPem: "key" };
const own = 'certFile = "a.pem"\nkeyFile = "b.pem"\n';

const kinds: [what: string, content: string, transport: Transport][] = [
  ["a smarthost", 'smtp]\nhost = "relay.example"', relay],
  ["any certificate", 'smtp]\nhost = "relay.example"\nstartTlsInsecureSkipVerify = true', {
    ...relay,
    tls: "unverified",
  }],
  ["no TLS", 'submission]\nhost = "relay.example"\nnoStartTls = true', { ...relay, port: 587, tls: "never" }],
  ["submission with a password", `submission]\nhost = "192.0.2.1"\n${login}`, {
    ...relay,
    host: "192.0.2.1",
    port: 587,
    auth: { username: "u", password: "p", mechanisms: ["PLAIN"] },
  }],
  ["implicit TLS", 'submissions]\nhost = "relay.example"', { ...relay, port: 465, tls: "implicit" }],
  ["a certificate of ours", `submissions]\nhost = "relay.example"\n${own}`, {
    ...relay,
    port: 465,
    tls: "implicit",
    certificate,
  }],
  ["signing in with it", `submissions]\nhost = "relay.example"\nmechanisms = ["EXTERNAL", "PLAIN"]\n${own}`, {
    ...relay,
    port: 465,
    tls: "implicit",
    auth: { username: "", password: "", mechanisms: ["EXTERNAL"] },
    certificate,
  }],
  ["a proxy", `socks]\nhost = "127.0.0.1"\nhostname = "out.example"\nusername = "u"\npassword = "p"`, {
    kind: "direct",
    ipv4: true,
    ipv6: true,
    socks: { host: "127.0.0.1", port: 1080, username: "u", password: "p", hostname: "out.example" },
  }],
  ["IPv6 only", "direct]\ndisableIpv4 = true", { kind: "direct", ipv4: false, ipv6: true, socks: null }],
  ["IPv4 only", "direct]\ndisableIpv6 = true", { kind: "direct", ipv4: true, ipv6: false, socks: null }],
  ["failure", 'fail]\ncode = 421\nmessage = "no"', { kind: "fail", code: 421, text: "no" }],
];

const server = {
  hostname: "mail.example.org",
  listeners: { public: { hostname: "MX.example.org" }, other: { hostname: null } },
  localserve: null,
};

const job: RoutedJob = {
  account: "you",
  sender: "you@bücher.example",
  domain: "x.example",
  attempts: 1,
  transport: "",
};

for (const [what, content, transport] of kinds) {
  Deno.test(`transportFor() gives ${what}`, () => {
    const ways = new ConfiguredTransports(
      { ...server, transports: read(`[transports.t.${content}`) },
      { routes: [], domains: {}, accounts: {} },
      content.includes(own) ? { t: certificate } : {},
    );
    assert.deepEqual(ways.transportFor({ ...job, transport: "t" }), transport);
  });
}

const config = readConfig(
  `
[[routes]]
minimumAttempts = 1
transport = "late"
[domains."xn--bcher-kva.example"]
[[domains."xn--bcher-kva.example".routes]]
toDomain = ["DOMAIN.example"]
transport = "domain"
[accounts.you]
domain = "xn--bcher-kva.example"
[[accounts.you.routes]]
fromDomain = ["Bücher.example"]
toDomain = [".XN--BCHER-KVA.example", "account.example"]
transport = "account"
`,
  "x",
  dynamicSchema,
);
const failing = (name: string) => `[transports.${name}.fail]\nmessage = "${name}"\n`;
const ways = new ConfiguredTransports({
  ...server,
  transports: read(["late", "domain", "account", "own"].map(failing).join("")),
}, config);

const routed: [what: string, change: Partial<RoutedJob>, way: string][] = [
  ["no route is direct", {}, "direct"],
  ["names are compared in their normal form", { domain: "shop.bücher.example" }, "account"],
  ["an account's route before its domain's", { domain: "account.example" }, "account"],
  ["a sender's domain", { domain: "domain.example" }, "domain"],
  ["another account has not the first one's routes", { domain: "account.example", account: "me" }, "direct"],
  ["the server's own messages follow its routes", { account: "", sender: "", attempts: 2 }, "late"],
  ["the first attempt has none before it", { attempts: 1 }, "direct"],
  ["the second has one", { attempts: 2 }, "late"],
  ["an address literal is no domain", { domain: "[192.0.2.1]" }, "direct"],
  ["mail for our own domains stays here", { domain: "bücher.example", attempts: 2 }, "local"],
  ["and for this host", { domain: "mail.example.org" }, "local"],
  ["by any of its names", { domain: "mx.example.org" }, "local"],
  ["unless somebody said otherwise", { domain: "bücher.example", transport: "own" }, "own"],
  ["what was chosen by hand", { transport: "own", domain: "account.example" }, "own"],
];
for (const [what, change, way] of routed) {
  Deno.test(`transportFor(): ${what}`, () => {
    const found = ways.transportFor({ ...job, ...change });
    assert.equal(found.kind === "fail" ? found.text : found.kind, way);
  });
}

Deno.test("transportFor() names a transport that is gone", () => {
  assert.deepEqual(ways.transportFor({ ...job, transport: "gone" }), { kind: "missing", name: "gone" });
  assert.equal(ways.has("gone"), false);
  assert.equal(ways.has("own"), true);
});

Deno.test("transportFor(): in localserve everything stays here that no route takes elsewhere", () => {
  const localserve = { account: "a", password: "", adminPassword: "" };
  const transports = read(failing("late"));
  const local = new ConfiguredTransports({ ...server, localserve, transports }, config);
  assert.equal(local.transportFor(job).kind, "local");
  assert.equal(local.transportFor({ ...job, domain: "[192.0.2.1]" }).kind, "local");
  assert.equal(local.transportFor({ ...job, attempts: 2 }).kind, "fail");
});

Deno.test("goesDirectly() knows the routes of later attempts", () => {
  const late = {
    ...config,
    routes: config.routes.map((route) => ({ ...route, toDomain: [".corp.example"] })),
  };
  const all = new ConfiguredTransports({ ...server, transports: read(failing("late")) }, late);
  assert.equal(all.goesDirectly(job), true);
  assert.equal(all.goesDirectly({ ...job, domain: "corp.example" }), false);
  assert.equal(all.goesDirectly({ ...job, domain: "account.example" }), false);
  assert.equal(all.goesDirectly({ ...job, domain: "bücher.example" }), false);
});

Deno.test("transportFor(): mail from a domain that is disabled waits", () => {
  const domains = Object.fromEntries(
    Object.entries(config.domains).map(([name, each]) => [name, { ...each, disabled: true }]),
  );
  const disabled = new ConfiguredTransports({ ...server, transports: {} }, { ...config, domains });
  const found = disabled.transportFor(job);
  assert.ok(found.kind === "fail" && found.code === 451);
  assert.match(found.text, /^the domain bücher\.example is disabled for now/);
  assert.equal(disabled.transportFor({ ...job, sender: "" }).kind, "direct", "notices go out");
});
