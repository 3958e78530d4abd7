/**
 * `dns lookup`: what the DNS says, and how far it can be believed.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { nameFromText } from "../../dns/name.ts";
import { printData, printType } from "../../dns/rdata_text.ts";
import { type RecordType, typeNumbers } from "../../dns/record.ts";
import type { Answer } from "../../dns/resolver.ts";
import type { Step } from "../../dns/dnssec_step.ts";
import { type Command, type Output, UsageError } from "../command.ts";
import { absolute, answerJson, dnsOptions, withResolver } from "./resolver.ts";

export const command: Command = {
  words: "dns lookup",
  arguments: "TYPE NAME",
  count: 2,
  network: true,
  summary: "look up a name, and check the signatures from the root to the answer",
  help: `
Looks up records of one type (A, AAAA, MX, TXT, PTR, CNAME, NS, SRV, SOA, CAA, TLSA, DS, DNSKEY, HTTPS …) as the server
does: aliases are followed, and DNSSEC signatures are checked here, not by the server that is asked. Prints the records
and one of these words: secure (a chain of signatures from the root's keys covers the answer), insecure (it is proved that
a zone on the way is not signed), bogus (it should be signed and is not, or wrongly: the server would not use it),
indeterminate (nobody can tell). --verbose prints the chain. Exit code 1 if there is no such record, or no answer.`,
  options: { verbose: { type: "boolean", doc: "print the chain of trust, step by step" }, ...dnsOptions },
  async run(args, output) {
    const [typeText = "", nameText = ""] = args.positionals;
    const type = typeOf(typeText);
    const name = nameOf(nameText);
    return await withResolver(args, async (resolver) => {
      const explained = args.is("verbose") ? await resolver.explain?.(name, type) : undefined;
      const answer = explained?.answer ?? await resolver.lookup(name, type);
      const steps = explained?.steps ?? [];
      if (args.is("json")) output.out(JSON.stringify({ ...answerJson(answer), steps }));
      else printAnswer(answer, steps, output);
      return answer.status === "found" ? 0 : 1;
    });
  },
};

function typeOf(text: string): RecordType {
  const types = Object.keys(typeNumbers) as RecordType[]; // Its keys are those of the type.
  const found = types.find((type) => type === text.toUpperCase());
  if (found === undefined) throw new UsageError(`there is no type '${text}': known are ${types.join(", ")}`);
  return found;
}

function nameOf(text: string): string {
  try {
    return nameFromText(absolute(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`'${text}' is no name: ${error.message}`);
    throw error;
  }
}

const statuses = {
  found: "",
  noData: "no such record",
  noSuchDomain: "no such name",
  failed: "no answer",
} as const satisfies Record<Answer["status"], string>;

function printAnswer(answer: Answer, steps: readonly Step[], output: Output): void {
  const { name, type, canonicalName, records, security, why, ttl, failure } = answer;
  const end = answer.status === "found"
    ? `${ttl} s`
    : `${statuses[answer.status]}${failure === null ? "" : ` (${failure})`}`;
  output.out(`${name} ${type}: ${security}, ${end}`);
  if (canonicalName !== name) output.out(`  is an alias of ${canonicalName}`);
  for (const data of records) output.out(`  ${printData(type, data)}`);
  output.out(`  (${why})`);
  if (steps.length > 0) output.out("");
  for (const step of steps) for (const line of stepLines(step)) output.out(line);
}

function stepLines(step: Step): string[] {
  const { kind, name, type, ds, keys, signature, result, why } = step;
  const lines = [`${result.padEnd(13)} ${kind} ${name}${type === null ? "" : ` ${printType(type)}`}: ${why}`];
  for (const each of ds) lines.push(`${" ".repeat(14)}DS ${each.keyTag} ${each.algorithm} ${each.digest}`);
  for (const key of keys) {
    lines.push(
      `${" ".repeat(14)}key ${key.keyTag} ${key.algorithm}${
        key.vouchedFor ? ", which the DS stands for" : ""
      }`,
    );
  }
  if (signature !== null) {
    const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
    const { keyTag, algorithm, inception, expiration } = signature;
    lines.push(`${" ".repeat(14)}signed by ${keyTag} ${algorithm}, ${day(inception)} to ${day(expiration)}`);
  }
  return lines;
}
