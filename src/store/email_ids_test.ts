import assert from "node:assert/strict";
import { EmailIds, idsTaken } from "./email_ids.ts";
import { one, prepared, type Work } from "./query.ts";
import { tempStore } from "./testing/temp_store.ts";

const takenRow = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("meta").select("value").where("name", "=", "email_ids")
);

Deno.test("no row id is given twice, whenever the program is killed", async () => {
  await using temp = tempStore();
  let last = 0;
  for (let round = 0; round < 3; round++) {
    const { store } = temp;
    for (let i = 0; i < 5; i++) {
      let id = 0;
      await store.writer.run(function* (tx): Work<void> {
        id = tx.emailIds.take();
        yield* one(takenRow, {});
      });
      assert.ok(id > last, `${id} after ${last}`);
      last = id;
      // What a start would read now, had the program been killed: nothing of this one's memory.
      const taken = store.read(one(takenRow, {}))?.value ?? 0;
      assert.ok(taken >= id && taken <= id + idsTaken);
    }
    await temp.reopen();
  }
});

Deno.test("a number whose transaction failed is noted again by the next one", () => {
  const ids = new EmailIds(7);
  assert.equal(ids.take(), 8);
  assert.equal([...ids.note()].length, 1); // And no committed(): the COMMIT failed.
  assert.equal([...ids.note()].length, 1);
  ids.committed();
  assert.equal([...ids.note()].length, 0);
  for (let i = 0; i < idsTaken; i++) ids.take();
  assert.equal([...ids.note()].length, 0);
  ids.take();
  assert.equal([...ids.note()].length, 1);
});
