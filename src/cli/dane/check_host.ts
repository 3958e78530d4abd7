/**
 * One host, looked at as DANE does: what its TLSA records ask for, and whether who answers is who they name.
 *
 * Tested by `tests/scenarios/tls_commands_test.ts`.
 *
 * @module
 */
import { asciiDomain } from "../../address/domain.ts";
import { type DanePlan, planDane, type Route } from "../../dane/plan.ts";
import { type TlsaData, tlsaText, usages } from "../../dane/records.ts";
import { verifyDane } from "../../dane/verify.ts";
import type { Resolver } from "../../dns/resolver.ts";
import type { ClientTls } from "../../net/client_tls.ts";
import type { DialedTransport } from "../../net/client.ts";
import { systemClock } from "../../net/system_clock.ts";
import { type Option, UsageError } from "../command.ts";
import { CommandError } from "../command_error.ts";
import { addressesOf, type HostPort, reach, type ReachSettings, shownAddress } from "../reach.ts";
import { SmtpDialogue } from "../smtp/dialogue.ts";
import { type ShownTls, shownTls, tlsLines } from "../trust.ts";

export const usagesOption = {
  usages: {
    type: "string",
    value: "NAMES",
    doc: "let only these count: dane-ee, dane-ta, or both with a comma between",
  },
} as const satisfies Record<string, Option>;

const usageNames: ReadonlyMap<string, number> = new Map([["dane-ee", usages.daneEe], [
  "dane-ta",
  usages.daneTa,
]]);

/** Usages that count. @throws {UsageError} */
export function usagesOf(text: string | undefined): readonly number[] {
  if (text === undefined) return [...usageNames.values()];
  return text.split(",").map((name) => {
    const usage = usageNames.get(name);
    // RFC 7672 3.1.3
    if (usage === undefined) {
      throw new UsageError(`'${name}' is no usage that counts for mail: say dane-ee or dane-ta`);
    }
    return usage;
  });
}

/** How to look. */
export interface DaneWish {
  /** Whether TLS is asked for with STARTTLS, or begins at once. */
  readonly startTls: boolean;
  /** How to name ourselves with EHLO. */
  readonly ehlo: string;
  readonly usages: readonly number[];
  readonly reach: ReachSettings;
}

/** What was found. Plain data. */
export interface HostFinding {
  readonly host: string;
  readonly plan: DanePlan["kind"];
  /** TLSA records that count, as in a zone file. */
  readonly records: readonly string[];
  readonly unusable: readonly { readonly record: string; readonly why: string }[];
  readonly remote: string | null;
  readonly tls: ShownTls | null;
  /** The record that the host matched. */
  readonly matched: string | null;
  readonly verified: boolean;
  /** One sentence. */
  readonly why: string;
}

/** Looks. @param tell Gets sentences as it goes. */
export async function checkHost(
  target: Pick<HostPort, "host" | "isAddress">,
  route: Omit<Route, "host">,
  wish: DaneWish,
  resolver: Resolver,
  tell: (sentence: string) => void,
): Promise<HostFinding> {
  const { host } = target;
  const { answers, addresses, why } = await addressesOf(target, resolver);
  tell(why);
  const plan = await planDane({ ...route, host }, answers, resolver);
  tell(`DANE: ${plan.why}`);
  const usable = plan.kind === "authenticated" ? plan.records : [];
  const unusable = plan.kind === "authenticated" || plan.kind === "encrypted" ? plan.unusable : [];
  const records = usable.filter(({ usage }) => wish.usages.includes(usage));
  for (const one of records) tell(`  counts: ${tlsaText(one)}`);
  for (const one of unusable) tell(`  does not count: ${tlsaText(one.record)}: ${one.why}`);
  const found: HostFinding = {
    host,
    plan: plan.kind,
    records: records.map(tlsaText),
    unusable: unusable.map((one) => ({ record: tlsaText(one.record), why: one.why })),
    remote: null,
    tls: null,
    matched: null,
    verified: false,
    why: plan.why,
  };
  if (plan.kind === "later") return { ...found, why: `no mail would go there now: ${plan.why}` };
  if (addresses.length === 0) return { ...found, why };
  const serverName = "baseDomain" in plan ? plan.baseDomain : target.isAddress ? null : asciiDomain(host);
  try {
    return await meet(
      found,
      plan,
      records,
      addresses,
      route.port,
      wish,
      { serverName, unverified: true },
      tell,
    );
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { ...found, why: error.message };
  }
}

/** @throws {CommandError} If it comes to no TLS. */
async function meet(
  found: HostFinding,
  plan: DanePlan,
  records: readonly TlsaData[],
  addresses: readonly string[],
  port: number,
  wish: DaneWish,
  tls: ClientTls,
  tell: (sentence: string) => void,
): Promise<HostFinding> {
  const transport = await reach(addresses, port, wish.reach, wish.startTls ? undefined : tls, tell);
  try {
    const remote = shownAddress(transport.remote.address, transport.remote.port);
    tell(`connected to ${found.host} at ${remote}`);
    if (wish.startTls) await startTls(transport, wish, tls);
    if (transport.tls === null) throw new CommandError("there is no TLS"); // startTls() has seen to it.
    const shown = shownTls(transport.tls, transport.serverProof);
    for (const line of tlsLines(shown, systemClock.now())) tell(line);
    const met = { ...found, remote, tls: shown };
    if (plan.kind !== "authenticated") {
      const why = plan.kind === "encrypted" ? plan.why : `nothing proves who is there: ${plan.why}`;
      return { ...met, why };
    }
    if (records.length === 0) return { ...met, why: "no TLSA record has one of the usages that may count" };
    const verdict = verifyDane(
      transport.serverProof?.chain ?? [],
      { records, names: plan.names },
      systemClock.now(),
    );
    if (!verdict.ok) return { ...met, why: verdict.why };
    const matched = tlsaText(verdict.record);
    return { ...met, matched, verified: true, why: `${verdict.why}: ${matched}` };
  } finally {
    transport.destroy();
  }
}

async function startTls(
  transport: DialedTransport,
  { ehlo, reach: { timeoutMs } }: DaneWish,
  tls: ClientTls,
): Promise<void> {
  const dialogue = new SmtpDialogue(transport, () => {}, timeoutMs);
  const greeting = await dialogue.reply();
  if (greeting.code !== 220) {
    throw new CommandError(`the server takes no mail now: ${greeting.code} ${greeting.lines[0]}`);
  }
  const offers = await dialogue.hello(ehlo);
  if (!offers.startTls) throw new CommandError("the server does not offer STARTTLS");
  await dialogue.startTls(tls);
}

/** The end of what people are told of one host. */
export function verdictLine({ host, verified, plan, why }: HostFinding): string {
  if (verified) return `${host}: verified by DANE: ${why}`;
  return plan === "none" ? `${host}: DANE does not protect it: ${why}` : `${host}: NOT verified: ${why}`;
}
