/**
 * What submission says to a user's recipients elsewhere, on a real server whose DNS is ours.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type DnsHandler, record, soa, startDnsServer } from "../support/dns_server.ts";
import { LineClient, smtp } from "../support/line_client.ts";
import { password, user } from "../support/scenario.ts";
import { makeFolder, removeFolder, startServer } from "../support/server.ts";

const answers: DnsHandler = ({ name }) => {
  switch (name) {
    case "good.example.":
      return { answers: [record(name, "MX", { preference: 10, exchange: "mx.good.example." })] };
    case "nomail.example.":
      return { answers: [record(name, "MX", { preference: 0, exchange: "." })] };
    case "broken.example.":
      return { rcode: 2 };
    default:
      return { rcode: 3, authorities: [soa("example.")] };
  }
};

const signIn = `AUTH PLAIN ${btoa(`\0${user}\0${password}`)}`;

Deno.test("a recipient whose domain is not there is refused while its author is; who cannot be told of is not", async () => {
  const dns = await startDnsServer(answers);
  const made = await makeFolder();
  const domains = `${made.folder}/domains.toml`;
  try {
    await (await startServer("localserve", made)).stop(); // Which gives the account its password.
    const text = await Deno.readTextFile(domains);
    await Deno.writeTextFile(domains, text.replace(/\[domains\.localhost\.dkim\][^]*?(?=\[accounts)/, ""));
    const server = await startServer(
      "serve",
      made,
      (config) =>
        config.replace(
          /\[dns\]\nmode = "local"\n/,
          `[dns]\nmode = "off"\nservers = ["127.0.0.1:${dns.port}"]\n`,
        )
          .replace(/# [^\n]*\n\[localserve\][^]*/, ""),
    );
    const client = await LineClient.connect(server.ports.submission);
    try {
      await smtp(client, null);
      await smtp(client, "EHLO here.example");
      assert.match(await smtp(client, signIn), /^235 /);
      assert.match(await smtp(client, `MAIL FROM:<${user}> RET=HDRS ENVID=1`), /^250 /);
      const rcpt = (to: string) => smtp(client, `RCPT TO:<${to}> NOTIFY=NEVER`);
      assert.match(await rcpt("a@nowhere.example"), /^550 5\.1\.2 there is no domain nowhere\.example/);
      assert.match(await rcpt("a@nomail.example"), /^556 5\.1\.10 nomail\.example takes no mail/);
      assert.match(await rcpt("nobody@localhost"), /^550 5\.1\.1 /);
      for (const to of ["a@good.example", "a@broken.example", "a@[192.0.2.1]"]) {
        assert.match(await rcpt(to), /^250 2\.1\.5 /);
      }
    } finally {
      client.close();
      await server.stop();
    }
  } finally {
    await dns.close();
    await removeFolder(made.folder);
  }
});
