import assert from "node:assert/strict";
import { type Bytes, fromUtf8, latin1, utf8 } from "../../base/bytes.ts";
import { readConfig } from "../../config/load.ts";
import { submitSchema } from "../../config/submit_config.ts";
import { readSendmailArguments } from "./arguments.ts";
import { SendFailure } from "./exit_codes.ts";
import { addressText, maxRecipients, prepareSubmission, type Submission } from "./outgoing_message.ts";

const occasion = { now: Date.UTC(2026, 10, 21, 15, 30), offsetMinutes: 60, id: "abc123" };
const least = 'host = "mail.example.org"\nfrom = "ann@example.org"\n';

function prepare(message: string | Bytes, args: string, more = ""): Submission {
  const config = readConfig(least + more, "x.toml", submitSchema);
  const input = typeof message === "string" ? utf8(message) : message;
  return prepareSubmission(input, readSendmailArguments(args.split(" ")), config, occasion);
}

const date = "Date: Sat, 21 Nov 2026 16:30:00 +0100\r\n";
const id = "Message-ID: <abc123@example.org>\r\n";

const texts: [title: string, message: string, args: string, more: string, sent: string][] = [
  [
    "a body alone gets a header",
    "hello\n",
    "bob@example.net",
    "",
    `${date}${id}To: bob@example.net\r\nFrom: ann@example.org\r\n\r\nhello\r\n`,
  ],
  [
    "what is there stays as it is",
    "Date: x\r\nMessage-ID: <y>\nFrom: Ann <ann@example.org>\nTo: z\nX: 1\n\t2\n\nhello\rcr\n",
    "bob@example.net",
    "",
    "Date: x\r\nMessage-ID: <y>\r\nFrom: Ann <ann@example.org>\r\nTo: z\r\nX: 1\r\n\t2\r\n\r\nhello\r\ncr\r\n",
  ],
  [
    "cron's author becomes one who may send, and his name stays",
    "From: root (Cron Daemon)\nTo: root\nSubject: job\nSender: root@machine\n\n",
    "-i root",
    'localRecipient = "ann@example.org"\n',
    `${date}${id}From: Cron Daemon <ann@example.org>\r\nTo: root\r\nSubject: job\r\n\r\n`,
  ],
  [
    "an author without a name is named by his address",
    "From: www-data@machine\nTo: x\n\n",
    "bob@example.net",
    "",
    `${date}${id}From: "www-data@machine" <ann@example.org>\r\nTo: x\r\n\r\n`,
  ],
  [
    "-F names an author of whom nothing is said",
    "To: x\n\n",
    "-FJob bob@example.net",
    "",
    `${date}${id}From: Job <ann@example.org>\r\nTo: x\r\n\r\n`,
  ],
  [
    "keepFrom leaves the author",
    "From: www-data@machine\nSender: x@y\nTo: x\n\n",
    "bob@example.net",
    "keepFrom = true\n",
    `${date}${id}From: www-data@machine\r\nSender: x@y\r\nTo: x\r\n\r\n`,
  ],
  [
    "Bcc, and where a copy was kept, are nobody's business",
    "X-Not-Submitted: because\nBcc: eve@example.net,\n  bob@example.net\nReturn-Path: <x>\nTo: x\nFrom: ann@example.org\n\n",
    "-i bob@example.net",
    "",
    `${date}${id}To: x\r\nFrom: ann@example.org\r\n\r\n`,
  ],
  [
    "a line with a dot ends the message",
    "To: x\nFrom: ann@example.org\n\none\n..\n.two\n.\nthree\n",
    "bob@example.net",
    "",
    `${date}${id}To: x\r\nFrom: ann@example.org\r\n\r\none\r\n..\r\n.two\r\n`,
  ],
  [
    "but not with -i",
    "To: x\nFrom: ann@example.org\n\none\n.\nthree\n",
    "-i bob@example.net",
    "",
    `${date}${id}To: x\r\nFrom: ann@example.org\r\n\r\none\r\n.\r\nthree\r\n`,
  ],
  [
    "an mbox's first line goes",
    "From ann Sat Nov 21 16:30:00 2026\nTo: x\nFrom: ann@example.org\n\none\n",
    "bob@example.net",
    'requireTls = "no"\n',
    `${date}${id}TLS-Required: No\r\nTo: x\r\nFrom: ann@example.org\r\n\r\none\r\n`,
  ],
  [
    "also behind the field that says why it was kept",
    "X-Not-Submitted: x\r\nFrom ann Sat Nov 21 16:30:00 2026\nTo: x\nFrom: ann@example.org\n\none\n",
    "bob@example.net",
    "",
    `${date}${id}To: x\r\nFrom: ann@example.org\r\n\r\none\r\n`,
  ],
  [
    "several recipients are not told of each other",
    "hello\n",
    "bob@example.net eve@example.net",
    "",
    `${date}${id}From: ann@example.org\r\n\r\nhello\r\n`,
  ],
  [
    "nothing at all",
    "",
    "bob@example.net",
    "",
    `${date}${id}To: bob@example.net\r\nFrom: ann@example.org\r\n\r\n`,
  ],
];
for (const [title, message, args, more, sent] of texts) {
  Deno.test(`sendmail: ${title}`, () => {
    assert.equal(fromUtf8(prepare(message, args, more).message), sent);
  });
}

const header =
  "From: ann@example.org\nTo: Bob <bob@example.net>, team: eve@example.net, bob@EXAMPLE.net;\nBcc: x@example.com\n" +
  'Cc:\n "o d d"@example.com\n\nTo: no@example.com\n';
const envelopes: [title: string, args: string, more: string, from: string, to: string[]][] = [
  ["-t", "-t", "", "ann@example.org", [
    "bob@example.net",
    "eve@example.net",
    "x@example.com",
    '"o d d"@example.com',
  ]],
  ["arguments beside -t", "-t carl@example.com", "", "ann@example.org", [
    "carl@example.com",
    "bob@example.net",
    "eve@example.net",
    "x@example.com",
    '"o d d"@example.com',
  ]],
  ["arguments alone", "bob@example.net,eve@example.net <x@example.com>", "", "ann@example.org", [
    "bob@example.net",
    "eve@example.net",
    "x@example.com",
  ]],
  ["-f is not believed", "-f root@machine bob@example.net", "", "ann@example.org", ["bob@example.net"]],
  ["-f with keepFrom", "-f bounces@example.org bob@example.net", "keepFrom = true\n", "bounces@example.org", [
    "bob@example.net",
  ]],
  [
    "-f root, as cron says, with keepFrom",
    "-f root bob@example.net",
    "keepFrom = true\n",
    "ann@example.org",
    [
      "bob@example.net",
    ],
  ],
  ["-f <> with keepFrom", "-f <> bob@example.net", "keepFrom = true\n", "<>", ["bob@example.net"]],
];
for (const [title, args, more, from, to] of envelopes) {
  Deno.test(`sendmail's envelope: ${title}`, () => {
    const submission = prepare(header, args, more);
    assert.equal(addressText(submission.from), from);
    assert.deepEqual(submission.recipients.map(addressText), to);
  });
}

Deno.test("a message that is sent on goes to those it is sent on to", () => {
  const { recipients } = prepare("Resent-To: a@example.net\nTo: b@example.net\n\n", "-t");
  assert.deepEqual(recipients.map(addressText), ["a@example.net"]);
});

Deno.test("octets above 127 are told, and a header with them needs SMTPUTF8", () => {
  const flags = ({ eightBit, smtpUtf8 }: Submission) => [eightBit, smtpUtf8];
  assert.deepEqual(flags(prepare("To: x\n\nhello\n", "b@example.net")), [false, false]);
  assert.deepEqual(flags(prepare("To: x\n\nhällo\n", "b@example.net")), [true, false]);
  assert.deepEqual(flags(prepare("Subject: hällo\n\n", "b@example.net")), [true, true]);
  assert.deepEqual(flags(prepare("To: x\n\n", "ö@example.net")), [false, true]);
  // Old programs write Latin-1: no other server needs to know UTF-8 to take that, and it would not be any.
  const latin = prepare(latin1("Subject: h\xe4llo\n\n"), "b@example.net");
  assert.deepEqual([...flags(latin), latin.message.includes(0xe4)], [true, false, true]);
  const { message } = prepare("From: Jörg <j@machine>\nTo: x\n\nhällo\n", "b@example.net");
  assert.match(fromUtf8(message), /^From: =\?utf-8\?[^ ]+\?= <ann@example\.org>\r$/mi);
  assert.match(fromUtf8(message), /hällo/);
});

const lists: [list: string, to: string[]][] = [
  ["bob@example.net; eve@example.net", ["bob@example.net", "eve@example.net"]],
  ["bob@example.net <bob@example.net>, eve@example.net", ["bob@example.net", "eve@example.net"]],
  ["shop@example.com <bob@example.net>", ["bob@example.net"]],
  ['"a@b, <c@d>" <bob@example.net> (or e@f)', ["bob@example.net"]],
  ['"b@b"@example.net, <@a.example,@b.example:bob@example.net>', ['"b@b"@example.net', "bob@example.net"]],
  ["undisclosed-recipients:;, bob@example.net", ["bob@example.net"]],
];
for (const [list, to] of lists) {
  Deno.test(`sendmail -t reads ${list}`, () => {
    assert.deepEqual(prepare(`To: ${list}\n\n`, "-t").recipients.map(addressText), to);
  });
}

const many = Array.from({ length: maxRecipients + 1 }, (_, i) => `u${i}@example.net`).join(",");
const refused: [title: string, message: string, args: string, code: number, error: RegExp][] = [
  ["no recipients", "hello", "-i", 64, /say who shall get it, or -t/],
  ["no recipients in the header", "Subject: x\n\n", "-t", 65, /has no recipients in To, Cc and Bcc/],
  ["a name without domain", "hello", "root", 65, /'root' has no domain: set localRecipient/],
  ["an address that is none", "hello", "bob@exa_mple..net", 65, /is no address/],
  [
    "an address without a comma",
    "To: bob@example.net eve@example.net\n\n",
    "-t",
    65,
    /with commas between them$/,
  ],
  [
    "half an address",
    "To: bob@, eve@example.net\n\n",
    "-t",
    65,
    /^'bob@, eve@example.net' is no list of addresses/,
  ],
  [
    "an address with two signs",
    "hello",
    "bob@@example.net",
    65,
    /^'bob@@example.net' is no list of addresses/,
  ],
  ["a sender that is no address", "hello", "-f root@ bob@example.net", 64, /-f: 'root@' is no address/],
  ["too many recipients", `To: ${many}\n\n`, "-t", 65, /more than 5000 recipients/],
];
for (const [title, message, args, code, error] of refused) {
  Deno.test(`sendmail refuses ${title}`, () => {
    assert.throws(
      () => prepare(message, args, "keepFrom = true\n"),
      (thrown) => thrown instanceof SendFailure && thrown.code === code && error.test(thrown.message),
    );
  });
}
