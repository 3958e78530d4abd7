import assert from "node:assert/strict";
import { readSendmailArguments, type SendmailArguments } from "./arguments.ts";
import { SendFailure } from "./exit_codes.ts";

const nothing: SendmailArguments = {
  smtp: false,
  recipients: [],
  fromHeader: false,
  sender: null,
  fullName: null,
  keepDots: false,
  notify: null,
  ret: null,
  envid: null,
  configFile: null,
};

const accepted: [line: string, read: Partial<SendmailArguments>][] = [
  ["bob@example.net eve", { recipients: ["bob@example.net", "eve"] }],
  ["-t", { fromHeader: true }],
  ["-ti", { fromHeader: true, keepDots: true }],
  ["-t -oi", { fromHeader: true, keepDots: true }], // PHP
  ["-i -t -f ann@example.org", { fromHeader: true, keepDots: true, sender: "ann@example.org" }],
  ["-fann@example.org bob@x.example", { sender: "ann@example.org", recipients: ["bob@x.example"] }],
  ["-f <> bob@x.example", { sender: "", recipients: ["bob@x.example"] }],
  ["-r ann@example.org", { sender: "ann@example.org" }],
  ["-FCronDaemon -odi -oem root", { fullName: "CronDaemon", recipients: ["root"] }], // cron
  ["-FCronDaemon -i -B8BITMIME -oem root", { fullName: "CronDaemon", keepDots: true, recipients: ["root"] }],
  ["-o i -bm -- -odd@x.example", { keepDots: true, recipients: ["-odd@x.example"] }],
  ["-N never -R hdrs -V abc", { notify: "NEVER", ret: "HDRS", envid: "abc" }],
  ["-Ndelay,failure", { notify: ["FAILURE", "DELAY"] }],
  ["-C /etc/other.toml -h 3 -Ltag -v -Am", { configFile: "/etc/other.toml" }],
  ["-bs -i", { smtp: true, keepDots: true }],
  ["-", { recipients: ["-"] }],
];
for (const [line, read] of accepted) {
  Deno.test(`sendmail ${line}`, () => {
    assert.deepEqual(readSendmailArguments(line.split(" ")), { ...nothing, ...read });
  });
}

const refused: [line: string, error: RegExp][] = [
  ["-bv", /^-bv: this sendmail only hands messages in/],
  ["-bp", /'mailden queue list'/],
  ["-q", /there is no queue here/],
  ["-q30m", /there is no queue here/],
  ["-f", /-f needs a value/],
  ["-k", /there is no option -k/],
  ["--json", /there is no option --/],
  ["-N sometimes", /-N is never, or some of/],
  ["-N never,delay", /-N is never/],
  ["-R some", /-R is full or hdrs/],
];
for (const [line, message] of refused) {
  Deno.test(`sendmail refuses ${line}`, () => {
    assert.throws(
      () => readSendmailArguments(line.split(" ")),
      (error) => error instanceof SendFailure && error.code === 64 && message.test(error.message),
    );
  });
}
