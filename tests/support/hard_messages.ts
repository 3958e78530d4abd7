/**
 * Messages that somebody made to be hard to read: deep, wide, long, without structure.
 *
 * @module
 */
import { MiB } from "../../src/base/bytes.ts";

const octets = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1)).filter((c) =>
  !/[\r\n]/.test(c)
).join("");

const boundaryLine = (i: number, end = "") => `--b${i}${end}\r\n`;

/** By name; each is made when it is wanted, and ends with CRLF. A character is an octet. */
export const hardMessages: [what: string, make: () => string][] = [
  [
    "1000 multiparts, each in the other",
    () => {
      const depth = Array.from({ length: 1000 }, (_, i) => i);
      const open = depth.map((i) =>
        `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n${boundaryLine(i)}`
      );
      return `${open.join("")}\r\ndeep\r\n${depth.toReversed().map((i) => boundaryLine(i, "--")).join("")}`;
    },
  ],
  [
    "1000 messages, each in the other",
    () => "Content-Type: message/rfc822\r\n\r\n".repeat(1000) + "Subject: last\r\n\r\ndeep\r\n",
  ],
  [
    "messages in messages, each with many parts",
    () => {
      let inner = "Subject: inmost\r\n\r\nx\r\n";
      for (let i = 0; i < 40; i++) {
        const part = `Content-Type: message/rfc822\r\n\r\n${inner}\r\n`;
        const copies = i % 4 === 0 ? 2 : 1;
        inner = `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n${
          `${boundaryLine(i)}${part}`.repeat(copies)
        }${boundaryLine(i, "--")}`;
      }
      return inner;
    },
  ],
  [
    "100,000 addresses in To",
    () =>
      `To: ${
        Array.from({ length: 100_000 }, (_, i) => `"N, ${i}" <a${i}@x.example>`).join(",\r\n ")
      }\r\n\r\nx\r\n`,
  ],
  ["a line of 20 MB", () => `Subject: long\r\n\r\n${"x".repeat(20 * MiB)}\r\n`],
  ["a header field of 5 MB", () => `Subject: ${"x".repeat(5 * MiB)}\r\n\r\nx\r\n`],
  [
    "20,000 header fields",
    () => `${Array.from({ length: 20_000 }, (_, i) => `X-${i}: y\r\n`).join("")}\r\nx\r\n`,
  ],
  [
    "50,000 parts",
    () =>
      `Content-Type: multipart/mixed; boundary=b0\r\n\r\n${
        `${boundaryLine(0)}\r\n`.repeat(50_000)
      }--b0--\r\n`,
  ],
  [
    "a boundary of its own prefix",
    () => `Content-Type: multipart/mixed; boundary="${"-".repeat(70)}"\r\n\r\n${"-".repeat(2 * MiB)}\r\n`,
  ],
  [
    "deep comments in addresses",
    () => `From: ${"(".repeat(100_000)}a@x.example${")".repeat(100_000)}\r\n\r\nx\r\n`,
  ],
  ["many groups", () => `To: ${"g:;,".repeat(50_000)} a@x.example\r\n\r\nx\r\n`],
  ["many parameters", () => `Content-Type: text/plain${";\r\n a*0*=''x".repeat(20_000)}\r\n\r\nx\r\n`],
  ["many encoded words", () => `Subject:${"\r\n =?utf-8?B?4pyT?=".repeat(50_000)}\r\n\r\nx\r\n`],
  ["references by the thousand", () => `References:${" <a@x>".repeat(100_000)}\r\n\r\nx\r\n`],
  ["no header at all", () => "\r\n".repeat(1000)],
  ["no colon anywhere", () => `${"nothing of the kind\r\n".repeat(1000)}`],
  [
    "every octet but CR and LF",
    () => `Subject: ${octets}\r\n${octets}: x\r\nContent-Type: ${octets}\r\n\r\n${octets}\r\n`,
  ],
];
