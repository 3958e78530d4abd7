/**
 * What verifying a signature costs, beside the least that anyone could do: hash the body once, verify RSA once.
 *
 * Messages of 50 KB, a key of 2048 bits, chunks as they come off a TLS connection. Under `deno bench` in pairs;
 * as a program (`deno run -A src/dkim/verify_bench.ts`) with each pair interleaved in one process, as ratios of
 * CPU time, the best of many: the relaxed form of plain text should stay below 1.5.
 *
 * @module
 */
import { createHash, generateKeyPairSync, sign, verify } from "node:crypto";
import process from "node:process";
import { type Bytes, concat, KiB, utf8 } from "../base/bytes.ts";
import { txt, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { recordOf } from "./keys.ts";
import { KeyCache } from "./public_key.ts";
import { bodyHasherFor, type Signer, signMessage } from "./sign.ts";
import type { Canonicalization } from "./signature.ts";
import { DkimVerifier } from "./verifier.ts";

const size = 50 * KiB;
const chunkOctets = 16 * KiB;
const now = Date.UTC(2026, 0, 1);

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const resolver = new ZoneResolver({
  "s1._domainkey.example.org": { records: { TXT: txt(recordOf(privateKey)) } },
});
const keys = new KeyCache();

const header = utf8(
  [
    "Received: from mail.example.org (mail.example.org [192.0.2.1])",
    "\tby mx.example.net (mailden) with ESMTPS id 0123456789 for <b@example.net>;",
    "\tFri, 21 Nov 2025 09:55:06 +0000",
    'From: "J. Example" <a@example.org>',
    "To: =?utf-8?q?J=C3=BCrgen?= <b@example.net>, c@example.net",
    "Subject: Re: [list] =?utf-8?q?Gr=C3=BC=C3=9Fe?= from here",
    "Date: Fri, 21 Nov 2025 10:55:05 +0100",
    "Message-ID: <20251121095505.1234@example.org>",
    "References: <20251119095505.1@example.net> <20251120095505.1234@example.net>",
    "MIME-Version: 1.0",
    'Content-Type: multipart/alternative; boundary="=_0123456789abcdef"',
    "",
  ].join("\r\n"),
);

const bodies: Readonly<Record<string, string>> = {
  text: "This is a line of text, as people write them when they write to each other.\r\n",
  base64: `${"QUJDREVG".repeat(9)}QUJD\r\n`,
  "indented HTML": '      <td class="a">\r\n        Some text, not long  \r\n      </td>\r\n',
  "spaces and tabs": "a  b\tc   d \t e\r\n",
};

interface Case {
  readonly name: string;
  readonly message: Bytes;
  readonly least: () => void;
  readonly ours: () => Promise<void>;
}

function benchCase(kind: string, line: string, form: Canonicalization): Case {
  const body = utf8(line.repeat(Math.ceil(size / line.length)).slice(0, size));
  const signer: Signer = {
    domain: "example.org",
    selector: "s1",
    key: privateKey,
    headerCanonicalization: form,
    bodyCanonicalization: form,
  };
  const hasher = bodyHasherFor([signer]);
  hasher.write(body);
  hasher.finish();
  const field = signMessage({ header, body: hasher, signers: [signer], now }).join("");
  const message = concat([utf8(field), header, utf8("\r\n"), body]);
  const signed = header.subarray(0, 1000);
  const signature = sign("sha256", signed, privateKey);
  return {
    name: `${form}, ${kind}`,
    message,
    least: () => {
      createHash("sha256").update(body).digest();
      verify("sha256", signed, publicKey, signature);
    },
    ours: async () => {
      const verifier = new DkimVerifier({ resolver, now, keys });
      for (let at = 0; at < message.length; at += chunkOctets) {
        verifier.write(message.subarray(at, at + chunkOctets));
      }
      const [result] = await verifier.finish();
      if (result?.status !== "pass") throw new Error(result?.why);
    },
  };
}

const cases = (["relaxed", "simple"] as const).flatMap((form) =>
  Object.entries(bodies).map(([kind, line]) => benchCase(kind, line, form))
);

for (const { name, least, ours } of cases) {
  Deno.bench({ name: `${name}: one hash, one verification`, group: name, baseline: true, fn: least });
  Deno.bench({ name: `${name}: DkimVerifier`, group: name, fn: async () => await ours() });
}

/** Microseconds of CPU for one call. */
async function cost(fn: () => void | Promise<void>, calls: number): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < calls; i++) await fn();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

if (import.meta.main) {
  const [rounds, calls] = [40, 50];
  for (const { name, least, ours } of cases) {
    let [bestLeast, bestOurs] = [Infinity, Infinity];
    for (let round = 0; round < rounds; round++) {
      bestLeast = Math.min(bestLeast, await cost(least, calls));
      bestOurs = Math.min(bestOurs, await cost(ours, calls));
    }
    const ratio = (bestOurs / bestLeast).toFixed(2);
    // deno-lint-ignore no-console
    console.log(`${name}: ${bestOurs.toFixed(0)} µs, ${ratio} of the least (${bestLeast.toFixed(0)} µs)`);
  }
}
