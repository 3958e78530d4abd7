// deno-lint-ignore-file no-console -- A program that prints.
/**
 * Prepares the web pages: checks their types, bundles them and makes them small. `deno task build`; what it writes to
 * `web/built` belongs into the commit with the sources.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import {
  built,
  type BuiltFile,
  entryOf,
  integrityOf,
  kinds,
  manifestName,
  pages,
  sourcesOf,
} from "./pages.ts";

/** One file for browsers, of an entry and all that it imports. */
async function bundle(entry: URL): Promise<Uint8Array> {
  const args = ["bundle", "--quiet", "--platform=browser", "--minify", "--check", fileURLToPath(entry)];
  const { success, stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" }).output();
  if (!success) {
    console.error(`${fileURLToPath(entry)} could not be built; what stands above tells why.`);
    Deno.exit(1);
  }
  return stdout;
}

const manifest: Record<string, BuiltFile> = {};
await Deno.mkdir(built, { recursive: true });
for (const page of pages()) {
  for (const kind of kinds) {
    const name = `${page}.${kind}`;
    const bytes = await bundle(entryOf(page, kind));
    await Deno.writeFile(new URL(name, built), bytes);
    manifest[name] = { integrity: integrityOf(bytes), sources: sourcesOf(page) };
    console.log(`web/built/${name}: ${bytes.length} octets`);
  }
}
await Deno.writeTextFile(new URL(manifestName, built), `${JSON.stringify(manifest, null, 2)}\n`);
for (const { name } of Deno.readDirSync(built)) {
  if (name !== manifestName && !Object.hasOwn(manifest, name)) await Deno.remove(new URL(name, built));
}
