// deno-lint-ignore-file no-console -- A program that prints.
/**
 * What a lookup costs, over loopback to a server in a process of its own. Run with `deno bench -A`.
 *
 * With `deno run -A` it is 10,000 lookups at once, and the memory that they take: with `--v8-flags=--expose-gc` what
 * they hold, and else how the process grows, most of which is garbage that nobody is in a hurry to collect: 94 to 105 MiB, or 60
 * with the flags that `serve` gives the front (`--v8-flags=--max-semi-space-size=8,--heap-growing-percent=60`).
 * With `--v8-flags=--max-old-space-size=64` there is no room for it, and they are answered all the same.
 *
 * @module
 */
import { cpuUsage } from "node:process";
import { MiB } from "../../base/bytes.ts";
import { silentLog } from "../../base/log.ts";
import { decodeMessage, encodeMessage, encodeQuery } from "../../dns/message.ts";
import { record, replyTo } from "../../../tests/support/dns_server.ts";
import { makeResolver } from "../resolver.ts";
import { systemClock } from "../system_clock.ts";

const support = new URL("../../../tests/support/dns_server.ts", import.meta.url);
const program = `
  import { record, startDnsServer } from ${JSON.stringify(support)};
  const server = await startDnsServer(async ({ name }) => {
    if (name.startsWith("slow")) await new Promise((resolve) => setTimeout(resolve, 300));
    return { answers: [record(name, "A", { address: "192.0.2.1" })] };
  });
  console.log(server.port);
`;
const server = new Deno.Command(Deno.execPath(), { args: ["eval", program], stdout: "piped" }).spawn();
const first = await server.stdout.getReader().read();
const port = Number(new TextDecoder().decode(first.value));

const resolver = makeResolver({
  servers: [{ address: "127.0.0.1", port, trusted: true }],
  mode: "trust-ad",
  clock: systemClock,
  log: silentLog,
});
globalThis.addEventListener("unload", () => server.kill());

let round = 0;
async function lookups(count: number, prefix: string): Promise<void> {
  round++;
  const names = Array.from({ length: count }, (_, i) => `${prefix}-${round}-${i}.example.`);
  const answers = await Promise.all(names.map(async (name) => (await resolver.lookup(name, "A")).status));
  const failed = answers.filter((status) => status !== "found").length;
  if (failed > 0) console.log(`${failed} of ${count} lookups failed`);
}

const mebibytes = (octets: number) => (octets / MiB).toFixed(0);

async function memory(): Promise<void> {
  await resolver.lookup("warm.example.", "A");
  const gc: unknown = Reflect.get(globalThis, "gc");
  const live = () => {
    if (typeof gc !== "function") return 0;
    gc();
    const { heapUsed, external } = Deno.memoryUsage();
    return heapUsed + external;
  };
  const [rssBefore, liveBefore] = [Deno.memoryUsage().rss, live()];
  let [rss, most] = [0, 0];
  const sampling = setInterval(() => {
    rss = Math.max(rss, Deno.memoryUsage().rss);
    if (most === 0) most = live();
  }, 250);
  const [start, before] = [performance.now(), cpuUsage()];
  await lookups(10_000, "slow");
  clearInterval(sampling);
  const ms = performance.now() - start;
  const { user, system } = cpuUsage(before);
  const each = ((user + system) / 10_000).toFixed(0);
  console.log(
    `10,000 lookups at once, of a server that takes 300 ms: ${ms.toFixed(0)} ms, ${each} us CPU each`,
  );
  console.log(`  they hold ${most === 0 ? "? (no --expose-gc)" : mebibytes(most - liveBefore)} MiB`);
  console.log(`  the process grows from ${mebibytes(rssBefore)} to ${mebibytes(rss)} MiB`);
}

if (import.meta.main) {
  await memory();
  await resolver.close();
  Deno.exit();
}

const query = {
  id: 1,
  name: "mail.example.org.",
  type: 1,
  recursionDesired: true,
  checkingDisabled: false,
  dnssecOk: false,
  udpSize: 1232,
};
const octets = encodeQuery(query);
const asked = decodeMessage(octets);
const answers = Array.from({ length: 4 }, (_, i) => record(query.name, "A", { address: `192.0.2.${i}` }));
const answer = encodeMessage(replyTo(asked, { answers }));

Deno.bench("encodeQuery()", { group: "message" }, () => void encodeQuery(query));
Deno.bench("decodeMessage(), 4 records", { group: "message" }, () => void decodeMessage(answer));
Deno.bench("one lookup after the other", { group: "lookups" }, async () => await lookups(1, "one"));
Deno.bench("100 lookups at once", { group: "lookups" }, async () => await lookups(100, "many"));
