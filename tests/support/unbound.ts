/**
 * Unbound and NSD as peers of tests: whether Unbound can run here, and when a server listens.
 *
 * Where it is installed it need not start: it asks for socket options that not every system has, and ends without
 * them (gVisor of 2024 has no `IP_PMTUDISC_OMIT`).
 *
 * Tested by `src/net/dns_peers_test.ts` and `tests/scenarios/dnssec_unbound_test.ts`.
 *
 * @module
 */
import { systemClock } from "../../src/net/system_clock.ts";
import { freePorts } from "./server.ts";

/** How long one may take to start, on a machine that does much else, and how often to look. */
const startMs = 60_000;
const lookMs = 50;

/** Waits until something listens on a TCP port of this machine; tells whether it did before the process ended. */
export async function listens(port: number, process: Deno.ChildProcess): Promise<boolean> {
  let ended = false;
  process.status.then(() => ended = true);
  for (const end = performance.now() + startMs; performance.now() < end && !ended;) {
    try {
      (await Deno.connect({ port, hostname: "127.0.0.1" })).close();
      return true;
    } catch {
      await new Promise((resolve) => systemClock.after(lookMs, () => resolve(null)));
    }
  }
  return false;
}

/** Starts Unbound with a configuration; what it prints is lost. */
export function startUnbound(program: string, file: string): Deno.ChildProcess {
  return new Deno.Command(program, { args: ["-d", "-c", file], stdout: "null", stderr: "null" }).spawn();
}

/** The program, if it is installed and starts; else why a test is skipped. */
export async function findUnbound(): Promise<{ readonly program: string | null; readonly why: string }> {
  const program = ["unbound", "/usr/sbin/unbound"].find((path) => {
    try {
      return new Deno.Command(path, { args: ["-V"], stdout: "null", stderr: "null" }).outputSync().success;
    } catch {
      return false;
    }
  });
  if (program === undefined) return { program: null, why: "unbound is not installed" };
  const folder = await Deno.makeTempDir({ prefix: "mailden-unbound-" });
  const [port = 0] = freePorts(1);
  const file = `${folder}/unbound.conf`;
  await Deno.writeTextFile(
    file,
    `server:\n  directory: "${folder}"\n  chroot: ""\n  username: ""\n  pidfile: ""\n  use-syslog: no\n` +
      `  interface: 127.0.0.1\n  port: ${port}\n  num-threads: 1\n  do-ip6: no\nremote-control:\n  control-enable: no\n`,
  );
  const unbound = startUnbound(program, file);
  try {
    const serves = await listens(port, unbound);
    return serves ? { program, why: "" } : { program: null, why: "unbound does not start here" };
  } finally {
    try {
      unbound.kill("SIGTERM");
    } catch {
      // It has ended.
    }
    await unbound.status;
    await Deno.remove(folder, { recursive: true });
  }
}
