/**
 * `message why`: what was found out of a message when it came, and what became of it for that.
 *
 * Tested by `tests/scenarios/evidence_test.ts`.
 *
 * @module
 */
import { isAbsolute, join } from "node:path";
import { normalNames } from "../../config/authentication_config.ts";
import { readConfig } from "../../config/load.ts";
import { checkStatic, staticSchema } from "../../config/static_config.ts";
import { judgeStranger } from "../../delivery/judge.ts";
import { decodeEvidence, type Evidence } from "../../evidence/evidence.ts";
import { explain } from "../../evidence/explain.ts";
import { findEvidence, type FoundEvidence } from "../../store/find_evidence.ts";
import type { Command } from "../command.ts";
import { CommandError } from "../command_error.ts";
import { readFile } from "../dns/resolver.ts";

export const command: Command = {
  words: "message why",
  arguments: "ID",
  count: 1,
  summary: "explain why a message was taken: who sent it, and what SPF, DKIM, DMARC and others said",
  help: `
Prints what the server found out of a message when it came, and the verdict that follows from it: reverse name, SPF, DKIM, ARC,
DMARC, blocklists, and what DNSSEC said of each. ID is the message's EMAILID (in the log line 'message accepted', and in IMAP
with FETCH EMAILID) or its Message-ID. The verdict is computed anew from what was kept, and from whom mailden.toml says to
trust today ([authentication]). The server may be running.`,
  options: {
    config: { type: "string", value: "DIR", doc: "folder of mailden.toml", default: "." },
    json: { type: "boolean", doc: "print everything as JSON" },
  },
  async run(args, output) {
    const id = (args.positionals[0] ?? "").replace(/^<|>$/g, "");
    const { folder, sealers } = await settings(args.text("config") ?? ".");
    const found = find(folder, id).map((each) => told(each, sealers));
    if (found.length === 0) throw new CommandError(`There is no message ${id} here.`);
    if (args.is("json")) output.out(JSON.stringify(found));
    else for (const each of found) for (const line of lines(each)) output.out(line);
    return 0;
  },
};

/** The data folder, and whose seals are trusted. */
async function settings(folder: string): Promise<{ folder: string; sealers: readonly string[] }> {
  const file = join(folder, "mailden.toml");
  const { dataDir, authentication } = readConfig(await readFile(file), file, staticSchema, checkStatic);
  return {
    folder: isAbsolute(dataDir) ? dataDir : join(folder, dataDir),
    sealers: normalNames(authentication.trustedSealers),
  };
}

function find(folder: string, id: string): FoundEvidence[] {
  try {
    return findEvidence(folder, id);
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error));
  }
}

/** What JSON has. */
function told({ evidence: bytes, ...message }: FoundEvidence, sealers: readonly string[]) {
  const evidence = bytes === null ? null : decoded(bytes, message.id);
  return { ...message, evidence, verdict: evidence === null ? null : judgeStranger(evidence, sealers) };
}

function decoded(bytes: Uint8Array, id: string): Evidence {
  try {
    return decodeEvidence(bytes);
  } catch (error) {
    throw new CommandError(`What was kept of message ${id} cannot be read: ${(error as Error).message}`);
  }
}

function lines(found: ReturnType<typeof told>): string[] {
  const { id, account, received, subject, from, messageId, evidence, verdict } = found;
  const head = [
    `${id}: ${JSON.stringify(subject)} by ${from === "" ? "nobody" : from}`,
    `  to account ${account}, ${new Date(received).toISOString()}, Message-ID ${messageId ?? "none"}`,
  ];
  if (evidence === null) return [...head, "  came from a signed-in user: nothing was to be found out"];
  return [...head, ...explain(evidence, verdict).map((line) => `  ${line}`)];
}
