/**
 * The shape of the tree: which folder may import which, what pure folders may not name, and which files
 * stand without a test.
 *
 * @module
 */
import assert from "node:assert/strict";

/** One line: a folder imports only from folders before it (and its own files). */
const order = [
  ..."base".split(" "),
  ..."address dns message sasl tls smtp imap spf dkim arc dmarc dnsbl mtasts dane tlsrpt acme junk".split(
    " ",
  ),
  ..."rpc config store net".split(" "),
  ..."accounts evidence delivery queue jobs reports archive admin".split(" "),
  ..."smtpd imapd httpd ctl".split(" "),
  ..."roles server cli".split(" "),
];

/** Base and protocols: given bytes, a clock, a resolver; they touch nothing. */
const pure = new Set(order.slice(0, order.indexOf("rpc")));

/** What a pure file may not name. */
const impure: readonly RegExp[] = [
  /\bDeno\./,
  /\bfetch\(/,
  /\bset(?:Timeout|Interval|Immediate)\(/,
  /\bDate\.now\(/,
  /\bperformance\.now\(/,
  /\bnew Date\(\)/,
  /\bMath\.random\(/,
];

/** Node modules that a pure file may import. */
const pureModules = new Set(["node:crypto"]);

/** What may be imported from outside of src: what was built of the pages, and the version. */
const outside: Readonly<Record<string, RegExp>> = {
  httpd: /^web\/built\/.*\.(css|js|json)$/,
  cli: /^deno\.json$/,
};

const root = new URL("../", import.meta.url);
const files = await sources("src/");

async function sources(folder: string): Promise<{ path: string; text: string }[]> {
  const found: { path: string; text: string }[] = [];
  for await (const entry of Deno.readDir(new URL(folder, root))) {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory) found.push(...await sources(`${path}/`));
    else if (/\.tsx?$/.test(entry.name)) {
      found.push({ path, text: await Deno.readTextFile(new URL(path, root)) });
    }
  }
  return found.sort((a, b) => a.path < b.path ? -1 : 1);
}

const folderOf = (path: string) => path.split("/")[1] ?? "";
const isTest = (path: string) => /_(test|bench)\.tsx?$/.test(path) || /\/testing\//.test(path);

/** Import specifiers, and the files that a Worker or role is started from. */
function imports(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "");
  const found = [...code.matchAll(/^\s*(?:import|export)\b[^"';]*?from\s+"([^"]+)"/gm)];
  found.push(...code.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g), ...code.matchAll(/^\s*import\s+"([^"]+)"/gm));
  found.push(...code.matchAll(/new URL\(\s*"(\.[^"]+\.tsx?)"\s*,\s*import\.meta\.url/g));
  return found.map((match) => match[1] ?? "");
}

function resolved(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

Deno.test("every folder of src has a place in the order", () => {
  const unknown = new Set(
    files.map((file) => folderOf(file.path)).filter((folder) => !order.includes(folder)),
  );
  assert.deepEqual([...unknown], []);
});

Deno.test("a folder imports only from folders before it", () => {
  const wrong: string[] = [];
  for (const { path, text } of files) {
    for (const specifier of imports(text)) {
      if (!specifier.startsWith(".")) continue;
      const target = resolved(path, specifier);
      if (!target.startsWith("src/")) {
        if (outside[folderOf(path)]?.test(target) === true) continue;
        if (!isTest(path) || !target.startsWith("tests/support/")) wrong.push(`${path} imports ${target}`);
      } else if (order.indexOf(folderOf(target)) > order.indexOf(folderOf(path))) {
        wrong.push(`${path} imports ${target}`);
      } else if (!isTest(path) && isTest(target)) wrong.push(`${path} imports the test ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("files do not import each other in a circle", () => {
  const edges = new Map(files.map(({ path, text }) => [
    path,
    imports(text).filter((specifier) => specifier.startsWith(".")).map((specifier) =>
      resolved(path, specifier)
    ),
  ]));
  const done = new Set<string>();
  const circle = (path: string, way: readonly string[]): string[] | null => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return null;
    for (const next of edges.get(path) ?? []) {
      const found = circle(next, [...way, path]);
      if (found !== null) return found;
    }
    done.add(path);
    return null;
  };
  for (const { path } of files) assert.equal(circle(path, [])?.join(" > "), undefined);
});

Deno.test("pure folders touch nothing", () => {
  const wrong: string[] = [];
  for (const { path, text } of files) {
    if (!pure.has(folderOf(path)) || isTest(path)) continue;
    const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[\s;{(])\/\/.*$/gm, "$1");
    for (const name of impure) if (name.test(code)) wrong.push(`${path} names ${name.source}`);
    for (const specifier of imports(text)) {
      if (!specifier.startsWith(".") && !pureModules.has(specifier)) {
        wrong.push(`${path} imports ${specifier}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("only the store imports Kysely", () => {
  const wrong = files.filter(({ path, text }) =>
    folderOf(path) !== "store" && imports(text).some((specifier) => specifier.startsWith("kysely"))
  );
  assert.deepEqual(wrong.map((file) => file.path), []);
});

/** Files that need no test beside them: types, lists of exports, what other files' tests cover by name. */
const coveredElsewhere = (path: string, text: string) =>
  /\/mod\.ts$|_schema\.ts$|\/testing\//.test(path) ||
  !/^\s*export\s+(?:async\s+)?(?:function|class|const\s+\w+\s*=\s*(?:async\s*)?\()/m.test(text);

Deno.test("files with functions have a test beside them, or say which test covers them", () => {
  const paths = new Set(files.map((file) => file.path));
  const bare = files.filter(({ path, text }) =>
    !isTest(path) && !coveredElsewhere(path, text) && !paths.has(path.replace(/\.tsx?$/, "_test.ts")) &&
    !/^ \* Tested by `[^`]+`/m.test(text)
  );
  assert.deepEqual(bare.map((file) => file.path), []);
});
