/**
 * What indexing costs: `deno bench src/message/indexer_bench.ts`. It is on the way of every message.
 *
 * @module
 */
import { concat, KiB, latin1, MiB } from "../base/bytes.ts";
import { Indexer } from "./indexer.ts";

const chunkOctets = 64 * KiB;

/** A message of about 2 KB as most are: trace fields, a signature, a text in two forms. */
const small = latin1(
  [
    "Received: from mail.example.org (mail.example.org [192.0.2.1])",
    "\tby mx.example.net (mailden) with ESMTPS id 0123456789 for <b@example.net>;",
    "\tFri, 21 Nov 2025 09:55:06 +0000",
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=2025a;",
    `\th=from:to:subject:date:message-id; bh=${"A".repeat(43)}=;`,
    `\tb=${"B".repeat(70)}`,
    `\t ${"C".repeat(70)}`,
    'From: "J. Example" <a@example.org>',
    "To: =?utf-8?q?J=C3=BCrgen?= <b@example.net>, c@example.net",
    "Cc: Someone Else <d@example.com>",
    "Subject: Re: [list] =?utf-8?q?Gr=C3=BC=C3=9Fe?= from here",
    "Date: Fri, 21 Nov 2025 10:55:05 +0100",
    "Message-ID: <20251121095505.1234@example.org>",
    "In-Reply-To: <20251120095505.1234@example.net>",
    "References: <20251119095505.1@example.net> <20251120095505.1234@example.net>",
    "MIME-Version: 1.0",
    'Content-Type: multipart/alternative; boundary="=_0123456789abcdef"',
    "",
    "--=_0123456789abcdef",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: quoted-printable",
    "",
    ...Array<string>(6).fill(
      "This is a line of text, as people write them when they write to each =E2=80=A6",
    ),
    "--=_0123456789abcdef",
    "Content-Type: text/html; charset=utf-8",
    "Content-Transfer-Encoding: quoted-printable",
    "",
    ...Array<string>(6).fill("<p>This is a line of text, as people write them when they write =E2=80=A6</p>"),
    "--=_0123456789abcdef--",
    "",
  ].join("\r\n"),
);

const attachment = large("base64", `${"QUJD".repeat(19)}\r\n`);
const text = large(
  "8bit",
  "A line of text - as people write them - with a few hyphens in it, and - one more.\r\n",
);
const quoted = large(
  "quoted-printable",
  "A line of text as people write them, with =C3=A4 letter in it that is not ASCII =\r\n",
);
const hyphens = large("7bit", "--a\r\n-b\r\n");

function large(encoding: string, line: string): Uint8Array {
  const head = "Subject: large\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" +
    `Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`;
  const lines = latin1(line.repeat(Math.ceil(8 * MiB / line.length)));
  return concat([latin1(head), lines, latin1("--b--\r\n")]);
}

function index(message: Uint8Array): number {
  const indexer = new Indexer();
  for (let at = 0; at < message.length; at += chunkOctets) {
    indexer.write(message.subarray(at, at + chunkOctets));
  }
  return indexer.end().size;
}

Deno.bench(`small message, ${small.length} octets`, () => {
  index(small);
});
Deno.bench("8 MiB of base64", () => {
  index(attachment);
});
Deno.bench("8 MiB of text", () => {
  index(text);
});
Deno.bench("8 MiB of quoted-printable", () => {
  index(quoted);
});
Deno.bench("8 MiB of hyphens", () => {
  index(hyphens);
});
