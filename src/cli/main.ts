/**
 * The command line: finds the command that the words name, and runs it.
 *
 * Commands are imported only when they are called, so that a start costs what it needs.
 *
 * @module
 */
import { ConfigError } from "../config/load.ts";
import { mayUseNetwork, runWithNetwork } from "./network.ts";
import { runWithServer } from "./connected.ts";
import { nearest } from "./nearest.ts";
import {
  type Command,
  helpText,
  type Output,
  readArguments,
  type Surroundings,
  usage,
  UsageError,
} from "./command.ts";
import { CommandError } from "./command_error.ts";
import { terminalText } from "./terminal_text.ts";
import { version } from "./version.ts";

/** Every command, by its words. */
const commands: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  "localserve": () => import("./localserve.ts"),
  "serve": () => import("./serve.ts"),
  "verifydata": () => import("./verifydata.ts"),
  "reindex": () => import("./reindex.ts"),
  "cid": () => import("./cid.ts"),
  "config test": () => import("./config/test.ts"),
  "config example": () => import("./config/example.ts"),
  "dns lookup": () => import("./dns/lookup.ts"),
  "message why": () => import("./message/why.ts"),
  "sendmail": () => import("./sendmail.ts"),
  "queue list": () => import("./queue/list.ts"),
  "queue hold": () => import("./queue/hold.ts"),
  "queue unhold": () => import("./queue/unhold.ts"),
  "queue schedule": () => import("./queue/schedule.ts"),
  "queue transport": () => import("./queue/transport.ts"),
  "queue requiretls": () => import("./queue/requiretls.ts"),
  "queue fail": () => import("./queue/fail.ts"),
  "queue drop": () => import("./queue/drop.ts"),
  "queue dump": () => import("./queue/dump.ts"),
  "queue holdrules list": () => import("./queue/holdrules/list.ts"),
  "queue holdrules add": () => import("./queue/holdrules/add.ts"),
  "queue holdrules remove": () => import("./queue/holdrules/remove.ts"),
  "queue retired list": () => import("./queue/retired/list.ts"),
  "queue retired print": () => import("./queue/retired/print.ts"),
  "queue suppress list": () => import("./queue/suppress/list.ts"),
  "queue suppress add": () => import("./queue/suppress/add.ts"),
  "queue suppress remove": () => import("./queue/suppress/remove.ts"),
  "queue suppress lookup": () => import("./queue/suppress/lookup.ts"),
  "iprev": () => import("./iprev.ts"),
  "spf check": () => import("./spf/check.ts"),
  "spf lookup": () => import("./spf/lookup.ts"),
  "spf parse": () => import("./spf/parse.ts"),
  "dkim gened25519": () => import("./dkim/gened25519.ts"),
  "dkim genrsa": () => import("./dkim/genrsa.ts"),
  "dkim lookup": () => import("./dkim/lookup.ts"),
  "dkim txt": () => import("./dkim/txt.ts"),
  "dkim verify": () => import("./dkim/verify.ts"),
  "dkim sign": () => import("./dkim/sign.ts"),
  "dmarc lookup": () => import("./dmarc/lookup.ts"),
  "dmarc verify": () => import("./dmarc/verify.ts"),
  "dmarc checkreportaddrs": () => import("./dmarc/checkreportaddrs.ts"),
  "arc verify": () => import("./arc/verify.ts"),
  "mtasts lookup": () => import("./mtasts/lookup.ts"),
  "tlsrpt lookup": () => import("./tlsrpt/lookup.ts"),
  "smtp dial": () => import("./smtp/dial.ts"),
  "dane dial": () => import("./dane/dial.ts"),
  "dane dialmx": () => import("./dane/dialmx.ts"),
  "dane makerecord": () => import("./dane/makerecord.ts"),
  "dnsbl check": () => import("./dnsbl/check.ts"),
  "dnsbl checkhealth": () => import("./dnsbl/checkhealth.ts"),
};

/**
 * Runs a command line.
 *
 * @param args Without the program's name.
 * @returns The exit code: 0 done, 1 failed, 2 called wrongly.
 */
export function main(
  args: readonly string[],
  output: Output,
  surroundings: Surroundings = { openControl: null, write: null, now: Date.now },
): Promise<number> {
  return runLine(args, {
    out: (line) => output.out(terminalText(line)),
    error: (line) => output.error(terminalText(line)),
  }, surroundings);
}

async function runLine(args: readonly string[], output: Output, surroundings: Surroundings): Promise<number> {
  if (args[0] === "--version" || args[0] === "version") {
    output.out(`mailden ${version}`);
    return 0;
  }
  const asksHelp = args.length === 0 || args[0] === "help" || args[0] === "--help" || args[0] === "-h";
  if (asksHelp) return await showHelp(args.slice(1), args.length === 0 ? 2 : 0, output);
  const words = Object.keys(commands).find((each) => each.split(" ").every((word, i) => word === args[i]));
  const load = words === undefined ? undefined : commands[words];
  if (words === undefined || load === undefined) return await unknownCommand(args, output);
  const { command } = await load();
  const rest = args.slice(words.split(" ").length);
  if (rest.includes("--help") || command.ownArguments !== true && rest.includes("-h")) {
    output.out(helpText(command));
    return 0;
  }
  try {
    const given = readArguments(command, rest);
    if (command.network === true && !mayUseNetwork()) return await runWithNetwork(args);
    if (command.server === true && surroundings.openControl === null) return await runWithServer(args, given);
    return await command.run(given, output, surroundings);
  } catch (error) {
    const isUsage = error instanceof UsageError;
    if (!isUsage && !(error instanceof ConfigError || error instanceof CommandError)) throw error;
    // Whoever asked for JSON is a program: what it reads from either stream is JSON.
    if (command.options["json"] !== undefined && rest.includes("--json")) {
      output.error(JSON.stringify({ error: error.message }));
    } else if (isUsage) {
      output.error(`${error.message}\nusage: ${usage(command)}\n'mailden ${words} --help' tells more.`);
    } else output.error(error.message);
    return isUsage ? 2 : 1;
  }
}

/** Says so, and what may have been meant: commands that begin with the first word, or one that is spelt alike. */
async function unknownCommand(args: readonly string[], output: Output): Promise<number> {
  const [first = ""] = args;
  output.error(`There is no command '${args.join(" ")}'.`);
  const begun = Object.keys(commands).filter((words) => words.startsWith(`${first} `));
  if (begun.length > 0) {
    for (const line of await summaries(begun)) output.error(line);
    return 2;
  }
  const meant = nearest(args.slice(0, 2).join(" "), Object.keys(commands)) ??
    nearest(first, Object.keys(commands));
  output.error(meant === null ? "'mailden help' lists all." : `Did you mean 'mailden ${meant}'?`);
  return 2;
}

/** A line for each of some commands. */
async function summaries(words: readonly string[]): Promise<string[]> {
  const found = await Promise.all(words.map(async (each) => (await commands[each]?.())?.command));
  const width = Math.max(...words.map((each) => each.length));
  return found.flatMap((each) =>
    each === undefined ? [] : [`  ${each.words.padEnd(width)}  ${each.summary}`]
  );
}

/** What somebody reads who has never seen this program. */
const introduction = `mailden ${version}: a mail server for your own domains, and for your laptop

To look at it, on this machine and without any configuration:
  mailden localserve

To serve your own domains, in a folder of configuration, certificates and mail:
  mailden config example mailden.toml    shows every setting of the server; write yours to mailden.toml
  mailden config example domains.toml    the same for domains, accounts and addresses
  mailden config test                    checks both files, and tells every fault with its line
  mailden serve                          serves

Commands, each of which 'mailden COMMAND --help' explains. With --json, what they say of a failure is JSON too, on standard
error: {"error":"..."}. The exit code is 0, 1 if it failed or found nothing, or 2 if it was called wrongly.`;

async function showHelp(words: readonly string[], code: number, output: Output): Promise<number> {
  const prefix = words.join(" ");
  const exact = Object.hasOwn(commands, prefix) ? commands[prefix] : undefined;
  if (exact !== undefined) {
    output.out(helpText((await exact()).command));
    return 0;
  }
  const found = Object.keys(commands).filter((name) => prefix === "" || name.startsWith(`${prefix} `));
  if (found.length === 0) return await unknownCommand(words, output);
  if (prefix === "") output.out(introduction);
  for (const line of await summaries(found)) output.out(line);
  return code;
}
