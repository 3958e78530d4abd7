/**
 * The web pages and what is made of them. Each folder of `web/` with a `page.ts` and a `page.css` is a page; browsers get
 * `web/built/<page>.js` and `.css`, bundled and made small.
 *
 * What is built is kept in the repository, because the server must start from a fresh clone without a step before it. The
 * manifest says of which sources each file was made, so that a test finds out when they have changed since.
 *
 * Tested by `tests/built_pages_test.ts`.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** What `web/built/manifest.json` says of a file. */
export interface BuiltFile {
  /** For `integrity` attributes: the browser runs what was built, or nothing. W3C Subresource Integrity 3.1 */
  readonly integrity: string;
  /** SHA-256 of the sources, in hexadecimal. */
  readonly sources: string;
}

/** Files by their name in `web/built`. */
export type Manifest = Readonly<Record<string, BuiltFile>>;

export const web = new URL("../../web/", import.meta.url);
export const built = new URL("built/", web);
export const manifestName = "manifest.json";

/** The files of which a page consists. */
export const kinds = ["js", "css"] as const;
const entries = { js: "page.ts", css: "page.css" } as const;

/** Folders of `web/` that are pages, in order. */
export function pages(): string[] {
  const isPage = (name: string) => namesIn(new URL(`${name}/`, web)).includes(entries.js);
  return namesIn(web).filter(isPage);
}

export function entryOf(page: string, kind: typeof kinds[number]): URL {
  return new URL(`${page}/${entries[kind]}`, web);
}

/** The hash of everything that a page may be made of: its own folder, and what all share. */
export function sourcesOf(page: string): string {
  const hash = createHash("sha256");
  for (const folder of [page, "shared"]) {
    for (const name of namesIn(new URL(`${folder}/`, web))) {
      const bytes = Deno.readFileSync(new URL(`${folder}/${name}`, web));
      hash.update(`${folder}/${name} ${bytes.length}\n`).update(bytes);
    }
  }
  return hash.digest("hex");
}

export function integrityOf(bytes: Uint8Array): string {
  return `sha256-${createHash("sha256").update(bytes).digest("base64")}`;
}

/** Names in a folder, ascending; none if it is no folder. */
function namesIn(folder: URL): string[] {
  try {
    return [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}
