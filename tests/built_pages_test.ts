/**
 * What browsers get was built of what the pages' sources are now.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  built,
  integrityOf,
  kinds,
  type Manifest,
  manifestName,
  pages,
  sourcesOf,
} from "../scripts/build/pages.ts";

Deno.test("web/built is of the sources in web; if not, run 'deno task build'", () => {
  const manifest: Manifest = JSON.parse(Deno.readTextFileSync(new URL(manifestName, built)));
  const expected = pages().flatMap((page) => kinds.map((kind) => [`${page}.${kind}`, page] as const));
  assert.ok(expected.length > 0);
  assert.deepEqual(Object.keys(manifest).sort(), expected.map(([name]) => name).sort());
  for (const [name, page] of expected) {
    const integrity = integrityOf(Deno.readFileSync(new URL(name, built)));
    assert.deepEqual(manifest[name], { integrity, sources: sourcesOf(page) }, name);
  }
});
