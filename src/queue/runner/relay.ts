/**
 * Over another server that passes our mail on. No MX, MTA-STS, DANE or TLS reports: whoever configured it said whom to
 * trust.
 *
 * Tested by `src/queue/runner/relay_test.ts`.
 *
 * @module
 */
import { asciiDomain } from "../../address/domain.ts";
import type { ServerProof } from "../../net/client_tls.ts";
import type { Resolver } from "../../dns/resolver.ts";
import { statusOf } from "../../smtp/client_outcome.ts";
import { clientRules } from "../../smtp/client_rules.ts";
import type { RelayTransport } from "../transport.ts";
import { addressesOf, configuredHosts } from "./addresses.ts";
import type { Judgement, TlsState } from "./connect.ts";
import type { JobRun } from "./job_run.ts";
import type { KnownFailures } from "./known_failures.ts";
import { addressKey, hostKey, type HostWay, type LineParts, openLine } from "./open_line.ts";
import type { Lines, OpenLine } from "./reuse.ts";
import { transact } from "./transact.ts";
import { ownVerdict, remembered, type Verdict } from "./verdict.ts";

/** What it works with. */
export interface RelayParts extends LineParts {
  readonly resolver: Resolver;
  readonly lines: Lines;
  /** Of relays on which no message can be sent. */
  readonly destinations: KnownFailures<Verdict>;
}

/** Any message may go over any connection to a relay. */
const anywhere = "";

/** New connections on which nobody was settled. */
const maxFruitless = 2;

/** How long a relay that does not accept our password is not asked again: a handful of failures locks accounts. */
export const wrongPasswordMs = 5 * 60_000;

/** Tries to deliver; what came of it stands in `run.tally`. @param way Names the transport. */
export async function deliverByRelay(
  run: JobRun,
  relay: RelayTransport,
  way: string,
  parts: RelayParts,
): Promise<void> {
  const { lines, settings } = parts;
  const { signal, tally } = run;
  const left = new Set(run.job.recipients.map(({ id }) => id));
  run.tlsMode = "relay";
  let talked = false;
  for (let fruitless = 0; left.size > 0 && fruitless < maxFruitless && !signal.aborted;) {
    const line = lines.approvedFor(way, anywhere) ?? await open(run, relay, way, parts);
    if (line === null) break;
    talked = true;
    const before = left.size;
    const giveUp = () => line.client.destroy();
    signal.addEventListener("abort", giveUp, { once: true });
    const { end, hungUp, knowsNoChunks } = await transact(line, run, left);
    if (knowsNoChunks) parts.chunkless.remember(hostKey(way, line.remote.host), true);
    signal.removeEventListener("abort", giveUp);
    if (!signal.aborted) parts.hangUps.note(addressKey(way, line.remote), hungUp);
    if (end === "connection" || line.carried >= settings.maxPerConnection) lines.leave(line);
    else {
      lines.approve(line, anywhere);
      lines.put(line);
    }
    if (left.size === before) fruitless++;
  }
  if (run.isStopped) return;
  tally.conclude(ownVerdict("temporary", "4.4.1", "the relay could not be reached"));
  const { failure } = tally;
  if (talked || failure === null) return;
  // What keeps one message from it keeps all: whatever was refused, it has not heard of the message.
  const isPassword = failure.status === statusOf("credentials");
  parts.destinations.remember(way, failure, isPassword ? wrongPasswordMs : settings.failureMs);
}

async function open(
  run: JobRun,
  relay: RelayTransport,
  way: string,
  parts: RelayParts,
): Promise<OpenLine | null> {
  const { settings } = parts;
  const known = parts.destinations.of(way);
  if (known !== null) {
    run.tally.sayAll(remembered(known, run.job.attempts));
    return null;
  }
  const lookup = addressesOf(relay.host, parts.resolver, configuredHosts, run.signal);
  const { addresses, verdict } = await run.patiently(lookup);
  if (verdict !== null) {
    run.tally.sayAll({ ...verdict, text: `the relay cannot be found: ${verdict.text}` });
    return null;
  }
  const judge = (proof: ServerProof): Judgement => {
    if (proof.problem === null) return { allowed: true, verified: true, why: "" };
    const why = `its certificate is not trusted: ${proof.problem}`;
    return { allowed: relay.tls === "unverified", verified: false, why };
  };
  const host: HostWay = {
    way,
    host: relay.host,
    addresses,
    hasBoth: false,
    isOurs: true,
    isUnconfirmed: false,
    target: {
      port: relay.port,
      proxy: null,
      rules: clientRules(settings.hostname, {
        tls: relay.tls === "never" ? "never" : "required",
        auth: relay.auth === null
          ? null
          : { mechanisms: relay.auth.mechanisms, certificate: relay.certificate !== null },
        // A relay is asked to take it as it is: what it cannot take, it would have to convert.
        strictEightBit: true,
        chunking: parts.chunkless.of(hostKey(way, relay.host)) === null,
        timeouts: settings.timeouts,
      }),
      credentials: relay.auth,
      implicitTls: relay.tls === "implicit",
      tls: {
        serverName: asciiDomain(relay.host), // The runtime asks for no name that is not ASCII. RFC 6066 3
        ...(relay.trusted.length > 0 ? { trusted: relay.trusted } : {}),
        ...(relay.certificate === null ? {} : { certificate: relay.certificate }),
      },
      judge,
    },
    why: (state) => whyTls(state, judge),
    noteTls: () => {},
  };
  return await openLine(host, run, parts);
}

function whyTls(state: TlsState, judge: (proof: ServerProof) => Judgement): string {
  switch (state.kind) {
    case "none":
      return "the transport's configuration requires it";
    case "failed":
      return state.why;
    case "done":
      return judge(state.proof).why;
  }
}
