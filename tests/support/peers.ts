/**
 * Scenarios with packages from npm as clients: nodemailer, imapflow, a browser's driver.
 *
 * They stand in `tests/peers`, which has a configuration and a lock file of its own, and run in a `deno test` of their
 * own. Deno fetches all that a lock file names before it runs anything: were they in ours, the first start of
 * the server would fetch ten times as much as it needs.
 *
 * Tested by `tests/scenarios/npm_clients_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fromFileUrl } from "./paths.ts";

const folder = fromFileUrl(new URL("../peers/", import.meta.url));

/** Runs Deno with the peers' configuration; their packages must be what their lock file says. */
function deno(words: readonly string[], file: string): Deno.Command {
  const args = [...words, `--config=${folder}deno.json`, "--frozen", `${folder}${file}`];
  return new Deno.Command(Deno.execPath(), { args, cwd: folder, env: { NO_COLOR: "1" } });
}

/** Whether the packages are in the cache, or can be fetched. */
function hasPackages(file: string): boolean {
  return deno(["cache", "--quiet"], file).outputSync().success;
}

/** A line of the TAP reporter: a test's result, its name, and whether it was skipped. */
const result = /^(not )?ok \d+ - (.*?)( # SKIP)?$/gm;

/**
 * The tests of a file in `tests/peers` as one test, each a step. Where the packages cannot be had it is skipped, and its
 * name says so.
 */
export function peerTests(file: string): void {
  const ready = hasPackages(file);
  Deno.test({
    name: ready ? `tests/peers/${file}` : `tests/peers/${file} (skipped: its packages cannot be had here)`,
    ignore: !ready,
    async fn(t) {
      const { code, stdout, stderr } = await deno(["test", "-A", "--no-prompt", "--reporter=tap"], file)
        .output();
      const [tap = "", errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      const all = `${tap}\n${errors}`;
      for (const [, not, name = "", skipped] of tap.matchAll(result)) {
        await t.step({ name, ignore: skipped !== undefined, fn: () => assert.equal(not, undefined, all) });
      }
      assert.equal(code, 0, all);
    },
  });
}
