// deno-lint-ignore-file no-console -- A program that prints.
/**
 * Makes one executable file of runtime, program and packages: `deno task compile`. `--output FILE` says where, `--fast`
 * packs less tightly.
 *
 * Not by `deno compile`, for two reasons. It bakes one set of permissions into a program, and a role here is a process
 * with a set of its own; and it needs another runtime (denort) that comes only from Deno's own site, where all else comes
 * from the npm registry. So the file is a short shell script with an archive behind it: the first run unpacks it
 * into the user's cache (or, for a service that shall not be able to change its program, into CACHE_DIRECTORY), and each
 * run starts what `deno task mailden` starts, with the same permissions.
 *
 * It runs on systems with `sh`, `tar` and `gzip`, of the kind on which it is made; to make it, `tar` must be GNU's.
 *
 * Tested by `tests/scenarios/compile_test.ts`.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import project from "../../deno.json" with { type: "json" };

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The program's files: what is not for tests. */
const programs = ["deno.json", "deno.lock", "main.ts", "LICENSE", "src", "web/built"];
const isForTests = /(_test|_bench)\.ts$|\/testing\//;

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      output: { type: "string", default: join(root, "dist", "mailden") },
      fast: { type: "boolean" },
    },
  });
  const output = values.output;
  const folder = await Deno.makeTempDir();
  try {
    await Deno.copyFile(Deno.execPath(), join(folder, "deno"));
    for (const name of programs) await copy(join(root, name), join(folder, name));
    await copyPackages(join(folder, "cache", "npm"));
    const archive = await pack(folder, values.fast === true ? "-1" : "-9");
    await Deno.mkdir(dirname(output), { recursive: true });
    await write(output, script(createHash("sha256").update(archive).digest("hex").slice(0, 16)), archive);
    console.log(`${output}: ${Math.round(archive.length / 1_000_000)} MB for ${Deno.build.target}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Copies a file, or a folder without what is for tests. */
async function copy(from: string, to: string): Promise<void> {
  if (isForTests.test(from)) return;
  if ((await Deno.stat(from)).isDirectory) {
    for await (const { name, isDirectory } of Deno.readDir(from)) {
      await copy(join(from, name), join(to, name, isDirectory ? "/" : ""));
    }
    return;
  }
  await Deno.mkdir(dirname(to), { recursive: true });
  await Deno.copyFile(from, to);
}

/** Packages as the lock file names them, out of the cache, where those that this program runs with are. */
async function copyPackages(to: string): Promise<void> {
  const args = ["install", "--quiet", "--frozen", "--entrypoint", join(root, "main.ts")];
  await run(Deno.execPath(), args);
  const lock: { npm: Record<string, unknown> } = JSON.parse(await Deno.readTextFile(join(root, "deno.lock")));
  const info: { npmCache: string } = JSON.parse(
    new TextDecoder().decode(await run(Deno.execPath(), ["info", "--json"])),
  );
  for await (const registry of Deno.readDir(info.npmCache)) {
    for (const name of Object.keys(lock.npm)) {
      const at = name.lastIndexOf("@");
      const path = join(registry.name, name.slice(0, at), name.slice(at + 1));
      await copy(join(info.npmCache, path), join(to, path));
    }
  }
}

/** Everything in a folder as an archive: the same, octet for octet, of the same files. */
function pack(folder: string, level: string): Promise<Uint8Array> {
  const tar =
    "tar --create --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u+rwX,go=rX --file=- .";
  return run("sh", ["-c", `${tar} | gzip -n ${level}`], folder);
}

async function run(program: string, args: string[], cwd = root): Promise<Uint8Array> {
  const { success, stdout } = await new Deno.Command(program, { args, cwd, stderr: "inherit" }).output();
  if (success) return stdout;
  console.error(`${program} ${args.join(" ")} failed; what stands above tells why.`);
  Deno.exit(1);
}

async function write(path: string, head: string, archive: Uint8Array): Promise<void> {
  const making = `${path}.new`;
  await Deno.writeTextFile(making, head);
  await Deno.writeFile(making, archive, { append: true });
  await Deno.chmod(making, 0o755);
  await Deno.rename(making, path);
}

/** The options of `deno run`, as the task has them: what may be done is said in one place. */
function options(): string {
  const match = /^deno run (.*) main\.ts$/.exec(project.tasks.mailden);
  if (match?.[1] === undefined) throw new TypeError("the task 'mailden' in deno.json does not run main.ts");
  return match[1];
}

function script(id: string): string {
  const lines = [
    "#!/bin/sh",
    `# mailden ${project.version} for ${Deno.build.target}: runtime, program and packages in one file.`,
    "# The first run unpacks them into the folder of caches; to make room, that folder can be deleted.",
    "set -eu",
    "cache=${CACHE_DIRECTORY:-${XDG_CACHE_HOME:-${HOME:?is not set: say where to unpack with CACHE_DIRECTORY}/.cache}/mailden}",
    `home=$cache/${id}`,
    'if [ ! -e "$home" ]; then',
    "  umask 022",
    '  mkdir -p "$cache"',
    '  new=$(mktemp -d "$cache/new.XXXXXX")',
    '  tail -n +LINE "$0" | tar -xzf - -C "$new"',
    "  # Whole or not there; where two first runs meet, one folder stays (mv would put it into the other).",
    '  rename="Deno.renameSync(...Deno.args)"',
    '  DENO_DIR=$new/cache "$new/deno" eval --quiet --no-config "$rename" "$new" "$home" 2>/dev/null || rm -rf "$new"',
    "fi",
    "# Programs call a link of this name, with arguments of its own.",
    'case ${0##*/} in sendmail) set -- sendmail "$@" ;; esac',
    `DENO_DIR=$home/cache DENO_NO_UPDATE_CHECK=1 exec "$home/deno" run ${options()} --cached-only "$home/main.ts" "$@"`,
    "",
  ];
  return lines.join("\n").replace("LINE", String(lines.length));
}

await main();
