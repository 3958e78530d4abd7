/**
 * The signed messages in the appendices of DKIM's standards.
 *
 * @module
 */
import assert from "node:assert/strict";
import { latin1 } from "../../src/base/bytes.ts";
import { DkimVerifier } from "../../src/dkim/verifier.ts";
import { txt, type Zone, ZoneResolver } from "../../src/dns/testing/zone_resolver.ts";

const zone: Zone = {
  // RFC 8463 A.2
  "brisbane._domainkey.football.example.com": {
    records: { TXT: txt("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=") },
  },
  "test._domainkey.football.example.com": {
    records: {
      TXT: txt(
        "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR" +
          "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC" +
          "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3" +
          "Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
      ),
    },
  },
  // RFC 6376 C, for the domain of A.2
  "brisbane._domainkey.example.com": {
    records: {
      TXT: txt(
        "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQ" +
          "KBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt" +
          "IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v" +
          "/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhi" +
          "tdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB",
      ),
    },
  },
};

async function verify(lines: readonly string[]) {
  const verifier = new DkimVerifier({ resolver: new ZoneResolver(zone), now: Date.UTC(2018, 5, 11) });
  verifier.write(latin1(`${lines.join("\r\n")}\r\n`));
  return await verifier.finish();
}

Deno.test("RFC 8463 A.3: Ed25519 and RSA side by side", async () => {
  const results = await verify([
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;",
    " d=football.example.com; i=@football.example.com;",
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :",
    " subject : date : message-id : from : subject : date;",
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus",
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==",
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;",
    " d=football.example.com; i=@football.example.com;",
    " q=dns/txt; s=test; t=1528637909; h=from : to : subject :",
    " date : message-id : from : subject : date;",
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
    " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3",
    " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz",
    " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=",
    "From: Joe SixPack <joe@football.example.com>",
    "To: Suzie Q <suzie@shopping.example.net>",
    "Subject: Is dinner ready?",
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)",
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>",
    "",
    "Hi.",
    "",
    "We lost the game.  Are you hungry yet?",
    "",
    "Joe.",
  ]);
  assert.deepEqual(results.map(({ status, keyBits }) => [status, keyBits]), [["pass", 256], ["pass", 1024]]);
});

/** As RFC 6376 erratum 4926 has it: folded lines begin with six spaces. One space ends a sentence. */
const rfc6376 = [
  "DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;",
  "      c=simple/simple; q=dns/txt; i=joe@football.example.com;",
  "      h=Received : From : To : Subject : Date : Message-ID;",
  "      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
  "      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB",
  "      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut",
  "      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV",
  "      4bmp/YzhwvcubU4=;",
  "Received: from client1.football.example.com  [192.0.2.1]",
  "      by submitserver.example.com with SUBMISSION;",
  "      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)",
  "From: Joe SixPack <joe@football.example.com>",
  "To: Suzie Q <suzie@shopping.example.net>",
  "Subject: Is dinner ready?",
  "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)",
  "Message-ID: <20030712040037.46341.5F8J@football.example.com>",
  "",
  "Hi.",
  "",
  "We lost the game. Are you hungry yet?",
  "",
  "Joe.",
];

Deno.test("RFC 6376 A.2: simple canonicalization, a signature for a subdomain", async () => {
  const [result] = await verify(rfc6376);
  assert.equal(result?.status, "pass", result?.why);
  assert.equal(result?.signature?.identity, "joe@football.example.com");
});

Deno.test("RFC 6376 A.3: fields in front do not matter", async () => {
  const [result] = await verify([
    "X-Authentication-Results: shopping.example.net",
    "      header.from=joe@football.example.com; dkim=pass",
    "Received: from mout23.football.example.com (192.168.1.1)",
    "      by shopping.example.net with SMTP;",
    "      Fri, 11 Jul 2003 21:01:59 -0700 (PDT)",
    ...rfc6376,
  ]);
  assert.equal(result?.status, "pass", result?.why);
});

Deno.test("RFC 6376 A.2 as it was printed does not verify: the simple form minds each space", async () => {
  const [result] = await verify(rfc6376.map((line) => line.replace(/^ {6}/, "     ")));
  assert.equal(result?.status, "fail");
});
