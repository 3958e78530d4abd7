import assert from "node:assert/strict";
import { checkDynamic, dynamicSchema } from "./dynamic_config.ts";
import { exampleFile, readConfig } from "./load.ts";
import { checkRoutes } from "./route_config.ts";
import { checkStatic, staticSchema } from "./static_config.ts";
import { withoutSecrets } from "./transport_config.ts";

const server = `hostname = "mail.example.org"
[listeners.public]
addresses = ["192.0.2.1"]
[listeners.public.smtp]
`;

const readStatic = (content: string) =>
  readConfig(server + content, "mailden.toml", staticSchema, checkStatic);
const readDynamic = (content: string) =>
  readConfig(content, "domains.toml", dynamicSchema, (config) => [
    ...checkDynamic(config),
    ...checkRoutes(config, { relay: {} }),
  ]);

const login = 'username = "u"\npassword = "p"\n';
const host = 'host = "relay.example"\n';

Deno.test("readConfig() reads one transport of each kind", () => {
  const { transports, queue } = readStatic(`
[transports.a.smtp]
${host}
[transports.b.submission]
${host}${login}mechanisms = ["PLAIN"]
[transports.c.submissions]
${host}port = 4465
[transports.d.socks]
host = "192.0.2.9"
hostname = "out.example"
[transports.e.direct]
[transports.f.fail]
`);
  assert.equal(transports["a"]?.smtp?.port, 25);
  assert.deepEqual(transports["b"]?.submission?.mechanisms, ["PLAIN"]);
  assert.equal(transports["c"]?.submissions?.port, 4465);
  assert.equal(transports["d"]?.socks?.port, 1080);
  assert.equal(transports["e"]?.direct?.disableIpv4, false);
  assert.equal(transports["f"]?.fail?.code, 554);
  assert.deepEqual(queue, {
    concurrency: 50,
    concurrencyPerDomain: 1,
    maxAttempts: 8,
    port: 25,
    privateAddresses: false,
    strict8BitMime: false,
  });
});

const certificate = "-----BEGIN CERTIFICATE-----\\nAA==\\n-----END CERTIFICATE-----";

const refusedTransports: [what: string, content: string, fault: RegExp][] = [
  [
    "without a method",
    "[transports.x]\n",
    /:5: transports\.x: says not how: write \[transports\.x\.smtp\], or/,
  ],
  [
    "with two methods",
    `[transports.x.smtp]\n${host}[transports.x.direct]\n`,
    /transports\.x: has smtp and direct: leave one/,
  ],
  ["of an unknown method", "[transports.x.smpt]\n", /transports\.x\.smpt: .* did you mean smtp\?/],
  ["without a host", "[transports.x.smtp]\n", /transports\.x\.smtp\.host: is missing/],
  ["to no host", '[transports.x.smtp]\nhost = "a b"\n', /:6: .*host: "a b" is neither a host name nor/],
  ["with a name that is none", `[transports."a b".smtp]\n${host}`, /"a b".*: use letters/],
  [
    "STARTTLS settings where TLS is from the first octet",
    `[transports.x.submissions]\n${host}noStartTls = true\n`,
    /submissions\.noStartTls: there is no setting of this name/,
  ],
  [
    "two ways not to verify",
    `[transports.x.smtp]\n${host}noStartTls = true\nstartTlsInsecureSkipVerify = true\n`,
    /:8: .*startTlsInsecureSkipVerify: means nothing with noStartTls/,
  ],
  [
    "an unknown mechanism",
    `[transports.x.smtp]\n${host}${login}mechanisms = ["NTLM"]\n`,
    /mechanisms\[0\]: "NTLM" is none of/,
  ],
  [
    "a mechanism without certificate",
    `[transports.x.smtp]\n${host}${login}mechanisms = ["EXTERNAL"]\n`,
    /mechanisms: EXTERNAL needs a certificate: write certFile and keyFile/,
  ],
  [
    "a certificate without key",
    `[transports.x.smtp]\n${host}certFile = "a.pem"\n`,
    /transports\.x\.smtp: the keyFile is missing: write both/,
  ],
  [
    "a certificate without TLS",
    `[transports.x.smtp]\n${host}noStartTls = true\ncertFile = "a.pem"\nkeyFile = "b.pem"\n`,
    /certFile: means nothing with noStartTls/,
  ],
  [
    "a mechanism twice",
    `[transports.x.smtp]\n${host}${login}mechanisms = ["PLAIN", "PLAIN"]\n`,
    /mechanisms: PLAIN is there twice/,
  ],
  [
    "a user without mechanism",
    `[transports.x.smtp]\n${host}${login}mechanisms = []\n`,
    /mechanisms: the list is empty, and nobody could sign in/,
  ],
  [
    "a user without password",
    `[transports.x.submission]\n${host}username = "u"\n`,
    /transports\.x\.submission: the password is missing/,
  ],
  [
    "a password without user",
    '[transports.x.socks]\nhost = "a.example"\nhostname = "a.example"\npassword = "p"\n',
    /transports\.x\.socks: the username is missing/,
  ],
  [
    "a proxy's user of 256 characters",
    `[transports.x.socks]\nhost = "a.example"\nhostname = "a.example"\npassword = "p"\nusername = "${
      "u".repeat(256)
    }"\n`,
    /socks\.username: .* is longer than 255 characters/,
  ],
  [
    "no address family",
    "[transports.x.direct]\ndisableIpv4 = true\ndisableIpv6 = true\n",
    /transports\.x\.direct: nothing is left/,
  ],
  [
    "a failure that is none",
    "[transports.x.fail]\ncode = 250\n",
    /code: 250 is out of range: use 400 to 599/,
  ],
  [
    "a failure with a long text",
    `[transports.x.fail]\nmessage = "${"a".repeat(257)}"\n`,
    /message: .* is not 1 to 256 characters/,
  ],
  [
    "a failure with two lines",
    '[transports.x.fail]\nmessage = "a\\r\\n250 b"\n',
    /message: .* is not 1 to 256 characters/,
  ],
  [
    "a certificate that is none",
    `[transports.x.smtp]\n${host}trusted = ["${certificate}", "ca.pem"]\n`,
    /trusted\[1\]: "ca\.pem" is no certificate/,
  ],
  [
    "too many deliveries at once",
    "[queue]\nconcurrency = 1001\n",
    /queue\.concurrency: 1001 is out of range/,
  ],
  ["no attempts", "[queue]\nmaxAttempts = 0\n", /queue\.maxAttempts: 0 is out of range/],
];
for (const [what, content, fault] of refusedTransports) {
  Deno.test(`readConfig() refuses a transport ${what}`, () => {
    assert.throws(() => readStatic(content), fault);
  });
}

Deno.test("no fault and no example shows a password", () => {
  for (const wrong of ["123456", '["123456"]', '{ a = "123456" }']) {
    assert.throws(() => readStatic(`[transports.x.smtp]\n${host}password = ${wrong}\n`), (error: Error) => {
      assert.match(error.message, /transports\.x\.smtp\.password: the value is not text/);
      return !error.message.includes("123456");
    });
  }
  const socks =
    '[transports.x.socks]\nhost = "a.example"\nhostname = "a.example"\nusername = "u"\npassword = "Pä5"\n';
  assert.throws(() => readStatic(socks), (error: Error) => {
    assert.match(error.message, /password: the value is longer than 255/);
    return !error.message.includes("Pä5");
  });
});

Deno.test("who does not sign in to relays is not told their passwords", () => {
  const { transports } = readStatic(
    `[transports.a.smtp]\n${host}${login}[transports.b.submissions]\n${host}${login}[transports.c.submission]\n${host}${login}
[transports.d.socks]\nhost = "a.example"\nhostname = "a.example"\n${login}[transports.e.direct]\n`,
  );
  const hidden = withoutSecrets(transports);
  assert.equal(JSON.stringify(transports).match(/"password":"p"/g)?.length, 4);
  assert.doesNotMatch(JSON.stringify(hidden), /"password":"p"/);
  assert.deepEqual(
    { ...hidden["a"]?.smtp, password: "p" },
    transports["a"]?.smtp,
  );
  assert.deepEqual(hidden["e"], transports["e"]);
});

const domains = `
[domains."example.org"]
[accounts.you]
domain = "example.org"
`;

Deno.test("routes stand at three levels, with defaults", () => {
  const config = readDynamic(`${domains}
[[accounts.you.routes]]
toDomain = [".example.net"]
transport = "relay"
[[domains."example.org".routes]]
minimumAttempts = 2
[[routes]]
fromDomain = ["Bücher.example"]
`);
  const usual = { fromDomain: [], toDomain: [], minimumAttempts: 0, transport: "" };
  assert.deepEqual(config.accounts["you"]?.routes, [{
    ...usual,
    toDomain: [".example.net"],
    transport: "relay",
  }]);
  assert.deepEqual(config.domains["example.org"]?.routes, [{ ...usual, minimumAttempts: 2 }]);
  assert.deepEqual(config.routes, [{ ...usual, fromDomain: ["Bücher.example"] }]);
});

const refusedDynamic: [what: string, content: string, fault: RegExp][] = [
  [
    "a route of the server to an unknown transport",
    '[[routes]]\ntransport = "gone"\n',
    /:6: routes\[0\]\.transport: there is no transport "gone": write \[transports\.gone\] in mailden\.toml; there are relay/,
  ],
  [
    "a domain's",
    '[[domains."example.org".routes]]\n[[domains."example.org".routes]]\ntransport = "gone"\n',
    /:7: domains\."example\.org"\.routes\[1\]\.transport: there is no transport "gone"/,
  ],
  [
    "an account's",
    '[[accounts.you.routes]]\ntransport = "gone"\n',
    /:6: accounts\.you\.routes\[0\]\.transport: there is no transport "gone"/,
  ],
  [
    "a route to no domain",
    '[[routes]]\ntoDomain = ["a.example", "*.b.example"]\n',
    /routes\[0\]\.toDomain\[1\]: "\*\.b\.example" is no domain: write it as/,
  ],
  [
    "a route after too many attempts",
    "[[routes]]\nminimumAttempts = 31\n",
    /minimumAttempts: 31 is out of range/,
  ],
  [
    "an account that may send nothing",
    "maxOutgoingMessagesPerDay = 0\n",
    /maxOutgoingMessagesPerDay: 0 is out/,
  ],
  ["and nobody new", "maxFirstTimeRecipientsPerDay = 0\n", /maxFirstTimeRecipientsPerDay: 0 is out/],
  [
    "a FromID address of somebody else",
    'fromIdLoginAddresses = ["me@example.org"]\n',
    /:5: accounts\.you\.fromIdLoginAddresses\[0\]: "me@example\.org" is no address of this account/,
  ],
  [
    "a FromID address in a domain without separator",
    'fromIdLoginAddresses = ["you@example.net"]\n[accounts.you.destinations]\n"you@example.net" = {}\n' +
    '[domains."example.net"]\nlocalpartCatchallSeparators = []\n',
    /fromIdLoginAddresses\[0\]: the domain of "you@example\.net" has no localpartCatchallSeparators/,
  ],
];
for (const [what, content, fault] of refusedDynamic) {
  Deno.test(`readConfig() refuses ${what}`, () => assert.throws(() => readDynamic(domains + content), fault));
}

Deno.test("an account's limits and what is kept have defaults, and can be set", () => {
  const { accounts } = readDynamic(`${domains}
maxOutgoingMessagesPerDay = 5
keepRetiredMessages = "0s"
fromIdLoginAddresses = ["You@example.org"]
[accounts.you.destinations]
"you@example.org" = {}
[accounts.me]
domain = "example.org"
`);
  assert.equal(accounts["you"]?.maxOutgoingMessagesPerDay, 5);
  assert.equal(accounts["you"]?.keepRetiredMessages, 0);
  assert.equal(accounts["me"]?.maxOutgoingMessagesPerDay, 1000);
  assert.equal(accounts["me"]?.maxFirstTimeRecipientsPerDay, 200);
  assert.equal(accounts["me"]?.keepRetiredMessages, 7 * 86_400_000);
  assert.deepEqual(accounts["me"]?.fromIdLoginAddresses, []);
});

Deno.test("the examples explain transports and routes", () => {
  const shown = exampleFile(staticSchema);
  assert.match(shown, /# \[transports\.relay\.submissions\]/);
  assert.match(shown, /# concurrencyPerDomain = 1 /);
  const dynamic = exampleFile(dynamicSchema);
  for (const header of ["routes", 'domains."example.org".routes', "accounts.you.routes"]) {
    assert.ok(dynamic.includes(`\n# [[${header}]]\n`), header);
  }
  assert.match(dynamic, /# minimumAttempts = 0 /);
});
