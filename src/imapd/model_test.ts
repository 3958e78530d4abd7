import { chance, searchDeeds } from "./testing/model_search.ts";
import { runDeeds } from "./testing/model_run.ts";
import { ModelStore } from "./testing/model_stage.ts";

/**
 * MAILDEN_MODEL_SECONDS for a longer search; MAILDEN_MODEL_SEED, which a failure tells, to see it again;
 * MAILDEN_MODEL_WATCHES for sessions that also follow other mailboxes (RFC 5465).
 */
const seconds = Number(Deno.env.get("MAILDEN_MODEL_SECONDS") ?? 2);
const seed = Number(Deno.env.get("MAILDEN_MODEL_SEED") ?? Date.now() % 2 ** 30);

/** After a failure nobody asks what the store is like. */
async function withStore(test: (store: ModelStore) => Promise<void>): Promise<void> {
  const store = new ModelStore();
  try {
    await test(store);
  } catch (error) {
    await store.close().catch(() => {});
    throw error;
  }
  await store.close();
}

for (const sessions of [2, 5]) {
  Deno.test(`${sessions} sessions, one deed after the other: every answer is what the model says`, async () => {
    await withStore((store) =>
      searchDeeds({ seconds, seed, most: 150 }, async (list) => {
        await runDeeds(await store.stage(), sessions, list, "exact");
      })
    );
  });
}

for (const sessions of [5, 50]) {
  Deno.test(`${sessions} sessions at once: what they are told fits together, and in the end all agree`, async () => {
    const random = chance(seed);
    await withStore((store) =>
      searchDeeds({ seconds, seed, most: sessions * 30 }, async (list) => {
        const stage = await store.stage(random);
        await runDeeds(stage, sessions, list, "at once");
      })
    );
  });
}
