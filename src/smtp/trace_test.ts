import assert from "node:assert/strict";
import {
  type Hop,
  printDate,
  printDeliveredTo,
  printReceived,
  printReturnPath,
  protocolName,
} from "./trace.ts";

const hop: Hop = {
  from: { helo: "mx.example.net", name: null, address: "198.51.100.7" },
  by: { hostname: "mail.example.org", address: "2001:db8::1" },
  protocol: { extended: true, utf8: false, tls: true, authenticated: false },
  id: "sealed",
  tls: { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256" },
  requireTls: false,
  at: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
};

Deno.test("a Received field names both ends, protocol, id, TLS, recipient and time", () => {
  assert.equal(
    printReceived(hop, { local: "a b", domain: "bücher.example" }),
    "Received: from mx.example.net ([198.51.100.7])\r\n" +
      "\tby mail.example.org ([IPv6:2001:db8::1])\r\n" +
      "\tvia tcp with ESMTPS id sealed\r\n" +
      "\t(TLSv1.3 TLS_AES_128_GCM_SHA256)\r\n" +
      '\tfor <"a b"@xn--bcher-kva.example>;\r\n' +
      "\tFri, 2 Jan 2026 03:04:05 +0000\r\n",
  );
});

const named: [name: string, from: string][] = [
  ["host.example.net", "mx.example.net (host.example.net [198.51.100.7])"],
  ["bücher.example", "mx.example.net (xn--bcher-kva.example [198.51.100.7])"],
  ["a_b.example.net", "mx.example.net (a_b.example.net [198.51.100.7])"],
  // What may be in the DNS and not here.
  ["a\\)b.example.net", "mx.example.net ([198.51.100.7])"],
  ["a\r\nX: y.example", "mx.example.net ([198.51.100.7])"],
  ["a b.example.net", "mx.example.net ([198.51.100.7])"],
  ['"a".example.net', "mx.example.net ([198.51.100.7])"],
  ["198.51.100.7", "mx.example.net ([198.51.100.7])"],
  [`${"a".repeat(64)}.example.net`, "mx.example.net ([198.51.100.7])"],
];
for (const [name, from] of named) {
  Deno.test(`Received from a host that is called ${JSON.stringify(name.slice(0, 20))}`, () => {
    const sender = { helo: "mx.example.net", name, address: "198.51.100.7" };
    const [line] = printReceived({ ...hop, from: sender }, null).split("\r\n");
    assert.equal(line, `Received: from ${from}`);
  });
}

Deno.test("a user's address is not told, nor who else gets it", () => {
  const own: Hop = { ...hop, from: null, tls: null, protocol: { ...hop.protocol, authenticated: true } };
  assert.equal(
    printReceived(own, null),
    "Received: from mail.example.org\r\n\tby mail.example.org ([IPv6:2001:db8::1])\r\n" +
      "\tvia tcp with ESMTPSA id sealed;\r\n\tFri, 2 Jan 2026 03:04:05 +0000\r\n",
  );
});

Deno.test("UTF-8 stands in a trace field only where it was agreed on", () => {
  const utf8Hop: Hop = { ...hop, protocol: { ...hop.protocol, utf8: true } };
  assert.match(printReceived(utf8Hop, { local: "é", domain: "bücher.example" }), /for <é@bücher\.example>;/);
});

const names: [flags: string, name: string][] = [
  ["", "SMTP"],
  ["t", "SMTP"],
  ["e", "ESMTP"],
  ["et", "ESMTPS"],
  ["ea", "ESMTPA"],
  ["eta", "ESMTPSA"],
  ["eu", "UTF8SMTP"],
  ["euta", "UTF8SMTPSA"],
];
for (const [flags, name] of names) {
  Deno.test(`with ${name} (${flags})`, () => {
    const has = (flag: string) => flags.includes(flag);
    assert.equal(
      protocolName({ extended: has("e"), utf8: has("u"), tls: has("t"), authenticated: has("a") }),
      name,
    );
  });
}

Deno.test("sender and recipient, in A-labels unless UTF-8 was agreed on", () => {
  const address = { local: "a", domain: "bücher.example" };
  assert.equal(printReturnPath(null, { utf8: false }), "Return-Path: <>\r\n");
  assert.equal(printReturnPath(address, { utf8: false }), "Return-Path: <a@xn--bcher-kva.example>\r\n");
  assert.equal(printDeliveredTo(address, { utf8: true }), "Delivered-To: a@bücher.example\r\n");
});

Deno.test("dates are as mail writes them", () => {
  assert.equal(printDate(0), "Thu, 1 Jan 1970 00:00:00 +0000");
  assert.equal(printDate(Date.UTC(2026, 10, 30, 23, 59, 59)), "Mon, 30 Nov 2026 23:59:59 +0000");
});
