/**
 * The command line: finds the command that the words name, and runs it.
 *
 * Commands are imported only when they are called, so that a start costs what it needs.
 *
 * @module
 */
import { ConfigError } from "../config/load.ts";
import { type Command, helpText, type Output, readArguments, usage, UsageError } from "./command.ts";
import { version } from "./version.ts";

/** Every command, by its words. */
const commands: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  "localserve": () => import("./localserve.ts"),
  "serve": () => import("./serve.ts"),
  "verifydata": () => import("./verifydata.ts"),
  "cid": () => import("./cid.ts"),
  "config test": () => import("./config/test.ts"),
  "config example": () => import("./config/example.ts"),
};

/**
 * Runs a command line.
 *
 * @param args Without the program's name.
 * @returns The exit code: 0 done, 1 failed, 2 called wrongly.
 */
export async function main(args: readonly string[], output: Output): Promise<number> {
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
  if (rest.includes("--help") || rest.includes("-h")) {
    output.out(helpText(command));
    return 0;
  }
  try {
    return await command.run(readArguments(command, rest), output);
  } catch (error) {
    if (error instanceof UsageError) {
      output.error(`${error.message}\nusage: ${usage(command)}\n'mailden ${words} --help' tells more.`);
      return 2;
    }
    if (error instanceof ConfigError || error instanceof CommandError) {
      output.error(error.message);
      return 1;
    }
    throw error;
  }
}

/** A command that cannot be done, said in plain words that need no stack. Exit code 1. */
export { CommandError } from "./command_error.ts";
import { CommandError } from "./command_error.ts";

async function unknownCommand(args: readonly string[], output: Output): Promise<number> {
  const near = Object.keys(commands).filter((words) => words.startsWith(args[0] ?? ""));
  output.error(`There is no command '${args.join(" ")}'.`);
  if (near.length > 0) await showHelp([args[0] ?? ""], 2, { ...output, out: output.error });
  else output.error("'mailden help' lists all.");
  return 2;
}

async function showHelp(words: readonly string[], code: number, output: Output): Promise<number> {
  const prefix = words.join(" ");
  const found = Object.entries(commands).filter(([name]) => name.startsWith(prefix));
  const exact = commands[prefix];
  if (exact !== undefined) {
    output.out(helpText((await exact()).command));
    return 0;
  }
  output.out(`mailden ${version}: a mail server for your own domains, and for your laptop\n`);
  for (const [, load] of found) {
    const { command } = await load();
    output.out(`  ${command.words.padEnd(18)} ${command.summary}`);
  }
  output.out("\n'mailden COMMAND --help' tells how each is used.");
  return code;
}
