/**
 * What FETCH and SEARCH of a mailbox with 100,000 messages cost to write.
 *
 * @module
 */
import { writeFetchFlags } from "./response.ts";
import { ResponseWriter } from "./response_writer.ts";

const count = 100_000;
const uids = Uint32Array.from({ length: count }, (_, i) => 2 * i + 1);

Deno.bench("100,000 lines of FETCH (UID FLAGS)", () => {
  const w = new ResponseWriter();
  for (let i = 0; i < count; i++) {
    writeFetchFlags(w, i + 1, uids[i] ?? 0, i & 31, "", false, null);
    if (w.length > 64 * 1024) w.take();
  }
});

Deno.bench("100,000 UIDs with gaps as a set", () => {
  new ResponseWriter().set(uids);
});
