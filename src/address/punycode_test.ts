import assert from "node:assert/strict";
import { decodePunycode, maxPunycodeLength } from "./punycode.ts";

/** RFC 3492 7.1 */
const samples: [name: string, punycode: string, text: string][] = [
  ["A, Arabic", "egbpdaj6bu4bxfgehfvwxn", "ليهمابتكلموشعربي؟"],
  ["B, Chinese", "ihqwcrb4cv8a8dqg056pqjye", "他们为什么不说中文"],
  ["D, Czech", "Proprostnemluvesky-uyb24dma41a", "Pročprostěnemluvíčesky"],
  ["K, Vietnamese", "TisaohkhngthchnitingVit-kjcr8268qyxafd2f1b9g", "TạisaohọkhôngthểchỉnóitiếngViệt"],
  ["L, Japanese", "3B-ww4c5e180e575a65lsy2b", "3年B組金八先生"],
  ["R, Japanese", "MajiKoi5-783gue6qz075azm5e", "MajiでKoiする5秒前"],
  ["S, ASCII that begins with a hyphen", "-> $1.00 <--", "-> $1.00 <-"],
];
for (const [name, punycode, text] of samples) {
  Deno.test(`Punycode of RFC 3492 7.1 (${name})`, () => assert.equal(decodePunycode(punycode), text));
}

for (const text of ["a-ü", "99999999999", "a!", "-", "b".repeat(maxPunycodeLength + 1)]) {
  Deno.test(`no Punycode: ${text}`, () => {
    assert.equal(decodePunycode(text), null);
  });
}
