import assert from "node:assert/strict";
import type { Counts, Status } from "../accounts/status.ts";
import { examples, type LocalPage, localPage } from "./local_page.ts";

const shown: LocalPage = {
  version: "1.2.3",
  folder: "/home/<me>/m",
  services: [
    { name: "SMTP", address: "127.0.0.1", port: 1025, security: "none", use: "mail" },
    { name: "IMAP", address: "::1", port: 1143, security: "none", use: "reading" },
  ],
  login: "mailden@localhost",
  password: "maildenmailden",
  adminPassword: "maildenadmin",
  hosts: ["localhost"],
};

const counts: Counts = { accounts: 1, messages: 3, unseen: 2, bytes: 9, commit: 5, walBytes: 0 };

class FakeStatus implements Status {
  ended = 0;
  counts(): Promise<Counts> {
    return Promise.resolve(counts);
  }
  metrics(): Promise<string> {
    return Promise.resolve("");
  }
  keyRecords(): Promise<readonly []> {
    return Promise.resolve([]);
  }
  async *watch(): AsyncIterable<Counts> {
    try {
      for (let n = 0;; n++) yield { ...counts, messages: n };
    } finally {
      this.ended++;
    }
  }
}

const request = (path: string, init: RequestInit = {}) =>
  new Request(`http://localhost${path}`, { headers: { host: "localhost:1080" }, ...init });

Deno.test("the page shows services, passwords and counts, escaped, without inline scripts", async () => {
  const answer = await localPage(shown, new FakeStatus())(request("/"));
  const text = await answer.text();
  assert.match(text, /<b id="messages">3<\/b>/);
  assert.match(text, /<td>1143<\/td>/);
  assert.match(text, /&#60;me&#62;/);
  assert.doesNotMatch(text, /<script>| on\w+="| style="/);
});

const answers: [title: string, request: Request, status: number][] = [
  ["another host name", request("/", { headers: { host: "evil.example" } }), 421],
  ["a request that changes things", request("/", { method: "POST" }), 405],
  ["an unknown page", request("/x"), 404],
  ["the style", request("/page.css"), 200],
  ["the script", request("/page.js"), 200],
];
for (const [title, asked, status] of answers) {
  Deno.test(`the page answers ${status} to ${title}`, async () => {
    const answer = await localPage(shown, new FakeStatus())(asked);
    await answer.body?.cancel();
    assert.equal(answer.status, status);
  });
}

Deno.test("live counts stop when the page is closed, and too many pages get none", async () => {
  const status = new FakeStatus();
  const handle = localPage(shown, status);
  const open: ReadableStreamDefaultReader<Uint8Array>[] = [];
  for (let n = 0; n < 32; n++) {
    const reader = (await handle(request("/events"))).body?.getReader();
    if (reader !== undefined) open.push(reader);
  }
  const first = await open[0]?.read();
  assert.match(new TextDecoder().decode(first?.value), /^data: \{.*"messages":0.*\}\n\n$/);
  assert.equal((await handle(request("/events"))).status, 503);
  for (const reader of open) await reader.cancel();
  assert.equal(status.ended, 32);
  assert.equal((await handle(request("/events"))).status, 200);
});

Deno.test("example commands bracket IPv6 addresses", () => {
  assert.match(examples(shown).at(-1)?.command ?? "", /imap:\/\/\[::1\]:1143\/INBOX/);
});
