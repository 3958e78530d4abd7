import assert from "node:assert/strict";
import { readConfig } from "../config/load.ts";
import { checkStatic, staticSchema } from "../config/static_config.ts";
import { defaultLimits } from "../smtpd/settings.ts";
import { smtpLimitsOf, smtpSettingsOf } from "./front_edges.ts";

/** A file with these lines for submission at its public listener. */
function file(submission: string, hostname = "mail.example.org") {
  const content = `
hostname = "${hostname}"
[listeners.public]
addresses = ["192.0.2.1"]
[listeners.public.tls]
keyCerts = [{ certFile = "a.crt", keyFile = "a.key" }]
[listeners.public.smtp]
[listeners.public.submission]
${submission}`;
  return readConfig(content, "mailden.toml", staticSchema, checkStatic);
}
const listener = (submission: string) => file(submission).listeners["public"];

Deno.test("a server with an internationalised name says it in A-labels. RFC 5321 4.1.2, RFC 6531 3.7.1", () => {
  for (const hostname of ["mail.bücher.example", "mail.xn--bcher-kva.example"]) {
    const config = file("", hostname);
    const at = config.listeners["public"];
    assert.ok(at !== undefined);
    assert.equal(smtpSettingsOf("smtp", at, { boot: { config } }, []).hostname, "mail.xn--bcher-kva.example");
  }
});

Deno.test("every limit of SMTP can be configured, and is what the edge has where nothing is said", () => {
  assert.deepEqual(smtpLimitsOf(listener("")?.submission ?? null), defaultLimits);
  const { maxAuthFailures: _, ...others } = defaultLimits;
  assert.deepEqual(smtpLimitsOf(listener("")?.smtp ?? null), others);
});

Deno.test("what is configured reaches the edge", () => {
  const limits = smtpLimitsOf(
    listener(`
maxMessageBytes = "11MB"
maxRecipients = 12
maxCommandLine = "13KB"
maxReceived = 34
maxErrors = 15
maxUnknownCommands = 16
maxIdleCommands = 17
maxBadTransactions = 18
maxAuthFailures = 19
readTimeout = "20s"
writeTimeout = "21s"
commandTimeout = "22s"
dataTimeout = "23s"
`)?.submission ?? null,
  );
  assert.deepEqual(limits, {
    maxMessageBytes: 11 * 1024 * 1024,
    maxRecipients: 12,
    maxCommandLine: 13 * 1024,
    maxReceived: 34,
    maxErrors: 15,
    maxUnknownCommands: 16,
    maxIdleCommands: 17,
    maxBadTransactions: 18,
    maxAuthFailures: 19,
    readTimeoutMs: 20_000,
    writeTimeoutMs: 21_000,
    commandTimeoutMs: 22_000,
    dataTimeoutMs: 23_000,
  });
});
