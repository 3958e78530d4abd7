/**
 * Messages for tests, by name.
 *
 * @module
 */

const lines = (...all: readonly string[]) => all.map((line) => `${line}\r\n`).join("");

export const messages: Readonly<Record<string, string>> = {
  plain: lines(
    "From: Ann <ann@example.net>",
    "To: mjl@example.org",
    "Subject: plain words",
    "Date: Mon, 7 Feb 1994 21:52:25 -0800",
    "Message-ID: <plain@example.net>",
    "",
    "Hello Bob.",
  ),
  short: lines("Subject: short", "", "x"),
  folded: lines(
    "From: Ann <ann@example.net>",
    "Subject: a subject",
    "\tthat is folded",
    "X-Other: 1",
    "subject: twice",
    "",
    "text",
  ),
  latin: lines(
    "From: =?utf-8?q?J=C3=B6rg?= <joerg@example.net>",
    "Subject: =?iso-8859-1?q?Gr=FC=DFe?=",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: quoted-printable",
    "",
    "caf=C3=A9 und =",
    "mehr",
  ),
  mixed: lines(
    "From: ann@example.net",
    "Subject: mixed",
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="b1"',
    "",
    "preamble",
    "--b1",
    "Content-Type: text/plain",
    "",
    "first part",
    "--b1",
    "Content-Type: application/octet-stream",
    "Content-Transfer-Encoding: base64",
    "",
    "AAECAwQ=",
    "--b1",
    "Content-Type: message/rfc822",
    "",
    "Subject: inner",
    "From: eve@example.com",
    "",
    "inner text",
    "--b1",
    "Content-Type: text/plain",
    "Content-Transfer-Encoding: x-odd",
    "",
    "odd",
    "--b1--",
    "epilogue",
  ),
};
