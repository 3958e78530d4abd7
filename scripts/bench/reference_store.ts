/**
 * The Worker of the bare server that keeps: one table, one transaction for all that came meanwhile, one fsync.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { DatabaseSync } from "node:sqlite";

const scope = self as unknown as Worker; // Deno's types know a Worker's own scope only where the whole program is one.
const waiting: [number, Uint8Array][] = [];
let keep = (): void => {};

scope.onmessage = ({ data }: MessageEvent<string | [number, Uint8Array]>) => {
  if (typeof data === "string") keep = opened(data);
  else if (waiting.push(data) === 1) setImmediate(keep);
};

function opened(folder: string): () => void {
  const database = new DatabaseSync(`${folder}/bare.sqlite`);
  database.exec(
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE kept (id INTEGER PRIMARY KEY, octets BLOB)",
  );
  const insert = database.prepare("INSERT INTO kept (octets) VALUES (?)");
  return () => {
    const group = waiting.splice(0);
    database.exec("BEGIN");
    for (const [, octets] of group) insert.run(octets);
    database.exec("COMMIT");
    scope.postMessage(group.map(([id]) => id));
  };
}
