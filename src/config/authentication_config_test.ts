import assert from "node:assert/strict";
import { authentication, normalNames } from "./authentication_config.ts";
import type { Problem } from "./schema.ts";

function read(value: unknown): { value: unknown; problems: Problem[] } {
  const problems: Problem[] = [];
  return { value: authentication.read(value, "authentication", problems), problems };
}

Deno.test("nobody is believed, and there are no former names, unless it is said", () => {
  assert.deepEqual(read({}).value, { trustedSealers: [], formerNames: [] });
});

const names: [name: string, normal: string | null][] = [
  ["example.org", "example.org"],
  ["Lists.EXAMPLE.org", "lists.example.org"],
  ["localhost", "localhost"],
  ["xn--bcher-kva.example", "bücher.example"],
  ["bücher.example", "bücher.example"],
  ["example.org.", null],
  ["*.example.org", null],
  ["@example.org", null],
  ["a@example.org", null],
  ["192.0.2.1", null],
  ["", null],
  ["a b", null],
  [`${"a".repeat(64)}.example`, null],
];
for (const [name, normal] of names) {
  Deno.test(`${JSON.stringify(name)} is ${normal === null ? "refused" : "a name"} in both lists`, () => {
    for (const field of ["trustedSealers", "formerNames"]) {
      const { problems } = read({ [field]: [name] });
      if (normal === null) {
        assert.equal(problems[0]?.path, `authentication.${field}[0]`);
        assert.match(problems[0]?.message ?? "", /is no domain: write it as/);
      } else assert.deepEqual(problems, []);
    }
    if (normal !== null) assert.deepEqual(normalNames([name, name]), [normal]);
  });
}
