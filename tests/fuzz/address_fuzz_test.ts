/**
 * SMTP paths of any kind: what is accepted has one normal form, which is read again as itself.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { asciiDomain, normalForm } from "../../src/address/domain.ts";
import { addressKey, needsSmtpUtf8, printPath, takeReversePath } from "../../src/address/mailbox.ts";
import type { Address } from "../../src/address/address.ts";
import { Scanner } from "../../src/base/scanner.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;

const piece = fc.oneof(
  fc.constantFrom(...'<>@,:;"\\.[]-_% \t\r\n\0'.split("")),
  fc.constantFrom(
    "a",
    "b.test",
    "xn--bcher-kva",
    "xn--",
    "ü",
    "u\u0308",
    "ß",
    "。",
    "IPv6:",
    "::1",
    "192.0.2.1",
    "postmaster",
  ),
  fc.string({ unit: "grapheme", maxLength: 3 }),
);
const path = fc.oneof(
  fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")),
  fc.tuple(fc.array(piece, { maxLength: 4 }), fc.array(piece, { maxLength: 4 }))
    .map(([local, domain]) => `<${local.join("")}@${domain.join("")}>`),
);

function read(text: string, utf8: boolean): Address | null | undefined {
  try {
    const s = new Scanner(text);
    const address = takeReversePath(s, { utf8 });
    s.end();
    return address;
  } catch (error) {
    assert.ok(error instanceof SyntaxError);
    return undefined;
  }
}

Deno.test("fuzz: SMTP paths and domains", () => {
  fc.assert(
    fc.property(path, (text) => {
      const address = read(text, true);
      if (address !== undefined) {
        const printed = printPath(address);
        assert.deepEqual(read(printed, true), address);
        assert.ok(!/[\r\n\0]/.test(printed));
        if (address !== null && !needsSmtpUtf8(address)) {
          assert.deepEqual(read(printPath(address, { utf8: false }), false), address);
          assert.equal(addressKey(address), printed.slice(1, -1));
        }
      }
      const domain = normalForm(text);
      if (domain !== null) {
        assert.equal(normalForm(domain), domain);
        assert.equal(normalForm(asciiDomain(domain)), domain);
        assert.match(asciiDomain(domain), /^[a-z0-9.-]+$/);
      }
    }),
    { seed, numRuns: 1e9, interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false },
  );
});
