/**
 * A connection to a host, by whichever of its addresses works.
 *
 * Tested by `src/queue/runner/runner_test.ts`.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { Cause } from "../../smtp/client_state.ts";
import { familyOf, orderAddresses } from "./addresses.ts";
import {
  connect,
  type ConnectParts,
  type NotOpened,
  type Opened,
  type Target,
  type TlsState,
} from "./connect.ts";
import type { JobRun, TlsMode } from "./job_run.ts";
import type { KnownFailures } from "./known_failures.ts";
import type { HangUps } from "./hang_ups.ts";
import type { Openings } from "./openings.ts";
import type { OpenLine } from "./reuse.ts";
import type { RunnerMetrics } from "./metrics.ts";
import type { RunnerSettings } from "./settings.ts";
import {
  forNow,
  ownVerdict,
  remembered,
  type Remote,
  shown,
  softened,
  unconfirmedIf,
  type Verdict,
  verdictOf,
} from "./verdict.ts";

/** What opening connections takes. */
export interface LineParts {
  readonly connect: ConnectParts;
  readonly clock: Clock;
  readonly settings: RunnerSettings;
  readonly metrics: RunnerMetrics;
  readonly random: () => number;
  /** Of addresses: what was said when they were dialled last. */
  readonly failures: KnownFailures<Verdict>;
  readonly openings: Openings;
  readonly hangUps: HangUps;
  /** Hosts, by {@link hostKey}, that offer CHUNKING and do not know it. */
  readonly chunkless: KnownFailures<true>;
}

/** A host as it is to be reached. */
export interface HostWay {
  readonly way: string;
  readonly host: string;
  readonly addresses: readonly string[];
  /** Whether there are some of both families. */
  readonly hasBoth: boolean;
  readonly target: Omit<Target, "remote" | "localAddress" | "dialMs">;
  /** Whether who is refused before a message is named is the sender's business, or ours, and a person's to mend. */
  readonly isOurs: boolean;
  /** Whether it is an MTA-STS policy that wants TLS, and nobody could confirm it. RFC 8461 5.1 */
  readonly isUnconfirmed: boolean;
  /** Why TLS is a must, or was not good enough. */
  readonly why: (tls: TlsState) => string;
  /** Called for each connection on which something was heard. */
  readonly noteTls: (result: Opened | Extract<NotOpened, { kind: "refused" }>, remote: Remote) => void;
}

/** Opens one; else says to all of `run` why there is none. */
export async function openLine(way: HostWay, run: JobRun, parts: LineParts): Promise<OpenLine | null> {
  const { clock, settings, failures, openings, random } = parts;
  const order = orderAddresses(way.addresses, run.job.dialed, random);
  const said: Verdict[] = [];
  let left = settings.dialMs;
  for (const [i, address] of order.entries()) {
    const remote = { host: way.host, address };
    const key = addressKey(way.way, remote);
    const ahead = openings.ahead(key);
    if (ahead !== null) await run.aside(ahead);
    if (run.signal.aborted) return null;
    const known = failures.of(key);
    if (known !== null) {
      said.push(remembered(known, run.job.attempts));
      if (known.outcome === "permanent") break;
      continue;
    }
    const began = clock.monotonic();
    const share = left / (order.length - i);
    run.dialed(address);
    const { result, verdict } = await dialled(way, { remote, dialMs: share }, run, parts);
    left = Math.max(share, left - (clock.monotonic() - began));
    if (result.kind === "opened") return lineOf(way, remote, result, run.tlsMode);
    if (verdict === null) return null;
    said.push(softened(verdict, run.job.attempts, way.hasBoth));
    if (isOfHost(result) || verdict.outcome === "permanent") break;
  }
  for (const verdict of said) run.tally.sayAll(verdict);
  return null;
}

/** Dials, and keeps in mind what came of it. No verdict: it was given up, which says nothing of the host. */
async function dialled(
  way: HostWay,
  place: { readonly remote: Remote; readonly dialMs: number },
  run: JobRun,
  parts: LineParts,
): Promise<{ readonly result: Opened | NotOpened; readonly verdict: Verdict | null }> {
  const { failures, openings } = parts;
  const key = addressKey(way.way, place.remote);
  return await openings.dial(key, async () => {
    const result = await attempt(way, place, run, parts);
    if (result.kind === "opened") {
      failures.forget(key);
      return { result, verdict: null, reached: true };
    }
    if (run.signal.aborted) return { result, verdict: null, reached: false };
    const found = verdictFor(way, place.remote, result);
    const verdict = way.isOurs ? forNow(found) : found;
    // What was said in greeting is the machine's; from STARTTLS on it is the host's.
    if (!isOfHost(result)) failures.remember(key, verdict);
    return { result, verdict, reached: isOfHost(result) };
  });
}

/** A connection, and if TLS alone is what fails, and need not be, one without. */
async function attempt(
  way: HostWay,
  place: { readonly remote: Remote; readonly dialMs: number },
  run: JobRun,
  parts: LineParts,
): Promise<Opened | NotOpened> {
  const connection = { ...parts.connect, log: run.log };
  const source = way.target.proxy === null ? sourceFor(place.remote.address, parts.settings) : null;
  const target: Target = { ...way.target, ...place, localAddress: source };
  const first = await connect(target, connection, run.signal);
  count(first, parts.metrics, run.signal);
  if (first.kind === "unreached") return first;
  way.noteTls(first, place.remote);
  if (first.kind !== "refused" || first.outcome.retry !== "plaintext" || run.signal.aborted) return first;
  run.log.info("TLS failed, trying without", { host: way.host, why: way.why(first.tls) });
  parts.metrics.plaintextFallback.add();
  const plain: Target = { ...target, rules: { ...target.rules, tls: "never" } };
  const second = await connect(plain, connection, run.signal);
  count(second, parts.metrics, run.signal);
  return second;
}

function count(result: Opened | NotOpened, { connections }: RunnerMetrics, signal: AbortSignal): void {
  if (result.kind !== "opened" && signal.aborted) connections.add({ result: "canceled" });
  else if (result.kind === "unreached") {
    connections.add({ result: result.why.startsWith("did not answer") ? "timeout" : "error" });
  } else connections.add({ result: "ok" });
}

/** Under what failures of an address are remembered. */
export function addressKey(way: string, { host, address }: Remote): string {
  return `${way} ${host} ${address}`;
}

/** Under what something is remembered of a host, whichever its address. */
export function hostKey(way: string, host: string): string {
  return `${way} ${host}`;
}

function lineOf(way: HostWay, remote: Remote, { client, tls, id }: Opened, tlsMode: TlsMode): OpenLine {
  return {
    client,
    way: way.way,
    remote,
    proof: tls.kind === "done" ? tls.proof : null,
    id,
    hasBoth: way.hasBoth,
    tlsMode,
    carried: 0,
    approved: new Map(),
  };
}

function verdictFor(way: HostWay, remote: Remote, result: NotOpened): Verdict {
  if (result.kind === "refused") {
    const isTls = tlsCauses.has(result.outcome.cause);
    return unconfirmedIf(way.isUnconfirmed && isTls, verdictOf(result.outcome, remote, way.why(result.tls)));
  }
  return ownVerdict("temporary", "4.4.1", `${shown(remote)} ${result.why}`, { retry: "host" }); // RFC 3463 3.5
}

/** What a policy made of it. */
const tlsCauses: ReadonlySet<Cause> = new Set(["noTls", "tlsRefused", "handshake"]);

/** Whether the host spoke as what it is to the world, and not one of its machines for itself. */
function isOfHost(result: NotOpened): boolean {
  if (result.kind === "unreached") return false;
  const { step, cause } = result.outcome;
  const isEarly = step === "greeting" || step === "ehlo" || step === "helo";
  return !isEarly || cause === "noTls";
}

function sourceFor(address: string, { sourceAddresses }: RunnerSettings): string | null {
  return sourceAddresses.find((own) => familyOf(own) === familyOf(address)) ?? null;
}
