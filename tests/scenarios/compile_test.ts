/**
 * The one executable of `deno task compile`: it needs nothing but itself, and serves.
 *
 * @module
 */
import assert from "node:assert/strict";
import { LineClient, smtp } from "../support/line_client.ts";
import { fromFileUrl, join } from "../support/paths.ts";
import { run } from "../support/scenario.ts";
import { makeFolder, removeFolder } from "../support/server.ts";

const script = fromFileUrl(new URL("../../scripts/compile/main.ts", import.meta.url));

/** GNU's tar makes it; the others have other options. */
async function hasGnuTar(): Promise<boolean> {
  return await run("tar", ["--version"]).then(({ stdout }) => stdout.includes("GNU tar"), () => false);
}

const ready = await hasGnuTar();

Deno.test({
  name: ready ? "the executable serves" : "the executable serves (skipped: no GNU tar here)",
  ignore: !ready,
  async fn(t) {
    const made = await makeFolder();
    const home = join(made.folder, "..", "home");
    const executable = join(home, "bin", "mailden");
    // Of the environment there is only what a service has; no Deno is on its path.
    const env = { HOME: home, PATH: "/usr/bin:/bin" };
    const call = (stdout: "piped" | "null", ...args: string[]) =>
      new Deno.Command(executable, {
        args,
        env,
        clearEnv: true,
        cwd: "/",
        stdin: "null",
        stdout,
        stderr: "null",
      });
    try {
      const compiled = await run(Deno.execPath(), ["run", "-A", script, "--fast", "--output", executable]);
      assert.equal(compiled.code, 0, compiled.stderr);

      await t.step("two first runs at once unpack it once", async () => {
        const version = () => call("piped", "--version");
        const both = await Promise.all([version().output(), version().output()]);
        for (const { code, stdout } of both) {
          assert.equal(code, 0);
          assert.match(new TextDecoder().decode(stdout), /^mailden \d+\.\d+\.\d+\n$/);
        }
        const unpacked = [...Deno.readDirSync(join(home, ".cache", "mailden"))];
        assert.equal(unpacked.length, 1, unpacked.map((entry) => entry.name).join(" "));
      });

      await t.step("under the name sendmail it is that command", async () => {
        const link = join(home, "sendmail");
        await Deno.symlink(executable, link);
        const called = await new Deno.Command(link, { args: ["-bp"], env, clearEnv: true, stdin: "null" })
          .output();
        assert.equal(called.code, 64);
        assert.match(
          new TextDecoder().decode(called.stderr),
          /^sendmail: -bp: there is no queue here/,
        );
      });

      await t.step("its roles serve", async () => {
        const child = call("null", "serve", "--config", made.folder).spawn();
        try {
          const client = await connected(made.ports.smtp);
          assert.match(await smtp(client, null), /^220 /);
          client.close();
        } finally {
          child.kill("SIGTERM");
        }
        assert.equal((await child.status).code, 0);
      });
    } finally {
      await removeFolder(made.folder);
    }
  },
});

/** A connection, as soon as somebody listens. */
async function connected(port: number): Promise<LineClient> {
  for (let attempt = 0;; attempt++) {
    try {
      return await LineClient.connect(port);
    } catch (error) {
      if (attempt === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50)); // Nothing tells; it has to be tried.
    }
  }
}
