import assert from "node:assert/strict";
import { parseIp } from "../base/ip_address.ts";
import type { SpfResult } from "./check_host.ts";
import { type CheckedIdentity, printReceivedSpf } from "./received_spf.ts";

const result: SpfResult = {
  status: "pass",
  domain: "example.org",
  mechanism: "ip4:192.0.2.1",
  explanation: null,
  security: "secure",
  lookups: 0,
  why: "ip4:192.0.2.1 of example.org matches",
};
const ip = parseIp("192.0.2.1") ?? assert.fail();
const checked: CheckedIdentity = {
  identity: "mailfrom",
  ip,
  from: "a@example.org",
  helo: "mx.example.org",
  receiver: "here.example",
};

Deno.test("Received-SPF tells what was checked and with which result", () => {
  assert.equal(
    printReceivedSpf(result, checked),
    "Received-SPF: pass (example.org; with dnssec)\r\n\tidentity=mailfrom;\r\n\tclient-ip=192.0.2.1;\r\n" +
      '\tenvelope-from="a@example.org";\r\n\thelo=mx.example.org;\r\n\treceiver=here.example;\r\n' +
      '\tmechanism="ip4:192.0.2.1";\r\n',
  );
});

Deno.test("Received-SPF of an error has its problem, and nothing of the null sender", () => {
  const field = printReceivedSpf(
    { ...result, status: "temperror", mechanism: null, security: "bogus", why: "no answer" },
    { ...checked, identity: "helo", from: null },
  );
  assert.match(field, /^Received-SPF: temperror \(example\.org; without dnssec\)/);
  assert.match(field, /\tproblem="no answer";\r\n$/);
  assert.doesNotMatch(field, /envelope-from|mechanism/);
});

Deno.test("what a stranger chose can neither end the field nor its parts", () => {
  const field = printReceivedSpf({ ...result, domain: "a) b(c\\\r\nX: y" }, {
    ...checked,
    from: 'a"; identity=helo\r\nX-Evil: 1\u2028@example.org',
    helo: "x".repeat(5000),
  });
  assert.match(field, /pass \(a\\\) b\\\(c\\\\\?\?X: y; with dnssec\)\r\n/);
  assert.match(field, /envelope-from="a\\"; identity=helo\?\?X-Evil: 1\?@example\.org";/);
  for (const line of field.split("\r\n").slice(1, -1)) assert.ok(line.startsWith("\t") && line.length < 998);
});

Deno.test("domains stand in A-labels, unless the local part needs UTF-8 anyway", () => {
  const named = { ...checked, helo: "bücher.example", receiver: "hier.bücher.example" };
  const field = printReceivedSpf({ ...result, domain: "bücher.example" }, {
    ...named,
    from: "a@bücher.example",
  });
  assert.match(field, /^[\x00-\x7f]+$/);
  assert.match(field, /envelope-from="a@xn--bcher-kva\.example";\r\n\thelo=xn--bcher-kva\.example;/);
  assert.match(
    printReceivedSpf(result, { ...named, from: "jürgen@bücher.example" }),
    /"jürgen@bücher\.example"/,
  );
});

Deno.test("IPv6 addresses are quoted, as they are no dot-atom", () => {
  const field = printReceivedSpf(result, { ...checked, ip: parseIp("2001:db8::1") ?? assert.fail() });
  assert.match(field, /\tclient-ip="2001:db8::1";\r\n/);
});
