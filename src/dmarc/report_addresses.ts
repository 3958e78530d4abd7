/**
 * Whether those whom a record names for reports agreed to get them. RFC 9990 4, RFC 9991 5
 *
 * @module
 */
import { asciiDomain, maxDomainOctets } from "../address/domain.ts";
import { concat, fromLatin1 } from "../base/bytes.ts";
import type { Resolver, Security } from "../dns/resolver.ts";
import { type DmarcRecord, parseRecord } from "./record.ts";
import { maxReportUris, type ReportUri } from "./report_uri.ts";
import { organizationalDomain, TreeWalker } from "./tree_walk.ts";

/** What may be done with one published destination. */
export interface ReportAddress {
  readonly uri: ReportUri;
  /**
   * - `internal`: of the same organization; no question.
   * - `authorized`: the destination agreed.
   * - `refused`: it did not, or its answer breaks the rules; no reports.
   * - `temperror`: nobody knows for now; no reports yet.
   * - `unsupported`: not a `mailto:`; ignored.
   */
  readonly status: "internal" | "authorized" | "refused" | "temperror" | "unsupported";
  /** Where to send reports: the destination itself, or what its domain put in its place. Empty unless allowed. */
  readonly destinations: readonly ReportUri[];
  /** What DNSSEC says of the destination's answer; null if it was not asked. */
  readonly security: Security | null;
  /** One sentence. */
  readonly why: string;
}

/** Which tag of the record: aggregate or failure reports. */
export type ReportTag = "rua" | "ruf";

/**
 * Checks every destination of a record.
 *
 * @param domain Where the record was found, in normal form.
 */
export async function checkReportAddresses(
  domain: string,
  record: DmarcRecord,
  resolver: Resolver,
  options: { readonly tag?: ReportTag; readonly signal?: AbortSignal } = {},
): Promise<ReportAddress[]> {
  const { tag = "rua", signal } = options;
  const walker = new TreeWalker(resolver, signal);
  const organization = organizationalDomain(await walker.walk(domain));
  const question = { domain, organization, tag, walker, resolver, signal };
  return await Promise.all(urisOf(record, tag).map((uri) => check(uri, question)));
}

interface Question {
  readonly domain: string;
  readonly organization: string | null;
  readonly tag: ReportTag;
  readonly walker: TreeWalker;
  readonly resolver: Resolver;
  readonly signal: AbortSignal | undefined;
}

/** What is said of a destination, without itself. */
type Judgement = Omit<ReportAddress, "uri">;

async function check(uri: ReportUri, question: Question): Promise<ReportAddress> {
  return { uri, ...await judge(uri, question) };
}

async function judge(uri: ReportUri, question: Question): Promise<Judgement> {
  const { host } = uri;
  const { domain, organization } = question;
  if (uri.scheme !== "mailto" || host === null) return no("unsupported", `${uri.scheme}: is not supported`);
  const internal = { status: "internal", destinations: [uri], security: null } as const;
  // The same domain is of the same organization, whatever the DNS says of it.
  if (host === domain) return { ...internal, why: `${host} has the record itself` };
  const other = organizationalDomain(await question.walker.walk(host));
  if (organization === null || other === null) {
    return no("temperror", `nobody knows for now whether ${host} and ${domain} are of one organization`);
  }
  if (other === organization) return { ...internal, why: `${host} is of the same organization` };
  return await askDestination(uri, host, question);
}

/** RFC 9990 4, steps 2 to 9 */
async function askDestination(
  uri: ReportUri,
  host: string,
  { domain, tag, resolver, signal }: Question,
): Promise<Judgement> {
  const name = `${asciiDomain(domain)}._report._dmarc.${asciiDomain(host)}.`;
  if (name.length > maxDomainOctets) return no("refused", "the name to ask for is too long"); // Step 4
  const answer = await resolver.lookup(name, "TXT", signal === undefined ? {} : { signal });
  const { security } = answer;
  if (answer.status === "failed") {
    return no("temperror", `${host} could not be asked (${answer.failure}): ${answer.why}`, security);
  }
  const records = answer.records.slice(0, maxRecords).map((data) =>
    parseRecord(fromLatin1(concat(data.strings)))
  ).filter((record) => record !== null);
  if (records.length === 0) return no("refused", `${host} has not agreed to get reports`, security);
  const instead = records.flatMap((record) =>
    tag === "rua" ? record.aggregateReports : record.failureReports
  );
  if (instead.some((one) => one.host !== host || one.scheme !== "mailto")) {
    return no("refused", `${host} names another host in its place`, security);
  }
  const destinations = instead.length === 0 ? [uri] : instead.slice(0, maxReportUris);
  return { status: "authorized", destinations, security, why: `${host} agreed to get reports` };
}

function no(status: ReportAddress["status"], why: string, security: Security | null = null): Judgement {
  return { status, destinations: [], security, why };
}

/** Most TXT records of one name that are looked at. */
const maxRecords = 10;

/** RFC 9991 2: a public suffix gets no failure reports. */
function urisOf(record: DmarcRecord, tag: ReportTag): readonly ReportUri[] {
  if (tag === "rua") return record.aggregateReports;
  return record.psd === "y" ? [] : record.failureReports;
}
