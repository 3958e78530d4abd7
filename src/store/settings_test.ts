import assert from "node:assert/strict";
import { settingOr } from "./settings.ts";
import { tempStore } from "./testing/temp_store.ts";

Deno.test("settingOr() keeps the first value that it was given", async () => {
  const temp = tempStore();
  try {
    assert.equal(await temp.store.writer.run(() => settingOr("key", "first")), "first");
    assert.equal(await temp.store.writer.run(() => settingOr("key", "second")), "first");
    assert.equal(await temp.store.writer.run(() => settingOr("other", "third")), "third");
  } finally {
    await temp.close();
  }
});
