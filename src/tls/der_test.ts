import assert from "node:assert/strict";
import { hex, noBytes } from "../base/bytes.ts";
import {
  bitString,
  boolean,
  der,
  explicit,
  implicit,
  objectIdentifier,
  octetString,
  sequence,
  setOfOne,
  time,
  unsignedInteger,
  utf8String,
} from "./der.ts";

const bytes = (...values: number[]) => new Uint8Array(values);
const iso = (text: string) => Date.parse(text);

const written: [what: string, value: Uint8Array, expected: string][] = [
  ["an empty sequence", sequence(), "3000"],
  ["a sequence", sequence(boolean(true), boolean(false)), "30060101ff010100"],
  ["a set", setOfOne(boolean(true)), "31030101ff"],
  ["zero", unsignedInteger(bytes(0, 0)), "020100"],
  ["no digits", unsignedInteger(noBytes), "020100"],
  ["127", unsignedInteger(bytes(0, 127)), "02017f"],
  ["128", unsignedInteger(bytes(128)), "02020080"], // A leading 0, or it would be -128.
  ["octets", octetString(bytes(1, 2)), "04020102"],
  ["bits", bitString(bytes(0x80), 7), "03020780"],
  ["text", utf8String("ä"), "0c02c3a4"],
  ["ecdsa-with-SHA256", objectIdentifier("1.2.840.10045.4.3.2"), "06082a8648ce3d040302"],
  ["2.999", objectIdentifier("2.999"), "06028837"],
  ["the last second of UTCTime", time(iso("2049-12-31T23:59:59.999Z")), "170d3439313233313233353935395a"],
  ["the first of GeneralizedTime", time(iso("2050-01-01T00:00:00Z")), "180f32303530303130313030303030305a"],
  ["[2] IMPLICIT", implicit(2, bytes(5)), "820105"],
  ["[3] EXPLICIT", explicit(3, boolean(true)), "a3030101ff"],
  ["a length of 128", der(4, new Uint8Array(128)).subarray(0, 3), "048180"],
  ["a length of 65536", der(4, new Uint8Array(65536)).subarray(0, 5), "0483010000"],
];
for (const [what, value, expected] of written) {
  Deno.test(`DER of ${what}`, () => assert.equal(hex(value), expected));
}

for (const wrong of ["", "1", "3.1", "1.40", "1.2.x", "1.2.-3", "1.2.1.5e300"]) {
  Deno.test(`${JSON.stringify(wrong)} is no object identifier`, () => {
    assert.throws(() => objectIdentifier(wrong), RangeError);
  });
}

for (const wrong of [NaN, iso("1949-12-31T23:59:59Z"), Date.UTC(10000, 0), 1e300]) {
  Deno.test(`${wrong} is no time of a certificate`, () => assert.throws(() => time(wrong), RangeError));
}
