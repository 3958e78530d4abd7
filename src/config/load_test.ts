import assert from "node:assert/strict";
import { ConfigError, exampleFile, readConfig } from "./load.ts";
import { checkDynamic, dynamicSchema, quotaOf } from "./dynamic_config.ts";
import { checkStatic, staticSchema } from "./static_config.ts";

const good = `
hostname = "mail.example.org"
[listeners.public]
addresses = ["192.0.2.1", "2001:db8::1"]
[listeners.public.tls]
keyCerts = [{ certFile = "a.crt", keyFile = "a.key" }]
[listeners.public.smtp]
maxMessageBytes = "10MB"
[listeners.public.imaps]
`;

function faults(content: string): string[] {
  try {
    readConfig(content, "mailden.toml", staticSchema, checkStatic);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n");
    throw error;
  }
  return [];
}

Deno.test("readConfig() fills in what is missing", () => {
  const config = readConfig(good, "mailden.toml", staticSchema, checkStatic);
  assert.equal(config.dataDir, "data");
  assert.equal(config.listeners["public"]?.smtp?.maxMessageBytes, 10 * 1024 * 1024);
  assert.equal(config.listeners["public"]?.smtp?.port, 25);
  assert.equal(config.listeners["public"]?.imaps?.idleTimeout, 30 * 60_000);
  assert.equal(config.listeners["public"]?.imap, null);
  assert.equal(config.localserve, null);
});

const refused: [title: string, content: string, faults: RegExp[]][] = [
  ["text that is not TOML, with its place", "a = \n", [
    /^mailden\.toml:1: \(syntax\): column \d+: this is not TOML/,
  ]],
  [
    "all faults together, with path, line, value and remedy",
    good.replace("192.0.2.1", "192.0.2.x").replace('"10MB"', '"10XB"'),
    [
      /^mailden\.toml:4: listeners\.public\.addresses\[0\]: "192\.0\.2\.x" is no IP address: write it as/,
      /^mailden\.toml:8: listeners\.public\.smtp\.maxMessageBytes: "10XB" is no size: write/,
    ],
  ],
  ["a misspelt setting", good.replace("hostname", "hostnam"), [
    /^mailden\.toml:1: hostname: is missing/,
    /^mailden\.toml:2: hostnam: there is no setting of this name; did you mean hostname\?/,
  ]],
  ["a service that needs TLS without it", good.replace(/\[listeners\.public\.tls\]\nkeyCerts.*\n/, ""), [
    /listeners\.public\.imaps: needs TLS: write \[listeners\.public\.tls\]/,
  ]],
  ["a port used twice", `${good}port = 25\n`, [
    /imaps: 192\.0\.2\.1 port 25 is taken by listeners\.public\.smtp/,
    /2001/,
  ]],
  ["two limits of which one is enough", `${good}messageLimit = 5000\nsaveLimit = 1000\n`, [
    /listeners\.public\.imaps\.saveLimit: messageLimit stands for it already/,
  ]],
  ["a limit that clients could not live with", `${good}messageLimit = 999\n`, [
    /imaps\.messageLimit: .*1000/,
  ]],
  ["no listeners", 'hostname = "a.example"\n', [/listeners: there is none/]],
  [
    "a DNS server that is none, and a mode that is none",
    `${good}[dns]\nmode = "ad"\nservers = ["dns.example"]\n`,
    [
      /^mailden\.toml:11: dns\.mode: "ad" is none of "validate", "trustAd"/,
      /^mailden\.toml:12: dns\.servers\[0\]: "dns\.example" is no server: write it as/,
    ],
  ],
  [
    "a trusted sealer and a former name that are no domains",
    `${good}[authentication]\ntrustedSealers = ["lists.example", "*.example"]\nformerNames = "mail.example"\n`,
    [
      /^mailden\.toml:11: authentication\.trustedSealers\[1\]: "\*\.example" is no domain: write it as/,
      /^mailden\.toml:12: authentication\.formerNames: /,
    ],
  ],
  [
    "a message size that nobody can send, or that the store does not take",
    `${good}[listeners.other]
addresses = ["192.0.2.2"]
smtp = { maxMessageBytes = 0 }
submissions = { maxMessageBytes = "3GB" }
tls = { keyCerts = [{ certFile = "a", keyFile = "b" }] }
`,
    [
      /other\.smtp\.maxMessageBytes: 0 is too little: use at least "64KB"/,
      /other\.submissions\.maxMessageBytes: "3GB" is too much: use at most "2GB"/,
    ],
  ],
  ["times in which nobody can do anything", `${good}idleTimeout = "0s"\nloginTimeout = "0s"\n`, [
    /imaps\.idleTimeout: "0s" is too little/,
    /imaps\.loginTimeout: "0s" is too little/,
  ]],
  ["a data folder that is the installation's own", `dataDir = "./"\n${good}`, [
    /^mailden\.toml:1: dataDir: "\.\/" is the folder of this file: use one of its own, as "data"/,
  ]],
  ["a number out of range", good.replace('"10MB"', '"10MB"\nport = 70000'), [
    /70000 is out of range: use 1 to 65535/,
  ]],
];
for (const [title, content, patterns] of refused) {
  Deno.test(`readConfig() refuses ${title}`, () => {
    const found = faults(content);
    assert.equal(found.length, patterns.length, found.join("\n"));
    for (const [i, pattern] of patterns.entries()) assert.match(found[i] ?? "", pattern);
  });
}

Deno.test("checkDynamic() finds unknown domains, separators and addresses claimed twice", () => {
  const content = `
[domains."example.org"]
[accounts.a]
domain = "example.org"
[accounts.a.destinations]
"x@example.org" = {}
"x+y@example.org" = {}
[accounts.b]
domain = "example.net"
[accounts.b.destinations]
"X@example.org" = {}
`;
  assert.throws(() => readConfig(content, "domains.toml", dynamicSchema, checkDynamic), (error: Error) => {
    assert.match(error.message, /domains\.toml:7: .*x\+y@example\.org.*separator/);
    assert.match(error.message, /domains\.toml:9: accounts\.b\.domain: there is no domain "example\.net"/);
    assert.match(error.message, /domains\.toml:11: .*is an address of account a already/);
    return true;
  });
});

/** What nobody would ever match, or every message be refused for, and nothing would say so. */
const nonsense: [title: string, content: string, fault: RegExp][] = [
  [
    "a domain in capitals",
    '[domains."Example.org"]\n',
    /:1: domains\."Example\.org": write it as "example\.org"/,
  ],
  [
    "a domain in ASCII that is not",
    '[domains."xn--bcher-kva.example"]\n',
    /:1: .*: write it as "bücher\.example"/,
  ],
  ["a domain that is none", '[domains."*.example.org"]\n', /:1: .*: is no domain: write it as example\.org/],
  [
    "an address with spaces",
    account('"you @example.org" = {}'),
    /:5: .*: is no address: write it as you@example\.org/,
  ],
  [
    "a local part in quotes that needs none",
    account('"\\"you\\"@example.org" = {}'),
    /:5: .*: is no address/,
  ],
  [
    "an address twice, once decomposed",
    account('"b\u00fccher@example.org" = {}\n"bu\u0308cher@example.org" = {}'),
    /:6: .*: is an address of account you already/,
  ],
];

function account(destinations: string): string {
  return `[domains."example.org"]\n[accounts.you]\ndomain = "example.org"\n[accounts.you.destinations]\n${destinations}\n`;
}

for (const [title, content, fault] of nonsense) {
  Deno.test(`domains.toml is refused for ${title}`, () => {
    assert.throws(() => readConfig(content, "domains.toml", dynamicSchema, checkDynamic), fault);
  });
}

Deno.test("domains.toml may have a catch-all, and what addresses can be", () => {
  for (const each of ["@example.org", "you.and-me@example.org", "bücher@example.org", "O'Neil@example.org"]) {
    readConfig(account(`${JSON.stringify(each)} = {}`), "domains.toml", dynamicSchema, checkDynamic);
  }
});

Deno.test("checkDynamic() finds selectors that are not there, and key files outside of their folder", () => {
  const content = `
[domains."example.org".dkim]
sign = ["a", "b"]
[domains."example.org".dkim.selectors.a]
privateKeyFile = "../a.key"
`;
  assert.throws(() => readConfig(content, "domains.toml", dynamicSchema, checkDynamic), (error: Error) => {
    assert.match(error.message, /domains\.toml:5: .*privateKeyFile: "\.\.\/a\.key" is no file name/);
    return true;
  });
  const named = content.replace("../a.key", "a.key");
  assert.throws(() => readConfig(named, "domains.toml", dynamicSchema, checkDynamic), (error: Error) => {
    assert.match(error.message, /domains\.toml:3: .*dkim\.sign: there is no selector "b": write \[domains\./);
    return true;
  });
});

const selectorFaults: [setting: string, message: RegExp][] = [
  ['headers = ["Subject", "To"]', /:5: .*headers: From is not among the fields to sign/],
  ['headers = ["From", "X Y"]', /:5: .*headers\[1\]: "X Y" is no name of a header field/],
  ['headers = ["From", "a:b"]', /:5: .*"a:b" is no name/],
  ['headers = ["From", "a;b"]', /:5: .*"a;b" is no name/],
  ['headers = ["From", ""]', /:5: .*"" is no name/],
  ['headers = ["From", "Received"]', /:5: .*"Received" is a field that changes on the way/],
  ['expiration = "0s"', /:5: .*expiration: "0s" is too little: use at least "1h"/],
];
for (const [setting, message] of selectorFaults) {
  Deno.test(`checkDynamic() refuses a selector with ${setting}`, () => {
    const content = `
[domains."example.org".dkim]
[domains."example.org".dkim.selectors.a]
privateKeyFile = "a.key"
${setting}
`;
    assert.throws(() => readConfig(content, "domains.toml", dynamicSchema, checkDynamic), message);
  });
}

Deno.test("a selector may sign what it likes, From among it", () => {
  const content =
    '[domains."example.org".dkim.selectors.a]\nprivateKeyFile = "a.key"\nheaders = ["FROM", "X-A"]\n';
  const { domains } = readConfig(content, "domains.toml", dynamicSchema, checkDynamic);
  assert.deepEqual(domains["example.org"]?.dkim.selectors.a?.headers, ["FROM", "X-A"]);
});

Deno.test("exampleFile() is TOML when its settings are uncommented", () => {
  const example = exampleFile(staticSchema);
  assert.match(example, /# Largest message accepted/);
  assert.match(example, /# maxMessageBytes = "100MB" {2}\(size, as 100MB, default\)/);
  assert.match(example, /# \[listeners\.public\.smtp\]/);
});

Deno.test("the place of a fault is found whatever the keys are, and is not looked for for ever", () => {
  const named = `${good}[listeners."a\\"b]"]\nport = 0\n`;
  const lines = faults(named).map((fault) => /^mailden\.toml:(\d+): listeners\."a/.exec(fault)?.[1]);
  assert.deepEqual(lines, ["10", "10", "11"]);
  // No key, but it looks like the beginning of one, however it is cut.
  const text = `${good}x = """\n${"a".repeat(5000)}\n[${" ".repeat(5000)}\n"""\n`;
  assert.match(faults(text)[0] ?? "", /^mailden\.toml:10: listeners\.public\.imaps\.x: there is no setting/);
});

const accounts = `
[domains."example.org"]
quotaBytes = "1GB"
quotaMessages = 1000
[accounts.ann]
domain = "example.org"
[accounts.bob]
domain = "example.org"
quotaBytes = "5MB"
quotaMessages = 7
[domains."example.net"]
[accounts.cat]
domain = "example.net"
`;

Deno.test("an account without a quota has its domain's", () => {
  const config = readConfig(accounts, "domains.toml", dynamicSchema, checkDynamic);
  assert.deepEqual(quotaOf(config, "ann"), { maxBytes: 2 ** 30, maxMessages: 1000 });
  assert.deepEqual(quotaOf(config, "bob"), { maxBytes: 5 * 2 ** 20, maxMessages: 7 });
  assert.deepEqual(quotaOf(config, "cat"), { maxBytes: null, maxMessages: null });
  assert.deepEqual(quotaOf(config, "nobody"), { maxBytes: null, maxMessages: null });
});

for (
  const [what, content, pattern] of [
    ["a quota that is no count", accounts.replace("= 7", "= -7"), /quotaMessages: -7 is out of range/],
    [
      "an account with the name of everybody",
      accounts.replace("accounts.ann", "accounts.anyone"),
      /anyone: means/,
    ],
  ] as const
) {
  Deno.test(`readConfig() refuses ${what}`, () => {
    assert.throws(() => readConfig(content, "domains.toml", dynamicSchema, checkDynamic), pattern);
  });
}

Deno.test("readConfig() refuses an administrator's contact that is no address", () => {
  const with_ = (contact: string) => `adminContact = ${JSON.stringify(contact)}\n${good}`;
  assert.equal(readConfig(with_("tel:+1"), "x", staticSchema, checkStatic).adminContact, "tel:+1");
  assert.match(faults(with_("postmaster@example.org"))[0] ?? "", /adminContact: .* is none: write/);
});

Deno.test("an account hides extensions of IMAP that can be hidden, and no others", () => {
  const file = (hidden: string) =>
    `[domains."example.org"]\n[accounts.you]\ndomain = "example.org"\nhiddenCapabilities = ${hidden}\n`;
  const read = (hidden: string) => readConfig(file(hidden), "domains.toml", dynamicSchema, checkDynamic);
  assert.deepEqual(read('["NOTIFY", "IMAP4rev2"]').accounts["you"]?.hiddenCapabilities, [
    "NOTIFY",
    "IMAP4rev2",
  ]);
  assert.deepEqual(read("[]").accounts["you"]?.hiddenCapabilities, []);
  for (const wrong of ['["UIDPLUS"]', '["notify"]', '"NOTIFY"']) assert.throws(() => read(wrong), wrong);
});
