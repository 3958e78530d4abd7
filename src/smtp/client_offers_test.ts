import assert from "node:assert/strict";
import { maxMechanisms, noOffers, type Offers, parseOffers } from "./client_offers.ts";

const read: [line: string, offers: Partial<Offers>][] = [
  ["PIPELINING", { pipelining: true }],
  ["pipelining", { pipelining: true }],
  ["PIPELINING ", { pipelining: true }],
  ["XPIPELINING", {}],
  ["PIPELINING-X", {}],
  [" PIPELINING", {}],
  ["SIZE 1000", { size: 1000 }],
  ["SIZE=1000", { size: 1000 }],
  ["SIZE 0", { size: Infinity }],
  ["SIZE", { size: Infinity }],
  ["SIZE -1", { size: Infinity }],
  ["SIZE 1000 2000", { size: Infinity }],
  ["SIZE 18446744073709551615", { size: 18446744073709551615 }],
  ["SIZE 184467440737095516150", { size: Infinity }],
  ["8BITMIME", { eightBit: true }],
  ["SMTPUTF8", { smtpUtf8: true }],
  ["CHUNKING", { chunking: true }],
  ["BINARYMIME", {}],
  ["STARTTLS", { startTls: true }],
  ["DSN", { dsn: true }],
  ["REQUIRETLS", { requireTls: true }],
  ["ENHANCEDSTATUSCODES", { enhancedCodes: true }],
  ["AUTH PLAIN login SCRAM-SHA-256-PLUS", { mechanisms: ["PLAIN", "LOGIN", "SCRAM-SHA-256-PLUS"] }],
  ["AUTH=PLAIN", { mechanisms: ["PLAIN"] }],
  ["AUTH", {}],
  ["AUTH  PLAIN  PLAIN", { mechanisms: ["PLAIN"] }],
  [`AUTH ${"X".repeat(21)} a.b \u00e4`, {}],
  ["LIMITS RCPTMAX=7 MAILMAX=2", { limits: { rcptMax: 7, mailMax: 2, rcptDomainMax: null } }],
  ["LIMITS", {}],
  ["", {}],
  ["-", {}],
  ["?", {}],
];
for (const [line, offers] of read) {
  Deno.test(`parseOffers() reads ${JSON.stringify(line)}`, () => {
    const reply = { code: 250, enhanced: null, lines: ["mx", line] };
    assert.deepEqual(parseOffers(reply), { ...noOffers, extended: true, ...offers });
  });
}

Deno.test("the first line is a greeting, whatever it says", () => {
  assert.deepEqual(parseOffers({ code: 250, enhanced: null, lines: ["PIPELINING"] }), {
    ...noOffers,
    extended: true,
  });
});

Deno.test("of what is said twice the first counts, but mechanisms add up to a limit", () => {
  const many = Array.from({ length: 100 }, (_, i) => `M${i}`).join(" ");
  const offers = parseOffers({
    code: 250,
    enhanced: null,
    lines: ["mx", "SIZE 1", "SIZE 2", "AUTH=LOGIN", "AUTH PLAIN", `AUTH ${many}`],
  });
  assert.equal(offers.size, 1);
  assert.deepEqual(offers.mechanisms.slice(0, 3), ["LOGIN", "PLAIN", "M0"]);
  assert.equal(offers.mechanisms.length, maxMechanisms);
});
