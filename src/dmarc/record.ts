/**
 * The DMARC Policy Record: what a domain asks of those who get mail in its name. RFC 9989 4.7, 4.8
 *
 * A text either is a record, by its first tag, or is none and ignored. Inside a record nothing is fatal: what is
 * not understood gives way to the default, except that a policy which nobody can read must not be guessed
 * (RFC 9989 4.10.1). `pct`, `rf` and `ri` of RFC 7489 are unknown tags now.
 *
 * @module
 */
import { trimSpace } from "../message/headers.ts";
import { asciiLower } from "../base/scanner.ts";
import { parseReportUris, printReportUri, type ReportUri } from "./report_uri.ts";

/** What to do with mail that fails, from mild to strict. RFC 9989 4.7 (`p`) */
export const policies = ["none", "quarantine", "reject"] as const;
export type Policy = typeof policies[number];

/** Whether an identifier must be the Author Domain, or only of the same organization. RFC 9989 4.4 */
export type AlignmentMode = "relaxed" | "strict";

/** When to send failure reports. RFC 9989 4.7 (`fo`) */
export type FailureOption = "0" | "1" | "d" | "s";

/** A record as read. */
export interface DmarcRecord {
  /** `p`; `none` also where RFC 9989 4.10.1 has it stand in for one that cannot be read. */
  readonly policy: Policy;
  /** `sp`: for subdomains that exist; null: as `policy`. */
  readonly subdomainPolicy: Policy | null;
  /** `np`: for subdomains that do not exist; null: as for those that do. */
  readonly nonexistentPolicy: Policy | null;
  /** `psd`: whether others register their domains below this one; `u` is not known. */
  readonly psd: "y" | "n" | "u";
  /** `t=y`: the policy is to be applied one level milder. */
  readonly testing: boolean;
  /** `adkim` */
  readonly dkimAlignment: AlignmentMode;
  /** `aspf` */
  readonly spfAlignment: AlignmentMode;
  /** `fo` */
  readonly failureOptions: readonly FailureOption[];
  /** `rua` */
  readonly aggregateReports: readonly ReportUri[];
  /** `ruf` */
  readonly failureReports: readonly ReportUri[];
  /** False: no policy can be read, and no reports are wanted; DMARC does not apply. RFC 9989 4.10.1 */
  readonly usable: boolean;
  /** What was passed over, a sentence each; for people and for the `error` element of reports. */
  readonly problems: readonly string[];
}

/** Longest text that is read as a record: usual ones have some hundred octets. */
export const maxRecordOctets = 16 * 1024;
/** Most tags of a record. */
export const maxTags = 100;
/** More problems are not told. */
const maxProblems = 20;

/** Everything as it is without tags but `p=none`. */
export const defaultRecord: DmarcRecord = {
  policy: "none",
  subdomainPolicy: null,
  nonexistentPolicy: null,
  psd: "u",
  testing: false,
  dkimAlignment: "relaxed",
  spfAlignment: "relaxed",
  failureOptions: ["0"],
  aggregateReports: [],
  failureReports: [],
  usable: true,
  problems: [],
};

/**
 * Reads the text of a TXT record, its strings joined (RFC 9989 4.5).
 *
 * @param text One character for each octet.
 * @returns Null if it is no DMARC Policy Record: those are ignored, whatever else they hold.
 */
export function parseRecord(text: string): DmarcRecord | null {
  if (text.length > maxRecordOctets) return null;
  const tags = new Tags(text);
  return tags.isDmarc ? tags.record() : null;
}

/** The record's text: tags with their default are left out. */
export function printRecord(record: DmarcRecord): string {
  const tags = ["v=DMARC1", `p=${record.policy}`];
  const add = (name: string, value: string | null, usual: string | null) => {
    if (value !== usual && value !== null) tags.push(`${name}=${value}`);
  };
  add("sp", record.subdomainPolicy, null);
  add("np", record.nonexistentPolicy, null);
  add("adkim", record.dkimAlignment.charAt(0), "r");
  add("aspf", record.spfAlignment.charAt(0), "r");
  add("psd", record.psd, "u");
  add("t", record.testing ? "y" : "n", "n");
  add("fo", record.failureOptions.join(":"), "0");
  add("rua", record.aggregateReports.map(printReportUri).join(","), "");
  add("ruf", record.failureReports.map(printReportUri).join(","), "");
  return tags.join("; ");
}

/** The policy for a domain that has no record of its own but is below one that has. RFC 9989 4.10.1 */
export function policyBelow(record: DmarcRecord, exists: boolean): Policy {
  const existing = record.subdomainPolicy ?? record.policy;
  return exists ? existing : record.nonexistentPolicy ?? existing;
}

/** What `t=y` makes of a policy: the next milder one. RFC 9989 4.7 (`t`) */
export function milder(policy: Policy): Policy {
  return policy === "reject" ? "quarantine" : "none";
}

const known = new Set(["p", "sp", "np", "psd", "t", "adkim", "aspf", "fo", "rua", "ruf"]);

/** RFC 9989 4.8 (`dmarc-tag`) */
const tagName = /^[a-z]+$/;
const tagValue = /^[\x20-\x7e]+$/;

/** The tags of one text. Of a tag that comes twice none counts: who could say which was meant? */
class Tags {
  /** Whether the text says of itself, in its first tag, that it is a record. */
  readonly isDmarc: boolean;
  readonly #values = new Map<string, string | null>();
  readonly #problems: string[] = [];

  constructor(text: string) {
    const pieces = text.split(";", maxTags + 1);
    const [name, value] = splitTag(pieces[0] ?? "");
    this.isDmarc = name === "v" && value === "DMARC1";
    if (!this.isDmarc) return;
    if (pieces.length > maxTags) this.#note(`more than ${maxTags} tags`);
    for (const piece of pieces.slice(1, maxTags)) this.#add(piece);
  }

  record(): DmarcRecord {
    const aggregateReports = this.#uris("rua");
    const [p, sp, np] = [this.#policy("p"), this.#policy("sp"), this.#policy("np")];
    // RFC 9989 4.10.1: without a good `p`, or with a bad `sp` or `np`, nothing is asked but reports.
    const readable = typeof p === "string" && sp !== undefined && np !== undefined;
    return {
      policy: readable ? p : "none",
      subdomainPolicy: readable ? sp : null,
      nonexistentPolicy: readable ? np : null,
      psd: this.#choice("psd", { y: "y", n: "n", u: "u" }, "u"),
      testing: this.#choice("t", { y: "y", n: "n" }, "n") === "y",
      dkimAlignment: this.#choice("adkim", { r: "relaxed", s: "strict" }, "relaxed"),
      spfAlignment: this.#choice("aspf", { r: "relaxed", s: "strict" }, "relaxed"),
      failureOptions: this.#failureOptions(),
      aggregateReports,
      failureReports: this.#uris("ruf"),
      usable: readable || aggregateReports.length > 0,
      problems: this.#problems,
    };
  }

  #add(piece: string): void {
    if (trimSpace(piece) === "") return; // Behind the last semicolon, or one too many.
    const [name, value] = splitTag(piece);
    const isTag = tagName.test(name) && value !== null && tagValue.test(value);
    if (!isTag) this.#note("a tag that cannot be read");
    if (!known.has(name)) return;
    const isSecond = this.#values.has(name);
    if (isSecond) this.#note(`the tag ${name} comes twice`);
    this.#values.set(name, isTag && !isSecond ? value : null);
  }

  #note(problem: string): void {
    if (this.#problems.length < maxProblems) this.#problems.push(problem);
  }

  /** Null if the tag is not there, undefined if it has no good value. */
  #policy(name: string): Policy | null | undefined {
    const value = this.#values.get(name);
    if (value === undefined) {
      if (name === "p") this.#note("there is no policy (p)");
      return null;
    }
    const policy = policies.find((one) => value !== null && one === asciiLower(value));
    if (policy === undefined) this.#note(`the tag ${name} has no policy as its value`);
    return policy;
  }

  #choice<T>(name: string, choices: Readonly<Record<string, T>>, usual: T): T {
    const value = this.#values.get(name);
    if (value === undefined) return usual;
    const key = value === null ? "" : asciiLower(value);
    if (Object.hasOwn(choices, key)) return choices[key] ?? usual;
    this.#note(`the tag ${name} has an unknown value`);
    return usual;
  }

  /** RFC 9989 4.8 (`dmarc-fo`): 0 and 1 exclude each other, nothing comes twice. */
  #failureOptions(): readonly FailureOption[] {
    const value = this.#values.get("fo");
    if (value === undefined) return defaultRecord.failureOptions;
    const options = value === null ? [] : asciiLower(value).split(":", 5).map(trimSpace);
    const good = options.filter(isFailureOption);
    const isList = good.length > 0 && good.length === options.length && new Set(good).size === good.length;
    if (isList && !(good.includes("0") && good.includes("1"))) return good;
    this.#note("the tag fo has an unknown value");
    return defaultRecord.failureOptions;
  }

  #uris(name: string): readonly ReportUri[] {
    const value = this.#values.get(name);
    if (value === undefined) return [];
    const { uris, problems } = parseReportUris(value ?? "");
    for (const problem of problems) this.#note(`${problem} (${name})`);
    return uris;
  }
}

function isFailureOption(text: string): text is FailureOption {
  return text === "0" || text === "1" || text === "d" || text === "s";
}

/** Name in lower case and value, without the white space around them; the value is null without `=`. */
function splitTag(piece: string): [name: string, value: string | null] {
  const equals = piece.indexOf("=");
  if (equals === -1) return [asciiLower(trimSpace(piece)), null];
  return [asciiLower(trimSpace(piece.slice(0, equals))), trimSpace(piece.slice(equals + 1))];
}
