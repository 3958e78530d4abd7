/**
 * Figures of whole processes, from /proc.
 *
 * @module
 */
import type { TestServer } from "../../tests/support/server.ts";
import { fromFileUrl } from "../../tests/support/paths.ts";

/** Proportional set size of all processes of a server, in MB. */
export function pssMegabytes(server: Pick<TestServer, "pid" | "pids">): number {
  return [server.pid, ...server.pids()].reduce((sum, pid) => sum + pssOf(pid), 0);
}

/** The same of one process. */
export function pssOf(pid: number): number {
  const rollup = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) / 1024;
}

/** Clock ticks of a second, on every Linux that is in use. */
const ticks = 100;

/** Seconds of the processor that a process has used. proc_pid_stat(5) */
export function cpuSeconds(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The name before may hold spaces; from the third field on, utime and stime are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticks;
}

/** What a process of a server is: the name of its entry. */
export function roleOf(pid: number): string {
  const words = Deno.readTextFileSync(`/proc/${pid}/cmdline`);
  return /roles\/([a-z]+)_main\.ts/.exec(words)?.[1] ?? "supervisor";
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
