/**
 * What starts the server on a machine of its own: the unit for systemd and the image, as far as they can be checked without
 * either running.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "../support/paths.ts";
import { has, run } from "../support/scenario.ts";
import { mailden } from "../support/server.ts";

const read = (name: string) => Deno.readTextFileSync(new URL(`../../${name}`, import.meta.url));
const unit = read("systemd/mailden.service");
const image = read("Containerfile");

Deno.test("unit and image start the server with words that it knows", async () => {
  const started = /^ExecStart=\S+ (.*)$/m.exec(unit)?.[1]?.split(" ") ?? [];
  const command: string[] = JSON.parse(/^CMD (.*)$/m.exec(image)?.[1] ?? "[]");
  assert.deepEqual(started, ["serve", "--config", "/var/lib/mailden"]);
  assert.deepEqual(command, started);
  assert.match((await mailden("serve", "--help")).stdout, /^mailden serve .*\[--config DIR\]/);
});

Deno.test("the image has the runtime that this runs with", () => {
  assert.match(image, new RegExp(`deno@${Deno.version.deno.replaceAll(".", "\\.")} `));
});

Deno.test("the image's files are there", async () => {
  const names = [...image.matchAll(/^COPY ([^-].*) \S+$/gm)].flatMap((match) => match[1]?.split(" ") ?? []);
  assert.ok(names.length >= 7);
  for (const name of names) await Deno.stat(new URL(`../../${name}`, import.meta.url));
});

const analyze = has("systemd-analyze", "--version");

Deno.test({
  name: analyze ? "systemd takes the unit" : "systemd takes the unit (skipped: no systemd-analyze here)",
  ignore: !analyze,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const file = join(folder, "mailden.service");
      await Deno.writeTextFile(file, unit.replace(/^ExecStart=\S+/m, "ExecStart=/bin/true"));
      const verified = await run("systemd-analyze", ["verify", file]);
      // It also names units of this machine; ours must not be among what it complains about.
      assert.doesNotMatch(verified.stdout + verified.stderr, /mailden/);
      const rated = await run("systemd-analyze", ["security", "--offline=true", "--threshold=20", file]);
      assert.equal(rated.code, 0, rated.stdout);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
