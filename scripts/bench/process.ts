/**
 * Figures of whole processes, from /proc.
 *
 * @module
 */
import type { TestServer } from "../../tests/support/server.ts";
import { fromFileUrl } from "../../tests/support/paths.ts";

/** Proportional set size of all processes of a server, in MB. */
export function pssMegabytes(server: Pick<TestServer, "pid" | "pids">): number {
  let kilobytes = 0;
  for (const pid of [server.pid, ...server.pids()]) {
    const rollup = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
    kilobytes += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
  }
  return kilobytes / 1024;
}

/** Seconds from `deno task localserve` to the first banner, in a folder that exists. */
export async function startSeconds(folder: string, port: number): Promise<number> {
  const root = fromFileUrl(new URL("../../", import.meta.url));
  const begin = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "localserve", "--dir", folder],
    cwd: root,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let seconds = NaN;
  while (performance.now() - begin < 20_000) {
    try {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      const read = await connection.read(new Uint8Array(100));
      connection.close();
      if (read !== null) {
        seconds = (performance.now() - begin) / 1000;
        break;
      }
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  child.kill("SIGTERM");
  await child.status;
  return seconds;
}
