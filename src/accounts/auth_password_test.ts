import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import { answerCramMd5, checkCramMd5, parseCramMd5 } from "../sasl/cram_md5.ts";
import { deriveScram } from "../sasl/scram.ts";
import { argon2id, checkArgon2 } from "./auth_argon2.ts";
import {
  deriveSecrets,
  generatedLength,
  generatePassword,
  maxPasswordLength,
  passwordAlphabet,
  preparePassword,
} from "./auth_password.ts";

const refused: [what: string, password: string][] = [
  ["nothing", ""],
  ["seven letters", "1234567"],
  ["seven letters of two octets", "äöüäöüä"],
  ["a control character", "pass\u0000word"],
  ["a line end", "password\n"],
  ["too long", "x".repeat(maxPasswordLength + 1)],
];
for (const [what, password] of refused) {
  Deno.test(`a password of ${what} is refused`, async () => {
    assert.throws(() => preparePassword(password), { name: "Refused", reason: "badRequest" });
    await assert.rejects(deriveSecrets(password, { argon2: argon2id, weak: true }), { reason: "badRequest" });
  });
}

Deno.test("eight characters of any script are a password, prepared", () => {
  assert.equal(preparePassword("12345678"), "12345678");
  assert.equal(preparePassword("pa\u00a0ss e\u0301!"), "pa ss é!");
});

Deno.test("every secret comes from the prepared password; the weak ones only where they are wanted", async () => {
  const secrets = await deriveSecrets("passwort\u00a0e\u0301", { argon2: argon2id, weak: true });
  const prepared = "passwort é";
  assert.ok(await checkArgon2(argon2id, prepared, secrets.argon2));
  const { salt, iterations } = secrets.scramSha256;
  assert.equal(iterations, 65_536);
  assert.deepEqual(await deriveScram("SHA-256", prepared, salt, iterations), secrets.scramSha256);
  assert.ok(secrets.scramSha1 !== null && secrets.cramMd5 !== null);
  const weak = secrets.scramSha1;
  assert.deepEqual(await deriveScram("SHA-1", prepared, weak.salt, weak.iterations), weak);
  const answer = parseCramMd5(answerCramMd5("a", prepared, utf8("<1@b>")));
  assert.ok(answer !== null && checkCramMd5(secrets.cramMd5, utf8("<1@b>"), answer));
  const strong = await deriveSecrets(prepared, { argon2: argon2id, weak: false });
  assert.ok(strong.scramSha256.iterations >= 100_000);
  assert.equal(strong.scramSha1, null);
  assert.equal(strong.cramMd5, null);
  assert.notDeepEqual(strong.argon2.salt, secrets.argon2.salt);
});

Deno.test("a password that is made up has letters that nobody confuses, all of them in time", () => {
  const seen = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const password = generatePassword();
    assert.equal(password.length, generatedLength);
    for (const letter of password) {
      assert.ok(passwordAlphabet.includes(letter));
      seen.add(letter);
    }
  }
  assert.equal(seen.size, passwordAlphabet.length);
  assert.ok(generatedLength >= 12);
  assert.ok(!/[0O1lIio]/.test(passwordAlphabet));
  assert.equal(new Set(passwordAlphabet).size, passwordAlphabet.length);
});
