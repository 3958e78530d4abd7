import assert from "node:assert/strict";
import { badRequest, isAllowedHost, pathOf, plain } from "./responses.ts";

const allowed = ["localhost", "127.0.0.1", "[::1]"];
const hosts: [host: string | null, expected: boolean][] = [
  ["localhost:1080", true],
  ["LOCALHOST", true],
  ["127.0.0.1:1080", true],
  ["[::1]:1080", true],
  [null, false],
  ["", false],
  ["evil.example", false],
  ["localhost.evil.example:1080", false],
  ["localhost:1080:1080", false],
  ["localhost:1080@evil.example", false],
  ["127.0.0.1.evil.example", false],
  ["[::1]evil", false],
];
for (const [host, expected] of hosts) {
  Deno.test(`isAllowedHost() says ${expected} to ${host}`, () =>
    assert.equal(isAllowedHost(host, allowed), expected));
}

const paths: [url: string, path: string | null][] = [
  ["http+unix://localhost/", "/"],
  ["http+unix://localhost:1080/page.css?x", "/page.css"],
  ["http://[::1]:1080/a/../b", "/b"],
  ["http+unix://localhost:99999/", null], // As the runtime makes it of "Host: localhost:99999".
  ["http+unix://[::1/", null],
  ["http+unix://a b/", null],
  ["http+unix:///", "/"],
];
for (const [url, path] of paths) {
  Deno.test(`pathOf() of ${url} is ${path}`, () => assert.equal(pathOf(url), path));
}

Deno.test("an address that is none is the client's mistake", () => assert.equal(badRequest().status, 400));

Deno.test("every answer forbids inline scripts, framing and sniffing", () => {
  const headers = plain("hello").headers;
  assert.match(headers.get("content-security-policy") ?? "", /script-src 'self';/);
  assert.match(headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
});
