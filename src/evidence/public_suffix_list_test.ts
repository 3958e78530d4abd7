import assert from "node:assert/strict";
import { isSameOrganization } from "../address/public_suffix.ts";
import { publicSuffixList } from "./public_suffix_list.ts";

// Of the list's own tests, and what mail asks for.
const organizations: [domain: string, organization: string | null][] = [
  ["com", null],
  ["example.com", "example.com"],
  ["a.b.example.com", "example.com"],
  ["co.uk", null],
  ["mail.example.co.uk", "example.co.uk"],
  // A wildcard, an exception.
  ["c.mm", null],
  ["b.c.mm", "b.c.mm"],
  ["a.b.c.mm", "b.c.mm"],
  ["test.ck", null],
  ["www.ck", "www.ck"],
  ["city.kobe.jp", "city.kobe.jp"],
  ["www.city.kobe.jp", "city.kobe.jp"],
  // A company's.
  ["github.io", null],
  ["someone.github.io", "someone.github.io"],
  // Letters of all the world.
  ["公司.cn", null],
  ["www.食狮.公司.cn", "食狮.公司.cn"],
  ["bücher.example", "bücher.example"],
  ["mail.bücher.de", "bücher.de"],
  // Unknown: the last label is the suffix.
  ["example", null],
  ["a.b.example", "b.example"],
  ["_x.b.example", "b.example"],
  ["localhost", null],
];
for (const [domain, organization] of organizations) {
  Deno.test(`the organization of ${domain}`, () => {
    assert.equal(publicSuffixList.organizationalDomain(domain), organization);
    // A company's own domain is no registry's.
    const isRegistry = organization === null && domain !== "github.io";
    assert.equal(publicSuffixList.isPublicSuffix(domain), isRegistry);
  });
}

Deno.test("domains of one organization", () => {
  const same = (a: string, b: string) => isSameOrganization(a, b, publicSuffixList);
  assert.ok(same("a.example.com", "b.example.com"));
  assert.ok(same("com", "com"));
  assert.ok(!same("com", "org"));
  assert.ok(!same("a.co.uk", "b.co.uk"));
  assert.ok(!same("a.github.io", "b.github.io"));
});
